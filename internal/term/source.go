package term

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"hci/internal/atomicfile"
	"hci/sync/secret"
)

const (
	// maxPassphrase is where openssl cuts a line off (APP_PASS_LEN), in bytes.
	maxPassphrase = 1023
	// maxPassphraseFile bounds the size of a passphrase file in bytes.
	maxPassphraseFile = 1 << 20
)

var (
	// ErrPassInArguments refuses openssl's "pass:".
	ErrPassInArguments = errors.New("pass: would show the passphrase to every user of this machine; use env:NAME, file:PATH, fd:N or stdin")
	// ErrUnknownSource says that a word is none of openssl's. It does not
	// quote it, as it may be the passphrase itself.
	ErrUnknownSource = errors.New("a passphrase source is env:NAME, file:PATH, fd:N or stdin")
)

// Source says where a passphrase comes from. The zero Source says nothing.
type Source struct {
	kind string // "env", "file", "fd", "stdin"
	name string
	fd   int
}

// ParseSource reads one of openssl's words: env:NAME, file:PATH, fd:N, stdin.
func ParseSource(word string) (Source, error) {
	kind, name, _ := strings.Cut(word, ":")
	s := Source{kind: kind, name: name}
	switch {
	case word == "stdin":
		return s, nil
	case kind == "pass":
		return Source{}, ErrPassInArguments
	case kind == "env" && name != "" && !strings.ContainsAny(name, "=\x00"), kind == "file" && name != "":
		return s, nil
	case kind == "fd":
		fd, err := strconv.Atoi(name)
		if err != nil || fd < 0 {
			return Source{}, errors.New("fd: needs the number of an open file")
		}
		if runtime.GOOS == "windows" {
			return Source{}, errors.New("fd: is not available on Windows; use stdin, env:NAME or file:PATH")
		}
		s.fd = fd
		return s, nil
	}
	return Source{}, ErrUnknownSource
}

// String returns the word that [ParseSource] reads; "" for the zero Source.
func (s Source) String() string {
	if s.kind == "" || s.kind == "stdin" {
		return s.kind
	}
	return s.kind + ":" + s.name
}

// surroundings are what sources read from.
type surroundings struct {
	lookup func(string) (string, bool)
	stdin  io.Reader
	dir    string // what relative paths are relative to
}

// read gets the passphrase: of env the whole value, of the others the first
// line.
func (s Source) read(ctx context.Context, in surroundings) (secret.Value, error) {
	v, err := waitFor(ctx, func() (secret.Value, error) {
		switch s.kind {
		case "env":
			value, ok := in.lookup(s.name)
			if !ok {
				return secret.Value{}, errors.New("there is no such variable")
			}
			return secret.New(value), nil
		case "file":
			return firstLineOfFile(ctx, in.dir, s.name)
		case "fd":
			return firstLine(fdReader(s.fd))
		default:
			return firstLine(in.stdin)
		}
	})
	if err != nil {
		return secret.Value{}, fmt.Errorf("passphrase from %s: %w", s, err)
	}
	return v, nil
}

func firstLineOfFile(ctx context.Context, dir, path string) (secret.Value, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	data, err := atomicfile.ReadInput(ctx, path, maxPassphraseFile)
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return secret.Value{}, pathErr.Err // the source names the path
	}
	if err != nil {
		return secret.Value{}, err
	}
	return firstLine(bytes.NewReader(data))
}

// firstLine reads a line byte by byte, so that the next one is left for the
// next reader. The last line needs no newline, but there must be a byte. On
// Windows a carriage return before the newline is no part of the line, as for
// openssl, which reads in text mode there; elsewhere it is.
func firstLine(r io.Reader) (secret.Value, error) {
	var line []byte
	var b [1]byte
	for {
		n, err := r.Read(b[:])
		if n == 1 {
			if b[0] == '\n' {
				break
			}
			line = append(line, b[0])
			if len(line) > maxPassphrase+1 {
				break // too long, even without a carriage return
			}
			continue
		}
		if errors.Is(err, io.EOF) {
			if len(line) == 0 {
				return secret.Value{}, errors.New("it is empty")
			}
			break
		}
		if err != nil {
			return secret.Value{}, err
		}
	}
	if runtime.GOOS == "windows" {
		line = bytes.TrimSuffix(line, []byte("\r"))
	}
	if len(line) > maxPassphrase {
		return secret.Value{}, fmt.Errorf("its first line has more than %d bytes, which is all that openssl would use of it", maxPassphrase)
	}
	if bytes.IndexByte(line, 0) >= 0 {
		return secret.Value{}, errors.New("its first line holds a NUL, at which openssl would end it")
	}
	return secret.New(string(line)), nil
}

// waitFor calls f and stops waiting when ctx ends. f goes on until whatever it
// waits for comes, or the process ends.
func waitFor[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type result struct {
		v   T
		err error
	}
	done := make(chan result, 1)
	go func() {
		v, err := f()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.v, r.err
	case <-ctx.Done():
		var zero T
		return zero, ctx.Err()
	}
}
