package sync_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"hci/sync"
	"hci/sync/secret"
)

// outcomes is a report as text.
func outcomes(r sync.Report) string {
	var all []string
	for _, o := range r.Outcomes {
		all = append(all, o.Name+" "+o.Result.String())
	}
	return strings.Join(all, "; ")
}

// everyKind is a store and declarations with one secret of each kind, named
// for it.
func everyKind() (*memory, sync.Plan) {
	m := newMemory(map[string]string{"change": "old", "ignored": "old", "in_sync": "1", "no_value": "x", "orphan": "x", "unknown": "x", "agrees": "ab", "part": "cb"})
	m.held["add"] = sync.Held{Name: "add"}
	m.held["pending"] = sync.Held{Name: "pending", Version: "v0", Deleted: time.Unix(1, 0)}
	m.held["unreadable"] = sync.Held{Name: "unreadable", Err: errors.New("denied")}
	p := &sync.Pattern{Pieces: []secret.Value{secret.New("a"), secret.New("")}}
	return m, m.plan(
		want("add", "new"), want("change", "new"), want("in_sync", "1"), want("missing", "new"), want("pending", "new"), want("unreadable", "new"),
		sync.Want{Name: "ignored", Status: sync.Ignored, Value: secret.New("new")}, sync.Want{Name: "no_value", Status: sync.NoValue},
		sync.Want{Name: "unknown"}, sync.Want{Name: "agrees", Pattern: p}, sync.Want{Name: "part", Pattern: p},
	)
}

func TestApplyOptions(t *testing.T) {
	for _, c := range []struct {
		name    string
		o       sync.ApplyOptions
		written string // of the store's new values
	}{
		{"plain", sync.ApplyOptions{}, "add=new change=new"},
		{"create", sync.ApplyOptions{Create: true}, "add=new change=new missing=new"},
		{"restore", sync.ApplyOptions{Restore: true}, "add=new change=new pending=new"},
		{"ignored", sync.ApplyOptions{Ignored: true}, "add=new change=new ignored=new"},
		{"prune", sync.ApplyOptions{Prune: true, Window: 7}, "add=new change=new orphan=x (deleted)"},
		{"only", sync.ApplyOptions{Only: []string{"change", "in_sync"}}, "change=new"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, p := everyKind()
			before := m.values()
			n := 0
			report, err := sync.Apply(t.Context(), m, p, c.o, func(sync.Outcome) { n++ })
			if err != nil || report.Err() != nil || n != len(report.Outcomes) {
				t.Errorf("%v, %v, %d told", err, report.Err(), n)
			}
			var changed []string
			now := m.values()
			for _, name := range slices.Sorted(maps.Keys(now)) {
				if now[name] != before[name] {
					changed = append(changed, name+"="+now[name])
				}
			}
			if got := strings.Join(changed, " "); got != c.written {
				t.Errorf("%q, want %q; %s", got, c.written, outcomes(report))
			}
			if report.Complete() && c.name != "only" {
				t.Error("it calls itself complete")
			}
		})
	}
}

// TestKindOfValue: a text never replaces bytes, nor bytes a text, unasked.
func TestKindOfValue(t *testing.T) {
	binary := sync.Want{Name: "text", Status: sync.Known, Value: secret.New("\xff"), Binary: true}
	for _, c := range []struct {
		name   string
		o      sync.ApplyOptions
		values string
	}{
		{"unasked", sync.ApplyOptions{Restore: true, Ignored: true}, "bytes=old gone=old (deleted) ignored=old text=old"},
		{"asked", sync.ApplyOptions{Restore: true, Ignored: true, ReplaceBinary: true}, "bytes=new gone=new ignored=new text=\xff"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMemory(map[string]string{"bytes": "old", "text": "old", "gone": "old", "ignored": "old"})
			for _, name := range []string{"bytes", "gone", "ignored"} {
				h := m.held[name]
				h.Binary = true
				m.held[name] = h
			}
			gone := m.held["gone"]
			gone.Deleted = time.Unix(1, 0)
			m.held["gone"] = gone
			p := m.plan(want("bytes", "new"), want("gone", "new"), binary, sync.Want{Name: "ignored", Status: sync.Ignored, Value: secret.New("new")})
			report, err := sync.Apply(t.Context(), m, p, c.o, nil)
			if err != nil || report.Err() != nil || report.Complete() != c.o.ReplaceBinary {
				t.Errorf("%v, %v, complete %v", err, report.Err(), report.Complete())
			}
			var all []string
			for _, name := range slices.Sorted(maps.Keys(m.held)) {
				all = append(all, name+"="+m.values()[name])
			}
			if got := strings.Join(all, " "); got != c.values {
				t.Errorf("%q, want %q", got, c.values)
			}
		})
	}
}

// TestKindAfterRestore: a deletion hides the value, so the kind shows when it
// has been taken back. Then the value stays.
func TestKindAfterRestore(t *testing.T) {
	m := newMemory(map[string]string{"a": "old"})
	h := m.held["a"]
	h.Binary = true
	m.held["a"] = h
	hidden := sync.Held{Name: "a", Version: h.Version, Deleted: time.Unix(1, 0)}
	p := sync.Diff([]sync.Held{hidden}, []sync.Want{want("a", "new")})
	report, err := sync.Apply(t.Context(), m, p, sync.ApplyOptions{Restore: true}, nil)
	if err != nil || !errors.Is(report.Err(), sync.ErrOtherKind) || m.values()["a"] != "old" {
		t.Errorf("%v, %v, %v", err, report.Err(), m.values())
	}
}

func TestComplete(t *testing.T) {
	m := newMemory(map[string]string{"a": "old", "orphan": "x"})
	report, err := sync.Apply(t.Context(), m, m.plan(want("a", "new"), want("b", "x")), sync.ApplyOptions{Create: true}, nil)
	if err != nil || !report.Complete() || outcomes(report) != "a written; b created; orphan skipped" {
		t.Errorf("%v, %s", err, outcomes(report))
	}
	if again := m.plan(want("a", "new"), want("b", "x")); again.Count(sync.InSync) != 2 {
		t.Error("not in sync afterwards")
	}
}

// TestUnknownKey: a secret whose KMS key is not known yet is not made with
// another one.
func TestUnknownKey(t *testing.T) {
	m := newMemory(nil)
	w := want("a", "new")
	w.Meta.KMSAwaits = []string{"aws_kms_key.k.arn"}
	report, err := sync.Apply(t.Context(), m, m.plan(w), sync.ApplyOptions{Create: true}, nil)
	if err != nil || outcomes(report) != "a skipped" || !strings.Contains(report.Outcomes[0].Why, "aws_kms_key.k.arn") || report.Complete() {
		t.Errorf("%v, %s", err, outcomes(report))
	}
}

// TestLimits: whatever the store would refuse keeps everything from being
// written, all said at once.
func TestLimits(t *testing.T) {
	m := newMemory(map[string]string{"empty": "x", "large": "x", "utf8": "x", "good": "x"})
	p := m.plan(want("empty", ""), want("large", strings.Repeat("x", sync.MaxValue+1)), want("utf8", "\xff"), want("good", "new"),
		want("bad name", "x"), want(strings.Repeat("n", sync.MaxName+1), "x"), want("good", "twice"))
	_, err := sync.Apply(t.Context(), m, p, sync.ApplyOptions{Create: true}, nil)
	var limits sync.LimitErrors
	if !errors.As(err, &limits) || len(limits) != 6 || len(m.ops) != 0 {
		t.Errorf("%v; %q", err, m.ops)
	}
	fits := strings.Repeat("x", sync.MaxValue)
	if _, err := sync.Apply(t.Context(), m, m.plan(want("large", fits)), sync.ApplyOptions{}, nil); err != nil || m.values()["large"] != fits {
		t.Errorf("%v", err)
	}
	var unknown *sync.UnknownNameError
	if _, err := sync.Apply(t.Context(), m, p, sync.ApplyOptions{Only: []string{"nobody"}}, nil); !errors.As(err, &unknown) || unknown.Name != "nobody" {
		t.Errorf("%v", err)
	}
}

// TestAdvised: a name that AWS advises against, but accepts, is made, and keeps
// no other secret back.
func TestAdvised(t *testing.T) {
	m := newMemory(nil)
	report, err := sync.Apply(t.Context(), m, m.plan(want("app-secret", "x"), want("app", "y")), sync.ApplyOptions{Create: true}, nil)
	if err != nil || outcomes(report) != "app created; app-secret created" || sync.Advised("app-secret") || !sync.Advised("app") {
		t.Errorf("%v, %s", err, outcomes(report))
	}
}

// TestConflict: what somebody else wrote since the plan was made stays.
func TestConflict(t *testing.T) {
	m := newMemory(map[string]string{"a": "old", "b": "old", "orphan": "x"})
	p := m.plan(want("a", "new"), want("b", "new"), want("c", "new"))
	m.set("a", "theirs")
	m.set("c", "theirs")
	m.set("orphan", "theirs")
	report, err := sync.Apply(t.Context(), m, p, sync.ApplyOptions{Create: true, Prune: true, Window: 7}, nil)
	if got, want := outcomes(report), "a conflict; b written; c conflict; orphan conflict"; err != nil || got != want {
		t.Errorf("%v, %s; want %s", err, got, want)
	}
	if v := m.values(); v["a"] != "theirs" || v["c"] != "theirs" || v["orphan"] != "theirs" || report.Complete() || !errors.Is(report.Err(), sync.ErrConflict) {
		t.Errorf("%v, %v", v, report.Err())
	}
}

// TestUncertain: a write whose answer was lost ends as what is seen then.
func TestUncertain(t *testing.T) {
	uncertain := func(name string) error { return fmt.Errorf("secret %q: %w", name, sync.ErrUncertain) }
	for _, c := range []struct {
		name, want     string
		fail, meantime func(m *memory, name string)
	}{
		{"it was written", "a written; b created; c restored", nil, nil},
		{"somebody wrote after it", "a conflict; b conflict; c conflict", nil, func(m *memory, name string) { m.set(name, "theirs") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMemory(map[string]string{"a": "old", "c": "old"})
			h := m.held["c"]
			h.Deleted = time.Unix(1, 0)
			m.held["c"] = h
			m.after = func(op, name string) error {
				if op == "write" || op == "create" {
					if c.meantime != nil {
						c.meantime(m, name)
					}
					return uncertain(name)
				}
				return nil
			}
			report, err := sync.Apply(t.Context(), m, m.plan(want("a", "new"), want("b", "new"), want("c", "new")), sync.ApplyOptions{Create: true, Restore: true}, nil)
			if err != nil || outcomes(report) != c.want {
				t.Errorf("%v, %s; want %s", err, outcomes(report), c.want)
			}
		})
	}
	t.Run("it was not", func(t *testing.T) {
		m := newMemory(map[string]string{"a": "old", "o": "x"})
		m.fail = func(op, name string) error {
			if op == "write" || op == "delete" {
				return uncertain(name)
			}
			return nil
		}
		report, err := sync.Apply(t.Context(), m, m.plan(want("a", "new")), sync.ApplyOptions{Prune: true, Window: 7}, nil)
		if err != nil || outcomes(report) != "a failed; o failed" || errors.Is(report.Err(), sync.ErrUncertain) {
			t.Errorf("%v, %s, %v", err, outcomes(report), report.Err())
		}
	})
	t.Run("it cannot be found out", func(t *testing.T) {
		m := newMemory(map[string]string{"a": "old"})
		m.fail = func(op, name string) error {
			if op == "write" {
				return uncertain(name)
			}
			return errors.New("gone")
		}
		report, _ := sync.Apply(t.Context(), m, m.plan(want("a", "new")), sync.ApplyOptions{}, nil)
		if !errors.Is(report.Err(), sync.ErrUncertain) || report.Complete() {
			t.Errorf("%s, %v", outcomes(report), report.Err())
		}
	})
}

// TestUnavailable: when the store as a whole can't be used, the rest is not
// attempted, and that is said.
func TestUnavailable(t *testing.T) {
	values, wants := map[string]string{}, []sync.Want{}
	for i := range 30 {
		name := fmt.Sprintf("s%02d", i)
		values[name] = "old"
		wants = append(wants, want(name, "new"))
	}
	m := newMemory(values)
	m.fail = func(op, _ string) error {
		if op == "write" && len(m.ops) > 5 {
			return sync.ErrUnavailable
		}
		return nil
	}
	report, err := sync.Apply(t.Context(), m, m.plan(wants...), sync.ApplyOptions{Parallel: 1}, nil)
	if !errors.Is(err, sync.ErrUnavailable) || report.Count(sync.Written) != 5 || report.Count(sync.Failed) != 1 || report.Count(sync.NotAttempted) != 24 || report.Complete() {
		t.Errorf("%v, %s", err, outcomes(report))
	}
}

// TestInterrupted: the write under way ends, the others are not attempted.
func TestInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	m := newMemory(map[string]string{"a": "old", "b": "old"})
	m.fail = func(string, string) error { interrupt(); return nil }
	report, err := sync.Apply(ctx, m, m.plan(want("a", "new"), want("b", "new")), sync.ApplyOptions{Parallel: 1}, nil)
	if !errors.Is(err, context.Canceled) || outcomes(report) != "a written; b not_attempted" || m.values()["a"] != "new" {
		t.Errorf("%v, %s, %v", err, outcomes(report), m.values())
	}
}
