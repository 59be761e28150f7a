package editor_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"hci/internal/editor"
	"hci/internal/privatedir"
)

// The test binary is the reaper: it is started with privatedir.ReapCommand.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == privatedir.ReapCommand {
		if err := privatedir.Reap(os.Stdin, os.Args[2], func(string) {}); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	if dir := os.Getenv("HCI_TEST_EDIT_AND_DIE"); dir != "" {
		editAndDie(dir)
	}
	os.Exit(m.Run())
}

// editAndDie leaves a private file behind, as a process that is killed does.
func editAndDie(dir string) {
	_, err := editor.New(os.Args[0], "x.tfvars", []byte("s3cr3t"), in(dir))
	if err != nil {
		os.Exit(1)
	}
	os.Stdout.WriteString("ready")
	select {}
}

// in makes private directories lie in dir.
func in(dir string) func(string) string {
	return func(name string) string {
		if name == "XDG_RUNTIME_DIR" {
			return dir
		}
		return ""
	}
}

func onUnix(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the editors here are shell commands")
	}
}

func TestEdit(t *testing.T) {
	onUnix(t)
	dir := t.TempDir()
	f, err := editor.New(os.Args[0], "x.tfvars", []byte("before\n"), in(dir))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	command := `ls -ld "$1" | cut -c1-10; ls -ld "$(dirname "$1")" | cut -c1-10; printf 'after\n' >"$1"; echo backup >"$1~"; :`
	if err := f.Run(context.Background(), command, os.Environ(), nil, &out, nil); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != "-rw-------\ndrwx------\n" {
		t.Errorf("modes of file and directory: %q", got)
	}
	text, err := f.Read(100)
	if err != nil || string(text) != "after\n" {
		t.Errorf("%q, %v", text, err)
	}
	if err := f.Remove(); err != nil {
		t.Fatal(err)
	}
	if err := f.Remove(); err != nil {
		t.Errorf("the second time: %v", err)
	}
	empty(t, dir)
}

func TestEditorFails(t *testing.T) {
	onUnix(t)
	dir := t.TempDir()
	f, err := editor.New(os.Args[0], "x.tfvars", nil, in(dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"false", "sh -c 'exit 3'", "no-such-editor-here"} {
		if err := f.Run(context.Background(), command, os.Environ(), nil, nil, nil); err == nil {
			t.Errorf("%s: no error", command)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := f.Run(ctx, "sleep 60", os.Environ(), nil, nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := f.Remove(); err != nil {
		t.Fatal(err)
	}
	empty(t, dir)
}

// TestKilled kills the process that made the file: the reaper removes it.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "HCI_TEST_EDIT_AND_DIE="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		if found, err := filepath.Glob(filepath.Join(dir, "hci-private-*", "x.tfvars")); err != nil || len(found) != 1 {
			t.Errorf("%d private files, %v", len(found), err)
		}
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	for deadline := time.Now().Add(30 * time.Second); ; {
		found, err := filepath.Glob(filepath.Join(dir, "hci-private-*"))
		if err == nil && len(found) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the private directory is still there")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestReapRemovesNothingElse(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, "hci-private-1", filepath.Join(dir, "other")} {
		if err := privatedir.Reap(bytes.NewReader(nil), path, func(string) {}); err == nil {
			t.Errorf("%s: no error", path)
		}
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		t.Error("removed")
	}
}

func TestCommand(t *testing.T) {
	env := map[string]string{}
	get := func(name string) string { return env[name] }
	fallback := editor.Command(get)
	if fallback == "" {
		t.Error("no default editor")
	}
	env["EDITOR"] = "nano"
	if got := editor.Command(get); got != "nano" {
		t.Errorf("%q", got)
	}
	env["VISUAL"] = "code --wait"
	if got := editor.Command(get); got != "code --wait" {
		t.Errorf("%q", got)
	}
	env["VISUAL"] = " "
	if got := editor.Command(get); got != "nano" {
		t.Errorf("%q", got)
	}
}

func empty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 0 {
		t.Errorf("%d entries are left, %v", len(entries), err)
	}
}
