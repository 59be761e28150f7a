package sealed_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"hci/crypto"
	"hci/internal/sealed"
	"hci/sync/secret"
)

// by seals as hci does, for an environment, or, without one, as openssl does,
// which proves nothing.
func by(t *testing.T, env, text string, p crypto.Params) []byte {
	t.Helper()
	if env == "openssl" {
		env = "an environment that nobody knows"
	}
	data, err := crypto.Seal([]byte(text), []byte(phrase), p, env)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

const (
	honest = "a = \"honest, and long enough to be proof by itself that it was opened\"\n"
	forged = "a = \"forged, and long enough to be proof by itself that it was opened\"\n"
)

// open opens the sealed file and returns why it was refused, -1 if it was not.
func open(t *testing.T, f sealed.Files) sealed.Reason {
	t.Helper()
	_, err := f.OpenSealed(context.Background(), pass(phrase))
	return reason(t, err)
}

func reason(t *testing.T, err error) sealed.Reason {
	t.Helper()
	var distrust *sealed.DistrustError
	switch {
	case err == nil:
		return -1
	case !errors.As(err, &distrust):
		t.Fatalf("error %v", err)
	case !errors.Is(err, sealed.ErrNotAuthenticated) || distrust.Next() == "" || strings.Contains(err.Error(), "honest") || strings.Contains(err.Error(), "forged"):
		t.Errorf("error %v, next %q", err, distrust.Next())
	}
	return distrust.Reason
}

func place(t *testing.T, f sealed.Files, data []byte) {
	t.Helper()
	if err := os.WriteFile(f.Sealed, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestAuthenticityIsRemembered puts one file after another in the same place.
func TestAuthenticityIsRemembered(t *testing.T) {
	stronger := crypto.Params{KDF: crypto.PBKDF2, Digest: crypto.SHA256, Iterations: 2048}
	md5 := crypto.Params{KDF: crypto.BytesToKey, Digest: crypto.MD5}
	type file struct {
		by   string
		p    crypto.Params
		want sealed.Reason
	}
	for _, c := range []struct {
		name  string
		files []file
	}{
		{"the same", []file{{"staging", cheap, -1}, {"staging", cheap, -1}}},
		{"openssl's, from the start", []file{{"openssl", cheap, -1}, {"openssl", cheap, -1}, {"staging", cheap, -1}}},
		{"openssl's, later", []file{{"staging", cheap, -1}, {"openssl", cheap, sealed.NoLonger}, {"openssl", cheap, sealed.NoLonger}, {"staging", cheap, -1}}},
		{"version 1, then openssl's", []file{{"", cheap, -1}, {"openssl", cheap, sealed.NoLonger}}},
		{"version 1, then 2, then 1", []file{{"", cheap, -1}, {"staging", cheap, -1}, {"", cheap, sealed.Unbound}}},
		{"another environment's", []file{{"production", cheap, sealed.Foreign}, {"staging", cheap, -1}, {"production", cheap, sealed.Foreign}}},
		{"a weaker one", []file{{"staging", cheap, -1}, {"staging", stronger, -1}, {"staging", cheap, sealed.Weaker}, {"staging", md5, sealed.Weaker}, {"staging", stronger, -1}}},
	} {
		f := files(t)
		f.Params, f.Others = nil, []string{"demo", "production"}
		for i, file := range c.files {
			place(t, f, by(t, file.by, honest, file.p))
			if got := open(t, f); got != file.want {
				t.Errorf("%s: file %d: reason %d, want %d", c.name, i, got, file.want)
			}
		}
	}
}

// TestNothingIsLaundered: no operation makes an authentic file of what was
// refused, and all do with Accept, which is said.
func TestNothingIsLaundered(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		name  string
		plain string // beside the sealed file
		do    func(sealed.Files) error
	}{
		{"set", "", func(f sealed.Files) error {
			_, err := f.Update(ctx, pass(phrase), sealed.Options{}, set("b", "2"))
			return err
		}},
		{"encrypt", "b = \"2\"\n", func(f sealed.Files) error {
			_, err := f.Encrypt(ctx, pass(phrase), pass(phrase), sealed.Options{Force: true})
			return err
		}},
		{"encrypt what it holds", forged, func(f sealed.Files) error {
			_, err := f.Encrypt(ctx, pass(phrase), pass(phrase), sealed.Options{})
			return err
		}},
		{"rekey", "", func(f sealed.Files) error {
			_, err := sealed.Rekey(ctx, []sealed.Files{f}, func(sealed.Files) sealed.Passphrase { return pass(phrase) },
				func(sealed.Files) sealed.Passphrase { return pass(phrase) }, sealed.RekeyOptions{})
			return err
		}},
	} {
		for _, bad := range []string{"openssl", "production", ""} {
			f := files(t)
			f.Others = []string{"production"}
			place(t, f, by(t, "staging", honest, cheap))
			open(t, f)
			before := by(t, bad, forged, cheap)
			place(t, f, before)
			if c.plain != "" {
				write(t, f.Plain, c.plain)
			}
			if reason(t, c.do(f)) == -1 {
				t.Errorf("%s: a file by %q was taken", c.name, bad)
			}
			if read(t, f.Sealed) != string(before) {
				t.Errorf("%s: the file by %q was changed", c.name, bad)
			}
			var said []string
			f.Accept, f.Warn = true, func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
			if err := c.do(f); err != nil {
				t.Errorf("%s: accepted: %v", c.name, err)
			}
			if len(said) == 0 || !strings.Contains(said[0], "--accept-unauthenticated") || strings.Contains(said[0], "forged") {
				t.Errorf("%s: said %q", c.name, said)
			}
			f.Accept = false
			if got := open(t, f); got != -1 {
				t.Errorf("%s: sealed by hci again, it is refused: reason %d", c.name, got)
			}
		}
	}
}

// TestAdoption: a file that was never authentic is taken, and becomes so, with
// a word about it.
func TestAdoption(t *testing.T) {
	f := files(t)
	place(t, f, by(t, "openssl", honest, cheap))
	r, err := f.Update(context.Background(), pass(phrase), sealed.Options{}, set("b", "2"))
	if err != nil || !r.Authenticated || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "sealed by openssl") {
		t.Fatalf("%+v, %v", r, err)
	}
	r, err = f.Update(context.Background(), pass(phrase), sealed.Options{}, set("b", "3"))
	if err != nil || len(r.Notes) != 0 {
		t.Errorf("the second time: %q, %v", r.Notes, err)
	}
	place(t, f, by(t, "openssl", forged, cheap))
	if got := open(t, f); got != sealed.NoLonger {
		t.Errorf("reason %d", got)
	}
}

// TestHistoryDecides where nothing is remembered.
func TestHistoryDecides(t *testing.T) {
	for _, c := range []struct {
		name string
		old  []string // who sealed the earlier versions, newest first
		want sealed.Reason
	}{
		{"none", nil, -1},
		{"all by openssl", []string{"openssl", "openssl"}, -1},
		{"the newest by hci", []string{"staging", "openssl"}, sealed.NotAsInGit},
		{"an older one by hci", []string{"openssl", "openssl", "staging"}, sealed.NotAsInGit},
		{"by an hci that bound nothing", []string{"openssl", ""}, sealed.NotAsInGit},
	} {
		f := files(t)
		var versions [][]byte
		for i, who := range c.old {
			versions = append(versions, by(t, who, fmt.Sprintf("a = \"version %d, and long enough to be proof by itself of something\"\n", i), cheap))
		}
		asked := 0
		f.History = func(_ context.Context, path string, max int) [][]byte {
			asked++
			if path != f.Sealed || max < 2 || max > 100 {
				t.Errorf("asked for %d versions of %s", max, path)
			}
			return versions
		}
		now := by(t, "openssl", forged, cheap)
		place(t, f, now)
		versions = append([][]byte{now}, versions...)
		if got := open(t, f); got != c.want {
			t.Errorf("%s: reason %d, want %d", c.name, got, c.want)
		}
		open(t, f)
		if want := map[bool]int{true: 1, false: 2}[c.want == -1]; asked != want {
			t.Errorf("%s: git was asked %d times, want %d", c.name, asked, want)
		}
		place(t, f, by(t, "staging", honest, cheap))
		if got := open(t, f); got != -1 || asked > 2 {
			t.Errorf("%s: an authentic one: reason %d", c.name, got)
		}
	}
}

// TestOtherBranch: who goes back to a branch on which less was ever proved of
// the file than elsewhere is not stopped, unless nothing there was used before,
// or something there proves more.
func TestOtherBranch(t *testing.T) {
	if testing.Short() {
		t.Skip("derives many keys")
	}
	stronger := crypto.Params{KDF: crypto.PBKDF2, Digest: crypto.SHA256, Iterations: 2048}
	old := func(who string) []byte {
		return by(t, who, "a = \"on the old branch, and long enough to be proof by itself\"\n", cheap)
	}
	next := func(who string) []byte {
		return by(t, who, "a = \"a commit later on it, and long enough to be proof, too\"\n", cheap)
	}
	for _, c := range []struct {
		name    string
		who     string // sealed what is on the old branch
		now     []byte // what hci sealed elsewhere
		refused sealed.Reason
	}{
		{"sealed by openssl", "openssl", by(t, "staging", honest, cheap), sealed.NoLonger},
		{"bound to nothing", "", by(t, "staging", honest, cheap), sealed.Unbound},
		{"weaker", "staging", by(t, "staging", honest, stronger), sealed.Weaker},
	} {
		for _, b := range []struct {
			name    string
			branch  [][]byte // newest first; the first lies in the work tree
			require bool
			used    bool // whether the old version was opened here before
			want    sealed.Reason
		}{
			{"the version that was used", [][]byte{old(c.who)}, false, true, -1},
			{"the next one after it", [][]byte{next(c.who), old(c.who)}, false, true, -1},
			{"one that nobody used", [][]byte{old(c.who)}, false, false, c.refused},
			{"on top of what proves more", [][]byte{old(c.who), c.now, old(c.who)}, false, true, c.refused},
			{"authentication is required", [][]byte{old(c.who)}, c.who == "openssl", true, map[bool]sealed.Reason{true: sealed.NoLonger, false: -1}[c.who == "openssl"]},
		} {
			f := files(t)
			f.Params = nil
			var branch [][]byte
			f.History = func(context.Context, string, int) [][]byte { return branch }
			if b.used {
				place(t, f, old(c.who))
				if got := open(t, f); got != -1 {
					t.Errorf("%s: at first: reason %d", c.name, got)
				}
			}
			place(t, f, c.now)
			if got := open(t, f); got != -1 {
				t.Errorf("%s: the stronger one: reason %d", c.name, got)
			}
			f.Require, branch = b.require, b.branch
			place(t, f, branch[0])
			for range 2 {
				if got := open(t, f); got != b.want {
					t.Errorf("%s, %s: reason %d, want %d", c.name, b.name, got, b.want)
				}
			}
			place(t, f, c.now)
			if got := open(t, f); got != -1 {
				t.Errorf("%s, %s: back again: reason %d", c.name, b.name, got)
			}
		}
	}
}

// TestDeclaredIsAFloor: what is weaker is read by rekey alone, which mends it.
func TestDeclaredIsAFloor(t *testing.T) {
	ctx := context.Background()
	declared := crypto.Params{KDF: crypto.PBKDF2, Digest: crypto.SHA256, Iterations: 2000}
	f := files(t)
	f.Params = []crypto.Params{declared}
	for _, p := range []crypto.Params{
		cheap, {KDF: crypto.BytesToKey, Digest: crypto.SHA256}, {Digest: crypto.SHA1, Iterations: 10000}, {Digest: crypto.SHA256, Iterations: 10000, NoSalt: true},
	} {
		place(t, f, by(t, "openssl", honest, p))
		if got := open(t, f); got != sealed.BelowDeclared {
			t.Errorf("%v: reason %d", p, got)
		}
	}
	rekey := func(change func(crypto.Params) crypto.Params) error {
		same := func(sealed.Files) sealed.Passphrase { return pass(phrase) }
		_, err := sealed.Rekey(ctx, []sealed.Files{f}, same, same, sealed.RekeyOptions{Params: change})
		return err
	}
	before := read(t, f.Sealed)
	if err := rekey(func(p crypto.Params) crypto.Params { p.Iterations, p.NoSalt = 1000, false; return p }); err == nil || !strings.Contains(err.Error(), "weaker than hci.hcl declares") || read(t, f.Sealed) != before {
		t.Errorf("to something weaker: %v", err)
	}
	if err := rekey(func(p crypto.Params) crypto.Params { p.NoSalt = false; return p }); err != nil {
		t.Fatal(err)
	}
	if c, err := f.OpenSealed(ctx, pass(phrase)); err != nil || !c.Authenticated || !c.Params.Equal(declared) && c.Params.Iterations < declared.Iterations {
		t.Errorf("%v", err)
	}
}

// TestSharedFile: a file that several environments share is bound to none, and
// one from before it was shared is taken.
func TestSharedFile(t *testing.T) {
	f := files(t)
	f.Sharing = []string{"production", "staging"}
	for _, who := range []string{"production", "", "staging", ""} {
		place(t, f, by(t, who, honest, cheap))
		if got := open(t, f); got != -1 {
			t.Errorf("by %q: reason %d", who, got)
		}
	}
	if _, err := f.Update(context.Background(), pass(phrase), sealed.Options{}, set("b", "2")); err != nil {
		t.Fatal(err)
	}
	other := f
	other.Env = "production"
	if got := open(t, other); got != -1 {
		t.Errorf("the other environment: reason %d", got)
	}
}

// TestInspect: verify reads what others refuse, and says why they do.
func TestInspect(t *testing.T) {
	f := files(t)
	place(t, f, by(t, "staging", honest, cheap))
	open(t, f)
	for who, want := range map[string]sealed.Reason{"openssl": sealed.NoLonger, "production": sealed.Foreign} {
		place(t, f, by(t, who, forged, cheap))
		f.Inspect, f.Others = true, []string{"production"}
		c, err := f.OpenSealed(context.Background(), pass(phrase))
		if err != nil || c.Distrust == nil || c.Distrust.Reason != want || c.Authenticated || !bytes.Equal(c.File.Bytes(), []byte(forged)) {
			t.Errorf("by %s: %v", who, err)
		}
		f.Inspect = false
		if got := open(t, f); got != want {
			t.Errorf("by %s, then: reason %d", who, got)
		}
	}
}

// TestWrongPassphraseAgain asks as often as Again says.
func TestWrongPassphraseAgain(t *testing.T) {
	if testing.Short() {
		t.Skip("derives many keys")
	}
	f := files(t)
	place(t, f, by(t, "staging", honest, cheap))
	given := 0
	next := func(ctx context.Context) (secret.Value, error) {
		given++
		return pass([]string{"wrong", "wrong too", phrase}[given-1])(ctx)
	}
	f.Again = func(env string) bool { return env == "staging" && given < 3 }
	if _, err := f.OpenSealed(context.Background(), next); err != nil || given != 3 {
		t.Errorf("after %d: %v", given, err)
	}
	given, f.Again = 0, func(string) bool { return given < 2 }
	if _, err := f.OpenSealed(context.Background(), next); !errors.Is(err, crypto.ErrWrongPassphrase) || given != 2 {
		t.Errorf("after %d: %v", given, err)
	}
}

// TestPlaintextIsClosedOff: decrypt of what is up to date takes a plaintext from
// others' eyes.
func TestPlaintextIsClosedOff(t *testing.T) {
	f := files(t)
	place(t, f, by(t, "staging", honest, cheap))
	write(t, f.Plain, honest)
	if err := os.Chmod(f.Plain, 0o644); err != nil {
		t.Fatal(err)
	}
	mode, open := f.PlainOpen()
	if !open {
		t.Skipf("mode %04o is open to nobody here", mode)
	}
	r, err := f.Decrypt(context.Background(), pass(phrase), sealed.Options{DryRun: true})
	if err != nil || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "0644 and would get 0600") {
		t.Errorf("%+v, %v", r, err)
	}
	if _, open := f.PlainOpen(); !open {
		t.Error("a dry run changed the mode")
	}
	r, err = f.Decrypt(context.Background(), pass(phrase), sealed.Options{})
	if err != nil || r.Wrote || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "had mode 0644") {
		t.Errorf("%+v, %v", r, err)
	}
	if mode, open := f.PlainOpen(); open || mode != 0o600 {
		t.Errorf("mode %04o", mode)
	}
}
