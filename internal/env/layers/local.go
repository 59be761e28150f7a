package layers

import (
	"maps"
	"slices"

	"hci/internal/project"
	"hci/sync/secret"
)

// The layers of a person's own machine.
const (
	FromTemplate Layer = "template"
	FromLocal    Layer = "local block of hci.hcl"
)

// Template is what a file says that lists the keys which a laptop needs.
type Template struct {
	File    string
	Keys    []string
	Local   bool                                  // it speaks of local use
	Default func(key string) (secret.Value, bool) // what it gives for use as it stands
	Line    func(key string) int
}

// Local makes of an environment's variables those of a person's own machine:
// what the template gives overrides the environment where the template is about
// local use, and is only a last resort where it is not; vars, the local block of
// hci.hcl, override both. The container's plain environment describes where the
// app is deployed (a database's name, without its address): where a template is
// about local use, the keys of it that the template does not list are dropped,
// and returned.
func (s *Set) Local(t *Template, vars []project.EnvVar, scope Scope) (dropped []string, err error) {
	if t != nil {
		if t.Local {
			dropped = s.dropDeployed(t, vars)
		}
		for _, key := range t.Keys {
			s.fromTemplate(t, key)
		}
	}
	for _, v := range vars {
		one := Variable{Key: v.Key, Layer: FromLocal, File: v.File, Line: v.Line, Dropped: v.IsNull()}
		if !one.Dropped {
			value, err := scope.evaluate(v)
			if err != nil {
				return nil, err
			}
			if err := one.set(value); err != nil {
				return nil, err
			}
			one.From = references(v)
		}
		s.put(one)
	}
	return dropped, nil
}

// dropDeployed drops what only the container's plain environment sets.
func (s *Set) dropDeployed(t *Template, vars []project.EnvVar) []string {
	var dropped []string
	for _, key := range slices.Sorted(maps.Keys(s.Layers)) {
		deployed := !slices.ContainsFunc(s.Layers[key], func(v Variable) bool { return v.Layer != FromEnvironment && v.Layer != FromLive })
		named := slices.Contains(t.Keys, key) || slices.ContainsFunc(vars, func(v project.EnvVar) bool { return v.Key == key })
		if deployed && !named {
			delete(s.Layers, key)
			dropped = append(dropped, key)
		}
	}
	return dropped
}

func (s *Set) fromTemplate(t *Template, key string) {
	value, ok := t.Default(key)
	v := Variable{Key: key, Layer: FromTemplate, File: t.File, Line: t.Line(key), Known: ok, value: value}
	switch all := s.Layers[key]; {
	case ok && (t.Local || len(all) == 0 || !all[0].Known):
		s.put(v)
	case len(all) == 0:
		v.Problem = t.File + " gives it no value"
		s.put(v)
	}
}
