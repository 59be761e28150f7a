//go:build unix

package atomicfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nobody is the user that has no rights, on every Unix.
const nobody = 65534

func (j job) runSystem() int {
	switch j.Do {
	case "small": // no file may grow beyond 100 bytes
		signal.Ignore(syscall.SIGXFSZ)
		limit := syscall.Rlimit{Cur: 100, Max: 100}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			fmt.Println("setrlimit:", err)
			return 2
		}
		err := Write(j.Path, []byte(strings.Repeat("x", 1000)), Options{})
		fmt.Println(err)
		return report(errors.Is(err, syscall.EFBIG))
	case "nobody":
		if os.Geteuid() == 0 {
			if err := errors.Join(syscall.Setgid(nobody), syscall.Setuid(nobody)); err != nil {
				fmt.Println("setuid:", err)
				return 2
			}
		}
		_, readErr := Read(j.Path, 100)
		err := Write(j.Path, []byte(newText), Options{})
		fmt.Println(err)
		return report(errors.Is(err, fs.ErrPermission) && errors.Is(readErr, fs.ErrPermission))
	}
	return 2
}

func report(ok bool) int {
	if ok {
		return 0
	}
	return 1
}

// A write that the system cuts short, as a full disk does.
func TestNoRoomLeft(t *testing.T) {
	for _, exists := range []bool{false, true} {
		dir := t.TempDir()
		path := filepath.Join(dir, "f")
		if exists {
			mustWrite(t, path, oldText, 0o600)
		}
		out, err := child(t, job{Do: "small", Path: path}).CombinedOutput()
		if err != nil {
			t.Errorf("%v: %s", err, out)
		}
		if !strings.Contains(string(out), path+" cannot be written: file too large") {
			t.Errorf("the error is %q", out)
		}
		if exists {
			mustHold(t, path, oldText)
			only(t, dir, "f")
		} else {
			only(t, dir)
		}
	}
}

// In a directory that takes no file, an unreadable file stays as it is. Root,
// who may do anything, becomes nobody first.
func TestReadOnlyDirectory(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	mustWrite(t, path, oldText, 0o000)
	if os.Geteuid() == 0 {
		if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	out, err := child(t, job{Do: "nobody", Path: path}).CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if want := path + ": its directory takes no new file: permission denied"; strings.TrimSpace(string(out)) != want {
		t.Errorf("the error is %q, want %q", out, want)
	}
	only(t, dir, "f")
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	mustHold(t, path, oldText)
}

func TestRootKeepsTheOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	path := filepath.Join(t.TempDir(), "f")
	mustWrite(t, path, oldText, 0o600)
	if err := os.Chown(path, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte(newText), Options{}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || st.Uid != nobody || st.Gid != nobody {
		t.Errorf("the file belongs to %d:%d", st.Uid, st.Gid)
	}
	mode(t, path, 0o600)
}

// A generous umask or a strict one: the mode is the one asked for.
func TestUmaskDoesNotMatter(t *testing.T) {
	for _, mask := range []int{0, 0o777} {
		path := filepath.Join(t.TempDir(), "f")
		old := syscall.Umask(mask)
		err := Write(path, []byte(newText), Options{Perm: 0o640})
		syscall.Umask(old)
		if err != nil {
			t.Fatal(err)
		}
		mode(t, path, 0o640)
	}
}

func TestPipeIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	var kind *KindError
	if err := Write(pipe, nil, Options{}); !errors.As(err, &kind) {
		t.Errorf("writing a pipe: %v", err)
	}
}

// What has no content of its own is refused before it is opened, which would wait
// for ever; a pipe that a person names is read, until they have had enough.
func TestPipesDoNotHang(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	var kind *KindError
	if _, err := Read(pipe, 100); !errors.As(err, &kind) {
		t.Errorf("%v", err)
	}
	if data, err := ReadInput(context.Background(), pipe, 100); err != nil || len(data) > 0 {
		t.Errorf("a pipe that nobody writes to: %q, %v", data, err)
	}
	w, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := ReadInput(ctx, pipe, 100); !errors.Is(err, context.Canceled) {
		t.Errorf("a pipe that nobody closes: %v", err)
	}
}

func TestProcessSubstitution(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := w.WriteString(newText); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := ReadInput(context.Background(), fmt.Sprintf("/dev/fd/%d", r.Fd()), 100)
	if err != nil || string(data) != newText {
		t.Errorf("read %d bytes (%v)", len(data), err)
	}
}

// The lock of a process that died is free.
func TestLockOfAKilledProcess(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	_ = child(t, job{Do: "die", Path: path, Step: "created"}).Run()
	left := leftovers(t, dir)
	if len(left) != 1 {
		t.Fatalf("%d temporary files", len(left))
	}
	if err := os.Chtimes(left[0], time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
	sweepAt(t, path) // at once, whatever its age
	only(t, dir)
}
