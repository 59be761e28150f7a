package compare_test

import (
	"strings"
	"testing"

	"hci/internal/compare"
	"hci/sync"
	"hci/tfvars/module"
)

func named(names ...string) []module.Secret {
	var all []module.Secret
	for _, name := range names {
		all = append(all, module.Secret{Name: name, NameKnown: true})
	}
	return all
}

func TestScope(t *testing.T) {
	for _, c := range []struct {
		names          []string
		prefix, suffix string
		holds, not     string
	}{
		{[]string{"hci_a_staging", "hci_b_staging"}, "hci_", "_staging", "hci_old_staging", "hci_a_production hci_staging other_a_staging"},
		{[]string{"app/staging/db", "app/staging/api"}, "app/staging/", "", "app/staging/x", "app/production/x app/staging"},
		{[]string{"alpha", "beta"}, "", "", "", "alpha gamma"},
		{[]string{"only/one"}, "", "", "", "only/two"},
		{[]string{"apple", "apply"}, "", "", "", "appl apple2"}, // no separator: nothing is known of what they share
		{[]string{"_a", "_b"}, "", "", "", "_c"},
	} {
		s := compare.NewScope(named(c.names...))
		if s.Prefix != c.prefix || s.Suffix != c.suffix {
			t.Errorf("%q: %q … %q", c.names, s.Prefix, s.Suffix)
		}
		for _, name := range strings.Fields(c.holds) {
			if !s.Holds(sync.Listed{Name: name}) {
				t.Errorf("%q does not hold %s", c.names, name)
			}
		}
		for _, name := range strings.Fields(c.not) {
			if s.Holds(sync.Listed{Name: name}) {
				t.Errorf("%q holds %s", c.names, name)
			}
		}
	}
}

// TestScopeByTags: a secret needs the name and the tags; one that says something
// else of a shared tag, or nothing, is somebody else's.
func TestScopeByTags(t *testing.T) {
	tagged := func(name string, tags ...string) module.Secret {
		return module.Secret{Name: name, NameKnown: true, Tags: pairs(tags)}
	}
	s := compare.NewScope([]module.Secret{tagged("app/a", "Project=shop", "Env=staging", "a=1"), tagged("app/b", "Project=shop", "Env=staging", "a=2")})
	for _, c := range []struct {
		name string
		tags []string
		want bool
	}{
		{"app/c", []string{"Project=shop", "Env=staging", "b=1"}, true},
		{"app/c", []string{"Project=shop", "Env=production"}, false},
		{"app/c", []string{"Project=payroll", "Env=staging"}, false},
		{"app/c", []string{"Project=shop"}, false},
		{"app/c", nil, false},
		{"other/c", []string{"Project=shop", "Env=staging"}, false},
	} {
		if got := s.Holds(sync.Listed{Name: c.name, Tags: pairs(c.tags)}); got != c.want {
			t.Errorf("%s with %q: held %v", c.name, c.tags, got)
		}
	}
	if s := compare.NewScope([]module.Secret{tagged("app/a", "Project=shop")}); s.Holds(sync.Listed{Name: "x", Tags: pairs([]string{"Project=shop"})}) {
		t.Error("held by its tags alone")
	}
	if _, ok := compare.NewScope(nil).Filter(); ok || compare.NewScope(nil).Holds(sync.Listed{Name: "x"}) {
		t.Error("an empty scope holds something")
	}
}

func pairs(tags []string) map[string]string {
	m := map[string]string{}
	for _, kv := range tags {
		key, value, _ := strings.Cut(kv, "=")
		m[key] = value
	}
	return m
}
