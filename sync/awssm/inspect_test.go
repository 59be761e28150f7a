package awssm_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"hci/internal/testing/faultproxy"
	"hci/sync"
	"hci/sync/localsm"
	"hci/sync/secret"
)

// inspected reads a secret with its facts.
func inspected(t *testing.T, st interface {
	sync.Store
	sync.Inspector
}, name string) sync.Held {
	t.Helper()
	held, err := st.Read(context.Background(), []string{name})
	if err == nil {
		err = st.Inspect(context.Background(), held)
	}
	if err != nil || len(held) != 1 || held[0].Facts == nil {
		t.Fatalf("%+v, %v", held, err)
	}
	return held[0]
}

// TestOwners: a value that AWS rotates, that a service manages or that is
// replicated is told, and written only if named.
func TestOwners(t *testing.T) {
	st, server := local(t)
	for name, opt := range map[string]localsm.SeedOption{
		"rotated":  localsm.Rotated("arn:aws:lambda:eu-central-1:000000000000:function:rot"),
		"managed":  localsm.OwnedBy("rds"),
		"replica":  localsm.ReplicaOf("us-east-1"),
		"primary":  localsm.Replicas([]string{"eu-west-1"}),
		"nobody's": nil,
	} {
		opts := []localsm.SeedOption{}
		if opt != nil {
			opts = append(opts, opt)
		}
		if name == "nobody's" {
			name = "nobodys"
		}
		if err := server.Put(name, secret.New("old"), opts...); err != nil {
			t.Fatal(err)
		}
		h := inspected(t, st, name)
		w := sync.Want{Name: name, Status: sync.Known, Value: secret.New("new")}
		p := sync.Diff([]sync.Held{h}, []sync.Want{w})
		owned := name != "primary" && name != "nobodys"
		if got := p.Changes[0].Kind == sync.Owned; got != owned || p.Differs() == owned {
			t.Errorf("%s: %v, %v", name, p.Changes[0].Kind, h.Facts.Owner)
		}
		report, err := sync.Apply(context.Background(), st, p, sync.ApplyOptions{}, nil)
		if err != nil || report.Count(sync.Written) == 1 == owned || !report.Complete() {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
		if owned {
			report, err = sync.Apply(context.Background(), st, p, sync.ApplyOptions{Owned: []string{name}}, nil)
			if err != nil || report.Count(sync.Written) != 1 {
				t.Errorf("%s, named: %+v, %v", name, report, err)
			}
		}
	}
}

// TestUnknownOwner: who owns a value that DescribeSecret does not tell of is not
// known, and not nobody.
func TestUnknownOwner(t *testing.T) {
	w := newWorld(t)
	w.add(t, stateOld)
	w.proxy.Set(func(r faultproxy.Request) faultproxy.Fault {
		if r.Operation == "DescribeSecret" {
			return faultproxy.Denied
		}
		return faultproxy.None
	})
	st := w.store(t)
	p := sync.Diff([]sync.Held{inspected(t, st, stateOld)}, w.wants)
	report, err := sync.Apply(context.Background(), st, p, sync.ApplyOptions{}, nil)
	if err != nil || report.Count(sync.Skipped) != 1 || report.Complete() {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestTidy: labels of earlier versions of hci, of a killed push and AWSPENDING
// where it was left behind go; what is a rotation's or somebody else's stays.
func TestTidy(t *testing.T) {
	w := newWorld(t)
	ctx, sdk := context.Background(), w.sdk()
	put(t, w.server, "s", "1")
	id := aws.String("s")
	label := func(value string, labels ...string) {
		t.Helper()
		if _, err := sdk.PutSecretValue(ctx, &sm.PutSecretValueInput{SecretId: id, SecretString: &value, VersionStages: labels}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 14 {
		label("a", "hci-pending-"+string(rune('a'+i)))
	}
	label("b", "hci-pending", "mine")
	label("c", "AWSPENDING", "AWSCURRENT")
	label("d", "AWSCURRENT") // AWSPENDING stays behind on the version before
	st := w.store(t)
	h := inspected(t, st, "s")
	if !h.Untidy() || len(h.Facts.Stale) != 16 {
		t.Fatalf("%+v", h.Facts)
	}
	current := h.Version
	if err := st.Tidy(ctx, h); err != nil {
		t.Fatal(err)
	}
	h = inspected(t, st, "s")
	var labels []string
	for _, v := range w.server.History("s") {
		labels = append(labels, v.Labels...)
	}
	slices.Sort(labels)
	if h.Untidy() || h.Version != current || !slices.Equal(labels, []string{"AWSCURRENT", "AWSPREVIOUS", "mine"}) {
		t.Errorf("%q, %+v", labels, h.Facts)
	}
	// A rotation under way is not touched.
	label("e", "AWSPENDING")
	if h = inspected(t, st, "s"); h.Untidy() || h.Facts.Rotating == "" {
		t.Errorf("%+v", h.Facts)
	}
}

// TestPendingFollows: AWSPENDING on the version that was current is gone after a
// write and after a return, so that a rotation can start.
func TestPendingFollows(t *testing.T) {
	w := newWorld(t)
	ctx, sdk := context.Background(), w.sdk()
	put(t, w.server, "s", "1")
	rotated := func(value string) sync.Held {
		t.Helper()
		if _, err := sdk.PutSecretValue(ctx, &sm.PutSecretValueInput{SecretId: aws.String("s"), SecretString: &value, VersionStages: []string{"AWSPENDING", "AWSCURRENT"}}); err != nil {
			t.Fatal(err)
		}
		return readOne(t, w.store(t), "s")
	}
	st := w.store(t)
	if _, err := st.Write(ctx, "s", text(secret.New("3")), rotated("2")); err != nil {
		t.Fatal(err)
	}
	if v := holder(w.server.History("s"), "AWSPENDING"); v.ID != "" {
		t.Error("after a write a rotation can't start")
	}
	h := rotated("4")
	to := holder(w.server.History("s"), "AWSPREVIOUS").ID
	if _, err := st.Return(ctx, "s", to, h); err != nil {
		t.Fatal(err)
	}
	if v := holder(w.server.History("s"), "AWSPENDING"); v.ID != "" {
		t.Error("after a return a rotation can't start")
	}
}

// TestThreeCalls: a write takes three calls, and where labels may not be moved,
// the secret has one of hci's at most, however often it is tried.
func TestThreeCalls(t *testing.T) {
	w := newWorld(t)
	w.add(t, stateOld)
	st := w.store(t)
	seen := readOne(t, st, stateOld)
	before := len(w.proxy.Requests())
	if _, err := st.Write(context.Background(), stateOld, text(secret.New("1")), seen); err != nil {
		t.Fatal(err)
	}
	if n := len(w.proxy.Requests()) - before; n != 3 {
		t.Errorf("%d calls", n)
	}
	w.proxy.Set(func(r faultproxy.Request) faultproxy.Fault {
		if r.Operation == "UpdateSecretVersionStage" {
			return faultproxy.Denied
		}
		return faultproxy.None
	})
	var denied *sync.AccessError
	for range 25 {
		if _, err := st.Write(context.Background(), stateOld, text(secret.New("2")), readOne(t, st, stateOld)); !errors.As(err, &denied) {
			t.Fatal(err)
		}
	}
	n := 0
	for _, v := range w.server.History(stateOld) {
		for _, label := range v.Labels {
			if label == "hci-pending" {
				n++
			}
		}
	}
	if n != 1 {
		t.Errorf("%d labels were left", n)
	}
}

// TestEndlessList: a NextToken that comes twice ends the list with an error.
func TestEndlessList(t *testing.T) {
	w := newWorld(t)
	put(t, w.server, "a", "1")
	w.proxy.Set(func(r faultproxy.Request) faultproxy.Fault {
		if r.Operation == "ListSecrets" {
			return faultproxy.SameToken
		}
		return faultproxy.None
	})
	if _, err := w.store(t).List(context.Background(), sync.Filter{}); err == nil {
		t.Error("the list ended")
	}
}

// TestListing: of many secrets a list tells what DescribeSecret would, but for
// replicated ones, of which it does not tell all.
func TestListing(t *testing.T) {
	w := newWorld(t)
	st := w.store(t)
	var names []string
	for i := range 150 {
		name := "app/" + string(rune('a'+i/26)) + string(rune('a'+i%26))
		names = append(names, name)
		if err := w.server.Put(name, secret.New("v"), localsm.Description("d")); err != nil {
			t.Fatal(err)
		}
	}
	put(t, w.server, "other", "v")
	if err := w.server.Put(names[1], secret.New("v"), localsm.Rotated("arn:aws:lambda:eu-central-1:000000000000:function:rot")); err != nil {
		t.Fatal(err)
	}
	if err := w.server.Put(names[2], secret.New("v"), localsm.Replicas([]string{"eu-west-1"})); err != nil {
		t.Fatal(err)
	}
	found, err := st.Listing(context.Background(), names)
	if err != nil || len(found) != 149 || found["other"] != nil || found[names[2]] != nil {
		t.Fatalf("%d, %v", len(found), err)
	}
	if f := found[names[0]]; !f.Listed || f.Description != "d" || f.Owner.Kind != "" {
		t.Errorf("%+v", f)
	}
	if f := found[names[1]]; f.Owner.Kind != sync.OwnerRotation {
		t.Errorf("%+v", f)
	}
	if n := w.proxy.Count("ListSecrets"); n != 2 {
		t.Errorf("%d requests", n)
	}
	if found, err := st.Listing(context.Background(), names[:100]); found != nil || err != nil {
		t.Errorf("a few are asked for one by one: %d, %v", len(found), err)
	}
	// Not allowed is no failure: each is asked for then.
	w.proxy.Set(func(r faultproxy.Request) faultproxy.Fault {
		if r.Operation == "ListSecrets" {
			return faultproxy.Denied
		}
		return faultproxy.None
	})
	if found, err := st.Listing(context.Background(), names); found != nil || err != nil {
		t.Errorf("%d, %v", len(found), err)
	}
}
