package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// maxLinks is how many symbolic links in a row are followed, as on Linux.
const maxLinks = 40

// ErrTooManyLinks says that symbolic links lead in a circle.
var ErrTooManyLinks = errors.New("too many symbolic links")

// resolve follows symbolic links to the file that a write to path would
// change. Unlike [filepath.EvalSymlinks], it follows a link that leads to a
// file that does not exist yet.
func resolve(path string) (string, error) {
	next := path
	for range maxLinks {
		dir, base := filepath.Split(next) // not Dir, which removes ".." by spelling
		if base == "" || base == "." || base == ".." {
			return "", &KindError{Path: path, Mode: fs.ModeDir}
		}
		if dir == "" {
			dir = "."
		}
		dir, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return "", err
		}
		here := filepath.Join(dir, base)
		info, err := os.Lstat(here)
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode()&fs.ModeSymlink == 0 {
			return here, nil
		}
		if err != nil {
			return "", err
		}
		if next, err = os.Readlink(here); err != nil {
			return "", err
		}
		if !filepath.IsAbs(next) {
			next = dir + string(filepath.Separator) + next
		}
	}
	return "", fmt.Errorf("%s: %w", path, ErrTooManyLinks)
}
