package crypto_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"hci/crypto"
)

func sealFor(t *testing.T, context, plaintext string) []byte {
	t.Helper()
	sealed, err := crypto.Seal([]byte(plaintext), []byte("pass"), cheap, context)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// TestContext: a file says what it was sealed for to who knows the passphrase.
func TestContext(t *testing.T) {
	for _, c := range []struct {
		name     string
		sealed   string // its context
		want     string
		foreign  []string
		authentc bool
		context  string // of what was opened
		refused  string // the context that the error names
	}{
		{name: "its own", sealed: "staging", want: "staging", authentc: true, context: "staging"},
		{name: "its own, also named as foreign", sealed: "staging", want: "staging", foreign: []string{"staging"}, authentc: true, context: "staging"},
		{name: "another's", sealed: "production", want: "staging", foreign: []string{"demo", "production"}, refused: "production"},
		{name: "one that nobody named", sealed: "production", want: "staging", foreign: []string{"demo"}},
		{name: "version 1", sealed: "", want: "staging", foreign: []string{"production"}, authentc: true},
		{name: "version 1, nothing named", sealed: "", authentc: true},
		{name: "version 2, nothing named", sealed: "staging"},
		{name: "version 2, all foreign", sealed: "staging", foreign: []string{"staging"}, refused: "staging"},
		{name: "a prefix is another", sealed: "prod", want: "production"},
	} {
		for _, plaintext := range []string{sample, "a = 1\n", ""} {
			sealed := sealFor(t, c.sealed, plaintext)
			o := only(cheap)
			o.Check, o.Context, o.Foreign = anything, c.want, c.foreign
			got, err := crypto.Open(sealed, []byte("pass"), o)
			var foreign *crypto.ContextError
			switch {
			case c.refused != "":
				if got != nil || !errors.As(err, &foreign) || foreign.Context != c.refused || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("%s: %v, error %v", c.name, got, err)
				}
			case err != nil:
				t.Errorf("%s: %v", c.name, err)
			case got.Authenticated != c.authentc || got.Context != c.context || string(got.Plaintext) != plaintext:
				t.Errorf("%s: authenticated %v for %q", c.name, got.Authenticated, got.Context)
			}
		}
	}
}

// TestContextBeforeCheck: another environment's file is named as that even if
// what it holds would be refused here.
func TestContextBeforeCheck(t *testing.T) {
	o := only(cheap)
	o.Context, o.Foreign = "staging", []string{"production"}
	o.Check = func([]byte) error { return errors.New("no") }
	_, err := crypto.Open(sealFor(t, "production", "a = 1\n"), []byte("pass"), o)
	var foreign *crypto.ContextError
	if !errors.As(err, &foreign) {
		t.Errorf("error %v", err)
	}
}

// TestContextIsBound: what stands in the context cannot be moved into the
// plaintext, and the other way round, nor does version 2 collide with 1.
func TestContextIsBound(t *testing.T) {
	salts := map[string]string{}
	for _, c := range [][2]string{{"", "x"}, {"a", "x"}, {"ab", "x"}, {"a", "bx"}, {"a", "\x00x"}, {"", "a\x00x"}, {"", "version 2 a\x00x"}} {
		salt := hex.EncodeToString(sealFor(t, c[0], c[1])[8:16])
		if before, twice := salts[salt]; twice {
			t.Errorf("%q has the salt of %s", c, before)
		}
		salts[salt] = c[0] + "/" + c[1]
	}
}

// TestContextVector pins version 2: what was sealed once opens for ever.
func TestContextVector(t *testing.T) {
	sealed := sealFor(t, "staging", "a = 1\n")
	if got := hex.EncodeToString(sealed); got != contextVector {
		t.Errorf("sealed as %s", got)
	}
	if !bytes.Equal(sealed, sealFor(t, "staging", "a = 1\n")) {
		t.Error("sealed twice, the bytes differ")
	}
}

func TestBadContext(t *testing.T) {
	for _, c := range []string{"a\x00b", strings.Repeat("c", 256)} {
		if _, err := crypto.Seal(nil, nil, cheap, c); !errors.Is(err, crypto.ErrContext) {
			t.Errorf("Seal for %.5q: %v", c, err)
		}
		for _, o := range []crypto.OpenOptions{{Context: c}, {Foreign: []string{c}}} {
			if _, err := crypto.Open(sealFor(t, "", "x"), []byte("pass"), o); !errors.Is(err, crypto.ErrContext) {
				t.Errorf("Open for %.5q: %v", c, err)
			}
		}
	}
}

// TestPastDefaults opens a file of every iteration count that was ever the
// default, and of those that other tools and guides use, with no word of its
// parameters. The counts stand here as literals: who raises the default adds a
// line and takes none away.
func TestPastDefaults(t *testing.T) {
	if testing.Short() {
		t.Skip("derives many keys")
	}
	for _, p := range []crypto.Params{
		{Digest: crypto.SHA256, Iterations: 600_000}, // hci's since its first version
		{Digest: crypto.SHA256, Iterations: 10_000},  // openssl enc -pbkdf2
		{Digest: crypto.SHA256, Iterations: 120_000},
		{Digest: crypto.SHA256, Iterations: 150_000},
		{Digest: crypto.SHA256, Iterations: 260_000},
		{Digest: crypto.SHA1, Iterations: 1000},
	} {
		got, err := crypto.Open(seal(t, sample, "pass", p), []byte("pass"), crypto.OpenOptions{})
		if err != nil || !got.Authenticated || !got.Params.Equal(p) {
			t.Errorf("%v: error %v", p, err)
		}
		if !p.Usual() {
			t.Errorf("%v is not usual", p)
		}
	}
	if !crypto.DefaultParams().Usual() {
		t.Error("the default is not usual")
	}
}

// contextVector is "a = 1\n" under the passphrase "pass", for "staging", with
// one iteration.
const contextVector = "53616c7465645f5f5c310973317ae1eeadf9b58c695f2ce2522f69027c2aa1e9"
