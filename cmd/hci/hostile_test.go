//go:build unix

package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"hci/crypto"
)

// outsideMark stands in every file outside a hostile repository. It must never
// be seen: not in output, not in the repository.
const outsideMark = "c4n4ry-0uts1de"

// theater is a directory with a hostile repository in it and things beside that
// nothing in the repository has a say in.
type theater struct {
	t    *testing.T
	dir  string // all of it
	repo string // what was cloned or unpacked
	home string // of the user, with hci's state
	ran  string // a file that a program which should not run makes
	aws  string // the address of an AWS that refuses everything

	program string // hci; "" is the test binary under that name
}

// noAWS refuses everything that is asked, and fails the test if it is told what
// lies outside.
func noAWS(t *testing.T) string {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || bytes.Contains(body, []byte(outsideMark)) {
			t.Errorf("AWS was sent what lies outside (%v)", err)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"AccessDeniedException","message":"no"}`)
	}))
	t.Cleanup(web.Close)
	return web.URL
}

const hostilePhrase = "correct-horse"

func newTheater(t *testing.T) *theater {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	h := &theater{t: t, dir: dir, repo: filepath.Join(dir, "repo"), home: filepath.Join(dir, "home"), ran: filepath.Join(dir, "ran"), aws: noAWS(t)}
	for name, text := range map[string]string{
		"profile": outsideMark, "outside.tfvars": "b = \"" + outsideMark + "\"\n", "outside.tf": "locals {\n  b = \"" + outsideMark + "\"\n}\n",
		"outside.hcl": "environment \"" + outsideMark + "\" {}\n", "module/main.tf": "output \"x\" {\n  value = \"" + outsideMark + "\"\n}\n",
		"home/.gitconfig": "[init]\n\tdefaultBranch = main\n",
	} {
		h.outside(name, text, 0o600)
	}
	canary := "#!/bin/sh\necho \"$0 $*\" >>" + h.ran + "\ncat >/dev/null\necho " + hostilePhrase + "\n"
	for _, name := range []string{"op", "pass", "evil", "vi", "sh-evil", "terraform", "docker", "git-upload-pack", "hci-canary"} {
		h.outside("bin/"+name, canary, 0o700)
	}
	for _, name := range []string{"terraform", "tofu", "docker", "docker-buildx"} {
		h.outside("home/tools/"+name, "#!/bin/sh\nexit 1\n", 0o700)
	}
	h.write("evil.sh", canary)
	h.write("infra/main.tf", "variable \"a\" {\n  type    = string\n  default = \"\"\n}\n\nresource \"aws_secretsmanager_secret\" \"a\" {\n  name = \"a_${terraform.workspace}\"\n}\n\nresource \"aws_secretsmanager_secret_version\" \"a\" {\n  secret_id     = aws_secretsmanager_secret.a.id\n  secret_string = var.a\n}\n")
	h.write(".gitignore", "*_secrets.tfvars\n.env\n")
	h.write(".git/HEAD", "ref: refs/heads/main\n")
	h.write(".git/config", "[core]\n\trepositoryformatversion = 0\n")
	for _, name := range []string{".git/objects", ".git/refs/heads"} {
		if err := os.MkdirAll(filepath.Join(h.repo, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	h.seal("infra/staging_secrets.tfvars.enc", "a = \"value\"\n")
	return h
}

func (h *theater) put(path, text string, mode fs.FileMode) {
	h.t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), mode), os.Chmod(path, mode)); err != nil {
		h.t.Fatal(err)
	}
}

func (h *theater) outside(name, text string, mode fs.FileMode) {
	h.put(filepath.Join(h.dir, name), text, mode)
}

func (h *theater) write(name, text string) { h.put(filepath.Join(h.repo, name), text, 0o700) }

func (h *theater) seal(name, text string) {
	h.t.Helper()
	data, err := crypto.Seal([]byte(text), []byte(hostilePhrase), crypto.Params{KDF: crypto.PBKDF2, Digest: crypto.SHA256, Iterations: 10000}, "")
	if err != nil {
		h.t.Fatal(err)
	}
	h.write(name, string(data))
}

// link puts a symbolic link in the place of whatever is there.
func (h *theater) link(name, to string) {
	h.t.Helper()
	path := filepath.Join(h.repo, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.RemoveAll(path), os.Symlink(to, path)); err != nil {
		h.t.Fatal(err)
	}
}

func (h *theater) pipe(name string) {
	h.t.Helper()
	path := filepath.Join(h.repo, name)
	if err := errors.Join(os.RemoveAll(path), syscall.Mkfifo(path, 0o600)); err != nil {
		h.t.Fatal(err)
	}
}

// state is all that lies beside the repository, but for what hci itself keeps.
func (h *theater) state() string {
	h.t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(h.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path == h.repo || path == filepath.Join(h.home, "state") {
			return filepath.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		var sum [sha256.Size]byte
		if info.Mode().IsRegular() {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			sum = sha256.Sum256(text)
		}
		fmt.Fprintf(&b, "%s %v %x\n", path, info.Mode(), sum[:4])
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return b.String()
}

// leaked lists the files of the repository that hold what lies outside, and that
// are no links to it.
func (h *theater) leaked() []string {
	h.t.Helper()
	var all []string
	err := filepath.WalkDir(h.repo, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err == nil && bytes.Contains(text, []byte(outsideMark)) {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

func (h *theater) environ() []string {
	return []string{
		"PATH=" + filepath.Join(h.dir, "bin") + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + h.home,
		"XDG_STATE_HOME=" + filepath.Join(h.home, "state"), "XDG_CONFIG_HOME=" + filepath.Join(h.home, ".config"), "XDG_RUNTIME_DIR=" + h.home,
		"HCI_PASSPHRASE=" + hostilePhrase, "EDITOR=true", "VISUAL=true", "NO_COLOR=1", "GIT_CONFIG_NOSYSTEM=1", "DBUS_SESSION_BUS_ADDRESS=",
		"AWS_ENDPOINT_URL=" + h.aws, "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x", "AWS_REGION=eu-central-1", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_MAX_ATTEMPTS=1", "AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
	}
}

// hostileMember is a public key that opens nothing here.
const hostileMember = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS"

// hostileCommands are the command lines that are run in every hostile
// repository, one after the other, as somebody might who has just cloned it:
// every command that hci has.
var hostileCommands = [][]string{
	{"__complete", "secrets", "get", "staging", ""},
	{"version"},
	{"init", "--dry-run"},
	{"trust"},
	{"trust", "--list"},
	{"doctor"},
	{"map", "staging"},
	{"check"},
	{"check", "--no-secrets"},
	{"secrets", "list", "staging"},
	{"secrets", "verify"},
	{"secrets", "status", "staging"},
	{"secrets", "diff", "staging"},
	{"secrets", "log", "staging"},
	{"secrets", "age", "staging"},
	{"secrets", "history", "staging", "a"},
	{"secrets", "openssl", "staging"},
	{"secrets", "get", "staging", "a"},
	{"secrets", "set", "staging", "a"},
	{"secrets", "rename", "staging", "a", "b"},
	{"secrets", "unset", "staging", "b"},
	{"secrets", "copy", "staging", "staging", "a"},
	{"secrets", "edit", "staging"},
	{"secrets", "decrypt", "--force"},
	{"secrets", "encrypt", "--force"},
	{"secrets", "rekey", "--keep-passphrase", "--iterations", "10000"},
	{"secrets", "merge", "staging"},
	{"secrets", "serve", "staging", "--", "true"},
	{"env", "explain", "staging", "A"},
	{"env", "export", "staging", "-o", ".env", "--force"},
	{"env", "check", "staging"},
	{"env", "import", "staging", ".env", "--yes"},
	{"env", "run", "staging", "--", "true"},
	{"env", "docker", "staging", "--", "run", "image"},
	{"passphrase", "show", "staging"},
	{"passphrase", "save", "staging"},
	{"passphrase", "change", "staging"},
	{"passphrase", "forget", "staging"},
	{"team", "list"},
	{"team", "log"},
	{"team", "init", "staging", "--name", "me", "--key", hostileMember},
	{"team", "add", "you", "--key", hostileMember, "staging"},
	{"team", "request", "you", "staging", "--key", hostileMember},
	{"team", "offboarding", "you"},
	{"team", "remove", "you", "--yes"},
	{"git", "install"},
	{"git", "guard"},
	{"git", "textconv", "infra/staging_secrets.tfvars.enc"},
	{"git", "merge-driver", "infra/main.tf", "infra/staging_secrets.tfvars.enc", "infra/main.tf", "infra/staging_secrets.tfvars.enc"},
	{"git", "uninstall"},
	{"tf", "staging", "plan"},
	{"deploy", "staging", "--dry-run"},
	{"deploy", "build", "staging"},
	{"deploy", "login", "staging"},
	{"deploy", "push", "staging"},
	{"deploy", "migrate", "staging", "--yes"},
	{"deploy", "update", "staging", "--yes"},
	{"deploy", "task", "staging", "one"},
	{"deploy", "status", "staging"},
	{"deploy", "history", "staging"},
	{"deploy", "logs", "staging"},
	{"deploy", "rollback", "staging", "--yes"},
	{"deploy", "shell", "staging"},
	{"secrets", "pull", "staging", "--yes"},
	{"secrets", "repair", "staging", "--yes"},
	{"secrets", "rollback", "staging", "--yes"},
	{"secrets", "push", "staging", "--yes"},
	{"init"},
}

// tools are the commands that start a program which the user has asked for by
// the command: it obeys its own configuration. Here it does nothing.
var tools = []string{"doctor", "tf", "deploy build", "deploy login", "deploy push", "env docker"}

// Every command is run in the corpus, hidden ones included.
func TestHostileCommandsAreAll(t *testing.T) {
	var all func(cmd *cobra.Command, path string)
	all = func(cmd *cobra.Command, path string) {
		for _, sub := range cmd.Commands() {
			name := strings.TrimSpace(path + " " + sub.Name())
			if slices.Contains([]string{"completion", "help", "manual", "reap-private-directory"}, name) {
				continue // they look at no repository
			}
			all(sub, name)
			if sub.Runnable() && sub.RunE != nil && !slices.ContainsFunc(hostileCommands, func(args []string) bool { return strings.HasPrefix(strings.Join(args, " ")+" ", name+" ") }) {
				t.Errorf("hci %s is not run in hostile repositories", name)
			}
		}
	}
	all(newRoot(newApp(streams{}, nil)), "")
}

// patience is how long a command may take on a slow machine; one that waits for
// a pipe takes for ever.
const patience = 2 * time.Minute

// command is hci in the hostile repository, or what by runs it under.
func (h *theater) command(ctx context.Context, by []string, args []string) *exec.Cmd {
	argv := append(append(by, cmp.Or(h.program, "hci"), "-C", h.repo), args...)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env, cmd.Dir, cmd.WaitDelay = h.environ(), h.home, time.Second
	if slices.ContainsFunc(tools, func(name string) bool { return strings.HasPrefix(strings.Join(args, " ")+" ", name+" ") }) {
		cmd.Env[0] = strings.Replace(cmd.Env[0], "=", "="+filepath.Join(h.home, "tools")+string(os.PathListSeparator), 1)
	}
	cmd.Stdin = strings.NewReader("new-value\n")
	return cmd
}

// buildHCI builds the program as it is released: a thousand runs of one that
// watches for races take minutes, and there is nothing to race for here.
func buildHCI(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hci")
	cmd := exec.Command("go", "build", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	return path
}

// play runs all commands and proves, after each, that nothing outside was read,
// written or run.
func (h *theater) play(by ...string) {
	h.t.Helper()
	before := h.state()
	for _, args := range hostileCommands {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		out, err := h.command(ctx, by, args).CombinedOutput()
		if ctx.Err() != nil {
			h.t.Errorf("hci %q did not end", args)
		}
		cancel()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			h.t.Fatalf("hci %q: %v", args, err)
		}
		if exit != nil && !exit.Exited() || bytes.Contains(out, []byte("goroutine ")) || bytes.Contains(out, []byte("a fault in hci itself")) {
			h.t.Errorf("hci %q crashed: %v: %s", args, err, out)
		}
		if bytes.Contains(out, []byte(outsideMark)) {
			h.t.Errorf("hci %q read what lies outside: %s", args, out)
		}
		if text, err := os.ReadFile(h.ran); err == nil {
			h.t.Fatalf("hci %q ran %s", args, text)
		}
		if after := h.state(); after != before {
			h.t.Fatalf("hci %q changed what lies outside:\n%s\nwas\n%s", args, after, before)
		}
		if leaked := h.leaked(); len(leaked) > 0 {
			h.t.Fatalf("hci %q took what lies outside into %q", args, leaked)
		}
	}
}

// TestHostileRepositories runs every command in every repository of the corpus.
func TestHostileRepositories(t *testing.T) {
	if len(hostileRepositories) < 25 {
		t.Fatalf("the corpus has %d repositories only", len(hostileRepositories))
	}
	program := buildHCI(t)
	for name, make := range hostileRepositories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTheater(t)
			h.program = program
			make(h)
			h.play()
		})
	}
}

// The corpus proves nothing if its programs and marks would not be noticed.
func TestTheCanariesSing(t *testing.T) {
	h := newTheater(t)
	h.write("hci.hcl", "passphrase_command = [\"op\", \"read\"]\n")
	cmd := h.command(context.Background(), nil, []string{"secrets", "list", "staging"})
	cmd.Env = append(cmd.Env, "HCI_TRUST=none")
	for i, entry := range cmd.Env {
		if strings.HasPrefix(entry, "HCI_PASSPHRASE=") {
			cmd.Env[i] = "X="
		}
	}
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "has not been trusted") {
		t.Fatalf("%v: %s", err, out)
	}
	agree := h.command(context.Background(), nil, []string{"trust", "--yes"})
	if out, err := agree.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	again := h.command(context.Background(), nil, []string{"secrets", "list", "staging"})
	again.Env = cmd.Env
	if out, err := again.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := os.Stat(h.ran); err != nil {
		t.Error("a program that was agreed to does not sing")
	}
}
