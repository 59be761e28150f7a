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

// none is a variable that is not set.
func none(string) (string, bool) { return "", false }

// from gets the passphrase from one of openssl's words.
func from(t *testing.T, word, stdin, dir string) (term.Passphrase, error) {
	t.Helper()
	s, err := term.ParseSource(word)
	if err != nil {
		t.Fatal(err)
	}
	p := &term.Passphrases{From: s, Lookup: none, Stdin: strings.NewReader(stdin), Dir: dir}
	return p.Get(t.Context(), "e")
}

func TestSources(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "pass"), []byte("in a file\nmore\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ word, stdin, want, wrong string }{
		{"stdin", "typed\nmore\n", "typed", ""},
		{"stdin", "without a newline", "without a newline", ""},
		{"stdin", "", "", "it is empty"},
		{"stdin", strings.Repeat("x", 1024) + "\n", "", "more than 1023 bytes"},
		{"stdin", strings.Repeat("x", 1023) + "\n", strings.Repeat("x", 1023), ""},
		{"stdin", "a\x00b\n", "", "holds a NUL"},
		{"file:pass", "", "in a file", ""},
		{"file:" + filepath.Join(dir, "pass"), "", "in a file", ""},
		{"file:gone", "", "", "passphrase from file:gone: no such file"},
		{"env:NOT_SET", "", "", "passphrase from env:NOT_SET: there is no such variable"},
	} {
		got, err := from(t, c.word, c.stdin, dir)
		switch {
		case c.wrong != "" && (err == nil || runtime.GOOS != "windows" && !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%s: %v, want %s", c.word, err, c.wrong)
		case c.wrong == "" && (err != nil || !got.Value.Equal(secret.New(c.want)) || got.From != c.word):
			t.Errorf("%s: from %q, %v", c.word, got.From, err)
		}
	}
}

func TestFileVariable(t *testing.T) {
	p := &term.Passphrases{Dir: t.TempDir(), Lookup: func(name string) (string, bool) { return "gone", name == "HCI_PASSPHRASE_FILE" }}
	if _, err := p.Get(t.Context(), "e"); err == nil || !strings.HasPrefix(err.Error(), "HCI_PASSPHRASE_FILE: gone: ") {
		t.Errorf("%v", err)
	}
}

func TestSourceEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s, err := term.ParseSource("stdin")
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = w.Close(), r.Close() })
	p := &term.Passphrases{From: s, Lookup: none, Stdin: r}
	if _, err := p.Get(ctx, "e"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestCommandFails(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the commands here are Unix ones")
	}
	for _, c := range []struct {
		argv  []string
		allow bool
		want  string
	}{
		{[]string{"false"}, true, `passphrase_command "false": exit status 1`},
		{[]string{"hci-no-such-program"}, true, `passphrase_command "hci-no-such-program": executable file not found`},
		{[]string{"true"}, true, "its output: it is empty"},
		{[]string{"printf", "x"}, false, `passphrase_command "printf": nobody agreed to it`},
	} {
		p := &term.Passphrases{Lookup: none, Environ: os.Environ(), CommandDir: t.TempDir(), Command: func(string) []string { return c.argv }}
		if c.allow {
			p.Allow = func(string, []string) error { return nil }
		}
		if _, err := p.Get(t.Context(), "e"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.argv, err)
		}
	}
}

func TestNobodyToAsk(t *testing.T) {
	p := &term.Passphrases{Lookup: none, Keyring: brokenRing{}, Team: func(context.Context, string) (secret.Value, bool, error) {
		return secret.Value{}, false, errors.New("you are no member")
	}}
	_, err := p.Get(t.Context(), "my-env")
	for _, part := range []string{"HCI_PASSPHRASE_MY_ENV, HCI_PASSPHRASE", "you are no member", "the keyring: locked"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v, want %s", err, part)
		}
	}
	if _, err := p.GetNew(t.Context(), "my-env"); err == nil || !strings.Contains(err.Error(), "--new-passphrase-from") {
		t.Errorf("%v", err)
	}
	p.Team = func(context.Context, string) (secret.Value, bool, error) { return secret.New("shared"), true, nil }
	if got, err := p.Get(t.Context(), "my-env"); err != nil || got.From != "team" {
		t.Errorf("from %q, %v", got.From, err)
	}
	if err := p.Save(t.Context(), "my-env", secret.New("x")); err == nil || !strings.Contains(err.Error(), "keyring: locked") {
		t.Errorf("%v", err)
	}
}

// brokenRing is a keyring that can't be asked.
type brokenRing struct{}

func (brokenRing) Get(string) (string, error) { return "", errors.New("locked") }
func (brokenRing) Set(string, string) error   { return errors.New("locked") }
func (brokenRing) Delete(string) error        { return errors.New("locked") }

func TestNewFromSource(t *testing.T) {
	s, err := term.ParseSource("stdin")
	if err != nil {
		t.Fatal(err)
	}
	p := &term.Passphrases{NewFrom: s, Lookup: none, Stdin: strings.NewReader("the new one\nthe next line\n")}
	for range 2 { // asked once per run
		if got, err := p.GetNew(t.Context(), "e"); err != nil || !got.Value.Equal(secret.New("the new one")) {
			t.Errorf("from %q, %v", got.From, err)
		}
	}
}

func TestNoColour(t *testing.T) {
	var b strings.Builder
	getenv := func(of map[string]string) func(string) string { return func(name string) string { return of[name] } }
	for _, env := range []map[string]string{nil, {"NO_COLOR": "1"}, {"TERM": "dumb"}} {
		if term.Colour(&b, getenv(env)) {
			t.Errorf("colour on what is no terminal, with %v", env)
		}
	}
}

func TestPrintable(t *testing.T) {
	if got := term.Printable("a\x1b[31mb\r\nc\tä"); strings.ContainsAny(got, "\x1b\r\n") || !strings.Contains(got, "ä") {
		t.Errorf("%q", got)
	}
}
