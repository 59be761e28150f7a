package git

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestMain makes the test binary the git that is run: it prints its arguments
// and its environment.
func TestMain(m *testing.M) {
	if strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") == "git" {
		dir, _ := os.Getwd()
		record := strings.Join(append(append([]string{dir}, os.Args[1:]...), os.Environ()...), "\n")
		_ = os.WriteFile(filepath.Join(filepath.Dir(os.Args[0]), "record"), []byte(record), 0o600)
		if slices.Contains(os.Args, "--get-all") {
			_, _ = os.Stdout.WriteString("/allowed\x00~/home\x00")
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// fake puts a git into PATH that records how it was called.
func fake(t *testing.T) (record func() []string) {
	t.Helper()
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := "git"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	text, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), text, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	return func() []string {
		text, err := os.ReadFile(filepath.Join(dir, "record"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(string(text), "\n")
	}
}

// What git is given, whatever it is asked: which repository, nothing of its
// configuration that runs a program, no passphrase, none of the caller's GIT_
// variables.
func TestHowGitIsRun(t *testing.T) {
	record := fake(t)
	root := real(t.TempDir())
	environ := append(os.Environ(), "HCI_PASSPHRASE=s3cr3t", "HCI_PASSPHRASE_PRODUCTION=s3cr3t", "TF_VAR_a=s3cr3t", "AWS_SECRET_ACCESS_KEY=s3cr3t",
		"GIT_DIR=/theirs", "GIT_SSH_COMMAND=theirs", "GIT_EXTERNAL_DIFF=theirs", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=core.pager", "GIT_CONFIG_VALUE_0=theirs", "GIT_CONFIG_GLOBAL=/mine")
	calls := map[string]func() error{
		"status": func() error {
			_, err := Repo{Root: root, Environ: environ}.Run(context.Background(), "status")
			return err
		},
		"ls-files": func() error {
			_, err := Repo{Root: root, Environ: environ}.Run(context.Background(), "ls-files", "-z")
			return err
		},
		"config": func() error {
			_, err := Repo{Root: root, Environ: environ}.readFilters(context.Background())
			return err
		},
		"the user's": func() error { _, err := Safe(context.Background(), root, environ); return err },
		"a directory": func() error {
			_, err := Repo{Root: root, Environ: environ, Dir: root}.Run(context.Background(), "rev-parse")
			return err
		},
	}
	for name, call := range calls {
		if err := call(); err != nil {
			t.Fatal(err)
		}
		got := record()
		all := strings.Join(got, "\n")
		for _, forbidden := range []string{"s3cr3t", "theirs", "GIT_CONFIG_COUNT", "GIT_DIR="} {
			if strings.Contains(all, forbidden) {
				t.Errorf("%s: git got %q", name, forbidden)
			}
		}
		for _, needed := range []string{"GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_CONFIG_GLOBAL=/mine"} {
			if !slices.Contains(got, needed) {
				t.Errorf("%s: git did not get %s", name, needed)
			}
		}
		if name == "the user's" {
			if !slices.Contains(got, "--git-dir="+os.DevNull) {
				t.Errorf("%s: %q", name, got)
			}
			continue
		}
		if got[0] != root {
			t.Errorf("%s: run in %s", name, got[0])
		}
		for _, needed := range append([]string{"--git-dir=" + filepath.Join(root, ".git"), "--work-tree=" + root, "--no-pager"}, fixed...) {
			if !slices.Contains(got, needed) {
				t.Errorf("%s: git did not get %s", name, needed)
			}
		}
	}
}

func TestSwitchOff(t *testing.T) {
	for name, want := range map[string]string{
		"filter.x.clean": "filter.x.clean= filter.x.required=false", "filter.a.b.process": "filter.a.b.process= filter.a.b.required=false",
		"filter.x.smudge": "filter.x.smudge= filter.x.required=false", "diff.x.textconv": "diff.x.textconv=", "diff.x.command": "diff.x.command=",
		"merge.x.driver": "merge.x.driver=", "filter.x.required": "", "user.name": "", "diff.x.binary": "",
	} {
		if got, err := switchOff(name); err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := switchOff("filter.a=b.clean"); !errors.Is(err, ErrSetting) {
		t.Errorf("%v", err)
	}
}

func TestCovers(t *testing.T) {
	for name, c := range map[string]struct {
		patterns string
		want     bool
	}{
		"named":            {"/x /srv/app", true},
		"another":          {"/srv/app2 /srv", false},
		"everything":       {"*", true},
		"all below":        {"/srv/*", true},
		"not below":        {"/sr/*", false},
		"taken back":       {"/srv/app |", false},
		"and allowed anew": {"/x | /srv/app", true},
		"in the home":      {"~/app", true},
		"relative":         {"app .", false},
	} {
		patterns := strings.Fields(c.patterns)
		for i, p := range patterns {
			if p == "|" {
				patterns[i] = ""
			}
		}
		if runtime.GOOS == "windows" {
			continue // /srv is not absolute there
		}
		if got := covers(patterns, "/srv/app", "/srv"); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestFind(t *testing.T) {
	root := t.TempDir()
	if _, err := Find(context.Background(), root, nil); !errors.Is(err, ErrNoRepository) {
		t.Skipf("the temporary directory lies in a repository: %v", err)
	}
	below := filepath.Join(root, "a", "b")
	if err := errors.Join(os.MkdirAll(below, 0o700), os.WriteFile(filepath.Join(root, ".git"), []byte("gitdir: x"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if repo, err := Find(context.Background(), below, nil); err != nil || repo.Root != root {
		t.Errorf("%v, %v", repo, err)
	}
}

// A repository whose own files name programs, in every way that git knows, runs
// none of them.
func TestHostileRepository(t *testing.T) {
	program, err := exec.LookPath("git")
	if err != nil {
		t.Skip("no git here")
	}
	if runtime.GOOS == "windows" {
		t.Skip("its programs are shell scripts")
	}
	root := real(t.TempDir())
	ran := filepath.Join(real(t.TempDir()), "ran")
	evil := filepath.Join(root, "evil.sh")
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o700)); err != nil {
			t.Fatal(err)
		}
	}
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command(program, append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"}, args...)...)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v: %s", args, err, out)
		}
	}
	git("init", "-q", ".")
	write("evil.sh", "#!/bin/sh\necho \"$0 $*\" >>"+ran+"\ncat\n")
	write("file", "one\n")
	git("add", ".")
	git("commit", "-qm", "one")
	write("file", "another\n")
	for _, name := range []string{
		"core.fsmonitor", "core.sshCommand", "core.gitProxy", "core.askPass", "core.pager", "core.editor", "core.alternateRefsCommand",
		"pager.status", "pager.ls-files", "diff.external", "gpg.program", "credential.helper", "alias.status", "uploadpack.packObjectsHook",
		"filter.e.clean", "filter.e.smudge", "filter.e.process", "diff.e.textconv", "diff.e.command", "merge.e.driver", "interactive.diffFilter",
	} {
		git("config", name, evil)
	}
	git("config", "filter.e.required", "true")
	git("config", "core.hooksPath", root)
	git("config", "remote.origin.url", "ext::"+evil)
	git("config", "remote.origin.uploadpack", evil)
	git("config", "remote.origin.promisor", "true")
	git("config", "extensions.partialClone", "origin")
	git("config", "protocol.ext.allow", "always")
	write(".gitattributes", "* filter=e diff=e merge=e\n")
	for _, hook := range []string{"post-index-change", "fsmonitor-watchman", "reference-transaction", "post-checkout"} {
		write(hook, "#!/bin/sh\necho hook "+hook+" >>"+ran+"\n")
		write(".git/hooks/"+hook, "#!/bin/sh\necho hook "+hook+" >>"+ran+"\n")
	}
	repo := Repo{Root: root, Environ: os.Environ()}
	for _, args := range [][]string{
		{"status", "--porcelain=v1", "-z", "--ignore-submodules=dirty"}, {"ls-files", "-z"}, {"rev-parse", "--verify", "HEAD"}, {"check-ignore", "-q", "--", "file"},
		{"branch", "--remotes", "--contains", "HEAD"}, {"log", "--format=%H", "--", "file"}, {"show", "HEAD:file"}, {"cat-file", "-e", strings.Repeat("1", 40)},
		{"log", "-p", "-1"}, {"diff", "HEAD"},
	} {
		out, err := repo.Run(context.Background(), args...)
		var exit *ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Errorf("git %q: %v", args, err)
		}
		if args[0] == "show" && string(out) != "one\n" {
			t.Errorf("git show: %q, %v", out, err)
		}
		if text, err := os.ReadFile(ran); err == nil {
			t.Fatalf("git %q ran: %s", args, text)
		}
	}
	// The test would see it: git without these precautions runs the filter.
	cmd := exec.Command(program, "-c", "core.fsmonitor=false", "status", "--porcelain")
	cmd.Dir = root
	_ = cmd.Run()
	if _, err := os.Stat(ran); err != nil {
		t.Error("not even git by itself ran anything: the repository is not hostile")
	}
}
