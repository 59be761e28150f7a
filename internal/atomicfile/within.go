package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// OutsideError says that a path leads out of the directory that it lies in by
// its name, so that what is there was neither read nor written.
type OutsideError struct {
	Path   string // as it was given
	Target string // where it leads
	Root   string // what it leads out of
}

func (e *OutsideError) Error() string {
	if !IsWithin(e.Root, e.Path) {
		return fmt.Sprintf("%s lies outside %s, and a project's files lie in it", e.Path, e.Root)
	}
	return fmt.Sprintf("%s leads to %s, outside %s: a symbolic link out of the project is not followed", e.Path, e.Target, e.Root)
}

// Next says what to do about it.
func (e *OutsideError) Next() string {
	return "if that file is meant, move it or a copy of it into the project"
}

// IsWithin reports whether a path lies in a directory by its name, whatever
// links there are.
func IsWithin(root, path string) bool {
	rel, err := filepath.Rel(root, path)
	return err == nil && filepath.IsLocal(rel)
}

// Within returns where a path leads, which must be in root, itself free of
// symbolic links; with no root it can be anywhere. A file that does not exist yet
// is where it would be. It fails with an [*OutsideError].
func Within(root, path string) (string, error) {
	target, err := resolve(path)
	if err != nil {
		return "", err
	}
	if root != "" && !IsWithin(root, target) {
		return "", &OutsideError{Path: path, Target: target, Root: root}
	}
	return target, nil
}

// ReadIn is [Read] of a file that must lie in root, itself free of symbolic
// links; with no root it is Read. It fails with an [*OutsideError].
func ReadIn(root, path string, maxSize int64) ([]byte, error) {
	if root == "" {
		return Read(path, maxSize)
	}
	f, err := openIn(root, path, func(m fs.FileMode) bool { return m.IsRegular() })
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, path, maxSize)
}

// openRoot opens root, and tells how a path of it is called there.
func openRoot(root, path string) (r *os.Root, rel string, err error) {
	if rel, err = filepath.Rel(root, path); err != nil {
		return nil, "", err
	}
	r, err = os.OpenRoot(root)
	return r, rel, err
}

// openIn opens what a path leads to in root if its mode is wanted, which is
// asked before and after. The system itself keeps it in root should a link be
// changed meanwhile.
func openIn(root, path string, wanted func(fs.FileMode) bool) (*os.File, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	if !IsWithin(root, real) {
		return nil, &OutsideError{Path: path, Target: real, Root: root}
	}
	r, rel, err := openRoot(root, real)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	info, err := r.Stat(rel)
	if err == nil && !wanted(info.Mode()) {
		err = &KindError{Path: path, Mode: info.Mode()}
	}
	if err != nil {
		return nil, err
	}
	f, err := r.OpenFile(rel, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return nil, err
	}
	if info, err = f.Stat(); err == nil && !wanted(info.Mode()) {
		err = &KindError{Path: path, Mode: info.Mode()}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// FS is the file system of a directory, from which no symbolic link leads out.
// Files and directories can be opened; anything else is refused with a
// [*KindError] before it is. An error is an [*fs.PathError], which can wrap an
// [*OutsideError].
func FS(root string) fs.FS { return dirFS(root) }

type dirFS string

func (d dirFS) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	f, err := openIn(string(d), filepath.Join(string(d), filepath.FromSlash(name)), func(m fs.FileMode) bool { return m.IsRegular() || m.IsDir() })
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return f, nil
}
