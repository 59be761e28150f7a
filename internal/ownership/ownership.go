// Package ownership tells whose a file is, and keeps directories that are one's
// own alone. Directories for what must not outlive the process are
// hci/internal/privatedir's.
//
// Whoever owns a file can put anything into it. hci obeys what lies in a
// project (which commands to run, which files to restore), so it asks first
// whether somebody else could have put it there: the model is git's since
// CVE-2022-24765.
package ownership

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// NotPrivateError says that a directory in which hci keeps its own state can be
// written by somebody else, so that nothing in it is believed.
type NotPrivateError struct{ Path, Problem string }

func (e *NotPrivateError) Error() string {
	return fmt.Sprintf("%s %s, so what hci remembers there is not believed", e.Path, e.Problem)
}

// Next says what to do about it.
func (e *NotPrivateError) Next() string {
	return "look at what lies in it and remove it, or name another directory with XDG_STATE_HOME"
}

// Foreign reports whether what lies at path, a symbolic link or what it leads
// to, belongs to another user than this one. The system's own (root, and on
// Windows the system and its administrators) are none, nor is the user who
// called sudo. What is not there belongs to nobody.
func Foreign(path string) (bool, error) {
	for _, look := range []func(string) (fs.FileInfo, error){os.Lstat, os.Stat} {
		info, err := look(path)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if foreign, err := foreign(path, info); foreign || err != nil {
			return foreign, err
		}
	}
	return false, nil
}

// Private reports whether a directory of hci's state is the user's alone, and
// the one that it lies in nobody else's to write to, as far as they are there.
// It fails with a [*NotPrivateError].
func Private(dir string) error {
	for _, level := range []struct {
		dir  string
		bits fs.FileMode
	}{{dir, 0o077}, {filepath.Dir(dir), 0o022}} {
		if err := private(level.dir, level.bits); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// MakePrivate makes a directory for state, where it is not there yet, and
// proves that it is the user's alone. It fails with a [*NotPrivateError].
func MakePrivate(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("hci can't keep its state: %w", err)
	}
	return Private(dir)
}

// private fails if a directory is not the user's, or gives others one of the
// rights.
func private(dir string, others fs.FileMode) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &NotPrivateError{Path: dir, Problem: "is not a directory"}
	}
	switch foreign, err := foreign(dir, info); {
	case err != nil:
		return err
	case foreign:
		return &NotPrivateError{Path: dir, Problem: "belongs to another user"}
	case hasModes && info.Mode().Perm()&others != 0:
		return &NotPrivateError{Path: dir, Problem: fmt.Sprintf("has mode %04o, which opens it to others", info.Mode().Perm())}
	}
	return nil
}
