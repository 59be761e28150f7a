package sealed_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
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
	if testing.Short() {
		t.Skip("derives many keys")
	}
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
		journal.Files = append(journal.Files, entry{f.Sealed, before[i], sealed.Digest([]byte(read(t, f.Sealed)))})
		if i >= n {
			write(t, f.Sealed, string(before[i]))
		}
	}
	for _, f := range fs { // a rekey that is killed remembers nothing
		if err := os.RemoveAll(f.StateDir); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(fs[0].StateDir, 0o700); err != nil {
		t.Fatal(err)
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
		restored, err := sealed.Recover("", fs[0].StateDir, []string{fs[0].Sealed, fs[1].Sealed})
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
	if restored, err := sealed.Recover("", filepath.Join(t.TempDir(), "none"), nil); err != nil || restored != nil {
		t.Errorf("%v, %v", restored, err)
	}
}

// A journal can be anybody's writing. Whatever it asks for, nothing but a sealed
// file of the project is written, and nothing but a sealed file's content.
func TestRecoverObeysNoStranger(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "profile")
	write(t, outside, "mine\n")
	fs := two(t)
	for name, entry := range map[string]map[string]any{
		"a file that is not sealed":  {"path": outside, "old": []byte(read(t, fs[0].Sealed)), "new": sealed.Digest([]byte("mine\n"))},
		"the plaintext":              {"path": fs[0].Plain, "old": []byte(read(t, fs[0].Sealed)), "new": ""},
		"by another spelling":        {"path": filepath.Dir(fs[0].Sealed) + "/../x", "old": []byte(read(t, fs[0].Sealed)), "new": ""},
		"content that is not sealed": {"path": fs[0].Sealed, "old": []byte("run me\n"), "new": sealed.Digest([]byte(read(t, fs[0].Sealed)))},
	} {
		write(t, fs[0].Plain, "a = 1\n")
		before := []string{read(t, fs[0].Sealed), read(t, fs[0].Plain)}
		data, err := json.Marshal(map[string]any{"files": []any{entry, map[string]any{"path": fs[1].Sealed, "old": []byte(read(t, fs[1].Sealed)), "new": "none"}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(fs[0].StateDir, 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(fs[0].StateDir, sealed.JournalName), string(data))
		var refused *sealed.JournalError
		if restored, err := sealed.Recover("", fs[0].StateDir, []string{fs[0].Sealed, fs[1].Sealed}); !errors.As(err, &refused) || restored != nil {
			t.Errorf("%s: %v, %v", name, restored, err)
		}
		if read(t, outside) != "mine\n" || read(t, fs[0].Sealed) != before[0] || read(t, fs[0].Plain) != before[1] {
			t.Errorf("%s: something was written", name)
		}
	}
}

// What is put back keeps the mode it has, and never becomes a program.
func TestRecoverKeepsTheMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	fs := two(t)
	interrupt(t, fs, 1)
	if err := os.Chmod(fs[0].Sealed, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := sealed.Recover("", fs[0].StateDir, []string{fs[0].Sealed, fs[1].Sealed}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(fs[0].Sealed); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}
