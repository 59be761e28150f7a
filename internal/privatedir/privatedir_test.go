package privatedir

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestMain plays hci, which removes a directory whose owner is gone.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == ReapCommand {
		if err := Reap(os.Stdin, os.Args[2], func(string) {}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func gone(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s stays: %v", path, err)
	}
}

func TestNew(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	runtimeDir := t.TempDir()
	d, err := New(self, func(name string) string {
		return map[string]string{"XDG_RUNTIME_DIR": runtimeDir}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		if info, err := os.Stat(d.Path); err != nil || info.Mode().Perm() != 0o700 || filepath.Dir(d.Path) != runtimeDir {
			t.Errorf("%s: %v, %v", d.Path, info, err)
		}
	}
	if err := os.WriteFile(filepath.Join(d.Path, "plain"), []byte("s3cr3t"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := d.Remove(); err != nil {
			t.Error(err)
		}
	}
	gone(t, d.Path)
}

// TestOwnerGone: the directory goes once the other end of the pipe is closed,
// as it is when a process is killed.
func TestOwnerGone(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	d, err := NewOnDisk(self)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.Path, "plain"), []byte("s3cr3t"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.alive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.reaper.Wait(); err != nil {
		t.Error(err)
	}
	gone(t, d.Path)
}

// TestReap removes nothing but a directory of this package's making.
func TestReap(t *testing.T) {
	for _, name := range []string{"home", "hci-private", "x-hci-private-1"} {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := Reap(strings.NewReader(""), dir, func(string) { t.Error("it goes on") }); err == nil {
			t.Errorf("%s was removed", name)
		}
		if _, err := os.Stat(dir); err != nil {
			t.Error(err)
		}
	}
	if err := Reap(new(bytes.Reader), "hci-private-1", func(string) {}); err == nil {
		t.Error("a relative path was taken")
	}
}

func TestNoReaper(t *testing.T) {
	parent := t.TempDir()
	if _, err := newIn(parent, filepath.Join(parent, "no-such-program")); err == nil {
		t.Fatal("no error")
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) != 0 {
		t.Errorf("%v stays, %v", left, err)
	}
}
