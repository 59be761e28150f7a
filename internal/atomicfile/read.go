package atomicfile

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
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
// symbolic links. What has no content of its own (directories, devices, pipes
// and sockets) is refused with a [*KindError] before it is opened, which can
// have effects or wait for ever; larger files with a [*TooLargeError]. Other
// errors are the operating system's and answer to [errors.Is] with
// fs.ErrNotExist or fs.ErrPermission.
func Read(path string, maxSize int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &KindError{Path: path, Mode: info.Mode()}
	}
	f, err := os.OpenFile(path, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readRegular(f, path, maxSize)
}

// readRegular reads an open file, if it is still one.
func readRegular(f *os.File, path string, maxSize int64) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &KindError{Path: path, Mode: info.Mode()}
	}
	return readAll(f, path, maxSize)
}

func readAll(f *os.File, path string, maxSize int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > maxSize {
		return nil, &TooLargeError{Path: path, Max: maxSize}
	}
	return data, nil
}

// ReadInput is [Read] of a file that a person named, which may be a pipe: a
// shell's <(command) is one. A pipe is read to its end, or until ctx ends.
func ReadInput(ctx context.Context, path string, maxSize int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode()&fs.ModeNamedPipe == 0 {
		return Read(path, maxSize)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, err
	}
	if info.Mode()&fs.ModeNamedPipe == 0 {
		return nil, &KindError{Path: path, Mode: info.Mode()}
	}
	defer context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Now()) })()
	data, err := readAll(f, path, maxSize)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return data, err
}
