// Package atomicfile writes a file whole or not at all, reads one within
// limits, and keeps several hci processes out of each other's way.
//
// [Write] makes a temporary file beside the file it replaces, readable by its
// owner alone from the first moment, writes and flushes it, and renames it over
// the file. Whoever looks at the file, at whatever moment and also after a
// crash, sees the old content whole or the new content whole. Every error leaves
// the old file as it was and no temporary file. Only a process that is killed
// can leave one; the next Write of the same file removes it. It lies in a private
// directory of its own that tells git to ignore all of it, so that no "git add"
// takes what was being written, under whatever name.
//
// A symbolic link is followed and the file that it leads to is replaced; the
// link stays. A hard link is not followed: its other names keep the old
// content. Directories, devices, pipes and sockets are refused.
//
// The directory of a file is opened once, as an [os.Root] beneath the boundary that
// [Options.Root] names; all that follows is done in that directory, wherever a
// symbolic link that somebody changes meanwhile would lead.
//
// On Windows a private file has no mode; it gets an access list of its own
// that admits the user, the system and administrators, and inherits none.
//
// Locking is lockedfile's, the go command's. The rest is written here because renameio, which also replaces atomically,
// replaces a symbolic link itself, may put the plaintext in $TMPDIR, and on
// Windows (its package maybe) falls back to truncating the file.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// maxCurrent bounds, in bytes, what a [Options.Check] is given to look at.
const maxCurrent = 64 << 20

// Options of [Write]. The zero value writes a private file.
type Options struct {
	// Perm is the mode of the file afterwards, whatever its mode was and
	// whatever the umask is; 0 means 0600.
	Perm fs.FileMode
	// Check, if set, is called when everything is ready, right before the
	// file is replaced, with what it holds then. If it returns an error, the
	// file stays as it is and Write returns that error. Between Check and the
	// replacement there is no guard but [Lock].
	Check func(current []byte, exists bool) error
	// Root, if set, is the directory, free of symbolic links, that the file must
	// lie in, wherever links lead, also if they are changed while Write is at work;
	// else it fails with an [*OutsideError].
	Root string

	step func(name string) // for tests: called after every step
}

// KindError says that a path leads to something that is not a file with
// content of its own.
type KindError struct {
	Path string
	Mode fs.FileMode
}

func (e *KindError) Error() string {
	return fmt.Sprintf("%s is %s, not a file", e.Path, kind(e.Mode))
}

func kind(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a directory"
	case m&fs.ModeDevice != 0:
		return "a device"
	case m&fs.ModeNamedPipe != 0:
		return "a pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	default:
		return "something special"
	}
}

// Write replaces the content of the file at path by data, or makes the file.
// Its directory must exist and take a new file. A nil error means that the new
// content is on the disk.
func Write(path string, data []byte, o Options) (err error) {
	if o.Perm == 0 {
		o.Perm = 0o600
	}
	if o.step == nil {
		o.step = func(string) {}
	}
	target, err := Within(o.Root, path)
	if err != nil {
		return err
	}
	parent, err := openParent(o.Root, target)
	if err != nil {
		return fmt.Errorf("%s: its directory cannot be opened: %w", path, cause(err))
	}
	defer parent.Close()
	base := filepath.Base(target)
	before, err := regularOrNone(parent, base, path)
	if err != nil {
		return err
	}
	sweep(parent, base)
	tmp, err := createTemp(parent, base, o.Perm)
	if err != nil {
		return fmt.Errorf("%s: its directory takes no new file: %w", path, cause(err))
	}
	defer func() {
		if err != nil {
			tmp.discard()
		}
	}()
	o.step("created")
	if err := tmp.fill(data, o.Perm, before, o.step); err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, cause(err))
	}
	if err := check(parent, base, path, o.Check); err != nil {
		return err
	}
	o.step("checked")
	return tmp.replace(path, base, o.step)
}

// openParent opens the directory of a file. Below root, if there is one, the
// system itself keeps it from leading out of that.
func openParent(root, target string) (*os.Root, error) {
	dir := filepath.Dir(target)
	if root == "" {
		return os.OpenRoot(dir)
	}
	r, rel, err := openRoot(root, dir)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return r.OpenRoot(rel)
}

// regularOrNone returns what there is of that name, whose path is for messages;
// nil if there is nothing.
func regularOrNone(parent *os.Root, base, path string) (fs.FileInfo, error) {
	info, err := parent.Lstat(base)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, cause(err))
	}
	if !info.Mode().IsRegular() {
		return nil, &KindError{Path: path, Mode: info.Mode()}
	}
	return info, nil
}

// check looks at the file once more and asks the caller.
func check(parent *os.Root, base, path string, ask func([]byte, bool) error) error {
	info, err := regularOrNone(parent, base, path)
	if err != nil || ask == nil {
		return err
	}
	if info == nil {
		return ask(nil, false)
	}
	f, err := parent.OpenFile(base, os.O_RDONLY|nonBlocking, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return ask(nil, false)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, cause(err))
	}
	current, err := readRegular(f, path, maxCurrent)
	_ = f.Close() // before it is replaced, for Windows
	if err != nil {
		return err
	}
	return ask(current, true)
}

// replace moves the temporary file over the target, base in the same directory.
func (t *temp) replace(path, base string, step func(string)) error {
	if closeBeforeRename {
		if err := t.file.Close(); err != nil {
			return fmt.Errorf("%s cannot be written: %w", path, cause(err))
		}
	}
	if err := rename(t.parent, t.name(contentName), base); err != nil {
		return fmt.Errorf("%s cannot be replaced: %w", path, cause(err))
	}
	t.renamed = true
	t.removeDir()
	step("renamed")
	if !closeBeforeRename {
		_ = t.file.Close() // flushed long since; this releases the lock
	}
	if err := syncDir(t.parent); err != nil {
		return fmt.Errorf("%s is replaced, but may not survive a crash of the machine: %w", path, err)
	}
	step("synced directory")
	return nil
}

// cause takes the operating system's word from an error about a temporary
// file, whose name would mean nothing to a reader.
func cause(err error) error {
	var pathErr *fs.PathError
	var linkErr *os.LinkError
	switch {
	case errors.As(err, &pathErr):
		return pathErr.Err
	case errors.As(err, &linkErr):
		return linkErr.Err
	}
	return err
}
