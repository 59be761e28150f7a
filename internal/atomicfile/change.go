package atomicfile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Chmod changes the mode of the file that a path leads to, as [Options.Root] says
// of writing.
func Chmod(root, path string, perm fs.FileMode) error {
	target, err := Within(root, path)
	if err != nil {
		return err
	}
	return in(root, target, path, func(dir *os.Root, base string) error { return dir.Chmod(base, perm) })
}

// Remove removes the file at a path, a link itself and not what it leads to, from
// a directory that must lie in root, as [Options.Root] says of writing.
func Remove(root, path string) error {
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return err
	}
	target := filepath.Join(dir, filepath.Base(path))
	if root != "" && !IsWithin(root, target) {
		return &OutsideError{Path: path, Target: target, Root: root}
	}
	return in(root, target, path, (*os.Root).Remove)
}

// MkdirAll makes a directory of root, and those above it, if they are not there;
// with no root it can be anywhere.
func MkdirAll(root, path string, perm fs.FileMode) error {
	if root == "" {
		return os.MkdirAll(path, perm)
	}
	r, rel, err := openRoot(root, path)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := r.MkdirAll(rel, perm); err != nil {
		return fmt.Errorf("%s: %w", path, cause(err))
	}
	return nil
}

// in does something to a file in its directory, which is held open.
func in(root, target, path string, do func(dir *os.Root, base string) error) error {
	dir, err := openParent(root, target)
	if err != nil {
		return fmt.Errorf("%s: its directory cannot be opened: %w", path, cause(err))
	}
	defer dir.Close()
	if err := do(dir, filepath.Base(target)); err != nil {
		return fmt.Errorf("%s: %w", path, cause(err))
	}
	return nil
}
