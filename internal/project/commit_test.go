package project

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"hci/internal/child"
)

func TestSource(t *testing.T) {
	for address, want := range map[string]string{
		"git@github.com:org/app.git":                         "https://github.com/org/app",
		"github.com:org/app":                                 "https://github.com/org/app",
		"https://user:" + marker + "@github.com/org/app.git": "https://github.com/org/app",
		"https://" + marker + "@github.com/org/app":          "https://github.com/org/app",
		"ssh://git@github.com:22/org/app.git":                "https://github.com/org/app",
		"https://git.example/app?token=" + marker:            "https://git.example/app",
		"/srv/git/app.git":                                   "",
		"../app":                                             "",
		"file:///srv/git/app.git":                            "",
	} {
		if got := source(address); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

func TestCommit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git here")
	}
	dir := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"}, args...)...)
		cmd.Dir, cmd.Env = dir, append(child.Environ(child.Git, os.Environ()), "GIT_CONFIG_GLOBAL="+os.DevNull)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v: %s", args, err, out)
		}
	}
	write := func(name string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	look := func() (Commit, error) {
		return (&Project{Root: dir, environ: os.Environ()}).Commit(context.Background())
	}
	git("init", "-q", ".")
	if _, err := look(); !errors.Is(err, ErrNoCommit) {
		t.Errorf("%v", err)
	}
	write("a")
	git("add", ".")
	git("commit", "-qm", "a")
	c, err := look()
	if err != nil || len(c.SHA) != 40 || len(c.Short()) != 12 || len(c.Dirty) != 0 || c.Pushed || c.Remotes || c.Source != "" {
		t.Errorf("%+v, %v", c, err)
	}
	write("new file")
	git("init", "-q", "--bare", "far")
	git("remote", "add", "origin", "git@github.com:org/app.git")
	git("remote", "add", "far", filepath.Join(dir, "far"))
	if c, err = look(); err != nil || len(c.Dirty) != 2 || c.Dirty[1] != "new file" || c.Pushed || !c.Remotes || c.Source != "https://github.com/org/app" {
		t.Errorf("%+v, %v", c, err)
	}
	git("push", "-q", "far", "HEAD:refs/heads/main")
	if c, err = look(); err != nil || !c.Pushed {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestCheckout: what is built is the commit, whatever lies in the work tree.
func TestCheckout(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git here")
	}
	root := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"}, args...)...)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v: %s", args, err, out)
		}
	}
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	git("init", "-q")
	write(".gitignore", ".env\n", 0o600)
	write("Dockerfile", "FROM scratch\n", 0o600)
	write("app/a b.py", "one", 0o600)
	write("app/run", "#!/bin/sh\n", 0o700)
	git("add", "-A")
	git("commit", "-q", "-m", "one")
	write("app/a b.py", "changed", 0o600)
	write("app/new.py", "untracked", 0o600)
	write(".env", "SECRET=1", 0o600)
	if err := os.Remove(filepath.Join(root, "Dockerfile")); err != nil {
		t.Fatal(err)
	}
	p := &Project{Root: root, environ: os.Environ()}
	c, err := p.Commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := p.Checkout(t.Context(), c, dir); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		got[filepath.ToSlash(rel)] = string(text)
		return err
	})
	want := map[string]string{".gitignore": ".env\n", "Dockerfile": "FROM scratch\n", "app/a b.py": "one", "app/run": "#!/bin/sh\n"}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	if info, err := os.Stat(filepath.Join(dir, "app", "run")); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o755 {
		t.Errorf("app/run: %v, %v", info, err)
	}
}
