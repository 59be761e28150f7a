package atomicfile

import "github.com/rogpeppe/go-internal/lockedfile"

// Lock waits until no other process, and no other call in this one, holds the
// lock at path, a file that is made if need be and stays. Its directory must
// exist. The lock ends with unlock or with the process.
func Lock(path string) (unlock func(), err error) {
	return lockedfile.MutexAt(path).Lock()
}
