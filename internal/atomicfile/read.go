package atomicfile

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// TooLargeError says that a file is larger than what its reader takes.
type TooLargeError struct {
	Path string
	Max  int64 // bytes
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%s is larger than %s", e.Path, bytes(e.Max))
}

func bytes(n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	default:
		return fmt.Sprintf("%d bytes", n)
	}
}

// Read returns the content of a file of at most maxSize bytes, following
// symbolic links. A pipe is read to its end, as a shell's <(command) is one.
// Directories, devices and sockets are refused with a [*KindError], larger
// files with a [*TooLargeError]; other errors are the operating system's and
// answer to [errors.Is] with fs.ErrNotExist or fs.ErrPermission.
func Read(path string, maxSize int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !readable(info) { // asked before opening, which can have effects on a device
		return nil, &KindError{Path: path, Mode: info.Mode()}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, err
	}
	if !readable(info) {
		return nil, &KindError{Path: path, Mode: info.Mode()}
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > maxSize {
		return nil, &TooLargeError{Path: path, Max: maxSize}
	}
	return data, nil
}

func readable(info fs.FileInfo) bool { return info.Mode()&fs.ModeType&^fs.ModeNamedPipe == 0 }
