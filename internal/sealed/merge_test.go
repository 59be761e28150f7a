package sealed_test

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"hci/crypto"
	"hci/internal/sealed"
	"hci/sync/secret"
	"hci/tfvars"
)

func version(t *testing.T, text, phrase string, iterations int) []byte {
	t.Helper()
	data, err := crypto.Seal([]byte(text), []byte(phrase), crypto.Params{KDF: crypto.PBKDF2, Digest: crypto.SHA256, Iterations: iterations}, "")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// asked yields passphrases in order, and fails when they run out.
func asked(phrases ...string) sealed.MergePassphrase {
	return func(_ context.Context, _ string, before int) (secret.Value, error) {
		if before >= len(phrases) {
			return secret.Value{}, errors.New("no more passphrases")
		}
		return secret.New(phrases[before]), nil
	}
}

func TestMergeVersions(t *testing.T) {
	if testing.Short() {
		t.Skip("derives many keys")
	}
	const base, ours, theirs = "a = 1\n", "a = 1\nb = \"s3cr3t-b\"\n", "a = 1\nc = 3\n"
	for name, c := range map[string]struct {
		v          sealed.Versions
		phrases    []string
		opens      string // the passphrase of the outcome
		iterations int
		err        string
	}{
		"one passphrase": {
			sealed.Versions{Base: version(t, base, "p", 1000), Ours: version(t, ours, "p", 1000), Theirs: version(t, theirs, "p", 1000)},
			[]string{"p"}, "p", 1000, "",
		},
		"theirs has a new passphrase": {
			sealed.Versions{Base: version(t, base, "p", 1000), Ours: version(t, ours, "p", 1000), Theirs: version(t, theirs, "q", 2000)},
			[]string{"p", "q"}, "q", 2000, "",
		},
		"ours has more iterations": {
			sealed.Versions{Base: version(t, base, "p", 1000), Ours: version(t, ours, "p", 2000), Theirs: version(t, theirs, "p", 1000)},
			[]string{"p"}, "p", 2000, "",
		},
		"both have a new passphrase": {
			sealed.Versions{Base: version(t, base, "p", 1000), Ours: version(t, ours, "q", 1000), Theirs: version(t, theirs, "r", 1000)},
			[]string{"p", "q", "r"}, "", 0, "both sides changed the passphrase",
		},
		"a passphrase is missing": {
			sealed.Versions{Base: version(t, base, "p", 1000), Ours: version(t, ours, "p", 1000), Theirs: version(t, theirs, "q", 1000)},
			[]string{"p"}, "", 0, "no more passphrases",
		},
		"added on both sides": {
			sealed.Versions{Ours: version(t, ours, "p", 1000), Theirs: version(t, theirs, "p", 1000)},
			[]string{"p"}, "p", 1000, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := sealed.Files{Env: "staging", Plain: "x.tfvars", Sealed: "x.tfvars.enc"}
			params := []crypto.Params{}
			for _, n := range []int{1000, 2000} {
				params = append(params, crypto.Params{KDF: crypto.PBKDF2, Digest: crypto.SHA256, Iterations: n})
			}
			f.Params = params
			m, err := f.Merge(t.Context(), c.v, asked(c.phrases...), nil)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "s3cr3t") {
					t.Fatalf("%v, want %s", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			opened, err := crypto.Open(m.Sealed, []byte(c.opens), crypto.OpenOptions{Params: params})
			if err != nil {
				t.Fatal(err)
			}
			if opened.Params.Iterations != c.iterations {
				t.Errorf("%v", opened.Params)
			}
			got, err := tfvars.Parse(opened.Plaintext, "x.tfvars")
			if err != nil || !got.Has("b") || !got.Has("c") {
				t.Errorf("%v %v", got.Names(), err)
			}
		})
	}
}

// A side that openssl itself sealed, of a file that hci had sealed before, must
// not come out authenticated.
func TestMergeUnauthenticated(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("needs openssl")
	}
	cmd := exec.Command("openssl", "enc", "-aes-256-cbc", "-pbkdf2", "-iter", "10000", "-salt", "-pass", "pass:p")
	cmd.Stdin = strings.NewReader("a = 1\nc = 3\n")
	forged, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	f := sealed.Files{Env: "staging", Plain: "x.tfvars", Sealed: "x.tfvars.enc"}
	v := sealed.Versions{Base: version(t, "a = 1\n", "p", 10000), Ours: version(t, "a = 1\nb = 2\n", "p", 10000), Theirs: forged}
	if _, err := f.Merge(t.Context(), v, asked("p"), nil); !errors.Is(err, sealed.ErrNotAuthenticated) {
		t.Errorf("%v", err)
	}
}
