package term_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"hci/internal/term"
	"hci/sync/secret"
)

// ring is a keyring in memory.
type ring map[string]string

func (r ring) Get(account string) (string, error) {
	v, ok := r[account]
	if !ok {
		return "", term.ErrNotInKeyring
	}
	return v, nil
}
func (r ring) Set(account, passphrase string) error { r[account] = passphrase; return nil }
func (r ring) Delete(account string) error {
	if _, ok := r[account]; !ok {
		return term.ErrNotInKeyring
	}
	delete(r, account)
	return nil
}

// TestOrder takes the sources away one by one: the next one is asked.
func TestOrder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the command here is a Unix one")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "pass")
	if err := os.WriteFile(file, []byte("from file\r\nsecond line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"MINE": "from source", "HCI_PASSPHRASE_MY_ENV": "from its variable", "HCI_PASSPHRASE": "from variable",
		"HCI_PASSPHRASE_FILE": file,
	}
	source, err := term.ParseSource("env:MINE")
	if err != nil {
		t.Fatal(err)
	}
	allowed := true
	errNotAllowed := errors.New("not allowed")
	command := []string{"printf", "from command\nmore\n"}
	keys := ring{"project/my-env": "from keyring"}
	get := func() (term.Passphrase, error) {
		p := &term.Passphrases{
			From: source, Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
			Environ: os.Environ(), Dir: dir, CommandDir: dir, Keyring: keys, Project: "project",
			Command: func(string) []string { return command },
			Allow: func(env string, argv []string) error {
				if allowed {
					return nil
				}
				return errNotAllowed
			},
		}
		return p.Get(context.Background(), "my-env")
	}
	for _, step := range []struct {
		want string
		take func()
	}{
		{"from source", func() { source = term.Source{} }},
		{"from its variable", func() { delete(env, "HCI_PASSPHRASE_MY_ENV") }},
		{"from variable", func() { delete(env, "HCI_PASSPHRASE") }},
		{"from file\r", func() { delete(env, "HCI_PASSPHRASE_FILE") }},
		{"from command", func() { command = nil }},
		{"from keyring", func() { delete(keys, "project/my-env") }},
	} {
		p, err := get()
		want := step.want
		if !p.Value.Equal(secret.New(want)) && !p.Value.Equal(secret.New(strings.TrimSuffix(want, "\r"))) || err != nil {
			t.Errorf("want the one %s, got that of %s (%v)", want, p.From, err)
		}
		if p.From == "passphrase_command" { // without consent it does not run, and nothing else is asked in its place
			allowed = false
			if _, err := get(); !errors.Is(err, errNotAllowed) {
				t.Errorf("without consent: %v", err)
			}
			allowed = true
		}
		step.take()
	}
	var none *term.NoPassphraseError
	if _, err := get(); !errors.As(err, &none) || !errors.Is(err, term.ErrNoTerminal) {
		t.Errorf("%v", err)
	}
}

func TestEmptyVariable(t *testing.T) {
	p := &term.Passphrases{Lookup: func(name string) (string, bool) { return "", name == "HCI_PASSPHRASE" }}
	var empty *term.EmptyVariableError
	if _, err := p.Get(context.Background(), "x"); !errors.As(err, &empty) {
		t.Errorf("%v", err)
	}
}

func TestParseSource(t *testing.T) {
	for _, word := range []string{"env:A", "file:/a b", "stdin"} {
		if s, err := term.ParseSource(word); err != nil || s.String() != word {
			t.Errorf("%q: %q, %v", word, s, err)
		}
	}
	for _, word := range []string{"", "pass:s3cr3t", "s3cr3t", "env:", "file:", "fd:x", "fd:-1", "Env:A"} {
		if _, err := term.ParseSource(word); err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%q: %v", word, err)
		}
	}
}

func TestKeyring(t *testing.T) {
	keys := ring{}
	p := &term.Passphrases{Lookup: func(string) (string, bool) { return "", false }, Keyring: keys, Project: "p"}
	ctx := context.Background()
	if err := p.Save(ctx, "e", secret.New("kept")); err != nil {
		t.Fatal(err)
	}
	if got, err := p.Get(ctx, "e"); err != nil || !got.Value.Equal(secret.New("kept")) || got.From != "keyring" {
		t.Errorf("from %s, %v", got.From, err)
	}
	if err := p.Forget(ctx, "e"); err != nil {
		t.Error(err)
	}
	if err := p.Forget(ctx, "e"); !errors.Is(err, term.ErrNotInKeyring) {
		t.Errorf("%v", err)
	}
	p.Keyring = nil
	if err := p.Save(ctx, "e", secret.New("x")); !errors.Is(err, term.ErrNoKeyring) {
		t.Errorf("%v", err)
	}
}

func TestEnvironmentVar(t *testing.T) {
	for env, want := range map[string]string{"staging": "HCI_PASSPHRASE_STAGING", "eu-west.1": "HCI_PASSPHRASE_EU_WEST_1", "file": ""} {
		if got := term.EnvironmentVar(env); got != want {
			t.Errorf("%s: %q", env, got)
		}
	}
}
