package lint

import (
	"cmp"
	"fmt"
	"slices"
)

// Finding is one thing that check or verify found. It holds no value.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"`           // of its rule
	Text     string   `json:"text"`           // what exactly: names, never values
	Next     string   `json:"next,omitempty"` // the command that fixes it
	File     string   `json:"-"`              // as the caller's path function gives it
	Line     int      `json:"-"`
	Rule     Rule     `json:"-"`
}

// breaks is a finding of a rule at a place.
func breaks(rule Rule, file string, line int, format string, args ...any) Finding {
	return Finding{Severity: rule.Severity, Code: rule.ID, Text: fmt.Sprintf(format, args...), File: file, Line: line, Rule: rule}
}

// Sort puts findings into the order of their places, each once.
func Sort(all []Finding) []Finding {
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Text, b.Text))
	})
	return slices.Compact(all)
}

// Count returns how many findings there are of a severity.
func Count(all []Finding, s Severity) int {
	n := 0
	for _, f := range all {
		if f.Severity == s {
			n++
		}
	}
	return n
}
