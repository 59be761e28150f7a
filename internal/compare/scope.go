package compare

import (
	"maps"
	"slices"
	"strings"

	"hci/sync"
	"hci/tfvars/module"
)

// Scope tells which secrets in a place could be this project's, for one
// environment: those whose name has the beginning and the end that all declared
// names share, and that bear all the tags that all declared secrets share. One
// of which a shared tag says something else, or nothing, is somebody else's. An
// empty Scope holds nothing.
type Scope struct {
	Prefix, Suffix string // of names; Prefix ends, and Suffix begins, with a separator
	Tags           map[string]string
	TagsUnknown    bool // the declared secrets have others, which are not known
}

const separators = "/_.-+=@"

// NewScope finds the scope of the secrets that are declared.
func NewScope(secrets []module.Secret) Scope {
	var names []string
	var tags map[string]string
	for i, s := range secrets {
		if s.NameKnown {
			names = append(names, s.Name)
		}
		if i == 0 {
			tags = maps.Clone(s.Tags)
		}
		maps.DeleteFunc(tags, func(key, value string) bool {
			got, ok := s.Tags[key]
			return !ok || got != value
		})
	}
	sc := Scope{Tags: tags, TagsUnknown: slices.ContainsFunc(secrets, func(s module.Secret) bool { return s.TagsUnknown })}
	if len(names) < 2 {
		return sc // one name alone doesn't tell its beginning from the rest
	}
	prefix, suffix := names[0], names[0]
	for _, name := range names[1:] {
		prefix, suffix = commonPrefix(prefix, name), commonSuffix(suffix, name)
	}
	sc.Prefix = prefix[:strings.LastIndexAny(prefix, separators)+1]
	if i := strings.IndexAny(suffix, separators); i >= 0 {
		sc.Suffix = suffix[i:]
	}
	if strings.Trim(sc.Prefix, separators) == "" {
		sc.Prefix, sc.Suffix = "", ""
	}
	return sc
}

func commonPrefix(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return a[:n]
}

func commonSuffix(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return a[len(a)-n:]
}

// Filter is the list to ask a store for; ok is false if the scope is empty.
func (s Scope) Filter() (f sync.Filter, ok bool) {
	return sync.Filter{Prefix: s.Prefix}, s.Prefix != ""
}

// Holds reports whether a secret is in the scope.
func (s Scope) Holds(l sync.Listed) bool {
	return s.Prefix != "" && len(l.Name) >= len(s.Prefix)+len(s.Suffix) &&
		strings.HasPrefix(l.Name, s.Prefix) && strings.HasSuffix(l.Name, s.Suffix) &&
		sync.Filter{Tags: s.Tags}.Selects(l)
}
