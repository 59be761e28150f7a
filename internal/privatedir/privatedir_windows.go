package privatedir

import (
	"os"
	"syscall"
)

// parentDir is the user's own directory for temporary files; Windows has no
// memory file system.
func parentDir(func(string) string) string { return os.TempDir() }

func ownSession() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
