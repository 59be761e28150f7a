//go:build interop

package crypto_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"hci/crypto"
	"hci/internal/testing/interop"
)

// The factors of the product that is sampled.
var (
	derivations = []crypto.Params{
		{Iterations: 1}, {Iterations: 1000}, {Iterations: 10_000}, {Iterations: 600_000}, {KDF: crypto.BytesToKey},
	}
	digests     = []crypto.Digest{crypto.MD5, crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512}
	encodings   = []crypto.Encoding{crypto.Binary, crypto.Base64, crypto.Base64Line}
	salts       = []bool{false, true} // -nosalt
	sizes       = []int{0, 1, 15, 16, 17, 31, 32, 4096, 1 << 20}
	passphrases = []string{
		"correct-horse", "", "correct horse battery", "pässphräse – ключ 鍵 🔑", strings.Repeat("0123456789", 50), "trailing  ",
	}
	levels = []int{len(derivations), len(digests), len(encodings), len(salts), len(sizes), len(passphrases)}
)

// pairwise returns rows in which every two values of different factors meet.
// Each row takes, factor by factor, the value that covers most of what is
// still missing.
func pairwise(levels []int) [][]int {
	type pair struct{ f, v, g, w int }
	missing := map[pair]bool{}
	for f := range levels {
		for g := range f {
			for v := range levels[f] {
				for w := range levels[g] {
					missing[pair{f, v, g, w}] = true
				}
			}
		}
	}
	first := func() pair { // in a fixed order
		for f := range levels {
			for v := range levels[f] {
				for g := range f {
					for w := range levels[g] {
						if p := (pair{f, v, g, w}); missing[p] {
							return p
						}
					}
				}
			}
		}
		panic("none is missing")
	}
	gain := func(row []int, f, v int) int {
		n := 0
		for g, w := range row {
			p := pair{f, v, g, w}
			if g > f {
				p = pair{g, w, f, v}
			}
			if g != f && w >= 0 && missing[p] {
				n++
			}
		}
		return n
	}
	var rows [][]int
	for len(missing) > 0 {
		row := []int{-1, -1, -1, -1, -1, -1}
		p := first()
		row[p.f], row[p.g] = p.v, p.w
		for f := range row {
			if row[f] >= 0 {
				continue
			}
			best, most := 0, -1
			for i := range levels[f] {
				v := (i + len(rows)) % levels[f] // ties go round
				if n := gain(row, f, v); n > most {
					best, most = v, n
				}
			}
			row[f] = best
		}
		for f, v := range row {
			for g := range f {
				delete(missing, pair{f, v, g, row[g]})
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// uncovered returns the pairs of values that no row holds.
func uncovered(levels []int, rows [][]int) []string {
	var out []string
	for f := range levels {
		for g := range f {
			for v := range levels[f] {
				for w := range levels[g] {
					met := false
					for _, row := range rows {
						met = met || row[f] == v && row[g] == w
					}
					if !met {
						out = append(out, fmt.Sprintf("value %d of factor %d with value %d of factor %d", v, f, w, g))
					}
				}
			}
		}
	}
	return out
}

// openssl runs "openssl enc" on input. The passphrase goes through the
// environment, a file or a descriptor, in turn, and never through argv.
func openssl(t *testing.T, turn int, passphrase string, input []byte, args ...string) ([]byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, interop.Need(t, "openssl"), append([]string{"enc", "-aes-256-cbc"}, args...)...)
	cmd.Stdin = bytes.NewReader(input)
	cmd.Env = os.Environ()
	file := filepath.Join(t.TempDir(), "passphrase")
	if err := os.WriteFile(file, []byte(passphrase+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	switch {
	case passphrase == "" || turn%3 == 0: // openssl refuses an empty line of a file
		cmd.Env = append(cmd.Env, "INTEROP_PASSPHRASE="+passphrase)
		cmd.Args = append(cmd.Args, "-pass", "env:INTEROP_PASSPHRASE")
	case turn%3 == 1 || runtime.GOOS == "windows":
		cmd.Args = append(cmd.Args, "-pass", "file:"+file)
	default:
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cmd.ExtraFiles = []*os.File{f}
		cmd.Args = append(cmd.Args, "-pass", "fd:3")
	}
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return out, fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return out, err
}

// random returns n bytes, the same for the same n.
func random(n int) []byte {
	out := make([]byte, 0, n+sha256.Size)
	for i := 0; len(out) < n; i++ {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d %d", n, i))
		out = append(out, sum[:]...)
	}
	return out[:n]
}

// guessed reports whether p is among the usual parameters.
func guessed(p crypto.Params) bool {
	return p.KDF == crypto.BytesToKey || p.Iterations == 10_000 || p.Digest == crypto.SHA256
}

// TestInteropPairwise: what openssl writes, hci reads, and the other way round.
func TestInteropPairwise(t *testing.T) {
	interop.Need(t, "openssl")
	rows := pairwise(levels)
	if missing := uncovered(levels, rows); len(missing) > 0 {
		t.Fatalf("not covered: %s", strings.Join(missing, "; "))
	}
	t.Logf("%d of %d combinations", len(rows), 5*5*3*2*9*6)
	start := time.Now()
	t.Run("rows", func(t *testing.T) {
		for i, row := range rows {
			p := derivations[row[0]]
			p.Digest, p.Encoding, p.NoSalt = digests[row[1]], encodings[row[2]], salts[row[3]]
			size, passphrase := sizes[row[4]], passphrases[row[5]]
			t.Run(fmt.Sprintf("%v, %v, %d bytes, passphrase %d", p, p.Encoding, size, row[5]), func(t *testing.T) {
				t.Parallel()
				bothWays(t, i, p, random(size), passphrase)
			})
		}
	})
	if took := time.Since(start); took > time.Minute {
		t.Errorf("it took %v, more than a minute", took)
	}
}

func bothWays(t *testing.T, turn int, p crypto.Params, plaintext []byte, passphrase string) {
	same := func(b []byte) error {
		if !bytes.Equal(b, plaintext) {
			return errors.New("another plaintext")
		}
		return nil
	}
	read := func(what string, sealed []byte, o crypto.OpenOptions, authenticated bool) {
		o.Check = same
		got, err := crypto.Open(sealed, []byte(passphrase), o)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		if !bytes.Equal(got.Plaintext, plaintext) || !got.Params.Equal(p) || got.Authenticated != authenticated {
			t.Errorf("%s: %v, %v, authenticated %v", what, got.Params, got.Params.Encoding, got.Authenticated)
		}
	}

	theirs, err := openssl(t, turn, passphrase, plaintext, p.OpenSSLArgs()...)
	if err != nil {
		t.Fatal(err)
	}
	read("openssl's, declared", theirs, only(p), false)
	if guessed(p) {
		read("openssl's, found", theirs, crypto.OpenOptions{}, false)
	}

	ours, err := crypto.Seal(plaintext, []byte(passphrase), p, "staging")
	if err != nil {
		t.Fatal(err)
	}
	declared := only(p)
	declared.Context = "staging"
	read("ours, declared", ours, declared, !p.NoSalt)
	if guessed(p) {
		read("ours, found", ours, crypto.OpenOptions{Context: "staging"}, !p.NoSalt)
		read("ours, for nothing", ours, crypto.OpenOptions{}, false)
	}
	back, err := openssl(t, turn, passphrase, ours, append([]string{"-d"}, p.OpenSSLArgs()...)...)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(back, plaintext) {
		t.Error("openssl reads something else from our file")
	}

	// Without salt there is one way to write it, and of the same length with.
	if p.NoSalt && !bytes.Equal(theirs, ours) || len(theirs) != len(ours) {
		t.Errorf("the files differ: %d bytes, openssl's %d", len(ours), len(theirs))
	}
}

// TestInteropVectors: the committed vectors are what generate.sh writes.
func TestInteropVectors(t *testing.T) {
	version, err := exec.Command(interop.Need(t, "openssl"), "version").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(version), "OpenSSL 3") && !strings.HasPrefix(string(version), "OpenSSL 4") {
		interop.Missing(t, "openssl 3", strings.TrimSpace(string(version)))
	}
	bash := interop.Need(t, "bash")
	dir := t.TempDir()
	if out, err := exec.Command(bash, vectorDir+"/generate.sh", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	fresh, err := os.ReadDir(dir)
	if err != nil || len(fresh) != len(readVectors(t))+1 {
		t.Fatalf("%d files written (error %v)", len(fresh), err)
	}
	for _, f := range fresh {
		want, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(vectorDir, f.Name()))
		if errors.Is(err, fs.ErrNotExist) || !bytes.Equal(got, want) {
			t.Errorf("%s is not what generate.sh writes", f.Name())
		}
	}
}
