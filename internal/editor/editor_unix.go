//go:build !windows

package editor

import (
	"os"
	"strings"
	"syscall"
)

const defaultEditor = "vi"

// editorArgs runs a command with quotes or other shell syntax through the
// shell, as git does, and any other directly, so that a signal reaches the
// editor itself.
func editorArgs(command, path string) ([]string, error) {
	if !strings.ContainsAny(command, "|&;<>()$`\\\"'*?[#~=%\n") {
		return append(strings.Fields(command), path), nil
	}
	return []string{"sh", "-c", command + ` "$@"`, command, path}, nil
}

func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
