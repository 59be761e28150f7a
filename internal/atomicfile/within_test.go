package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
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

// A directory that is replaced by a link to elsewhere, at any moment of a write,
// leads nothing there.
func TestADirectoryThatIsSwapped(t *testing.T) {
	var steps []string
	if err := Write(filepath.Join(realDir(t), "f"), nil, Options{step: func(name string) { steps = append(steps, name) }}); err != nil {
		t.Fatal(err)
	}
	for _, at := range steps {
		root, outside := realDir(t), realDir(t)
		sub, moved := filepath.Join(root, "sub"), filepath.Join(root, "moved")
		mkdir(t, sub)
		mustWrite(t, filepath.Join(outside, "f"), "theirs", 0o600)
		err := Write(filepath.Join(sub, "f"), []byte(newText), Options{Root: root, step: func(name string) {
			if name != at {
				return
			}
			err := os.Rename(sub, moved)
			if err != nil && runtime.GOOS == "windows" {
				t.Skipf("a directory that is open is not renamed: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			symlink(t, outside, sub)
		}})
		if err != nil {
			t.Errorf("swapped after %q: %v", at, err)
		}
		mustHold(t, filepath.Join(outside, "f"), "theirs")
		only(t, outside, "f")
		mustHold(t, filepath.Join(moved, "f"), newText)
		only(t, moved, "f")
	}
}

// The same between the look at where a path leads and the opening of its directory.
func TestADirectoryThatIsSwappedBefore(t *testing.T) {
	root, outside := realDir(t), realDir(t)
	mustWrite(t, filepath.Join(outside, "f"), "theirs", 0o644)
	symlink(t, outside, filepath.Join(root, "sub"))
	target := filepath.Join(root, "sub", "f") // as it was found when sub was a directory
	if dir, err := openParent(root, target); err == nil {
		t.Errorf("%s was opened", dir.Name())
		_ = dir.Close()
	}
	remove := func(dir *os.Root, base string) error { return dir.Remove(base) }
	if err := in(root, target, target, remove); err == nil {
		t.Error("something was removed")
	}
	mustHold(t, filepath.Join(outside, "f"), "theirs")
}

func TestChangesStayInside(t *testing.T) {
	root, outside := realDir(t), realDir(t)
	mustWrite(t, filepath.Join(outside, "f"), "theirs", 0o644)
	symlink(t, outside, filepath.Join(root, "dir"))
	symlink(t, filepath.Join(outside, "f"), filepath.Join(root, "file"))
	var e *OutsideError
	for _, name := range []string{"file", "dir/f"} {
		if err := Chmod(root, filepath.Join(root, name), 0o600); !errors.As(err, &e) {
			t.Errorf("mode of %s: %v", name, err)
		}
	}
	if err := Remove(root, filepath.Join(root, "dir", "f")); !errors.As(err, &e) {
		t.Error(err)
	}
	if err := MkdirAll(root, filepath.Join(root, "dir", "new"), 0o700); err == nil {
		t.Error("a directory was made outside")
	}
	mode(t, filepath.Join(outside, "f"), 0o644)
	only(t, outside, "f")
	mkdir(t, filepath.Join(root, "sub"))
	inside := filepath.Join(root, "sub", "deep", "f")
	if err := MkdirAll(root, filepath.Dir(inside), 0o700); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, inside, oldText, 0o644)
	if err := Chmod(root, inside, 0o600); err != nil {
		t.Error(err)
	}
	mode(t, inside, 0o600)
	if err := errors.Join(Remove(root, inside), Remove(root, filepath.Join(root, "file"))); err != nil {
		t.Error(err)
	}
	only(t, filepath.Dir(inside))
	mustHold(t, filepath.Join(outside, "f"), "theirs") // the link went
}
