// Package editor lets a person edit a text with their own editor without the
// text ever lying in a place that others read or that outlives the edit.
//
// The text is a 0600 file in a directory of [privatedir]. What the editor leaves
// beside it (swap files, backups) lies in that directory too. [File.Remove]
// removes it all; should hci be killed before it gets there, the reaper process
// does.
package editor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"hci/internal/atomicfile"
	"hci/internal/child"
	"hci/internal/interrupt"
	"hci/internal/privatedir"
)

// File is a text under edit.
type File struct {
	dir  *privatedir.Dir
	path string
}

// New writes text to a private file called name. self is the path of the hci
// binary, which is started once more as the reaper.
func New(self, name string, text []byte, getenv func(string) string) (*File, error) {
	dir, err := privatedir.New(self, getenv)
	if err != nil {
		return nil, err
	}
	f := &File{dir: dir, path: filepath.Join(dir.Path, filepath.Base(name))}
	if err := os.WriteFile(f.path, text, 0o600); err != nil {
		return nil, errors.Join(err, f.Remove())
	}
	return f, nil
}

// Run lets the user edit: command is the editor with its arguments as $VISUAL
// and $EDITOR hold it, a piece of shell on Unix; environ is hci's environment. If ctx ends, so does the
// editor. An editor that fails is an error.
func (f *File) Run(ctx context.Context, command string, environ []string, in io.Reader, out, errOut io.Writer) error {
	argv, err := editorArgs(command, f.path)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, errOut
	cmd.Env = child.Environ(child.Editor, environ)
	cmd.Cancel = func() error { return terminate(cmd.Process) }
	cmd.WaitDelay = 2 * time.Second
	defer interrupt.Hold()() // Ctrl-C belongs to the editor
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("editor %q: %w", command, err)
	}
	return nil
}

// Read returns what the file holds now, at most max bytes.
func (f *File) Read(max int64) ([]byte, error) { return atomicfile.Read(f.path, max) }

// Remove removes the file and all that lies beside it, and ends the reaper.
// A second call does nothing.
func (f *File) Remove() error { return f.dir.Remove() }

// Command returns the user's editor: $VISUAL, else $EDITOR, else the one that
// every system of this kind has.
func Command(getenv func(string) string) string {
	for _, name := range []string{"VISUAL", "EDITOR"} {
		if c := strings.TrimSpace(getenv(name)); c != "" {
			return c
		}
	}
	return defaultEditor
}
