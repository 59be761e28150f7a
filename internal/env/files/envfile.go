// Package files reads a .env file that somebody has, whatever tool it was
// written for, and says what is wrong with it: against a template, and against
// what an environment's variables should be.
package files

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"hci/sync/dotenv"
)

// detected are the dialects that a file without a name for its dialect is
// tried as, the strictest first: the first one reads what every tool reads
// alike. Docker's is not among them: it takes every line as it stands, quotes
// included, and so would take broken files.
var detected = []string{"dotenv", "compose", "python", "npm", "node", "ruby", "godotenv", "sh"}

// File is a .env file that was read.
type File struct {
	Entries    []dotenv.Entry // without the duplicates
	Dialect    string         // it was read as
	Duplicates []string       // keys that stand there more than once; the last one counts
}

// Read reads a file as a dialect or, if that is "", as the first of those it is
// valid in. path stands for it in errors, which hold no values.
func Read(src []byte, path, dialect string) (*File, error) {
	names := detected
	if dialect != "" {
		names = []string{dialect}
	}
	var furthest *dotenv.DecodeError
	for _, name := range names {
		d, ok := dotenv.ByName(name)
		if !ok {
			return nil, fmt.Errorf("unknown format %q: %s", name, strings.Join(dotenv.Names(), ", "))
		}
		f := &File{Dialect: name}
		text, duplicates := withoutDuplicates(src, d.Comments())
		entries, err := dotenv.Decode(d, text, path)
		if err == nil {
			f.Entries, f.Duplicates = entries, duplicates
			return f, nil
		}
		var decode *dotenv.DecodeError
		if !errors.As(err, &decode) {
			return nil, err
		}
		if furthest == nil || decode.Line > furthest.Line {
			furthest = decode
		}
	}
	return nil, furthest
}

// assignment is a line that sets a key, in every dialect of lines.
var assignment = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=`)
})

// plainLine is an assignment whose value surely ends on its line.
var plainLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[^"'` + "`" + `\\]*$|=[ \t]*"[^"\\]*"[ \t]*$|=[ \t]*'[^'\\]*'[ \t]*$`)
})

// withoutDuplicates makes comments of the lines whose key is set again further
// down, as far as they are lines of their own for certain: the last one counts
// for every tool. The number of lines stays.
func withoutDuplicates(src []byte, comments bool) ([]byte, []string) {
	if !comments {
		return src, nil
	}
	lines := strings.Split(string(src), "\n")
	last := map[string]int{}
	for i, line := range lines {
		if m := assignment().FindStringSubmatch(line); m != nil {
			last[m[1]] = i
		}
	}
	var keys []string
	for i, line := range lines {
		m := assignment().FindStringSubmatch(line)
		if m == nil || last[m[1]] == i || !plainLine().MatchString(strings.TrimSuffix(line, "\r")) {
			continue
		}
		lines[i] = "#"
		if !slices.Contains(keys, m[1]) {
			keys = append(keys, m[1])
		}
	}
	return []byte(strings.Join(lines, "\n")), keys
}

// TemplateKeys lists the keys that a template names, in its order.
func TemplateKeys(src []byte) []string {
	var keys []string
	for line := range strings.Lines(string(src)) {
		if m := assignment().FindStringSubmatch(line); m != nil && !slices.Contains(keys, m[1]) {
			keys = append(keys, m[1])
		}
	}
	return keys
}

// TemplateNames are the names that templates have, in the order in which they
// are looked for.
var TemplateNames = []string{".env.template", ".env.example", ".env.sample"}
