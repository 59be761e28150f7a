package atomicfile

import (
	"fmt"
	"os"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// Lock waits until no other process, and no other call in this one, holds the
// lock at path, a file that is made if need be and stays. Its directory must
// exist. The lock ends with unlock or with the process.
func Lock(path string) (unlock func(), err error) {
	return lockedfile.MutexAt(path).Lock()
}

// TryLock is [Lock] without the waiting: ok is false while another holds it. The
// two don't mix at one path. On a file system without locks it is always had.
func TryLock(path string) (unlock func(), ok bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, false, err
	}
	if ok, err = tryLock(f); err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	if !ok || err != nil {
		_ = f.Close()
		return nil, false, err
	}
	return func() { _ = f.Close() }, true, nil // closing ends the lock
}
