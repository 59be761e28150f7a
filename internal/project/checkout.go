package project

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hci/internal/git"
)

// SubmoduleError says that a commit has a submodule, whose files a checkout lacks.
type SubmoduleError struct{ Path string }

func (e *SubmoduleError) Error() string {
	return fmt.Sprintf("the commit has a submodule, %s, whose files are not in it", e.Path)
}

// entry is a file of a commit.
type entry struct{ mode, object, path string }

// Checkout writes the files of a commit that lie in the project's root into a
// directory: the commit as it was made, without what is changed, untracked or ignored
// in the work tree. A file that does not differ is copied from the work tree, where
// filters such as those of Git LFS have been applied. It fails with a
// [*SubmoduleError].
func (p *Project) Checkout(ctx context.Context, c Commit, dir string) error {
	repo, err := git.Find(ctx, p.Root, p.environ)
	if err != nil {
		return err
	}
	under, err := filepath.Rel(repo.Root, p.Root)
	if err != nil {
		return err
	}
	args := []string{"ls-tree", "-r", "-z", "--full-tree", c.SHA}
	if under != "." {
		args = append(args, "--", filepath.ToSlash(under)+"/")
	}
	out, err := repo.Run(ctx, args...)
	if err != nil {
		return err
	}
	for line := range strings.SplitSeq(string(out), "\x00") {
		if line == "" {
			continue
		}
		e, err := parseEntry(line)
		if err != nil {
			return err
		}
		to, err := filepath.Rel(under, filepath.FromSlash(e.path))
		if err != nil || !filepath.IsLocal(to) {
			return fmt.Errorf("the commit has a file outside of the project: %q", e.path)
		}
		if err := checkout(ctx, repo, e, slices.Contains(c.Dirty, e.path), filepath.Join(dir, to)); err != nil {
			return fmt.Errorf("%s: %w", e.path, err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// parseEntry reads a line of "git ls-tree": mode, type, object, tab, path.
func parseEntry(line string) (entry, error) {
	head, path, ok := strings.Cut(line, "\t")
	fields := strings.Fields(head)
	const parts = 3
	if !ok || len(fields) != parts {
		return entry{}, errors.New("git lists the commit's files in a form that is not known")
	}
	if fields[1] == "commit" {
		return entry{}, &SubmoduleError{Path: path}
	}
	return entry{fields[0], fields[2], path}, nil
}

// The modes of files in a commit.
const (
	linkMode       = "120000"
	executableMode = "100755"
)

func checkout(ctx context.Context, repo git.Repo, e entry, dirty bool, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	from := filepath.Join(repo.Root, filepath.FromSlash(e.path))
	info, err := os.Lstat(from)
	if e.mode == linkMode {
		target, err := repo.Run(ctx, "cat-file", "blob", e.object)
		if err != nil {
			return err
		}
		return os.Symlink(string(target), to)
	}
	mode := os.FileMode(0o644)
	if e.mode == executableMode {
		mode = 0o755
	}
	if dirty || err != nil || !info.Mode().IsRegular() {
		data, err := repo.Run(ctx, "cat-file", "blob", e.object)
		if err != nil {
			return err
		}
		return os.WriteFile(to, data, mode)
	}
	return copyFile(from, to, mode)
}

func copyFile(from, to string, mode os.FileMode) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if _, err = io.Copy(out, in); err != nil {
		return errors.Join(err, out.Close())
	}
	if err := out.Close(); err != nil {
		return err
	}
	return os.Chmod(to, mode) // whatever the umask is: it is the commit's
}
