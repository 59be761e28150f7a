package atomicfile

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	tempPrefix   = ".hci-"
	tempRandom   = 8   // random bytes in a name
	tempBaseMax  = 200 // bytes of the file's own name; a file name has at most 255
	tempAttempts = 100
)

// temp is a temporary file that is to replace another. While it is open, it
// holds a lock that tells [sweep], in any process, that it is in use.
type temp struct {
	file    *os.File
	renamed bool
}

// tempSuffix is the end of the names of all temporary files of one target.
func tempSuffix(target string) string {
	base := filepath.Base(target)
	if len(base) > tempBaseMax {
		base = strings.ToValidUTF8(base[len(base)-tempBaseMax:], "")
	}
	return "-" + base
}

// createTemp makes a temporary file beside the target.
func createTemp(target string, perm fs.FileMode) (*temp, error) {
	var random [tempRandom]byte
	for range tempAttempts {
		_, _ = rand.Read(random[:]) // never fails, by its contract
		name := tempPrefix + hex.EncodeToString(random[:]) + tempSuffix(target)
		f, err := createPrivate(filepath.Join(filepath.Dir(target), name), perm)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if claim(f) {
			return &temp{file: f}, nil
		}
		_ = f.Close() // a sweep took it for a left-over; it is gone
	}
	return nil, fs.ErrExist
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

// sweep removes the temporary files that killed processes left beside the
// target. What it cannot remove it leaves: nothing depends on it.
func sweep(target string) {
	dir, suffix := filepath.Dir(target), tempSuffix(target)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.Type().IsRegular() && isTemp(e.Name(), suffix) {
			removeStale(filepath.Join(dir, e.Name()))
		}
	}
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
	_ = os.Remove(t.file.Name())
}
