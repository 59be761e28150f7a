package files

import (
	"fmt"
	"slices"
	"strings"

	"hci/sync/dotenv"
	"hci/sync/secret"
)

// AmbiguousError says that a file means one thing to one tool, and another to
// the next. It holds no values.
type AmbiguousError struct {
	File    string
	Keys    []string // whose values differ
	Formats []string // that the file is valid in, or that look its values up elsewhere
	Line    int      // where it is not even clear which keys there are; else 0
}

func (e *AmbiguousError) Error() string {
	formats := strings.Join(e.Formats, ", ")
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: from here on the file means different things to the tools that read such files (%s)", e.File, e.Line, formats)
	}
	return fmt.Sprintf("%s: the tools that read such files (%s) take different values for %s", e.File, formats, listed(e.Keys))
}

// Next returns what to do about it.
func (e *AmbiguousError) Next() string {
	return "say by --format which of them the file was written for"
}

// listed names at most ten keys.
func listed(keys []string) string {
	if len(keys) > 10 {
		return strings.Join(keys[:10], ", ") + fmt.Sprintf(" and %d more", len(keys)-10)
	}
	return strings.Join(keys, ", ")
}

// agreed compares what the dialects read that fit.
func agreed(all []reading, path string) error {
	first := all[0]
	e := &AmbiguousError{File: path, Formats: []string{first.dialect}}
	for _, r := range all[1:] {
		if r.Loose == nil {
			if key := expanded(first, r.problem); key != "" {
				e.add(key, r.dialect)
			}
			continue
		}
		if line := otherKeys(first.Loose, r.Loose); line > 0 {
			return &AmbiguousError{File: path, Formats: []string{first.dialect, r.dialect}, Line: line}
		}
		for i, entry := range first.Entries {
			if !entry.Value.Equal(r.Entries[i].Value) {
				e.add(entry.Key, r.dialect)
			}
		}
	}
	if len(e.Keys) == 0 {
		return nil
	}
	return e
}

func (e *AmbiguousError) add(key, dialect string) {
	if !slices.Contains(e.Keys, key) {
		e.Keys = append(e.Keys, key)
	}
	if !slices.Contains(e.Formats, dialect) {
		e.Formats = append(e.Formats, dialect)
	}
}

// otherKeys returns the first line at which two readings differ in the keys that
// they find, 0 if they find the same ones on the same lines.
func otherKeys(a, b *dotenv.Loose) int {
	for i := range min(len(a.Entries), len(b.Entries)) {
		if a.Entries[i].Key != b.Entries[i].Key || a.Lines[i] != b.Lines[i] {
			return min(a.Lines[i], b.Lines[i])
		}
	}
	switch n := min(len(a.Entries), len(b.Entries)); {
	case n < len(a.Entries):
		return a.Lines[n]
	case n < len(b.Entries):
		return b.Lines[n]
	}
	return 0
}

// expanded returns the key of the line at which a dialect gave up, if that was
// because the tool would put another variable's value there: the file is valid
// for that tool, but its value is not in it.
func expanded(first reading, problem *dotenv.DecodeError) string {
	if !problem.Expands {
		return ""
	}
	i := slices.Index(first.Lines, problem.Line)
	if i < 0 || !refers(first.Entries[i].Value) {
		return ""
	}
	return first.Entries[i].Key
}

// refers reports whether a value holds what tools replace: $NAME, ${…}, $(…).
func refers(v secret.Value) bool {
	text := v.Reveal()
	for {
		_, after, found := strings.Cut(text, "$")
		if !found || after == "" {
			return false
		}
		if c := after[0]; c == '{' || c == '(' || c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' {
			return true
		}
		text = after
	}
}
