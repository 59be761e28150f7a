package files

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"hci/sync/secret"
)

// Template is a file that says which keys a .env file should have.
type Template struct {
	Name   string // for messages
	Keys   []string
	Local  bool // it speaks of local use, so that its values are for a laptop
	values map[string]secret.Value
	lines  map[string]int
}

// ReadTemplate reads a template. Where no dialect fits, only its keys are known.
func ReadTemplate(src []byte, name string) *Template {
	t := &Template{Name: name, Keys: []string{}, Local: local().Match(src), values: map[string]secret.Value{}, lines: map[string]int{}}
	if readings, err := readAs(src, name, detected); err == nil {
		for i, e := range readings[0].Entries {
			t.Keys = append(t.Keys, e.Key)
			t.values[e.Key], t.lines[e.Key] = e.Value, readings[0].Lines[i]
		}
		return t
	}
	for line := range strings.Lines(string(src)) {
		if m := assignment().FindStringSubmatch(line); m != nil && !slices.Contains(t.Keys, m[1]) {
			t.Keys = append(t.Keys, m[1])
		}
	}
	return t
}

// Value returns the value that a template gives to a key.
func (t *Template) Value(key string) (secret.Value, bool) {
	if t == nil {
		return secret.Value{}, false
	}
	v, ok := t.values[key]
	return v, ok
}

// Default returns the value that a template gives to a key for use as it
// stands: not an empty one, nor one that somebody has to replace.
func (t *Template) Default(key string) (secret.Value, bool) {
	v, ok := t.Value(key)
	return v, ok && v.Len() > 0 && !isPlaceholder(v)
}

// Line is where a key stands, counted from 1; 0 if that is not known.
func (t *Template) Line(key string) int { return t.lines[key] }

// assignment is a line that sets a key, in every dialect of lines.
var assignment = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=`)
})

// local is what a template says that is meant for a person's own machine.
var local = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(local|localhost|locally|laptop|127\.0\.0\.1|host\.docker\.internal)\b`)
})

// placeholder is a value that stands for one that somebody has yet to fill in.
// Words that people do use on their own machines ("password", "dummy") are not
// among them.
var placeholder = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^(change[-_ ]?(me|this)|replace[-_ ]?(me|this)|fix[-_ ]?me|fill[-_ ]?(me|in)|todo|tbd|x{3,}|\*{3,}|\.{3,}|…|your[-_ ].*|<.*>|\[.*\]|\{\{.*\}\}|placeholder|insert.*here)$`)
})

func isPlaceholder(v secret.Value) bool { return placeholder().MatchString(v.Reveal()) }
