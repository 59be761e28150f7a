//go:build bench

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hci/crypto"
)

// gitIn runs git in a directory, as a person whose name is t.
func gitIn(t *testing.T, dir, stdin string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "gc.auto=0"}, args...)...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v: %s", args[0], err, out)
	}
}

// TestBenchLog measures 1,000 versions of a file. Of those that were not seen on
// this machine, each needs a derivation of its own: a first run reads 20 of them,
// at 600,000 iterations, as many as a figure needs. Those that are known need one
// for all: the next runs read 1,000. (They were sealed with fewer iterations, so
// that making them takes seconds. What is kept of them is encrypted with 600,000.)
func TestBenchLog(t *testing.T) {
	hci, git := hciBinary(t), peer(t, "git")
	for _, c := range []struct{ versions, iterations int }{{20, 600_000}, {1000, 10_000}} {
		dir, env := benchProject(t, c.iterations)
		env = append(env, "HOME="+dir, "XDG_STATE_HOME="+filepath.Join(dir, "state"))
		gitIn(t, dir, "", "init", "-q", "-b", "main")
		var stream strings.Builder
		for i := range c.versions {
			data, err := crypto.Seal(fmt.Appendf(nil, "a = \"%d\"\nb = \"%d\"\n", i, i/7), []byte(benchPhrase), crypto.Params{KDF: crypto.PBKDF2, Digest: crypto.SHA256, Iterations: c.iterations}, "staging")
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&stream, "commit refs/heads/main\ncommitter t <t@example.org> %d +0000\ndata 1\nx\nM 100644 inline infra/staging_secrets.tfvars.enc\ndata %d\n%s\n", 1_700_000_000+i*60, len(data), data)
		}
		gitIn(t, dir, stream.String(), "fast-import", "--quiet")
		gitIn(t, dir, "", "reset", "-q", "--hard")
		log := command(t, dir, env, hci, "secrets", "log", "staging")
		start := time.Now()
		log()
		cold := time.Since(start)
		a, b, _ := turns(5, log, command(t, dir, env, git, "log", "--raw", "--follow", "--", "infra/staging_secrets.tfvars.enc"))
		figure("log of %d commits and versions, %d iterations: first run %s (%s a version), next runs %s (goal: under 3 s), git log --raw %s, ratio %.1f",
			c.versions, c.iterations, ms(cold), ms(cold/time.Duration(c.versions)), ms(a), ms(b), float64(a)/float64(b))
		if c.versions == 20 {
			command(t, dir, env, hci, "git", "install", "--no-guard")()
			a, b, _ := turns(5, command(t, dir, env, git, "diff", "HEAD~1", "--", "infra"), command(t, dir, env, git, "diff", "--no-textconv", "HEAD~1", "--", "infra"))
			figure("git diff of two versions, %d iterations: with hci's driver %s, git alone (\"Binary files differ\") %s", c.iterations, ms(a), ms(b))
		}
	}
}

// TestBenchGuard measures a commit of 10,000 files against 1,000 values.
func TestBenchGuard(t *testing.T) {
	hci, git := hciBinary(t), peer(t, "git")
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "infra"), 0o700); err != nil {
		t.Fatal(err)
	}
	var secrets, values strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&secrets, "password_%d = \"v4lue-%dx%dz9\"\n", i, i*7919, i)
		fmt.Fprintf(&values, "v4lue-%dx%dz9\n", i*7919, i)
	}
	data, err := crypto.Seal([]byte(secrets.String()), []byte(benchPhrase), crypto.Params{KDF: crypto.PBKDF2, Digest: crypto.SHA256, Iterations: 10_000}, "staging")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"hci.hcl": "", "infra/main.tf": "", "infra/staging_secrets.tfvars.enc": string(data)}
	for i := range 10_000 {
		files[fmt.Sprintf("src/%d/%d.txt", i%100, i)] = strings.Repeat(fmt.Sprintf("line %d of a source file\n", i), 80)
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	patterns := filepath.Join(t.TempDir(), "values")
	if err := os.WriteFile(patterns, []byte(values.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	gitIn(t, dir, "", "init", "-q", "-b", "main")
	gitIn(t, dir, "", "add", "-A")
	env := []string{"HCI_PASSPHRASE=" + benchPhrase, "HOME=" + dir}
	grep := func() int64 { // exit code 1: nothing is found
		cmd := exec.Command(git, "grep", "--cached", "-c", "-F", "-f", patterns, "--", "src")
		cmd.Dir = dir
		_ = cmd.Run()
		return 0
	}
	a, b, peak := turns(5, command(t, dir, env, hci, "git", "guard"), grep)
	figure("guard, 10,000 files, 1,000 values: hci %s (goal: under 1 s), git grep --cached -F %s, ratio %.2f, peak memory %.0f MiB",
		ms(a), ms(b), float64(a)/float64(b), float64(peak)/(1<<20))
}
