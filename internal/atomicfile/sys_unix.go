//go:build unix

package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// closeBeforeRename: an open file can be renamed, so the temporary file stays
// locked until it is in place.
const closeBeforeRename = false

// nonBlocking opens a pipe without waiting for its other end.
const nonBlocking = unix.O_NONBLOCK

// createPrivate makes a file that only its owner can read.
func createPrivate(dir *os.Root, name string, _ fs.FileMode) (*os.File, error) {
	return dir.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

// claim locks a new temporary file against [removeStale]. It reports false if
// that came first. A file system without locks has no sweep either.
func claim(f *os.File) bool {
	if err := lock(f); errors.Is(err, unix.EWOULDBLOCK) {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return true // the write that follows will say why
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return !ok || st.Nlink > 0
}

func lock(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// tryLock reports whether the file could be locked now.
func tryLock(f *os.File) (bool, error) {
	err := lock(f)
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		return false, nil
	case errors.Is(err, unix.ENOLCK), errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.ENOSYS):
		return true, nil
	}
	return err == nil, err
}

// removeStale removes a temporary file that no process has locked.
func removeStale(dir *os.Root, name string) {
	f, err := dir.OpenFile(name, os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return
	}
	defer f.Close()
	if lock(f) == nil {
		_ = dir.Remove(name)
	}
}

// rename replaces a file by another of the same directory.
func rename(dir *os.Root, from, to string) error { return dir.Rename(from, to) }

// setMode gives the file its mode and, as far as the process may, the owner of
// the file it replaces: a file that root edits stays its owner's.
func setMode(f *os.File, perm fs.FileMode, before fs.FileInfo) error {
	if before != nil {
		if st, ok := before.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() {
			_ = f.Chown(int(st.Uid), int(st.Gid))
		}
	}
	return f.Chmod(perm)
}

// syncDir flushes the directory, and with it the rename. A file system that
// cannot flush one leaves it to the system.
func syncDir(dir *os.Root) error {
	d, err := dir.Open(".")
	if err != nil {
		return nil
	}
	defer d.Close()
	err = d.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EBADF) {
		return nil
	}
	return err
}
