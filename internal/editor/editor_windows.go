package editor

import (
	"errors"
	"os"
	"strings"
)

const defaultEditor = "notepad"

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

func terminate(p *os.Process) error { return p.Kill() }
