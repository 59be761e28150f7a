package tfvars_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hci/tfvars"
)

func parsed(t *testing.T, src string) *tfvars.File {
	t.Helper()
	f, err := tfvars.Parse([]byte(src), "x.tfvars")
	if err != nil {
		t.Fatalf("%v in:\n%s", err, src)
	}
	return f
}

func TestMerge(t *testing.T) {
	for name, c := range map[string]struct{ base, ours, theirs, want, conflict string }{
		"each adds one": {
			"a = 1\n", "a = 1\nb = 2\n", "a = 1\nc = 3\n",
			"a = 1\nc = 3\nb = 2\n", "",
		},
		"each changes another": {
			"a = 1\nb = 2\n", "a = 9\nb = 2\n", "a = 1\nb = 8\n",
			"a = 9\nb = 8\n", "",
		},
		"one removes, comments above stay": {
			"# head\na = 1\nb = 2\n", "# head\na = 1\nb = 3\n", "# head\nb = 2\n",
			"# head\nb = 3\n", "",
		},
		"both alike":           {"a = 1\n", "a = 2\n", "a = 2 # theirs\n", "a = 2 # theirs\n", ""},
		"both differently":     {"a = 1\n", "a = 2\n", "a = 3\n", "", "a 3 3"},
		"removed and changed":  {"a = 1\nb = 1\n", "b = 1\n", "a = 3\nb = 1\n", "", "a 2 3"},
		"both add differently": {"", "a = 2\n", "a = 3\n", "", "a 1 1"},
		"both comment": {
			"# one\na = 1\n", "# one\n# ours\na = 1\n", "# one\n# theirs\na = 1\n",
			"# one\n# ours\n# theirs\na = 1\n", "",
		},
		"a comment and a value": {
			"a = 1 # why\nb = 2\n", "a = 1 # because\nb = 2\n", "a = 5 # why\nb = 2\n",
			"a = 5 # because\nb = 2\n", "",
		},
		"objects by attribute": {
			"o = {\n  # first\n  x = 1\n  y = 2\n}\n", "o = {\n  # first\n  x = 5\n  y = 2\n}\n", "o = {\n  # first\n  x = 1\n  y = 6\n}\n",
			"o = {\n  # first\n  x = 5\n  y = 6\n}\n", "",
		},
		"one attribute, two ways": {"o = { x = 1 }\n", "o = { x = 2 }\n", "o = { x = 3 }\n", "", "o 3 3"},
		"no newline at the end":   {"a = 1", "a = 1", "a = 1\nb = 2", "a = 1\nb = 2", ""},
		"heredocs": {
			"a = <<E\none\nE\nb = 1\n", "a = <<E\ntwo\nE\nb = 1\n", "a = <<E\none\nE\nb = 2\n",
			"a = <<E\ntwo\nE\nb = 2\n", "",
		},
		"windows lines": {"a = 1\r\n", "a = 1\r\nb = 2\r\n", "a = 1\r\nc = 3\r\n", "a = 1\r\nc = 3\r\nb = 2\r\n", ""},
		"a comment over two lines": {
			"a = 1 /* x\n y */\nb = 2\n", "a = 1 /* x\n y */\nb = 3\n", "a = 4 /* x\n y */\nb = 2\n",
			"a = 4 /* x\n y */\nb = 3\n", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			merged, conflicts, err := tfvars.Merge(parsed(t, c.base), parsed(t, c.ours), parsed(t, c.theirs))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, x := range conflicts {
				got = append(got, fmt.Sprintf("%s %d %d", x.Name, x.Ours, x.Theirs))
			}
			if strings.Join(got, ",") != c.conflict {
				t.Fatalf("conflicts %q, want %q", got, c.conflict)
			}
			if c.conflict != "" {
				if merged != nil {
					t.Fatal("half a merge was handed out")
				}
				return
			}
			if string(merged.Bytes()) != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", merged.Bytes(), c.want)
			}
		})
	}
}

func TestMergeDecided(t *testing.T) {
	base, ours, theirs := parsed(t, "a = 1\nb = 1\n"), parsed(t, "a = 2\n"), parsed(t, "a = 3\nb = 4\n")
	merged, conflicts, err := tfvars.MergeWith(base, ours, theirs, map[string]tfvars.Side{"a": tfvars.Theirs, "b": tfvars.Ours})
	if err != nil || len(conflicts) > 0 {
		t.Fatal(conflicts, err)
	}
	if got := string(merged.Bytes()); got != "a = 3\n" {
		t.Errorf("%q", got)
	}
}

func TestMergeJSON(t *testing.T) {
	read := func(src string) *tfvars.File {
		f, err := tfvars.Parse([]byte(src), "x.tfvars.json")
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	merged, conflicts, err := tfvars.Merge(read("{\n  \"a\": 1,\n  \"b\": 2\n}\n"), read("{\n  \"a\": 1,\n  \"b\": 3\n}\n"), read("{\n  \"b\": 2,\n  \"c\": 4\n}\n"))
	if err != nil || len(conflicts) > 0 {
		t.Fatal(conflicts, err)
	}
	if got := strings.Join(merged.Names(), " "); got != "b c" {
		t.Errorf("%s in %s", got, merged.Bytes())
	}
}

// model is a file as a map of values with a comment each.
type model map[string][2]string

func (m model) text() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&b, "# %s\n%s = %q\n", m[name][1], name, m[name][0])
	}
	return b.String()
}

func (m model) change(r *rand.Rand) model {
	next := maps.Clone(m)
	for range r.IntN(5) {
		name := fmt.Sprintf("k%d", r.IntN(12))
		switch _, there := next[name]; {
		case !there || r.IntN(3) == 0:
			next[name] = [2]string{fmt.Sprint("v", r.IntN(4)), "about " + name}
		case r.IntN(2) == 0:
			delete(next, name)
		default:
			next[name] = [2]string{next[name][0], fmt.Sprint("note ", r.IntN(3), " on ", name)}
		}
	}
	return next
}

// TestMergeModel compares 2,000 random merges with a model of maps: no name is
// lost, none invented, no comment of a change forgotten.
func TestMergeModel(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	clean := 0
	for i := range 2000 {
		base := model{}.change(r).change(r).change(r)
		ours, theirs := base.change(r), base.change(r)
		merged, conflicts, err := tfvars.Merge(parsed(t, base.text()), parsed(t, ours.text()), parsed(t, theirs.text()))
		if err != nil {
			t.Fatal(err)
		}
		conflicting := map[string]bool{}
		for _, c := range conflicts {
			conflicting[c.Name] = true
		}
		want := map[string]string{}
		for n := range 12 {
			name := fmt.Sprintf("k%d", n)
			b, inBase := base[name]
			o, inOurs := ours[name]
			x, inTheirs := theirs[name]
			value := func(v [2]string, there bool) string { return fmt.Sprint(v[0], there) }
			bv, ov, tv := value(b, inBase), value(o, inOurs), value(x, inTheirs)
			isConflict := ov != bv && tv != bv && ov != tv
			if isConflict != conflicting[name] {
				t.Fatalf("merge %d: conflict of %s: %v\nbase:\n%s\nours:\n%s\ntheirs:\n%s", i, name, conflicting[name], base.text(), ours.text(), theirs.text())
			}
			if ov == bv {
				o, inOurs = x, inTheirs
			}
			if inOurs {
				want[name] = o[0]
			}
		}
		if len(conflicts) > 0 {
			continue
		}
		clean++
		if len(merged.Names()) != len(want) {
			t.Fatalf("merge %d: %v, want %v", i, merged.Names(), want)
		}
		text := string(merged.Bytes())
		for name, v := range want {
			got, ok := merged.Value(name)
			if !ok || got.AsString() != v {
				t.Fatalf("merge %d: %s is not what it should be", i, name)
			}
			for _, side := range []model{ours, theirs} {
				if c, there := side[name]; there && c[1] != base[name][1] && !strings.Contains(text, "# "+c[1]+"\n") {
					t.Fatalf("merge %d: the comment %q of %s is lost:\n%s", i, c[1], name, text)
				}
			}
		}
	}
	if clean < 500 {
		t.Fatalf("%d merges without a conflict", clean)
	}
}
