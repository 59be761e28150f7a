package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func symlink(t *testing.T, to, path string) {
	t.Helper()
	err := os.Symlink(filepath.FromSlash(to), path)
	if err != nil && runtime.GOOS == "windows" {
		t.Skipf("this user may make no symbolic links: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, path string) string {
	t.Helper()
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// Each case makes a link called "link" in dir/a, and says which file under dir
// it leads to. Both an existing and a missing target are written.
func TestWriteFollowsSymbolicLinks(t *testing.T) {
	cases := map[string]struct {
		make   func(t *testing.T, dir string)
		target string
	}{
		"one link": {func(t *testing.T, dir string) {
			symlink(t, "target", filepath.Join(dir, "a", "link"))
		}, "a/target"},
		"a chain": {func(t *testing.T, dir string) {
			symlink(t, "second", filepath.Join(dir, "a", "link"))
			symlink(t, "../b/third", filepath.Join(dir, "a", "second"))
			symlink(t, "target", filepath.Join(dir, "b", "third"))
		}, "b/target"},
		"absolute": {func(t *testing.T, dir string) {
			symlink(t, filepath.Join(dir, "b", "target"), filepath.Join(dir, "a", "link"))
		}, "b/target"},
		// ".." goes up from where the directory link leads, not from where it lies
		"up from a linked directory": {func(t *testing.T, dir string) {
			mkdir(t, filepath.Join(dir, "b", "deep"))
			symlink(t, "../b/deep", filepath.Join(dir, "a", "sub"))
			symlink(t, "sub/../target", filepath.Join(dir, "a", "link"))
		}, "b/target"},
	}
	for name, c := range cases {
		for _, exists := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				dir := t.TempDir()
				a, b := mkdir(t, filepath.Join(dir, "a")), mkdir(t, filepath.Join(dir, "b"))
				c.make(t, dir)
				target := filepath.Join(dir, filepath.FromSlash(c.target))
				if exists {
					mustWrite(t, target, oldText, 0o644)
				}
				link := filepath.Join(a, "link")
				err := Write(link, []byte(newText), Options{Check: func(current []byte, there bool) error {
					if there != exists || there && string(current) != oldText {
						t.Errorf("Check was told %d bytes, %t", len(current), there)
					}
					return nil
				}})
				if err != nil {
					t.Fatal(err)
				}
				mustHold(t, target, newText)
				mode(t, target, 0o600)
				mustHold(t, link, newText)
				if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
					t.Errorf("the link is no longer one (%v)", err)
				}
				if left := append(leftovers(t, a), leftovers(t, b)...); len(left) > 0 {
					t.Errorf("left behind: %q", left)
				}
			})
		}
	}
}

func TestLinksThatLeadNowhere(t *testing.T) {
	dir := t.TempDir()
	symlink(t, "round", filepath.Join(dir, "round"))
	if err := Write(filepath.Join(dir, "round"), nil, Options{}); !errors.Is(err, ErrTooManyLinks) {
		t.Error(err)
	}
	symlink(t, "no/such/file", filepath.Join(dir, "lost"))
	if err := Write(filepath.Join(dir, "lost"), nil, Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	mkdir(t, filepath.Join(dir, "sub"))
	symlink(t, "sub", filepath.Join(dir, "dir"))
	var kind *KindError
	if err := Write(filepath.Join(dir, "dir"), nil, Options{}); !errors.As(err, &kind) {
		t.Error(err)
	}
	only(t, dir, "dir", "lost", "round", "sub")
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	mustWrite(t, path, oldText, 0o600)
	size := int64(len(oldText))
	data, err := Read(path, size)
	if err != nil || string(data) != oldText {
		t.Errorf("%d bytes (%v)", len(data), err)
	}
	var large *TooLargeError
	if data, err = Read(path, size-1); !errors.As(err, &large) || data != nil {
		t.Errorf("%d bytes (%v)", len(data), err)
	}
	var kind *KindError
	if _, err = Read(dir, 100); !errors.As(err, &kind) || kind.Path != dir || !kind.Mode.IsDir() {
		t.Error(err)
	}
	if _, err = Read(filepath.Join(dir, "none"), 100); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	mustWrite(t, path, "", 0o600)
	if data, err = Read(path, 0); err != nil || data == nil || len(data) != 0 {
		t.Errorf("%d bytes, nil is %t (%v)", len(data), data == nil, err)
	}
	if runtime.GOOS != "windows" {
		if _, err = Read("/dev/zero", 100); !errors.As(err, &kind) {
			t.Error(err)
		}
	}
}

func TestSizesInErrors(t *testing.T) {
	for n, want := range map[int64]string{16 << 20: "16 MiB", 64 << 10: "64 KiB", 100: "100 bytes", 1 << 30: "1024 MiB"} {
		if got := bytes(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
