package awssm_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"hci/internal/testing/faultproxy"
	"hci/sync"
	"hci/sync/secret"
)

// rolled is a secret with an earlier value, pruned one that nobody declares.
func otherWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	put(t, w.server, "app/rolled", "first")
	put(t, w.server, "app/pruned", "x")
	st := w.store(t)
	if _, err := st.Write(context.Background(), "app/rolled", text(secret.New("second")), readOne(t, st, "app/rolled")); err != nil {
		t.Fatal(err)
	}
	return w
}

// roll lists, rolls one secret back and prunes the other.
func (w *world) roll(t *testing.T) (sync.Report, error) {
	t.Helper()
	ctx, st := context.Background(), w.store(t)
	list, err := st.List(ctx, sync.Filter{Prefix: "app/"})
	if err != nil {
		return sync.Report{}, err
	}
	names := []string{}
	for _, l := range list {
		if l.Deleted.IsZero() {
			names = append(names, l.Name)
		}
	}
	current, err := st.Read(ctx, names)
	if err != nil {
		return sync.Report{}, err
	}
	previous, err := st.ReadPrevious(ctx, []string{"app/rolled"})
	if err != nil {
		return sync.Report{}, err
	}
	if len(current) == 0 {
		return sync.Report{}, nil // the list was forged
	}
	plan := sync.Rollback(current[len(current)-1:], previous)
	if len(current) > 1 {
		plan.Changes = append(plan.Changes, sync.Diff(current[:1], nil).Changes...)
	}
	return sync.Apply(ctx, st, plan, sync.ApplyOptions{Prune: true, Window: 7}, nil)
}

// TestOtherFaults: rolling back and pruning while requests fail now and then,
// and while one operation does not work at all, end in what is reported.
func TestOtherFaults(t *testing.T) {
	for _, fault := range slices.Concat(faultproxy.Lasting, faultproxy.Transient) {
		for _, op := range []string{"ListSecrets", "DescribeSecret", "GetSecretValue", "UpdateSecretVersionStage", "DeleteSecret"} {
			for name, always := range map[string]bool{"once": false, "always": true} {
				t.Run(fault.String()+"/"+op+"/"+name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						w := otherWorld(t)
						w.proxy.Set(func(r faultproxy.Request) faultproxy.Fault {
							if r.Operation == op && (always || r.Attempt%4 == 1) {
								return fault
							}
							return faultproxy.None
						})
						report, err := w.roll(t)
						w.proxy.Set(nil)
						st := w.store(t)
						for _, out := range report.Outcomes {
							h := readOne(t, st, out.Name)
							done := h.Value.Equal(secret.New("first"))
							if out.Name == "app/pruned" {
								done = !h.Deleted.IsZero()
							}
							reported := out.Result == sync.Reverted || out.Result == sync.Removed
							if done != reported && !errors.Is(out.Err, sync.ErrUncertain) {
								t.Errorf("%s: reported %v (%v), done: %v", out.Name, out.Result, out.Err, done)
							}
						}
						transient := fault.Transient()
						forged := fault == faultproxy.OtherVersion && op != "DescribeSecret" // which a read can't tell
						if all := errors.Join(err, report.Err()); transient && !always && !forged && all != nil {
							t.Errorf("one fault is not survived: %v", all)
						}
					})
				})
			}
		}
	}
}

// TestDeleteConflict refuses to delete what somebody has changed since.
func TestDeleteConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := otherWorld(t)
		st := w.store(t)
		seen := readOne(t, st, "app/pruned").Version
		if _, err := st.Write(context.Background(), "app/pruned", text(secret.New("y")), sync.Held{Version: seen}); err != nil {
			t.Fatal(err)
		}
		if err := st.Delete(context.Background(), "app/pruned", seen, 7); !errors.Is(err, sync.ErrConflict) {
			t.Errorf("%v", err)
		}
		previous, err := st.ReadPrevious(context.Background(), []string{"app/rolled", "app/none"})
		if err != nil || len(previous) != 1 || !previous[0].Value.Equal(secret.New("first")) {
			t.Fatalf("%d, %v", len(previous), err)
		}
		if _, err := st.Return(context.Background(), "app/rolled", previous[0].Previous, sync.Held{Version: previous[0].Previous}); !errors.Is(err, sync.ErrConflict) {
			t.Errorf("%v", err)
		}
	})
}
