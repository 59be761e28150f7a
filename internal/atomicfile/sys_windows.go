package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// closeBeforeRename: Windows renames no file that is open without
// FILE_SHARE_DELETE, and that is what keeps [removeStale] away.
const closeBeforeRename = true

// nonBlocking is nothing here: opening never waits.
const nonBlocking = 0

// createPrivate makes a file. If perm lets nobody but the owner read it, its
// access list admits only the user, the system and administrators, from the
// first moment, and inherits nothing. Such a list can be given to a path only, so
// where the file has come to lie is looked at before anything is in it.
func createPrivate(dir *os.Root, base string, perm fs.FileMode) (*os.File, error) {
	path := filepath.Join(dir.Name(), base)
	if perm&0o077 != 0 {
		return dir.OpenFile(base, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	}
	sd, err := privateDescriptor()
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	sa := &windows.SecurityAttributes{SecurityDescriptor: sd}
	sa.Length = uint32(unsafe.Sizeof(*sa))
	h, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE,
		windows.FILE_SHARE_READ, sa, windows.CREATE_NEW, windows.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	f := os.NewFile(uintptr(h), path)
	made, err := f.Stat()
	if err == nil {
		var here fs.FileInfo
		if here, err = dir.Lstat(base); err == nil && !os.SameFile(made, here) {
			err = &fs.PathError{Op: "open", Path: path, Err: errMoved}
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// errMoved says that a directory was replaced by another while a file was made.
var errMoved = errors.New("its directory was replaced by another meanwhile")

// privateDescriptor is the counterpart of mode 0600.
//
// https://learn.microsoft.com/windows/win32/secauthz/security-descriptor-string-format
func privateDescriptor() (*windows.SECURITY_DESCRIPTOR, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, err
	}
	return windows.SecurityDescriptorFromString(
		"D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;" + user.User.Sid.String() + ")")
}

// claim has nothing to do: an open file cannot be removed.
func claim(*os.File) bool { return true }

// tryLock reports whether the file could be locked now.
func tryLock(f *os.File) (bool, error) {
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &windows.Overlapped{})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}

// removeStale removes a temporary file that no process has open.
func removeStale(dir *os.Root, name string) {
	info, err := dir.Lstat(name)
	if err == nil && time.Since(info.ModTime()) > staleAfter {
		_ = dir.Remove(name)
	}
}

// renameFor is how long a file is waited for that a virus scanner looks at.
const renameFor = 2 * time.Second

// rename replaces a file by another of the same directory. Windows refuses that
// while another program has either open, a virus scanner for example, which does
// not take long.
func rename(dir *os.Root, from, to string) error {
	for end, pause := time.Now().Add(renameFor), time.Millisecond; ; pause *= 2 {
		err := dir.Rename(from, to)
		busy := errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_SHARING_VIOLATION)
		if !busy || time.Now().Add(pause).After(end) {
			return err
		}
		time.Sleep(pause)
	}
}

// setMode has nothing to do: the access list was set when the file was made.
func setMode(*os.File, fs.FileMode, fs.FileInfo) error { return nil }

// syncDir has nothing to do: NTFS writes renames to its journal.
func syncDir(*os.Root) error { return nil }
