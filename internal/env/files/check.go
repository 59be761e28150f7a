package files

import (
	"cmp"
	"regexp"
	"slices"
	"sync"

	"hci/sync/dotenv"
)

// Kind says what is wrong with a key.
type Kind string

// The kinds.
const (
	Missing     Kind = "missing"     // the template names it, or the app needs it
	Extra       Kind = "extra"       // neither does
	Empty       Kind = "empty"       // where the source has a value, or there is no source
	Placeholder Kind = "placeholder" // "changeme"
	Duplicate   Kind = "duplicate"
	Differs     Kind = "differs" // from the source
)

// Finding is one thing that is wrong. It holds no value.
type Finding struct {
	Key     string `json:"key"`
	Kind    Kind   `json:"kind"`
	Problem string `json:"problem"`
}

// Sources are what a file is checked against.
type Sources struct {
	Template     []string       // keys; nil if there is no template
	TemplateName string         // for messages
	Needed       []dotenv.Entry // what the environment's variables should be; nil if not known
	Unvalued     []string       // keys that the app needs whose value is not known here
}

// placeholder is a value that stands for one that somebody has yet to fill in.
var placeholder = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^(change[-_ ]?me|replace[-_ ]?me|fix[-_ ]?me|fill[-_ ]?me|todo|tbd|x{3,}|\*{3,}|\.{3,}|…|your[-_ ].*|<.*>|\[.*\]|\{\{.*\}\}|placeholder|dummy|secret|password|example|insert.*here)$`)
})

// Check compares a file with the sources. The findings are sorted by key.
func Check(f *File, s Sources) []Finding {
	var all []Finding
	add := func(key string, kind Kind, problem string) { all = append(all, Finding{key, kind, problem}) }
	has := map[string]dotenv.Entry{}
	for _, e := range f.Entries {
		has[e.Key] = e
	}
	needed := map[string]dotenv.Entry{}
	for _, e := range s.Needed {
		needed[e.Key] = e
		if _, ok := has[e.Key]; !ok {
			add(e.Key, Missing, "the app needs it")
		}
	}
	for _, key := range s.Unvalued {
		if _, ok := has[key]; !ok {
			add(key, Missing, "the app needs it; its value is known after apply only")
		}
	}
	for _, key := range s.Template {
		if slices.Contains(s.Unvalued, key) {
			continue
		}
		_, there := has[key]
		if _, said := needed[key]; !there && !said {
			add(key, Missing, s.TemplateName+" names it")
		}
	}
	for _, key := range f.Duplicates {
		add(key, Duplicate, "it is set more than once; the last one counts")
	}
	for _, e := range f.Entries {
		source, known := needed[e.Key]
		inTemplate := slices.Contains(s.Template, e.Key) || slices.Contains(s.Unvalued, e.Key)
		switch {
		case known && e.Value.Equal(source.Value):
		case e.Value.Len() == 0 && (known || inTemplate):
			add(e.Key, Empty, "it has no value")
		case placeholder().MatchString(e.Value.Reveal()):
			add(e.Key, Placeholder, "its value is a placeholder")
		case known:
			add(e.Key, Differs, "it has another value than the source")
		case !inTemplate && (s.Template != nil || s.Needed != nil):
			add(e.Key, Extra, "nothing names it")
		}
	}
	slices.SortStableFunc(all, func(a, b Finding) int { return cmp.Compare(a.Key, b.Key) })
	return all
}
