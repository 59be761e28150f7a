package project

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"hci/internal/git"
)

// Blob is a version of a file that a commit adds or changes.
type Blob struct {
	Path   string // from the root of the work tree, with slashes
	ID     string
	Before string // the version that it takes the place of; "" for a new file
	Commit string // that adds it; "" if it is staged
}

const (
	maxBlob  = 4 << 20  // a larger file is streamed, see StreamBlob
	maxBatch = 32 << 20 // so much is read at once
)

// Staged lists what the next commit adds or changes.
func (p *Project) Staged(ctx context.Context) ([]Blob, error) {
	repo, err := p.staging(ctx)
	if err != nil {
		return nil, err
	}
	out, err := repo.Run(ctx, "diff", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-textconv", "--diff-filter=ACMT")
	if err != nil {
		return nil, err
	}
	return parseRaw(string(out), "")
}

// Since lists what the commits of a range such as "main..HEAD" add or change,
// versions that a later commit removes again included. "REF" is "REF..HEAD".
func (p *Project) Since(ctx context.Context, revisions string) ([]Blob, error) {
	repo, err := git.Find(ctx, p.Root, p.environ)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(revisions, "-") {
		return nil, fmt.Errorf("%q is not a revision", revisions)
	}
	if !strings.Contains(revisions, "..") {
		revisions += "..HEAD"
	}
	out, err := repo.Run(ctx, "log", "--raw", "-z", "-m", "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-textconv", "--diff-filter=ACMT", "--format=%x00%H", revisions, "--")
	if err != nil {
		return nil, err
	}
	return parseRaw(string(out), "")
}

// parseRaw reads git's raw lines, ":MODE MODE BLOB BLOB STATUS" and the path, and
// between them the commits that they belong to.
func parseRaw(out, commit string) ([]Blob, error) {
	var all []Blob
	fields := strings.Split(out, "\x00")
	for i := 0; i < len(fields); i++ {
		text := strings.Trim(fields[i], "\n")
		switch {
		case text == "":
		case !strings.HasPrefix(text, ":"):
			commit = text
		case i+1 == len(fields):
			return nil, fmt.Errorf("git's list of changes can't be read")
		default:
			words := strings.Fields(text[1:])
			if len(words) != 5 {
				return nil, fmt.Errorf("git's list of changes can't be read")
			}
			i++
			if words[1] == "160000" { // a submodule
				continue
			}
			b := Blob{Path: fields[i], ID: words[3], Commit: commit}
			if strings.Trim(words[2], "0") != "" {
				b.Before = words[2]
			}
			all = append(all, b)
		}
	}
	return all, nil
}

// ReadBlobs reads versions, each once, and hands them over one by one. What is
// too large is handed over as nil.
func (p *Project) ReadBlobs(ctx context.Context, blobs []Blob, each func(Blob, []byte)) error {
	repo, err := p.staging(ctx)
	if err != nil {
		return err
	}
	sizes, err := sizes(ctx, repo, blobs)
	if err != nil {
		return err
	}
	for len(blobs) > 0 {
		n, total := 0, 0
		for n < len(blobs) && (n == 0 || total+sizes[n] <= maxBatch) {
			total += sizes[n]
			n++
		}
		if err := readBatch(ctx, repo, blobs[:n], sizes[:n], each); err != nil {
			return err
		}
		blobs, sizes = blobs[n:], sizes[n:]
	}
	return nil
}

// StreamBlob writes a version to w, piece by piece, however large it is.
func (p *Project) StreamBlob(ctx context.Context, b Blob, w io.Writer) error {
	repo, err := p.staging(ctx)
	if err != nil {
		return err
	}
	return repo.Stream(ctx, w, "cat-file", "blob", b.ID)
}

// staging is the work tree with the index of the commit that is being made.
func (p *Project) staging(ctx context.Context) (git.Repo, error) {
	repo, err := git.Find(ctx, p.Root, p.environ)
	for _, entry := range p.environ {
		if index, ok := strings.CutPrefix(entry, "GIT_INDEX_FILE="); ok && index != "" {
			if !filepath.IsAbs(index) {
				index = filepath.Join(repo.Root, index) // a hook runs there
			}
			repo.Index = index
		}
	}
	return repo, err
}

// sizes are the sizes of blobs; those that are not read count as nothing.
func sizes(ctx context.Context, repo git.Repo, blobs []Blob) ([]int, error) {
	out, err := repo.Input(ctx, ids(blobs), "cat-file", "--batch-check=%(objectsize)")
	if err != nil {
		return nil, err
	}
	all := make([]int, 0, len(blobs))
	for line := range strings.Lines(string(out)) {
		n, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			return nil, fmt.Errorf("git does not have every version: %q", strings.TrimSpace(line))
		}
		if n > maxBlob {
			n = -1
		}
		all = append(all, max(n, -1))
	}
	if len(all) != len(blobs) {
		return nil, fmt.Errorf("git told the size of %d of %d versions", len(all), len(blobs))
	}
	return all, nil
}

func ids(blobs []Blob) *bytes.Buffer {
	var b bytes.Buffer
	for _, blob := range blobs {
		b.WriteString(blob.ID + "\n")
	}
	return &b
}

func readBatch(ctx context.Context, repo git.Repo, blobs []Blob, sizes []int, each func(Blob, []byte)) error {
	var wanted []Blob
	for i, b := range blobs {
		if sizes[i] < 0 {
			each(b, nil)
			continue
		}
		wanted = append(wanted, b)
	}
	out, err := repo.Input(ctx, ids(wanted), "cat-file", "--batch")
	if err != nil {
		return err
	}
	for _, b := range wanted { // "ID blob SIZE\n", the content, "\n"
		head, rest, ok := bytes.Cut(out, []byte("\n"))
		words := strings.Fields(string(head))
		if !ok || len(words) != 3 || words[0] != b.ID {
			return fmt.Errorf("git does not have a version of %s", b.Path)
		}
		size, err := strconv.Atoi(words[2])
		if err != nil || size < 0 || size >= len(rest) {
			return fmt.Errorf("git cut the version of %s short", b.Path)
		}
		each(b, rest[:size:size])
		out = rest[size+1:]
	}
	return nil
}
