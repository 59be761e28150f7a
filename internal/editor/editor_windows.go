package editor

import (
	"errors"
	"os"
	"strings"
	"syscall"
)

const defaultEditor = "notepad"

// parentDir is the user's own directory for temporary files; Windows has no
// memory file system.
func parentDir(func(string) string) string { return os.TempDir() }

// editorArgs splits the command at blanks outside double quotes.
func editorArgs(command, path string) ([]string, error) {
	var argv []string
	var word strings.Builder
	quoted, inWord := false, false
	for _, r := range command {
		switch {
		case r == '"':
			quoted, inWord = !quoted, true
		case r == ' ' && !quoted:
			if inWord {
				argv = append(argv, word.String())
			}
			word.Reset()
			inWord = false
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if quoted {
		return nil, errors.New("the editor's command has an open quote")
	}
	if inWord {
		argv = append(argv, word.String())
	}
	if len(argv) == 0 {
		return nil, errors.New("no editor: set VISUAL or EDITOR")
	}
	return append(argv, path), nil
}

func ownSession() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

func terminate(p *os.Process) error { return p.Kill() }
