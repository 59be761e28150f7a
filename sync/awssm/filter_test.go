package awssm

import (
	"fmt"
	"strings"
	"testing"

	"hci/sync"
)

// TestFilters: AWS gets what it takes, and no more.
func TestFilters(t *testing.T) {
	many := map[string]string{}
	for i := range 9 {
		many[fmt.Sprintf("k%d", i)] = "v"
	}
	for _, c := range []struct {
		name string
		f    sync.Filter
		want string
	}{
		{"nothing", sync.Filter{}, ""},
		{"a prefix", sync.Filter{Prefix: "app/"}, "name=app/"},
		{"a tag", sync.Filter{Tags: map[string]string{"Project": "shop"}}, "tag-key=Project tag-value=shop"},
		{"an empty value", sync.Filter{Tags: map[string]string{"Project": ""}}, "tag-key=Project"},
		{"a letter outside ASCII", sync.Filter{Tags: map[string]string{"Team": "Größe", "Z": "z"}}, "tag-key=Team tag-key=Z tag-value=z"},
		{"an ampersand", sync.Filter{Tags: map[string]string{"Team": "R&D"}}, "tag-key=Team"},
		{"a negation", sync.Filter{Tags: map[string]string{"Team": "!x"}}, "tag-key=Team"},
		{"too long", sync.Filter{Prefix: strings.Repeat("x", 513)}, ""},
		{"ten at most", sync.Filter{Prefix: "app/", Tags: many}, "name=app/ tag-key=k0 tag-value=v tag-key=k1 tag-value=v tag-key=k2 tag-value=v tag-key=k3 tag-value=v tag-key=k4"},
	} {
		var all []string
		for _, f := range filters(c.f) {
			all = append(all, string(f.Key)+"="+strings.Join(f.Values, ","))
		}
		if got := strings.Join(all, " "); got != c.want {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}
