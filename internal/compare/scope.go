package compare

import (
	"maps"
	"slices"
	"strings"

	"hci/sync"
	"hci/tfvars/module"
)

// Scope tells which secrets in an account are this project's, for one
// environment: those with the beginning and the end that all declared names
// share, or with the tags that all declared secrets share if one of them names
// a project. An empty Scope holds nothing.
type Scope struct {
	Prefix, Suffix string // of names; Prefix ends, and Suffix begins, with a separator
	Tags           map[string]string
}

const separators = "/_.-+=@"

// projectTags are the tags that say whose a secret is; others ("ManagedBy")
// can be on anybody's.
var projectTags = []string{"project", "application", "app", "service", "stack", "repository", "repo"}

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
	sc := Scope{}
	if slices.ContainsFunc(slices.Collect(maps.Keys(tags)), func(key string) bool {
		return slices.Contains(projectTags, strings.ToLower(key))
	}) {
		sc.Tags = tags
	}
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

// Filters are the lists to ask a store for; none if the scope is empty.
func (s Scope) Filters() []sync.Filter {
	var all []sync.Filter
	if s.Prefix != "" {
		all = append(all, sync.Filter{Prefix: s.Prefix})
	}
	if len(s.Tags) > 0 {
		all = append(all, sync.Filter{Tags: s.Tags})
	}
	return all
}

// Holds reports whether a secret is in the scope.
func (s Scope) Holds(l sync.Listed) bool {
	byName := s.Prefix != "" && len(l.Name) >= len(s.Prefix)+len(s.Suffix) &&
		strings.HasPrefix(l.Name, s.Prefix) && strings.HasSuffix(l.Name, s.Suffix)
	return byName || len(s.Tags) > 0 && sync.Filter{Tags: s.Tags}.Selects(l)
}
