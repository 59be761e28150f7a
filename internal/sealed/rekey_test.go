package sealed_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"hci/crypto"
	"hci/internal/sealed"
)

const newPhrase = "the new passphrase"

// two environments of one project.
func two(t *testing.T) []sealed.Files {
	t.Helper()
	a := files(t)
	b := a
	b.Env, b.Plain, b.Sealed = "production", a.Plain+".b", a.Sealed+".b"
	seal(t, a, "a = \"1\"\n", phrase)
	seal(t, b, "b = \"2\"\n", phrase)
	return []sealed.Files{a, b}
}

func opens(f sealed.Files, p string) bool {
	_, err := f.OpenSealed(context.Background(), pass(p))
	return err == nil
}

func rekey(fs []sealed.Files, old func(sealed.Files) sealed.Passphrase) error {
	_, err := sealed.Rekey(context.Background(), fs, old, func(sealed.Files) sealed.Passphrase { return pass(newPhrase) }, sealed.RekeyOptions{})
	return err
}

func TestRekey(t *testing.T) {
	fs := two(t)
	decrypt(t, fs[0])
	if err := rekey(fs, func(sealed.Files) sealed.Passphrase { return pass(phrase) }); err != nil {
		t.Fatal(err)
	}
	for _, f := range fs {
		if !opens(f, newPhrase) || opens(f, phrase) {
			t.Errorf("%s: not rekeyed", f.Env)
		}
	}
	// The plaintext is still the one that the sealed file was made into.
	write(t, fs[0].Plain, "a = \"edited\"\n")
	if _, err := fs[0].Encrypt(context.Background(), pass(newPhrase), never(t), sealed.Options{}); err != nil {
		t.Errorf("encrypt after rekey: %v", err)
	}
}

func TestRekeyAllOrNone(t *testing.T) {
	fs := two(t)
	before := []string{read(t, fs[0].Sealed), read(t, fs[1].Sealed)}
	err := rekey(fs, func(f sealed.Files) sealed.Passphrase {
		if f.Env == "production" {
			return pass("wrong")
		}
		return pass(phrase)
	})
	if !errors.Is(err, crypto.ErrWrongPassphrase) {
		t.Errorf("%v", err)
	}
	for i, f := range fs {
		if read(t, f.Sealed) != before[i] {
			t.Errorf("%s was changed", f.Env)
		}
	}
}

// interrupt leaves behind what a rekey leaves that is killed after it replaced
// the first n files.
func interrupt(t *testing.T, fs []sealed.Files, n int) {
	t.Helper()
	type entry struct {
		Path string `json:"path"`
		Old  []byte `json:"old"`
		New  string `json:"new"`
		Perm uint32 `json:"perm"`
	}
	var journal struct {
		Files []entry `json:"files"`
	}
	before := make([][]byte, len(fs))
	for i, f := range fs {
		before[i] = []byte(read(t, f.Sealed))
	}
	if err := rekey(fs, func(sealed.Files) sealed.Passphrase { return pass(phrase) }); err != nil {
		t.Fatal(err)
	}
	for i, f := range fs {
		journal.Files = append(journal.Files, entry{f.Sealed, before[i], sealed.Digest([]byte(read(t, f.Sealed))), 0o644})
		if i >= n {
			write(t, f.Sealed, string(before[i]))
		}
	}
	data, err := json.Marshal(journal)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(fs[0].StateDir, sealed.JournalName), string(data))
}

func TestRecover(t *testing.T) {
	for n, opensWith := range []string{phrase, phrase, newPhrase} {
		fs := two(t)
		interrupt(t, fs, n)
		restored, err := sealed.Recover(fs[0].StateDir)
		if err != nil {
			t.Fatal(err)
		}
		if want := n % 2; len(restored) != want {
			t.Errorf("killed after %d: %d files put back, want %d", n, len(restored), want)
		}
		for _, f := range fs {
			if !opens(f, opensWith) {
				t.Errorf("killed after %d: %s does not open with the expected passphrase", n, f.Env)
			}
		}
		if _, err := os.Stat(filepath.Join(fs[0].StateDir, sealed.JournalName)); !errors.Is(err, os.ErrNotExist) {
			t.Error("the journal is still there")
		}
	}
}

func TestRecoverWithoutJournal(t *testing.T) {
	if restored, err := sealed.Recover(filepath.Join(t.TempDir(), "none")); err != nil || restored != nil {
		t.Errorf("%v, %v", restored, err)
	}
}
