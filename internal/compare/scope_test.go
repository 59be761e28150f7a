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

func TestScopeByTags(t *testing.T) {
	tagged := func(tags ...string) module.Secret {
		m := map[string]string{}
		for _, kv := range tags {
			key, value, _ := strings.Cut(kv, "=")
			m[key] = value
		}
		return module.Secret{Tags: m}
	}
	s := compare.NewScope([]module.Secret{tagged("Project=shop", "Env=staging", "a=1"), tagged("Project=shop", "Env=staging", "a=2")})
	if !s.Holds(sync.Listed{Name: "x", Tags: map[string]string{"Project": "shop", "Env": "staging", "b": "1"}}) {
		t.Error("not held by its tags")
	}
	if s.Holds(sync.Listed{Name: "x", Tags: map[string]string{"Project": "shop", "Env": "production"}}) {
		t.Error("another environment's is held")
	}
	if s := compare.NewScope([]module.Secret{tagged("ManagedBy=terraform"), tagged("ManagedBy=terraform")}); len(s.Filters()) != 0 {
		t.Error("a tag that is on anybody's secrets is taken for this project's")
	}
	if s := compare.NewScope(nil); len(s.Filters()) != 0 || s.Holds(sync.Listed{Name: "x"}) {
		t.Error("an empty scope holds something")
	}
}
