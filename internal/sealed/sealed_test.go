package sealed_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"hci/crypto"
	"hci/internal/sealed"
	"hci/sync/secret"
	"hci/tfvars"
)

const phrase = "a passphrase for tests"

// cheap parameters keep the tests quick.
var cheap = crypto.Params{KDF: crypto.PBKDF2, Digest: crypto.SHA256, Iterations: 1}

func files(t *testing.T) sealed.Files {
	t.Helper()
	dir := t.TempDir()
	return sealed.Files{
		Env:      "staging",
		Plain:    filepath.Join(dir, "staging_secrets.tfvars"),
		Sealed:   filepath.Join(dir, "staging_secrets.tfvars.enc"),
		StateDir: filepath.Join(dir, "state"),
		Params:   []crypto.Params{cheap},
	}
}

func pass(p string) sealed.Passphrase {
	return func(context.Context) (secret.Value, error) { return secret.New(p), nil }
}

// never fails the test when a passphrase is asked for.
func never(t *testing.T) sealed.Passphrase {
	return func(context.Context) (secret.Value, error) {
		t.Error("a passphrase was asked for")
		return secret.Value{}, errors.New("asked")
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// seal makes the sealed file hold text, as a teammate would.
func seal(t *testing.T, f sealed.Files, text, p string) {
	t.Helper()
	data, err := crypto.Seal([]byte(text), []byte(p), cheap, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.Sealed, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func decrypt(t *testing.T, f sealed.Files) {
	t.Helper()
	if _, err := f.Decrypt(context.Background(), pass(phrase), sealed.Options{}); err != nil {
		t.Fatal(err)
	}
}

func encrypt(f sealed.Files, o sealed.Options) (*sealed.Result, error) {
	return f.Encrypt(context.Background(), pass(phrase), pass(phrase), o)
}

func missing(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is there (%v)", filepath.Base(path), err)
	}
}

func TestRoundTrip(t *testing.T) {
	f := files(t)
	text := "# kept\na = \"1\" # too\r\nb = <<EOT\nx\nEOT\n"
	write(t, f.Plain, text)
	r, err := encrypt(f, sealed.Options{})
	if err != nil || !r.Created || !r.Wrote || !r.Authenticated {
		t.Fatalf("%+v, %v", r, err)
	}
	first := read(t, f.Sealed)
	if r, err = encrypt(f, sealed.Options{}); err != nil || r.Wrote || read(t, f.Sealed) != first {
		t.Fatalf("sealing the same again: %+v, %v", r, err)
	}
	if err := os.Remove(f.Plain); err != nil {
		t.Fatal(err)
	}
	if r, err = f.Decrypt(context.Background(), pass(phrase), sealed.Options{}); err != nil || !r.Created || !r.Authenticated {
		t.Fatalf("%+v, %v", r, err)
	}
	if read(t, f.Plain) != text {
		t.Error("the plaintext came back changed")
	}
	if info, err := os.Stat(f.Plain); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("plaintext mode %v, %v", info.Mode(), err)
	}
}

func TestDecryptKeepsAPlaintextThatDiffers(t *testing.T) {
	for _, c := range []struct {
		name, plain string
		changes     int
		opaque      bool
	}{
		{"a value", "a = \"mine\"\n", 1, false},
		{"a name more", "a = \"1\"\nb = \"2\"\n", 1, false},
		{"a comment", "a = \"1\" # mine\n", 0, false},
		{"not tfvars", "a = \n", 0, true},
		{"empty", "", 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := files(t)
			seal(t, f, "a = \"1\"\n", phrase)
			write(t, f.Plain, c.plain)
			_, err := f.Decrypt(context.Background(), pass(phrase), sealed.Options{})
			var loss *sealed.LossError
			if !errors.As(err, &loss) || len(loss.Changes) != c.changes || loss.Opaque != c.opaque {
				t.Fatalf("%v, %+v", err, loss)
			}
			if read(t, f.Plain) != c.plain {
				t.Error("the plaintext was changed")
			}
			if r, err := f.Decrypt(context.Background(), pass(phrase), sealed.Options{Force: true, DryRun: true}); err != nil || !r.Wrote {
				t.Errorf("dry run: %+v, %v", r, err)
			}
			if read(t, f.Plain) != c.plain {
				t.Error("the dry run changed the plaintext")
			}
			if _, err := f.Decrypt(context.Background(), pass(phrase), sealed.Options{Force: true}); err != nil {
				t.Fatal(err)
			}
			if read(t, f.Plain) != "a = \"1\"\n" {
				t.Error("force did not write")
			}
		})
	}
}

func TestEncryptKeepsANewerSealedFile(t *testing.T) {
	base, mine := "a = \"1\"\nb = \"2\"\n", "a = \"mine\"\nb = \"2\"\n"
	for _, c := range []struct {
		name, theirs, plain string
		refused             bool
	}{
		{"untouched", base, mine, false},
		{"they changed a value", "a = \"1\"\nb = \"theirs\"\n", mine, true},
		{"they added a name", base + "c = \"3\"\n", mine, true},
		{"they added a comment", base + "# theirs\n", base, true},
		{"theirs is all in mine", "a = \"1\"\n", base, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := files(t)
			seal(t, f, base, phrase)
			decrypt(t, f)
			seal(t, f, c.theirs, phrase) // git pull
			write(t, f.Plain, c.plain)
			before := read(t, f.Sealed)
			r, err := encrypt(f, sealed.Options{})
			var loss *sealed.LossError
			if refused := errors.As(err, &loss); refused != c.refused {
				t.Fatalf("refused: %v (%+v, %v)", refused, r, err)
			}
			if !c.refused {
				return
			}
			if !loss.Stale || read(t, f.Sealed) != before || read(t, f.Plain) != c.plain {
				t.Error("something was written")
			}
			if _, err := encrypt(f, sealed.Options{Force: true}); err != nil {
				t.Fatal(err)
			}
			if got, err := f.OpenSealed(context.Background(), pass(phrase)); err != nil || string(got.File.Bytes()) != c.plain {
				t.Errorf("force did not seal: %v", err)
			}
		})
	}
}

func TestEncryptWithoutMemoryLosesNothing(t *testing.T) {
	f := files(t)
	seal(t, f, "a = \"1\"\n", phrase)
	write(t, f.Plain, "a = \"2\"\n")
	_, err := encrypt(f, sealed.Options{})
	var loss *sealed.LossError
	if !errors.As(err, &loss) || len(loss.Changes) != 1 || loss.Changes[0].Name != "a" {
		t.Fatalf("%v", err)
	}
}

func TestEncryptInsistsOnThePassphrase(t *testing.T) {
	f := files(t)
	seal(t, f, "a = \"1\"\n", "another passphrase")
	write(t, f.Plain, "a = \"2\"\n")
	before := read(t, f.Sealed)
	if _, err := encrypt(f, sealed.Options{Force: true}); !errors.Is(err, crypto.ErrWrongPassphrase) {
		t.Errorf("%v", err)
	}
	if read(t, f.Sealed) != before {
		t.Error("the sealed file was changed")
	}
}

func TestBadInput(t *testing.T) {
	good, err := crypto.Seal([]byte("a = \"1\"\n"), []byte(phrase), cheap, "")
	if err != nil {
		t.Fatal(err)
	}
	notVars, err := crypto.Seal([]byte("this is a note, and no tfvars file\n"), []byte(phrase), cheap, "")
	if err != nil {
		t.Fatal(err)
	}
	var notTfvars *sealed.NotTfvarsError
	for _, c := range []struct {
		name string
		data []byte
		is   func(error) bool
	}{
		{"empty", nil, func(e error) bool { return errors.Is(e, crypto.ErrTruncated) }},
		{"not openssl", []byte("hello, this is text\n"), func(e error) bool { return errors.Is(e, crypto.ErrNotOpenSSL) }},
		{"truncated", good[:len(good)-3], func(e error) bool { return errors.Is(e, crypto.ErrTruncated) }},
		{"not tfvars", notVars, func(e error) bool { return errors.As(e, &notTfvars) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := files(t)
			if err := os.WriteFile(f.Sealed, c.data, 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := f.Decrypt(context.Background(), pass(phrase), sealed.Options{Force: true}); err == nil || !c.is(err) {
				t.Errorf("%v", err)
			}
			missing(t, f.Plain)
		})
	}
}

// A file that is no UTF-8 could not be told from what a wrong passphrase
// makes of it, so it is not sealed in the first place.
func TestNotUTF8(t *testing.T) {
	f := files(t)
	write(t, f.Plain, "a = \"1\"\n# caf\xe9\n")
	_, err := encrypt(f, sealed.Options{})
	var problems tfvars.Problems
	if !errors.As(err, &problems) || len(problems) != 1 || problems[0].Line != 2 {
		t.Errorf("%v", err)
	}
	missing(t, f.Sealed)
}

func TestTruncatedAtEveryLength(t *testing.T) {
	if testing.Short() {
		t.Skip("derives many keys")
	}
	f := files(t)
	good, err := crypto.Seal([]byte("a = \"1\"\nb = \"22222222222222222222222222222222222\"\n"), []byte(phrase), cheap, "")
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(good) {
		write(t, f.Sealed, string(good[:n]))
		if _, err := f.Decrypt(context.Background(), pass(phrase), sealed.Options{Force: true}); err == nil {
			t.Errorf("%d of %d bytes were accepted", n, len(good))
		}
		missing(t, f.Plain)
	}
}

func TestNoPassphraseIsAskedInVain(t *testing.T) {
	f := files(t)
	if _, err := f.OpenSealed(context.Background(), never(t)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	write(t, f.Sealed, "short")
	if _, err := f.OpenSealed(context.Background(), never(t)); err == nil {
		t.Error("no error")
	}
	write(t, f.Plain, "a = \"1\"\n")
	if c, err := f.Open(context.Background(), never(t)); err != nil || !c.FromPlain {
		t.Errorf("%v", err)
	}
}

func TestRequireAuthentication(t *testing.T) {
	f := files(t)
	data, err := crypto.Seal([]byte("a = \"some value that is long enough\"\n"), []byte(phrase), crypto.Params{KDF: crypto.PBKDF2, Digest: crypto.SHA256, Iterations: 1, NoSalt: true}, "")
	if err != nil {
		t.Fatal(err)
	}
	write(t, f.Sealed, string(data))
	f.Params = nil
	if _, err := f.OpenSealed(context.Background(), pass(phrase)); err != nil {
		t.Fatal(err)
	}
	f.Require = true
	if _, err := f.OpenSealed(context.Background(), pass(phrase)); !errors.Is(err, sealed.ErrNotAuthenticated) {
		t.Errorf("%v", err)
	}
}

func set(name, value string) func(*tfvars.File) error {
	return func(f *tfvars.File) error { return f.Set(name, cty.StringVal(value)) }
}

func TestUpdate(t *testing.T) {
	ctx := context.Background()
	t.Run("sealed only", func(t *testing.T) {
		f := files(t)
		seal(t, f, "a = \"1\" # kept\n", phrase)
		r, err := f.Update(ctx, pass(phrase), sealed.Options{}, set("a", "2"))
		if err != nil || !r.Wrote || len(r.Changes) != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
		c, err := f.OpenSealed(ctx, pass(phrase))
		if err != nil || string(c.File.Bytes()) != "a = \"2\" # kept\n" || !c.Authenticated {
			t.Errorf("%v", err)
		}
		missing(t, f.Plain)
	})
	t.Run("both", func(t *testing.T) {
		f := files(t)
		seal(t, f, "a = \"1\"\n", phrase)
		decrypt(t, f)
		if _, err := f.Update(ctx, pass(phrase), sealed.Options{}, set("a", "2")); err != nil {
			t.Fatal(err)
		}
		if read(t, f.Plain) != "a = \"2\"\n" {
			t.Error("the plaintext was not changed")
		}
		if r, err := encrypt(f, sealed.Options{}); err != nil || r.Wrote {
			t.Errorf("they disagree: %+v, %v", r, err)
		}
	})
	t.Run("unsealed changes", func(t *testing.T) {
		f := files(t)
		seal(t, f, "a = \"1\"\n", phrase)
		write(t, f.Plain, "a = \"mine\"\n")
		before := read(t, f.Sealed)
		_, err := f.Update(ctx, pass(phrase), sealed.Options{}, set("b", "2"))
		var unsealed *sealed.UnsealedError
		if !errors.As(err, &unsealed) || len(unsealed.Changes) != 1 {
			t.Errorf("%v", err)
		}
		if read(t, f.Plain) != "a = \"mine\"\n" || read(t, f.Sealed) != before {
			t.Error("something was written")
		}
	})
	t.Run("changed while it was edited", func(t *testing.T) {
		f := files(t)
		seal(t, f, "a = \"1\"\n", phrase)
		s, err := f.Begin(ctx, pass(phrase))
		if err != nil {
			t.Fatal(err)
		}
		seal(t, f, "a = \"theirs\"\n", phrase)
		theirs := read(t, f.Sealed)
		next, err := s.File()
		if err != nil {
			t.Fatal(err)
		}
		if err := next.Set("a", cty.StringVal("mine")); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Commit(next, sealed.Options{}); !errors.Is(err, sealed.ErrChanged) {
			t.Fatalf("%v", err)
		}
		if read(t, f.Sealed) != theirs {
			t.Error("their file was overwritten")
		}
		kept, err := s.Rescue(next)
		if err != nil {
			t.Fatal(err)
		}
		data := []byte(read(t, kept))
		if bytes.Contains(data, []byte("mine")) {
			t.Error("the rescued edit is plaintext")
		}
		opened, err := crypto.Open(data, []byte(phrase), crypto.OpenOptions{Params: []crypto.Params{cheap}})
		if err != nil || string(opened.Plaintext) != "a = \"mine\"\n" {
			t.Errorf("the rescued edit does not open: %v", err)
		}
	})
}
