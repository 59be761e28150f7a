package deploy_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hci/internal/deploy"
)

func TestJournal(t *testing.T) {
	state := t.TempDir()
	if _, err := deploy.OpenJournal(state, "staging"); !errors.Is(err, deploy.ErrNoJournal) {
		t.Error(err)
	}
	j := deploy.NewJournal(state, "staging", deploy.Order)
	j.Image, j.MigrateToken = "app@sha256:0", "token"
	if err := j.Save(); err != nil {
		t.Fatal(err)
	}
	again, err := deploy.OpenJournal(state, "staging")
	if err != nil || again.ID != j.ID || again.Image != j.Image || again.MigrateToken != j.MigrateToken {
		t.Fatalf("%+v, %v", again, err)
	}
	// What a process that was killed was writing is none.
	if err := os.WriteFile(filepath.Join(state, "deploy", ".hci-0123456789abcdef-staging.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := deploy.Journals(state); !slices.Equal(got, []string{"staging"}) {
		t.Errorf("left: %q", got)
	}
	path := filepath.Join(state, "deploy", "staging.json")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	// A new deployment takes its place.
	other := deploy.NewJournal(state, "staging", deploy.Order)
	if err := other.Save(); err != nil {
		t.Fatal(err)
	}
	if again, err = deploy.OpenJournal(state, "staging"); err != nil || again.ID != other.ID {
		t.Errorf("%+v, %v", again, err)
	}
	if err := other.End(); err != nil || len(deploy.Journals(state)) > 0 {
		t.Errorf("%v, left %q", err, deploy.Journals(state))
	}
}

// TestJournalOfAnother: what can't be gone on with is said to be so.
func TestJournalOfAnother(t *testing.T) {
	state := t.TempDir()
	if err := os.MkdirAll(filepath.Join(state, "deploy"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "{", "{}", `{"schema": 2, "id": "x", "env": "staging"}`, `{"schema": 3, "id": "x", "env": "production"}`, `{"schema": 3, "env": "staging"}`} {
		if err := os.WriteFile(filepath.Join(state, "deploy", "staging.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := deploy.OpenJournal(state, "staging"); err == nil || !strings.Contains(err.Error(), "is no journal that this version of hci can read") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestLock(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	release, err := deploy.Lock(state, "staging")
	if err != nil {
		t.Fatal(err)
	}
	var under *deploy.UnderWayError
	if _, err := deploy.Lock(state, "staging"); !errors.As(err, &under) || under.Holder == nil || under.Holder.PID != os.Getpid() {
		t.Errorf("locked twice: %v", err)
	}
	if elsewhere, err := deploy.Lock(state, "production"); err != nil {
		t.Error(err)
	} else {
		elsewhere()
	}
	release()
	if release, err = deploy.Lock(state, "staging"); err != nil {
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
		j := deploy.Unkept("staging", steps(t, c.steps))
		if c.done != "" {
			j.Done = steps(t, c.done)
		}
		if got := j.Left(); !slices.Equal(got, steps(t, c.left)) {
			t.Errorf("%s, done %s: left %v, want %s", c.steps, c.done, got, c.left)
		}
	}
}

func steps(t *testing.T, text string) []deploy.Step {
	t.Helper()
	all, err := deploy.ParseSteps(text)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestParseSteps(t *testing.T) {
	if got := steps(t, " Update, login ,update"); !slices.Equal(got, []deploy.Step{deploy.Login, deploy.Update}) {
		t.Errorf("%v", got)
	}
	for _, text := range []string{"", ",", "explain", "log in"} {
		if _, err := deploy.ParseSteps(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

func TestStartedBy(t *testing.T) {
	for _, who := range []string{"ann", "ünïcode/name.local", strings.Repeat("x", 300), `DOMAIN\user name`} {
		got := deploy.StartedBy(who, "ABCDEFGHIJ")
		if len(got) > 128 || strings.Trim(got, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/") != "" || !strings.HasPrefix(got, "hci/") || !strings.HasSuffix(got, "/ABCDEFGH") {
			t.Errorf("%q: %q", who, got)
		}
	}
}
