package files

import (
	"cmp"
	"fmt"
	"slices"

	"hci/sync/dotenv"
	"hci/sync/secret"
)

// Kind says what is wrong with a key.
type Kind string

// The kinds.
const (
	Missing     Kind = "missing"     // the template names it, or the app needs it
	Extra       Kind = "extra"       // neither does
	Empty       Kind = "empty"       // where the source has a value, or there is no source
	Placeholder Kind = "placeholder" // the template's "changeme" still stands there
	Duplicate   Kind = "duplicate"
	BadKey      Kind = "bad_key" // no environment variable can have the key
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
	Template *Template      // nil if there is none
	Needed   []dotenv.Entry // what the environment's variables should be; nil if not known
	Unvalued []string       // keys that the app needs whose value is not known here
}

// Check compares a file with the sources. What a person has written below the
// lines of hci is the person's own: it may differ from the source, and name what
// nothing else names. The findings are sorted by key.
func Check(f *File, s Sources) []Finding {
	c := &checker{file: f, Sources: s, has: map[string]bool{}, needed: map[string]dotenv.Entry{}}
	for _, e := range f.Entries {
		c.has[e.Key] = true
	}
	for _, e := range s.Needed {
		c.needed[e.Key] = e
	}
	c.missing()
	for _, key := range f.Duplicates {
		c.add(key, Duplicate, "it is set more than once; the last one counts")
	}
	for _, line := range f.Skipped {
		c.add(fmt.Sprintf("line %d", line), BadKey, "no environment variable can have the key; the line is skipped")
	}
	for _, e := range f.Entries {
		c.entry(e)
	}
	slices.SortStableFunc(c.findings, func(a, b Finding) int { return cmp.Compare(a.Key, b.Key) })
	return c.findings
}

type checker struct {
	Sources
	file     *File
	has      map[string]bool
	needed   map[string]dotenv.Entry
	findings []Finding
}

func (c *checker) add(key string, kind Kind, problem string) {
	c.findings = append(c.findings, Finding{key, kind, problem})
}

// missing finds the keys that should be there and are not.
func (c *checker) missing() {
	for _, e := range c.Needed {
		if !c.has[e.Key] {
			c.add(e.Key, Missing, "the app needs it")
		}
	}
	for _, key := range c.Unvalued {
		if !c.has[key] {
			c.add(key, Missing, "the app needs it; its value is known after apply only")
		}
	}
	if c.Template == nil {
		return
	}
	for _, key := range c.Template.Keys {
		_, said := c.needed[key]
		if !c.has[key] && !said && !slices.Contains(c.Unvalued, key) {
			c.add(key, Missing, c.Template.Name+" names it")
		}
	}
}

// inTemplate returns the value that the template gives a key, and whether the
// template names the key.
func (c *checker) inTemplate(key string) (secret.Value, bool) {
	given, set := c.Template.Value(key)
	return given, set || c.Template != nil && slices.Contains(c.Template.Keys, key)
}

// entry judges one value.
//
//hci:long one case for each verdict, in the order in which they take precedence
func (c *checker) entry(e dotenv.Entry) {
	source, known := c.needed[e.Key]
	asked := slices.Contains(c.Unvalued, e.Key)
	given, inTemplate := c.inTemplate(e.Key)
	empty, asGiven := e.Value.Len() == 0, given.Len() > 0 && e.Value.Equal(given)
	switch {
	case known && e.Value.Equal(source.Value):
	case asGiven && isPlaceholder(given):
		c.add(e.Key, Placeholder, "the placeholder of "+c.Template.Name+" still stands there")
	case empty && inTemplate && given.Len() == 0: // the template leaves it empty too
	case c.file.Own(e.Key):
	case empty && (known || asked || inTemplate):
		c.add(e.Key, Empty, "it has no value")
	case known && asGiven && c.Template.Local: // meant for a laptop
	case known:
		c.add(e.Key, Differs, "it has another value than the source")
	case !inTemplate && !asked && (c.Template != nil || c.Needed != nil):
		c.add(e.Key, Extra, "nothing names it")
	}
}
