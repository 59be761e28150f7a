package state_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hci/internal/deploy/state"
)

func TestJournal(t *testing.T) {
	dir := t.TempDir()
	if _, err := state.OpenJournal(dir, "staging"); !errors.Is(err, state.ErrNoJournal) {
		t.Error(err)
	}
	j := state.NewJournal(dir, "staging", state.Order)
	j.Image, j.Migration.Token, j.Region = "app@sha256:0", "token", "eu-central-1"
	if err := j.Save(); err != nil {
		t.Fatal(err)
	}
	again, err := state.OpenJournal(dir, "staging")
	if err != nil || again.ID != j.ID || again.Image != j.Image || again.Migration != j.Migration || !again.Begun() || again.Phase != state.Prepared {
		t.Fatalf("%+v, %v", again, err)
	}
	// What a process that was killed was writing is none.
	if err := os.WriteFile(filepath.Join(dir, "deploy", ".hci-0123456789abcdef-staging.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := state.Journals(dir); !slices.Equal(got, []string{"staging"}) {
		t.Errorf("left: %q", got)
	}
	path := filepath.Join(dir, "deploy", "staging.json")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	// A new deployment takes its place.
	other := state.NewJournal(dir, "staging", state.Order)
	if err := other.Save(); err != nil {
		t.Fatal(err)
	}
	if again, err = state.OpenJournal(dir, "staging"); err != nil || again.ID != other.ID {
		t.Errorf("%+v, %v", again, err)
	}
	if err := other.End(); err != nil || len(state.Journals(dir)) > 0 {
		t.Errorf("%v, left %q", err, state.Journals(dir))
	}
}

// TestJournalOfAnother: what can't be gone on with is said to be so.
func TestJournalOfAnother(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "deploy"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "{", "{}", `{"schema": 5, "id": "x", "env": "staging", "phase": "prepared"}`, `{"schema": 4, "id": "x", "env": "production", "phase": "prepared"}`,
		`{"schema": 4, "env": "staging", "phase": "prepared"}`, `{"schema": 4, "id": "x", "env": "staging", "phase": "asleep"}`, `{"schema": 3, "env": "production"}`} {
		if err := os.WriteFile(filepath.Join(dir, "deploy", "staging.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := state.OpenJournal(dir, "staging"); err == nil || !strings.Contains(err.Error(), "is no journal that this version of hci can read") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	release, err := state.Lock(dir, "staging")
	if err != nil {
		t.Fatal(err)
	}
	var under *state.UnderWayError
	if _, err := state.Lock(dir, "staging"); !errors.As(err, &under) || under.Holder == nil || under.Holder.PID != os.Getpid() {
		t.Errorf("locked twice: %v", err)
	}
	if elsewhere, err := state.Lock(dir, "production"); err != nil {
		t.Error(err)
	} else {
		elsewhere()
	}
	release()
	if release, err = state.Lock(dir, "staging"); err != nil {
		t.Error(err)
	} else {
		release()
	}
}

// TestLeft: a login is needed again by what is still to be pushed.
func TestLeft(t *testing.T) {
	for _, c := range []struct{ steps, done, left string }{
		{"login,build,push,migrate,update", "", "login,build,push,migrate,update"},
		{"login,build,push,migrate,update", "login,build", "login,push,migrate,update"},
		{"login,build,push,migrate,update", "login,build,push", "migrate,update"},
		{"migrate,update", "migrate", "update"},
		{"build,push", "build", "push"},
	} {
		j := state.Unkept("staging", steps(t, c.steps))
		if c.done != "" {
			j.Done = steps(t, c.done)
		}
		if got := j.Left(); !slices.Equal(got, steps(t, c.left)) {
			t.Errorf("%s, done %s: left %v, want %s", c.steps, c.done, got, c.left)
		}
	}
}

func steps(t *testing.T, text string) []state.Step {
	t.Helper()
	all, err := state.ParseSteps(text)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestParseSteps(t *testing.T) {
	if got := steps(t, " Update, login ,update"); !slices.Equal(got, []state.Step{state.Login, state.Update}) {
		t.Errorf("%v", got)
	}
	for _, text := range []string{"", ",", "explain", "log in"} {
		if _, err := state.ParseSteps(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

func TestStartedBy(t *testing.T) {
	for _, who := range []string{"ann", "ünïcode/name.local", strings.Repeat("x", 300), `DOMAIN\user name`} {
		got := state.StartedBy(who, "ABCDEFGHIJ")
		if len(got) > 128 || strings.Trim(got, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/") != "" || !strings.HasPrefix(got, "hci/") || !strings.HasSuffix(got, "/ABCDEFGH") {
			t.Errorf("%q: %q", who, got)
		}
	}
}

// TestJournalOfEarlierVersion: what the released version wrote is told as what it is, and
// is not resumed.
func TestJournalOfEarlierVersion(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "schema-3.json"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "deploy"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "deploy", "staging.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = state.OpenJournal(dir, "staging")
	var old *state.OldJournalError
	if !errors.As(err, &old) {
		t.Fatal(err)
	}
	const want = "the deployment of commit 9f2c1d3a4b5e that began at 2026-11-28 16:20 UTC was left unfinished by an earlier version of hci, and can't be resumed by this one; it had done: login, build, push, migrate"
	if old.Error() != want || old.Next() != "'hci deploy status staging' shows what runs; 'hci deploy staging' begins a new deployment" {
		t.Errorf("%s; %s", old, old.Next())
	}
}
