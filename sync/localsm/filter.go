package localsm

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// filter is one search filter: all of a request's filters must match.
type filter struct {
	Key    string
	Values []string
}

var (
	filterKeys   = []string{"description", "name", "tag-key", "tag-value", "primary-region", "owning-service", "all"}
	filterValues = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^!?[a-zA-Z0-9 :_@/+=.!-]*$`) })
)

func (p *params) filters() []filter {
	var list []filter
	p.read("Filters", &list)
	if len(list) > 10 {
		p.length("", "Filters", len(list), 0, 10)
	}
	for i, f := range list {
		at := fmt.Sprintf("Filters.%d.member.", i+1)
		if !slices.Contains(filterKeys, f.Key) {
			p.violate(" '"+f.Key+"'", at+"key", "satisfy enum value set: ["+strings.Join(filterKeys, ", ")+"]")
		}
		p.length("", at+"values", len(f.Values), 1, 10)
		for j, v := range f.Values {
			name := fmt.Sprintf("%svalues.%d.member", at, j+1)
			p.checked(v, name, 0, 512)
			if !filterValues().MatchString(v) {
				p.violate(" '"+v+"'", name, `satisfy regular expression pattern: ^\!?[a-zA-Z0-9 :_@\/\+\=\.\-\!]*$`)
			}
		}
	}
	return list
}

// matches reports whether a secret passes a filter: one of the values matches,
// or there are negated ones only, and none of those that are negated with an
// exclamation mark does.
func (f filter) matches(e *entry) bool {
	var wanted, found bool
	for _, v := range f.Values {
		if not, negated := strings.CutPrefix(v, "!"); negated {
			if f.hits(not, e) {
				return false
			}
			continue
		}
		wanted = true
		found = found || f.hits(v, e)
	}
	return found || !wanted
}

// hits reports whether one value matches.
func (f filter) hits(value string, e *entry) bool {
	prefix := func(s string) bool { return strings.HasPrefix(s, value) }
	switch f.Key {
	case "name":
		return prefix(e.name)
	case "primary-region":
		return e.primary != "" && prefix(e.primary)
	case "owning-service":
		return e.owner != "" && prefix(e.owner)
	case "tag-key":
		return slices.ContainsFunc(e.tags, func(t tag) bool { return prefix(t.Key) })
	case "tag-value":
		return slices.ContainsFunc(e.tags, func(t tag) bool { return prefix(t.Value) })
	case "description":
		// "Matches the words in secret descriptions": each of them, in any order.
		text := words(e.description)
		sought := words(value)
		return len(sought) > 0 && !slices.ContainsFunc(sought, func(w string) bool { return !anyBegins(text, w) })
	case "all":
		// "My_Secret matches secrets with the word my or secret in the name,
		// description, or tags."
		text := append(words(e.name), words(e.description)...)
		for _, t := range e.tags {
			text = append(append(text, words(t.Key)...), words(t.Value)...)
		}
		return slices.ContainsFunc(words(value), func(w string) bool { return anyBegins(text, w) })
	}
	return false
}

func anyBegins(text []string, word string) bool {
	return slices.ContainsFunc(text, func(t string) bool { return strings.HasPrefix(t, word) })
}

// words splits a text as the service's search does, at punctuation, between
// letters and digits, and before a capital that follows a small letter, and
// lowers the case.
func words(text string) []string {
	var list []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			list = append(list, strings.ToLower(string(word)))
		}
		word = nil
	}
	for _, r := range text {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			flush()
			continue
		}
		if n := len(word); n > 0 {
			last := word[n-1]
			if unicode.IsDigit(r) != unicode.IsDigit(last) || unicode.IsUpper(r) && unicode.IsLower(last) {
				flush()
			}
		}
		word = append(word, r)
	}
	flush()
	return list
}
