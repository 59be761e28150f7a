package sync_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"hci/sync"
	"hci/sync/secret"
)

// kinds is a plan as text: name and kind of each change, and the keys.
func kinds(p sync.Plan) string {
	var all []string
	for _, c := range p.Changes {
		text := c.Name + " " + c.Kind.String()
		if c.SameJSON {
			text += " same-json"
		}
		for _, k := range c.Keys {
			text += " " + k.Key + ":" + k.Kind.String()
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

func TestDiff(t *testing.T) {
	hold := func(name, value string) sync.Held {
		return sync.Held{Name: name, Version: "v", HasValue: true, Value: secret.New(value)}
	}
	exact := func(text string) *sync.Pattern { v := secret.New(text); return &sync.Pattern{Exact: &v} }
	partly := func(name string, p *sync.Pattern) sync.Want { return sync.Want{Name: name, Pattern: p} }
	pieces := func(texts ...string) *sync.Pattern {
		p := &sync.Pattern{}
		for _, text := range texts {
			p.Pieces = append(p.Pieces, secret.New(text))
		}
		return p
	}
	for _, c := range []struct {
		name    string
		have    []sync.Held
		want    []sync.Want
		kinds   string
		inSync  bool
		differs bool
	}{
		{"nothing", nil, nil, "", true, false},
		{"in sync", []sync.Held{hold("a", "1")}, []sync.Want{want("a", "1")}, "a in_sync", true, false},
		{"another value", []sync.Held{hold("a", "1")}, []sync.Want{want("a", "2")}, "a change", false, true},
		{"missing", nil, []sync.Want{want("a", "1")}, "a missing", false, true},
		{"without a value", []sync.Held{{Name: "a"}}, []sync.Want{want("a", "1")}, "a add", false, true},
		{"bytes where a text should be", []sync.Held{{Name: "a", Version: "v", HasValue: true, Value: secret.New("1"), Binary: true}}, []sync.Want{want("a", "1")}, "a change", false, true},
		{"a text where bytes should be", []sync.Held{hold("a", "1")}, []sync.Want{{Name: "a", Status: sync.Known, Value: secret.New("1"), Binary: true}}, "a change", false, true},
		{"the same bytes", []sync.Held{{Name: "a", Version: "v", HasValue: true, Value: secret.New("\xff"), Binary: true}}, []sync.Want{{Name: "a", Status: sync.Known, Value: secret.New("\xff"), Binary: true}}, "a in_sync", true, false},
		{"bytes that look like JSON", []sync.Held{{Name: "a", Version: "v", HasValue: true, Value: secret.New(`{"x":1}`), Binary: true}}, []sync.Want{{Name: "a", Status: sync.Known, Value: secret.New(`{"x":2}`), Binary: true}}, "a change", false, true},
		{"pending deletion", []sync.Held{{Name: "a", Deleted: time.Unix(1, 0)}}, []sync.Want{want("a", "1")}, "a pending_deletion", false, true},
		{"orphan", []sync.Held{hold("a", "1")}, nil, "a orphan", false, true},
		{"unreadable", []sync.Held{{Name: "a", Err: errors.New("x")}, {Name: "b", Err: errors.New("x")}}, []sync.Want{want("a", "1")}, "a unreadable; b unreadable", false, true},
		{"unknown", []sync.Held{hold("a", "1")}, []sync.Want{{Name: "a"}}, "a unknown", false, true},
		{"ignored", []sync.Held{hold("a", "1")}, []sync.Want{{Name: "a", Status: sync.Ignored}}, "a ignored", true, false},
		{"no value declared", []sync.Held{hold("a", "1")}, []sync.Want{{Name: "a", Status: sync.NoValue}}, "a no_value", true, false},
		{"JSON keys", []sync.Held{hold("a", `{"x":1,"y":{"z":"a"},"gone":0}`)}, []sync.Want{want("a", `{"x":2,"y":{"z":"b"},"new":0}`)}, "a change gone:removed new:added x:changed y.z:changed", false, true},
		{"the same JSON", []sync.Held{hold("a", `{"x": 1, "y": 2}`)}, []sync.Want{want("a", `{"y":2,"x":1}`)}, "a change same-json", false, true},
		{"numbers by digits", []sync.Held{hold("a", `{"x":1.0}`)}, []sync.Want{want("a", `{"x":1}`)}, "a change x:changed", false, true},
		{"a key twice is not compared", []sync.Held{hold("a", `{"x":1,"x":2}`)}, []sync.Want{want("a", `{"x":2}`)}, "a change", false, true},
		{"agrees in part", []sync.Held{hold("a", "pg://u:p@host/x")}, []sync.Want{partly("a", pieces("pg://u:p@", "/x"))}, "a agrees", false, false},
		{"differs in part", []sync.Held{hold("a", "pg://u:q@host/x")}, []sync.Want{partly("a", pieces("pg://u:p@", "/x"))}, "a part_differs", false, true},
		{"says nothing", []sync.Held{hold("a", "x")}, []sync.Want{partly("a", pieces("", ""))}, "a unknown", false, true},
		{"a pattern without a value there", []sync.Held{{Name: "a"}}, []sync.Want{partly("a", pieces("x", ""))}, "a unknown", false, true},
		{"JSON in part", []sync.Held{hold("a", `{"h":"any","p":"x","u":"pg://x@any"}`)}, []sync.Want{partly("a", &sync.Pattern{JSON: &sync.Pattern{Object: map[string]*sync.Pattern{"h": nil, "p": exact(`"x"`), "u": pieces("pg://x@", "")}}})}, "a agrees", false, false},
		{"JSON keys in part", []sync.Held{hold("a", `{"h":"any","p":"y","more":1}`)}, []sync.Want{partly("a", &sync.Pattern{JSON: &sync.Pattern{Object: map[string]*sync.Pattern{"h": nil, "p": exact(`"x"`), "gone": nil}}})}, "a part_differs gone:added more:removed p:changed", false, true},
		{"JSON list in part", []sync.Held{hold("a", `[1,"x"]`)}, []sync.Want{partly("a", &sync.Pattern{JSON: &sync.Pattern{List: []*sync.Pattern{exact("1"), nil}}})}, "a agrees", false, false},
		{"not JSON", []sync.Held{hold("a", `text`)}, []sync.Want{partly("a", &sync.Pattern{JSON: &sync.Pattern{List: []*sync.Pattern{}}})}, "a part_differs", false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := sync.Diff(c.have, c.want)
			if got := kinds(p); got != c.kinds || p.InSync() != c.inSync || p.Differs() != c.differs {
				t.Errorf("%q, in sync %v, differs %v; want %q", got, p.InSync(), p.Differs(), c.kinds)
			}
		})
	}
}

// TestPatternHoles: a text made by filling the holes always agrees, and agreeing
// means that some filling makes the text.
func TestPatternHoles(t *testing.T) {
	alphabet := []string{"", "a", "b", "ab", "ba", "aa"}
	for _, pieces := range [][]string{{"a", "b"}, {"", "a", ""}, {"ab", "a", "b"}, {"a", "", "a"}, {"", ""}, {"a"}} {
		p := &sync.Pattern{}
		for _, text := range pieces {
			p.Pieces = append(p.Pieces, secret.New(text))
		}
		made := map[string]bool{}
		fill(pieces, alphabet, "", made)
		for text := range made {
			if ok, _ := p.Agrees(text); !ok {
				t.Errorf("%q does not agree with %q", text, pieces)
			}
		}
		for _, text := range words("ab", 4) {
			agrees, _ := p.Agrees(text)
			if slices.Contains(mapKeys(made), text) && !agrees {
				t.Errorf("%q: %q", pieces, text)
			}
			if agrees && !fits(pieces, text) {
				t.Errorf("%q agrees with %q, and no filling makes it", text, pieces)
			}
		}
	}
}

func fill(pieces, alphabet []string, sofar string, made map[string]bool) {
	sofar += pieces[0]
	if len(pieces) == 1 {
		made[sofar] = true
		return
	}
	for _, hole := range alphabet {
		fill(pieces[1:], alphabet, sofar+hole, made)
	}
}

// fits decides by trying everything.
func fits(pieces []string, text string) bool {
	rest, ok := strings.CutPrefix(text, pieces[0])
	if !ok || len(pieces) == 1 {
		return ok && rest == ""
	}
	for i := range len(rest) + 1 {
		if fits(pieces[1:], rest[i:]) {
			return true
		}
	}
	return false
}

func words(alphabet string, n int) []string {
	all := []string{""}
	for at := 0; n > 0; n-- {
		end := len(all)
		for ; at < end; at++ {
			for _, r := range alphabet {
				all = append(all, all[at]+string(r))
			}
		}
	}
	return all
}

func mapKeys(m map[string]bool) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	return all
}

func TestRollback(t *testing.T) {
	m := newMemory(map[string]string{"a": "1", "b": "1", "once": "1"})
	m.set("a", "2")
	m.set("b", "2")
	h := m.held["b"]
	h.Deleted = time.Unix(1, 0)
	m.held["b"] = h
	names := []string{"a", "b", "once", "none"}
	current, _ := m.Read(t.Context(), names)
	previous, _ := m.ReadPrevious(t.Context(), names)
	p := sync.Rollback(current, previous)
	if got, want := kinds(p), "a revert; b pending_deletion; once no_previous"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
	// A value that was written between the two readings is not rolled back.
	moved := slices.Clone(previous)
	moved[0].Version = "other"
	if got := kinds(sync.Rollback(current, moved)); !strings.HasPrefix(got, "a unreadable") {
		t.Error(got)
	}
	report, err := sync.Apply(t.Context(), m, p, sync.ApplyOptions{}, nil)
	if err != nil || report.Count(sync.Reverted) != 1 || m.values()["a"] != "1" {
		t.Errorf("%v, %v, %v", err, report.Outcomes, m.values())
	}
}
