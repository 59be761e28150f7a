package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
)

func realDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// Links that lead out of a directory, and those that stay in it, are told apart
// by where they lead, whatever they look like.
func TestLinksOutOfADirectory(t *testing.T) {
	root, outside := realDir(t), realDir(t)
	mustWrite(t, filepath.Join(outside, "theirs"), "theirs", 0o600)
	mustWrite(t, filepath.Join(root, "mine"), "mine", 0o600)
	mkdir(t, filepath.Join(root, "sub"))
	up, err := filepath.Rel(root, outside)
	if err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{
		"in": "mine", "in-absolute": filepath.Join(root, "mine"), "in-new": "sub/new",
		"out": filepath.Join(outside, "theirs"), "out-relative": up + "/theirs", "out-new": filepath.Join(outside, "new"),
		"out-dir": outside, "out-twice": "out", "passwd": "/etc/passwd",
	} {
		symlink(t, to, filepath.Join(root, name))
	}
	for _, name := range []string{"out", "out-relative", "out-new", "out-twice", "out-dir/theirs", "out-dir/new", "passwd"} {
		path := filepath.Join(root, filepath.FromSlash(name))
		var e *OutsideError
		if err := Write(path, []byte(newText), Options{Root: root}); !errors.As(err, &e) || e.Path != path {
			t.Errorf("writing %s: %v", name, err)
		}
		if _, err := ReadIn(root, path, 1000); !errors.As(err, &e) && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("reading %s: %v", name, err)
		}
		if _, err := fs.ReadFile(FS(root), name); !errors.As(err, &e) && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("reading %s of the file system: %v", name, err)
		}
	}
	mustHold(t, filepath.Join(outside, "theirs"), "theirs")
	only(t, outside, "theirs")
	for _, name := range []string{"in", "in-absolute", "mine"} {
		data, err := ReadIn(root, filepath.Join(root, name), 100)
		if err != nil || string(data) != "mine" {
			t.Errorf("%s: %q, %v", name, data, err)
		}
		if data, err = fs.ReadFile(FS(root), name); err != nil || string(data) != "mine" {
			t.Errorf("%s of the file system: %q, %v", name, data, err)
		}
	}
	if err := Write(filepath.Join(root, "in-new"), []byte(newText), Options{Root: root}); err != nil {
		t.Fatal(err)
	}
	mustHold(t, filepath.Join(root, "sub", "new"), newText)
}

func TestFS(t *testing.T) {
	root := realDir(t)
	mkdir(t, filepath.Join(root, "sub", "deep"))
	for _, name := range []string{"a", "sub/b", "sub/deep/c"} {
		mustWrite(t, filepath.Join(root, filepath.FromSlash(name)), name, 0o600)
	}
	if err := fstest.TestFS(FS(root), "a", "sub/b", "sub/deep/c"); err != nil {
		t.Error(err)
	}
	if _, err := fs.Stat(FS(root), "none"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
