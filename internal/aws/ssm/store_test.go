package ssm_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hci/internal/testing/faultproxy"
	"hci/sync"
	"hci/sync/localsm"
	"hci/sync/secret"
)

// held reads one parameter with its settings.
func (w *world) held(t *testing.T, name string) sync.Held {
	t.Helper()
	held, err := w.store().Read(context.Background(), []string{name})
	if err == nil {
		err = w.store().Inspect(context.Background(), held)
	}
	if err != nil || len(held) != 1 || held[0].Facts == nil {
		t.Fatalf("%+v, %v", held, err)
	}
	return held[0]
}

// TestWriteKeepsSettings: a write changes the value only.
func TestWriteKeepsSettings(t *testing.T) {
	w := newWorld(t)
	as := localsm.Parameter{Type: "SecureString", Key: "alias/own", Description: "the app's", AllowedPattern: "v.*", Tier: "Advanced"}
	if err := w.server.PutParameter("/shop/db", secret.New("v1"), as); err != nil {
		t.Fatal(err)
	}
	before := w.held(t, "/shop/db")
	version, err := w.store().Write(context.Background(), "/shop/db", text("v2"), before)
	if err != nil || version != "2" {
		t.Fatalf("version %q, %v", version, err)
	}
	after := w.held(t, "/shop/db")
	if *before.Facts.Parameter != *after.Facts.Parameter || before.Facts.KMSKeyID != after.Facts.KMSKeyID || before.Facts.Description != after.Facts.Description {
		t.Errorf("before %+v, after %+v", before.Facts, after.Facts)
	}
	if before.Facts.KMSKeyID != "alias/own" || before.Facts.Parameter.Tier != "Advanced" || before.Facts.Parameter.AllowedPattern != "v.*" {
		t.Errorf("read %+v, %+v", before.Facts, before.Facts.Parameter)
	}
}

// TestStale: a version other than the one that was seen is not written over.
func TestStale(t *testing.T) {
	w := newWorld(t)
	w.put(t, "p", "one")
	seen := w.held(t, "p")
	w.put(t, "p", "theirs")
	_, err := w.store().Write(context.Background(), "p", text("ours"), seen)
	if !errors.Is(err, sync.ErrConflict) || w.now("p").Value.Reveal() != "theirs" {
		t.Errorf("%v; it holds version %s", err, w.now("p").ID)
	}
}

// TestOverwrote: somebody else writes between the last look and the write. Their
// version is named, and can be brought back.
func TestOverwrote(t *testing.T) {
	w := newWorld(t)
	w.put(t, "p", "one")
	seen := w.held(t, "p")
	w.proxy.Set(func(r faultproxy.Request) faultproxy.Fault {
		if r.Operation == "PutParameter" {
			w.put(t, "p", "theirs")
		}
		return faultproxy.None
	})
	st := w.store()
	plan := sync.Plan{Changes: []sync.Change{{Name: "p", Kind: sync.Differs, Held: seen, Want: sync.Want{Name: "p", Status: sync.Known, Value: secret.New("ours"), Meta: sync.Meta{Parameter: secure}}}}}
	report, err := sync.Apply(context.Background(), st, plan, sync.ApplyOptions{}, nil)
	w.proxy.Set(nil)
	var over *sync.OverwroteError
	if err != nil || !errors.As(report.Err(), &over) || over.Theirs != "2" || over.Version != "3" {
		t.Fatalf("%v, %v", err, report.Err())
	}
	if out := report.Outcomes[0]; out.Result != sync.Conflicted || out.Version != "3" || report.Complete() {
		t.Errorf("outcome %+v", out)
	}
	if strings.Contains(report.Err().Error(), "theirs") && strings.Contains(report.Err().Error(), "ours") {
		t.Error("the error holds a value")
	}
	version, err := st.Return(context.Background(), "p", over.Theirs, w.held(t, "p"))
	if err != nil || version != "4" || w.now("p").Value.Reveal() != "theirs" {
		t.Errorf("version %q, %v", version, err)
	}
}

// TestCreateRaces: a parameter that somebody else made meanwhile stays.
func TestCreateRaces(t *testing.T) {
	w := newWorld(t)
	w.put(t, "p", "theirs")
	_, err := w.store().Create(context.Background(), "p", text("ours"), sync.Meta{Parameter: secure})
	if !errors.Is(err, sync.ErrConflict) || w.now("p").Value.Reveal() != "theirs" {
		t.Errorf("%v", err)
	}
}

// TestCreate makes a parameter as it is declared.
func TestCreate(t *testing.T) {
	w := newWorld(t)
	m := sync.Meta{Parameter: &sync.Parameter{Type: "SecureString", Tier: "Intelligent-Tiering"}, KMSKeyID: "alias/own", Description: "d", Tags: map[string]string{"a": "b"}}
	version, err := w.store().Create(context.Background(), "/a/b", text(strings.Repeat("x", 5000)), m)
	if err != nil || version != "1" {
		t.Fatalf("%q, %v", version, err)
	}
	f := w.held(t, "/a/b").Facts
	if f.Parameter.Tier != "Advanced" || f.KMSKeyID != "alias/own" || f.Description != "d" {
		t.Errorf("%+v, %+v", f, f.Parameter)
	}
}

// TestUnknownSettings: without ssm:DescribeParameters a write could give a
// parameter another key, so nothing is written.
func TestUnknownSettings(t *testing.T) {
	w := newWorld(t)
	w.add(t, stateOld)
	w.proxy.Set(func(r faultproxy.Request) faultproxy.Fault {
		if r.Operation == "DescribeParameters" {
			return faultproxy.Denied
		}
		return faultproxy.None
	})
	report, err := w.push(t, context.Background())
	var access *sync.AccessError
	if err != nil || !errors.As(report.Err(), &access) || access.Action != "ssm:DescribeParameters" {
		t.Errorf("%v, %v", err, report.Err())
	}
	if w.proxy.Count("PutParameter") != 0 {
		t.Error("it was written")
	}
}

// TestReadMany reads 25 parameters, in three batches, some of which are missing.
func TestReadMany(t *testing.T) {
	w := newWorld(t)
	var names []string
	for i := range 25 {
		name := fmt.Sprintf("/many/%02d", i)
		if names = append(names, name); i%5 != 0 {
			w.put(t, name, name)
		}
	}
	held, err := w.store().Read(context.Background(), names)
	if err != nil || len(held) != 20 || held[0].Name != "/many/01" || held[0].Value.Reveal() != "/many/01" || held[0].ARN == "" || held[0].Changed.IsZero() {
		t.Errorf("%d, %v", len(held), err)
	}
	if n := w.proxy.Count("GetParameters"); n != 3 {
		t.Errorf("%d requests", n)
	}
}

// TestHistory: versions, who made them, and the one before.
func TestHistory(t *testing.T) {
	w := newWorld(t)
	for i := range 120 {
		w.put(t, "p", fmt.Sprint("value ", i+1))
	}
	w.ask(t, "LabelParameterVersion", map[string]any{"Name": "p", "ParameterVersion": 119, "Labels": []string{"good"}})
	st := w.store()
	all, err := st.Versions(context.Background(), "p")
	if err != nil || len(all) != 100 || all[0].ID != "120" || all[99].ID != "21" || all[1].Labels[0] != "good" || !strings.HasSuffix(all[0].By, ":user/local") {
		t.Fatalf("%d versions, %v", len(all), err)
	}
	if err := st.ReadVersions(context.Background(), "p", all[:2]); err != nil || all[1].Content.Value.Reveal() != "value 119" {
		t.Errorf("%v", err)
	}
	found, err := sync.FindVersion("p", all, "good")
	if err != nil || found.ID != "119" {
		t.Errorf("%v, %v", found.ID, err)
	}
	previous, err := st.ReadPrevious(context.Background(), []string{"p", "missing"})
	if err != nil || len(previous) != 1 || previous[0].Previous != "119" || previous[0].Version != "120" || previous[0].Value.Reveal() != "value 119" {
		t.Errorf("%+v, %v", previous, err)
	}
}

// TestQuota writes 12 parameters: AWS takes three a second.
func TestQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i := range 12 {
			w.add(t, fmt.Sprint(stateOld, i))
		}
		start := time.Now()
		report, err := w.push(t, context.Background())
		if err != nil || !report.Complete() {
			t.Errorf("%v, %v", err, report.Err())
		}
		if took := time.Since(start); took < 3*time.Second || took > 5*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// TestList finds parameters by the beginning of their names, over several pages.
func TestList(t *testing.T) {
	w := newWorld(t)
	for i := range 60 {
		w.put(t, fmt.Sprintf("/shop/%02d", i), "v")
	}
	w.put(t, "/other", "v")
	all, err := w.store().List(context.Background(), sync.Filter{Prefix: "/shop/"})
	if err != nil || len(all) != 60 || all[59].Name != "/shop/59" {
		t.Errorf("%d, %v", len(all), err)
	}
}

// TestSameToken: a list that goes round in circles ends.
func TestSameToken(t *testing.T) {
	w := newWorld(t)
	w.proxy.Server = http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(out, `{"Parameters": [{"Name": "p", "Type": "String", "Version": 1}], "NextToken": "the-same-again"}`)
	})
	if _, err := w.store().List(context.Background(), sync.Filter{}); err == nil || !strings.Contains(err.Error(), "never end") {
		t.Errorf("list: %v", err)
	}
	if _, err := w.store().Versions(context.Background(), "p"); err == nil || !strings.Contains(err.Error(), "never end") {
		t.Errorf("versions: %v", err)
	}
	if n := len(w.proxy.Requests()); n != 4 {
		t.Errorf("%d requests", n)
	}
}
