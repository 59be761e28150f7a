//go:build !windows

package privatedir

import (
	"os"
	"runtime"
	"syscall"
)

// parentDir is a memory file system where there is one: the user's runtime
// directory, else /dev/shm on Linux, else the directory for temporary files.
func parentDir(getenv func(string) string) string {
	dirs := []string{getenv("XDG_RUNTIME_DIR")}
	if runtime.GOOS == "linux" {
		dirs = append(dirs, "/dev/shm")
	}
	for _, dir := range dirs {
		if dir == "" {
			continue
		}
		if probe, err := os.MkdirTemp(dir, pattern); err == nil {
			_ = os.Remove(probe)
			return dir
		}
	}
	return os.TempDir()
}

func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
