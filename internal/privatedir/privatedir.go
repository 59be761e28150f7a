// Package privatedir makes directories for what must neither be read by others
// nor outlive the process: 0700, on a memory file system where the machine has
// one, and removed even if the process is killed.
package privatedir

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"hci/internal/child"
)

// ReapCommand is the argument that makes hci call [Reap] on the next one.
const ReapCommand = "reap-private-directory"

// pattern names the directories.
const pattern = "hci-private-*"

// Dir is one.
type Dir struct {
	Path   string
	reaper *exec.Cmd
	alive  io.Closer // closing it, or dying, makes the reaper remove the directory
}

// New makes a directory. self is the path of the hci binary, which is started
// once more as the reaper.
func New(self string, getenv func(string) string) (*Dir, error) {
	return newIn(parentDir(getenv), self)
}

// NewOnDisk is [New] for what is too large for memory, in the directory for
// temporary files.
func NewOnDisk(self string) (*Dir, error) { return newIn(os.TempDir(), self) }

func newIn(parent, self string) (*Dir, error) {
	path, err := os.MkdirTemp(parent, pattern) // 0700
	if err != nil {
		return nil, err
	}
	d := &Dir{Path: path}
	if err := d.startReaper(self); err != nil {
		return nil, errors.Join(err, os.RemoveAll(path))
	}
	return d, nil
}

// startReaper starts the process that removes the directory when this one is
// gone, for whatever reason.
func (d *Dir) startReaper(self string) error {
	d.reaper = exec.Command(self, ReapCommand, d.Path)
	d.reaper.Args[0] = "hci"
	d.reaper.Env = child.Environ(child.Reaper, os.Environ())
	d.reaper.SysProcAttr = ownSession() // no signal meant for us reaches it
	alive, err := d.reaper.StdinPipe()
	if err != nil {
		return err
	}
	d.alive = alive
	return d.reaper.Start()
}

// Reap waits for alive to end, which it does when the process that holds its
// other end closes it or dies, calls before, and removes dir.
func Reap(alive io.Reader, dir string, before func(dir string)) error {
	if ok, err := filepath.Match(pattern, filepath.Base(dir)); err != nil || !ok || !filepath.IsAbs(dir) {
		return fmt.Errorf("%q is not a directory of this command's making", dir)
	}
	_, _ = io.Copy(io.Discard, alive)
	before(dir)
	return os.RemoveAll(dir)
}

// Remove removes the directory with all that lies in it, and ends the reaper. A
// second call does nothing.
func (d *Dir) Remove() error {
	err := os.RemoveAll(d.Path)
	if d.alive != nil {
		_ = d.alive.Close()
		_ = d.reaper.Wait()
		d.alive = nil
	}
	return err
}
