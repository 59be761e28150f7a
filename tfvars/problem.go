package tfvars

import (
	"fmt"
	"strings"
)

// Problem is one reason why a file is refused. Its text never quotes the file:
// a summary is one of a fixed set of sentences, and the only part of a file
// that may appear in one is the name of a variable.
type Problem struct {
	File         string
	Line, Column int // from 1; 0 when no place is known
	Summary      string
}

func (p Problem) Error() string {
	file := strings.ReplaceAll(p.File, "\n", "?") // one problem is one line, whatever the file is called
	if p.Line == 0 {
		return file + ": " + p.Summary
	}
	return fmt.Sprintf("%s:%d:%d: %s", file, p.Line, p.Column, p.Summary)
}

// Problems are all reasons why a file is refused, in the order of their places.
type Problems []Problem

// maxShown is how many problems one error message lists.
const maxShown = 10

func (p Problems) Error() string {
	var b strings.Builder
	for i, one := range p {
		if i > 0 {
			b.WriteByte('\n')
		}
		if i == maxShown {
			fmt.Fprintf(&b, "and %d more", len(p)-maxShown)
			break
		}
		b.WriteString(one.Error())
	}
	return b.String()
}
