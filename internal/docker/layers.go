package docker

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// Scan reads an image as the engine holds it, its layers and its configuration, and
// calls find with each file's content: in pieces of a bounded size, which overlap by a
// number of bytes. It returns what find returned, with the files. A layer in a form
// that is not known is an error.
func (s *Session) Scan(ctx context.Context, image string, overlap int, find func(path string, piece []byte) []string) ([]string, error) {
	cmd := exec.CommandContext(ctx, s.engine.program, "image", "save", image)
	cmd.Env = s.environ
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	scan := &layerScan{find: find, overlap: overlap, seen: map[string]bool{}}
	err = scan.archive(out, "")
	_, _ = io.Copy(io.Discard, out) // so that it can end
	if waitErr := cmd.Wait(); waitErr != nil && ctx.Err() == nil {
		err = fmt.Errorf("image %s: %s", image, lastLine(said.String()))
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return scan.hits, err
}

type layerScan struct {
	find    func(path string, piece []byte) []string
	overlap int
	hits    []string
	seen    map[string]bool
}

// archive reads the files of a tar stream; in are the archives that it lies in.
func (l *layerScan) archive(r io.Reader, in string) error {
	files := tar.NewReader(r)
	for {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if in != "" {
			err = l.file(files, h.Name)
		} else {
			err = l.blob(files, h.Name)
		}
		if err != nil {
			return err
		}
	}
}

// blob reads a file of the image's archive: a layer, or the image's configuration.
//
// https://github.com/opencontainers/image-spec/blob/main/layer.md
func (l *layerScan) blob(r io.Reader, name string) error {
	const block = 512
	buffered := bufio.NewReaderSize(r, 1<<16)
	head, err := buffered.Peek(block)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		unzipped, err := gzip.NewReader(buffered)
		if err != nil {
			return err
		}
		return l.archive(unzipped, name)
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return fmt.Errorf("layer %s is compressed with zstd, which is not read", name)
	case len(head) == block && string(head[257:262]) == "ustar":
		return l.archive(buffered, name)
	}
	return l.file(buffered, name)
}

// pieceSize is how much of a file is looked at together.
const pieceSize = 256 << 10

func (l *layerScan) file(r io.Reader, path string) error {
	buffer := make([]byte, 0, pieceSize+l.overlap)
	for {
		n, err := io.ReadFull(r, buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		for _, hit := range l.find(path, buffer) {
			if !l.seen[hit] {
				l.seen[hit] = true
				l.hits = append(l.hits, hit)
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
		buffer = append(buffer[:0], buffer[len(buffer)-l.overlap:]...)
	}
}
