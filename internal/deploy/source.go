package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hci/internal/deploy/words"
	"hci/internal/docker"
)

// Source is what an image is built of, and what must not be in it.
type Source struct {
	Root                string // the project's
	Context, Dockerfile string // below that
	// Checkout writes the commit's files into a directory of its own, which done
	// removes; nil builds from the work tree.
	Checkout func(context.Context) (dir string, done func(), err error)
	// Leaks says what of a piece of a file is secret, or that the file is by its name;
	// nil if nothing is looked for.
	Leaks func(path string, piece []byte) []string
	// Values says which secret values stand in a piece of a file; nil likewise.
	Values func(path string, piece []byte) []string
}

// overlap is by how much the pieces of a file overlap in which values are looked for:
// as long as a secret can be.
const overlap = 64 << 10

// LeakError says that what is built, or was, holds secrets.
type LeakError struct {
	Where string // "the build's context"
	Found []string
	next  string
}

func (e *LeakError) Error() string {
	return e.Where + " holds secrets: " + words.Some(e.Found)
}

// Next says what to do.
func (e *LeakError) Next() string { return e.next }

// prepare makes ready what the image is built of: the commit's files, or the work tree.
// It fails with a [*LeakError] if secrets would be sent to the builder.
func (j *Job) prepare(ctx context.Context) (dir string, done func(), err error) {
	dir, done = j.Source.Root, func() {}
	if j.Source.Checkout != nil {
		if dir, done, err = j.Source.Checkout(ctx); err != nil {
			return "", nil, err
		}
	}
	if err := j.noSecrets(ctx, dir); err != nil {
		done()
		return "", nil, err
	}
	return dir, done, nil
}

func (j *Job) noSecrets(ctx context.Context, dir string) error {
	if j.Source.Leaks == nil {
		return nil
	}
	builder := docker.Classic
	if j.Look.Engine != nil {
		builder = j.Look.Engine.Builder
	}
	root := filepath.Join(dir, j.Source.Context)
	var found []string
	err := docker.Files(root, filepath.Join(dir, j.Source.Dockerfile), builder, func(path string) error {
		hits, err := leaksIn(filepath.Join(root, filepath.FromSlash(path)), func(piece []byte) []string { return j.Source.Leaks(path, piece) })
		for _, hit := range hits {
			if hit = path + " (" + hit + ")"; !slices.Contains(found, hit) {
				found = append(found, hit)
			}
		}
		return errors.Join(err, ctx.Err())
	})
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return nil
	}
	var files []string
	for _, hit := range found {
		path, _, _ := strings.Cut(hit, " (")
		if !slices.Contains(files, path) {
			files = append(files, path)
		}
	}
	return &LeakError{Where: "the build's context", Found: found, next: "put them into .dockerignore, each on a line: " + words.Some(files)}
}

// leaksIn looks through a file in pieces.
func leaksIn(path string, look func(piece []byte) []string) (hits []string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	const piece = 256 << 10
	buffer := make([]byte, 0, piece+overlap)
	for {
		n, err := io.ReadFull(file, buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		hits = append(hits, look(buffer)...)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return hits, nil
		}
		if err != nil {
			return hits, err
		}
		buffer = append(buffer[:0], buffer[len(buffer)-overlap:]...)
	}
}

// searched looks through the layers of the image that is to be pushed. It fails with a
// [*LeakError] if a secret value stands in one.
func (j *Job) searched(ctx context.Context, image string) error {
	if j.Source.Values == nil {
		return nil
	}
	found, err := j.Docker.Scan(ctx, image, overlap, func(path string, piece []byte) []string {
		var hits []string
		for _, hit := range j.Source.Values(path, piece) {
			hits = append(hits, fmt.Sprintf("%s (%s)", path, hit))
		}
		return hits
	})
	switch {
	case len(found) > 0:
		return &LeakError{Where: image, Found: found, next: "keep them out of the image: ECS gives secrets to its containers by name, and a build takes them by --mount=type=secret"}
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		j.Talk.Say("warning: %s was not searched for secret values to its end: %v", image, err)
	}
	return nil
}
