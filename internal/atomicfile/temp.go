package atomicfile

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// staleAfter is longer than it takes to make a temporary directory, or to close
// and rename a file.
const staleAfter = time.Minute

const (
	tempPrefix   = ".hci-"
	tempRandom   = 8   // random bytes in a name
	tempBaseMax  = 200 // bytes of the file's own name; a file name has at most 255
	tempAttempts = 100
)

// temp is a temporary file that is to replace another, in a directory of its
// own. While it is open, it holds a lock that tells [sweep], in any process,
// that it is in use.
type temp struct {
	parent  *os.Root // the directory of the file
	dir     string   // the name in it of the temporary one
	file    *os.File
	renamed bool
}

// The files of a temporary directory: what is being written, and what makes git
// ignore it.
const (
	contentName = "content"
	ignoreName  = ".gitignore"
	ignoreAll   = "*\n"
)

// name is that of a file of the temporary directory, in its parent.
func (t *temp) name(file string) string { return filepath.Join(t.dir, file) }

// tempSuffix is the end of the names of all temporary directories of one file.
func tempSuffix(base string) string {
	if len(base) > tempBaseMax {
		base = strings.ToValidUTF8(base[len(base)-tempBaseMax:], "")
	}
	return "-" + base
}

// createTemp makes a temporary file in a directory beside the file.
func createTemp(parent *os.Root, base string, perm fs.FileMode) (*temp, error) {
	var random [tempRandom]byte
	for range tempAttempts {
		_, _ = rand.Read(random[:]) // never fails, by its contract
		t := &temp{parent: parent, dir: tempPrefix + hex.EncodeToString(random[:]) + tempSuffix(base)}
		err := parent.Mkdir(t.dir, 0o700)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		err = parent.Chmod(t.dir, 0o700) // whatever the umask left of it
		if err == nil {
			err = parent.WriteFile(t.name(ignoreName), []byte(ignoreAll), 0o600) // before there is anything to ignore
		}
		if err == nil {
			t.file, err = createPrivate(parent, t.name(contentName), perm)
		}
		if errors.Is(err, fs.ErrNotExist) {
			continue // a sweep took it for a left-over; it is gone
		}
		if err != nil {
			t.removeDir()
			return nil, err
		}
		if claim(t.file) {
			return t, nil
		}
		_ = t.file.Close()
	}
	return nil, fs.ErrExist
}

// removeDir removes the temporary directory. The file that makes git ignore the
// rest goes last.
func (t *temp) removeDir() {
	_ = t.parent.Remove(t.name(contentName))
	_ = t.parent.Remove(t.name(ignoreName))
	_ = t.parent.Remove(t.dir)
}

// isTemp reports whether name is one of the names that createTemp gives.
func isTemp(name, suffix string) bool {
	middle, ok := strings.CutPrefix(name, tempPrefix)
	if !ok {
		return false
	}
	middle, ok = strings.CutSuffix(middle, suffix)
	if !ok || len(middle) != 2*tempRandom {
		return false
	}
	_, err := hex.DecodeString(middle)
	return err == nil
}

// sweep removes what killed processes left beside the file. What it cannot
// remove it leaves: nothing depends on it.
func sweep(parent *os.Root, base string) {
	suffix := tempSuffix(base)
	entries, err := fs.ReadDir(parent.FS(), ".")
	if err != nil {
		return
	}
	for _, e := range entries {
		switch {
		case !isTemp(e.Name(), suffix):
		case e.IsDir():
			(&temp{parent: parent, dir: e.Name()}).sweep()
		case e.Type().IsRegular(): // of an earlier hci
			removeStale(parent, e.Name())
		}
	}
}

// sweep removes a temporary directory, if it is one and nobody is at work in it.
func (t *temp) sweep() {
	entries, err := fs.ReadDir(t.parent.FS(), t.dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.Name() != contentName && e.Name() != ignoreName {
			return // somebody else's
		}
	}
	content := t.name(contentName)
	if _, err := t.parent.Lstat(content); err == nil {
		removeStale(t.parent, content)
		if _, err := t.parent.Lstat(content); err == nil {
			return // in use
		}
	} else if !t.isOld() {
		return // about to be filled
	}
	t.removeDir()
}

// isOld reports whether the directory was made longer ago than it takes to fill
// it.
func (t *temp) isOld() bool {
	info, err := t.parent.Lstat(t.dir)
	return err == nil && time.Since(info.ModTime()) > staleAfter
}

// fill writes the content and flushes it to the disk.
func (t *temp) fill(data []byte, perm fs.FileMode, before fs.FileInfo, step func(string)) error {
	if _, err := t.file.Write(data); err != nil {
		return err
	}
	step("written")
	if err := setMode(t.file, perm, before); err != nil {
		return err
	}
	if err := t.file.Sync(); err != nil {
		return err
	}
	step("synced")
	return nil
}

// discard removes the temporary file.
func (t *temp) discard() {
	if t.renamed {
		return
	}
	_ = t.file.Close()
	t.removeDir()
}
