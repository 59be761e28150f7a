package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"hci/internal/atomicfile"
)

// boundaryOf is the directory that what a path leads to must lie in: the
// project's, for every path that lies in it by its name; "" for one that a
// person named elsewhere.
func (a *app) boundaryOf(path string) string {
	if _, err := a.project(); err != nil {
		return ""
	}
	boundary := a.found.Boundary()
	for up := path; ; up = filepath.Dir(up) {
		// A parent can be the project's under another name: /tmp is a link on macOS.
		if real, err := filepath.EvalSymlinks(up); up != path && err == nil && atomicfile.IsWithin(boundary, real) || atomicfile.IsWithin(boundary, up) {
			return boundary
		}
		if up == filepath.Dir(up) {
			return ""
		}
	}
}

// readAt reads a file that a person named. In the project, no link is followed
// out of it; elsewhere, it may be a pipe.
func (a *app) readAt(ctx context.Context, path string, maxSize int64) ([]byte, error) {
	if boundary := a.boundaryOf(path); boundary != "" {
		return atomicfile.ReadIn(boundary, path, maxSize)
	}
	return atomicfile.ReadInput(ctx, path, maxSize)
}

// writeAt writes a file. In the project, no link is followed out of it.
func (a *app) writeAt(path string, data []byte, o atomicfile.Options) error {
	o.Root = a.boundaryOf(path)
	return atomicfile.Write(path, data, o)
}

// errTooMuch says that standard input has more than fits.
var errTooMuch = errors.New("it is too large")

// readInput reads standard input to its end, or until ctx ends: what waits for a
// pipe that nobody closes must not outlive an interrupt.
func (a *app) readInput(ctx context.Context, maxSize int64) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		data, err := io.ReadAll(io.LimitReader(a.in, maxSize+1))
		done <- result{data, err}
	}()
	select {
	case r := <-done:
		if r.err == nil && int64(len(r.data)) > maxSize {
			return nil, errTooMuch
		}
		return r.data, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
