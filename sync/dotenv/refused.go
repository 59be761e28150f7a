package dotenv

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"hci/sync/dotenv/internal/reader"
)

const badKey = "the key is not of the form [A-Za-z_][A-Za-z0-9_]*"

// A RefusedError is why an entry cannot be written in a dialect.
type RefusedError struct {
	Key    string
	Reason string
	// Formats are the names of the dialects that can represent the entry,
	// in the order of [Names]; none if it is wrong in itself.
	Formats []string
}

// Error returns the key, the reason and the formats.
func (e *RefusedError) Error() string {
	formats := ""
	if len(e.Formats) > 0 {
		formats = "; formats that can: " + strings.Join(e.Formats, ", ")
	}
	return fmt.Sprintf("key %q: %s%s", e.Key, e.Reason, formats)
}

// refused returns a RefusedError for each entry that d cannot write.
func refused(d Dialect, entries []Entry) error {
	var errs []error
	seen := make(map[string]bool, len(entries))
	for _, e := range entries {
		value := e.Value.Reveal()
		switch {
		case !reader.IsKey(e.Key):
			errs = append(errs, &RefusedError{Key: e.Key, Reason: badKey})
		case seen[e.Key]:
			errs = append(errs, &RefusedError{Key: e.Key, Reason: "the key is given twice"})
		case badValue(value) != "":
			errs = append(errs, &RefusedError{Key: e.Key, Reason: "the value " + badValue(value)})
		case badValue(e.ValueFrom) != "":
			errs = append(errs, &RefusedError{Key: e.Key, Reason: "its ValueFrom " + badValue(e.ValueFrom)})
		default:
			if reason := d.cannot(e.Key, value); reason != "" {
				errs = append(errs, &RefusedError{Key: e.Key, Reason: reason, Formats: canWrite(e.Key, value)})
			}
		}
		seen[e.Key] = true
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// badValue returns what makes v no environment variable's value at all.
func badValue(v string) string {
	switch {
	case strings.IndexByte(v, 0) >= 0:
		return "holds NUL"
	case !utf8.ValidString(v):
		return "is not UTF-8"
	}
	return ""
}

// canWrite asks every dialect whether it can represent the entry.
func canWrite(key, value string) []string {
	var names []string
	for _, d := range all() {
		if d.cannot(key, value) == "" {
			names = append(names, d.name)
		}
	}
	return names
}

// features names what in a value can be hard to write, in the words of a
// [RefusedError].
func features(v string) []string {
	var found []string
	for _, f := range []struct {
		name string
		is   bool
	}{
		{"a newline", strings.Contains(v, "\n")},
		{"a carriage return", strings.Contains(v, "\r")},
		{"a control character", strings.ContainsFunc(v, func(r rune) bool {
			return r < ' ' && r != '\t' && r != '\n' && r != '\r' || 0x7f <= r && r < 0xa0
		})},
		{"a tab", strings.Contains(v, "\t")},
		{"a line separator", strings.ContainsAny(v, "\u2028\u2029")},
		{"blanks at its edges", v != strings.TrimSpace(v)},
		{"single quotes", strings.Contains(v, "'")},
		{"double quotes", strings.Contains(v, `"`)},
		{"backticks", strings.Contains(v, "`")},
		{`"$"`, strings.Contains(v, "$")},
		{`"#"`, strings.Contains(v, "#")},
		{"a backslash at its end", strings.HasSuffix(v, `\`)},
		{"backslashes", strings.Contains(strings.TrimSuffix(v, `\`), `\`)},
	} {
		if f.is {
			found = append(found, f.name)
		}
	}
	return found
}

// noForm says that a consumer has no form for what v holds.
func noForm(v, consumer string) string {
	found := features(v)
	last := len(found) - 1
	if last < 0 {
		return consumer + " has no form for the value"
	}
	list := found[last]
	if last > 0 {
		list = strings.Join(found[:last], ", ") + " and " + list
	}
	return fmt.Sprintf("the value holds %s; %s has no form for that", list, consumer)
}
