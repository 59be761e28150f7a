//go:build bench

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"hci/crypto"
)

// The benchmarks of whole processes. Each runs hci and its peer in turns, on
// the same file, and prints the medians and their ratio. They fail only if a
// program fails: a figure is for people to read.

const benchPhrase = "a passphrase for benchmarks"

// hciBinary is the binary that "make bench" built.
func hciBinary(t *testing.T) string {
	t.Helper()
	path := os.Getenv("HCI_BIN")
	if path == "" {
		t.Fatal("HCI_BIN is not set: run 'make bench'")
	}
	return path
}

func peer(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("bench: %s is not installed, nothing to compare with", name)
	}
	return path
}

// command returns a function that runs a program once and its peak memory in
// bytes, where the system tells.
func command(t *testing.T, dir string, env []string, name string, args ...string) func() int64 {
	return func() int64 {
		cmd := exec.Command(name, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
		var errOut bytes.Buffer
		cmd.Stderr = &errOut
		if err := cmd.Run(); err != nil {
			t.Fatalf("%s: %v: %s", filepath.Base(name), err, errOut.String())
		}
		return peakMemory(cmd.ProcessState)
	}
}

// turns runs a and b in turns and returns the median times, and the largest
// peak memory of a.
func turns(n int, a, b func() int64) (ta, tb time.Duration, peak int64) {
	a()
	b()
	var as, bs []time.Duration
	for range n {
		start := time.Now()
		peak = max(peak, a())
		middle := time.Now()
		b()
		as, bs = append(as, middle.Sub(start)), append(bs, time.Since(middle))
	}
	slices.Sort(as)
	slices.Sort(bs)
	return as[n/2], bs[n/2], peak
}

// figure prints a line that "make bench" shows.
func figure(format string, args ...any) { fmt.Printf("bench "+format+"\n", args...) }

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

func TestBenchVersion(t *testing.T) {
	hci, openssl := hciBinary(t), peer(t, "openssl")
	dir := t.TempDir()
	a, b, _ := turns(60, command(t, dir, nil, hci, "version"), command(t, dir, nil, openssl, "version"))
	figure("version: hci %s, openssl %s, ratio %.2f (goal: at most 2.0)", ms(a), ms(b), float64(a)/float64(b))
}

func TestBenchDecrypt(t *testing.T) {
	hci, openssl := hciBinary(t), peer(t, "openssl")
	for _, c := range []struct {
		iterations, turns int
		goal              float64
	}{{10_000, 60, 1.0}, {600_000, 9, 0.5}} {
		dir, env := benchProject(t, c.iterations)
		a, b, peak := turns(c.turns,
			command(t, dir, env, hci, "secrets", "decrypt", "staging", "-o", "-"),
			command(t, dir, env, openssl, "enc", "-d", "-aes-256-cbc", "-pbkdf2", "-iter", fmt.Sprint(c.iterations),
				"-in", "infra/staging_secrets.tfvars.enc", "-out", os.DevNull, "-pass", "env:HCI_PASSPHRASE"))
		figure("decrypt, %d iterations, %d CPUs: hci %s, openssl %s, ratio %.2f (goal: at most %.1f)",
			c.iterations, runtime.NumCPU(), ms(a), ms(b), float64(a)/float64(b), c.goal)
		plain := filepath.Join(dir, "infra", "staging_secrets.tfvars")
		decrypt := command(t, dir, env, hci, "secrets", "decrypt", "staging")
		a, b, _ = turns(c.turns,
			func() int64 { _ = os.Remove(plain); return decrypt() },
			command(t, dir, env, openssl, "enc", "-d", "-aes-256-cbc", "-pbkdf2", "-iter", fmt.Sprint(c.iterations),
				"-in", "infra/staging_secrets.tfvars.enc", "-out", "openssl.out", "-pass", "env:HCI_PASSPHRASE"))
		figure("decrypt to a file, %d iterations: hci %s, synchronized to the disk, openssl %s, not, ratio %.2f",
			c.iterations, ms(a), ms(b), float64(a)/float64(b))
		figure("decrypt, %d iterations: hci's peak memory %.1f MiB (goal: under 32)", c.iterations, float64(peak)/(1<<20))
	}
}

// benchProject makes a project with 50 secrets, sealed by hci's own package so
// that opening authenticates.
func benchProject(t *testing.T, iterations int) (dir string, env []string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "infra"), 0o700); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for i := range 50 {
		fmt.Fprintf(&text, "secret_%02d = \"%s\"\n", i, strings.Repeat("x", 40))
	}
	data, err := crypto.Seal([]byte(text.String()), []byte(benchPhrase),
		crypto.Params{KDF: crypto.PBKDF2, Digest: crypto.SHA256, Iterations: iterations}, "staging")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"hci.hcl": nil, "infra/main.tf": nil, "infra/staging_secrets.tfvars.enc": data} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, []string{"HCI_PASSPHRASE=" + benchPhrase}
}
