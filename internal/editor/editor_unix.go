//go:build !windows

package editor

import (
	"os"
	"runtime"
	"strings"
	"syscall"
)

const defaultEditor = "vi"

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
		if probe, err := os.MkdirTemp(dir, dirPattern); err == nil {
			_ = os.Remove(probe)
			return dir
		}
	}
	return os.TempDir()
}

// editorArgs runs a command with quotes or other shell syntax through the
// shell, as git does, and any other directly, so that a signal reaches the
// editor itself.
func editorArgs(command, path string) ([]string, error) {
	if !strings.ContainsAny(command, "|&;<>()$`\\\"'*?[#~=%\n") {
		return append(strings.Fields(command), path), nil
	}
	return []string{"sh", "-c", command + ` "$@"`, command, path}, nil
}

func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
