package trust

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func project(t *testing.T) Store {
	t.Helper()
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "pass.sh"), []byte("echo one\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return Store{Dir: filepath.Join(t.TempDir(), "state"), Root: root}
}

func untrusted(t *testing.T, err error, changed bool) *UntrustedError {
	t.Helper()
	var e *UntrustedError
	if !errors.As(err, &e) || e.Changed != changed {
		t.Fatalf("%v", err)
	}
	return e
}

func TestConsent(t *testing.T) {
	s := project(t)
	c := Command{Setting: "passphrase_command", Env: "staging", Argv: []string{"./pass.sh", "a b"}}
	e := untrusted(t, s.Check(c, "hci.hcl", ""), false)
	if e.Error() != `passphrase_command of "staging" in hci.hcl has not been trusted and was not run: ./pass.sh "a b"` || !strings.Contains(e.Next(), "'hci trust staging'") {
		t.Errorf("%v; %s", e, e.Next())
	}
	if err := s.Check(c, "hci.hcl", "0123, "+strings.ToUpper(e.Digest)); err != nil {
		t.Errorf("%s: %v", Variable, err)
	}
	if err := s.Agree(c); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(c, "hci.hcl", ""); err != nil {
		t.Error(err)
	}
	for name, other := range map[string]Command{
		"another argument": {c.Setting, c.Env, []string{"./pass.sh", "a", "b"}},
		"another program":  {c.Setting, c.Env, []string{"./pass", "a b"}},
		"one word":         {c.Setting, c.Env, []string{"./pass.sha b"}},
	} {
		t.Run(name, func(t *testing.T) { untrusted(t, s.Check(other, "hci.hcl", ""), true) })
	}
	for name, other := range map[string]Command{
		"another environment": {c.Setting, "production", c.Argv},
		"another setting":     {"notify", c.Env, c.Argv},
	} {
		t.Run(name, func(t *testing.T) { untrusted(t, s.Check(other, "hci.hcl", ""), false) })
	}
	t.Run("another project", func(t *testing.T) {
		other := Store{Dir: s.Dir, Root: project(t).Root}
		untrusted(t, other.Check(c, "hci.hcl", ""), false)
	})
	// What the project's own script says is part of what was agreed to.
	if err := os.WriteFile(filepath.Join(s.Root, "pass.sh"), []byte("echo two\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	untrusted(t, s.Check(c, "hci.hcl", ""), true)
	if err := s.Agree(c); err != nil {
		t.Fatal(err)
	}
	if pins, err := s.Pins(); err != nil || len(pins) != 1 || s.Check(c, "hci.hcl", "") != nil {
		t.Errorf("%v, %v", pins, err)
	}
	if gone, err := s.Revoke("production"); err != nil || len(gone) != 0 {
		t.Errorf("%v, %v", gone, err)
	}
	if gone, err := s.Revoke(""); err != nil || len(gone) != 1 {
		t.Errorf("%v, %v", gone, err)
	}
	untrusted(t, s.Check(c, "hci.hcl", ""), false)
}

func TestDigestSeesLinks(t *testing.T) {
	s := project(t)
	outside := filepath.Join(t.TempDir(), "tool")
	if err := errors.Join(os.WriteFile(outside, []byte("x"), 0o700), os.Symlink(outside, filepath.Join(s.Root, "link"))); err != nil {
		t.Skip(err)
	}
	c := Command{Setting: "passphrase_command", Env: "staging", Argv: []string{"link"}}
	if err := s.Agree(c); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(filepath.Join(s.Root, "link")), os.Symlink(filepath.Join(s.Root, "pass.sh"), filepath.Join(s.Root, "link"))); err != nil {
		t.Fatal(err)
	}
	untrusted(t, s.Check(c, "hci.hcl", ""), true)
}

func TestNothingIsBelievedInAnOpenDirectory(t *testing.T) {
	s := project(t)
	c := Command{Setting: "passphrase_command", Env: "staging", Argv: []string{"x"}}
	if err := s.Agree(c); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(s.Dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(s.Dir); err != nil || info.Mode().Perm() != 0o777 {
		t.Skip("no such modes here")
	}
	if err := s.Check(c, "hci.hcl", ""); err == nil {
		t.Error("believed")
	}
}
