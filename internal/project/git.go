package project

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"hci/internal/git"
)

// GitStatus is what git thinks of a path.
type GitStatus int

const (
	// GitUnknown: there is no git program, or the path lies in no work tree
	// that git accepts.
	GitUnknown GitStatus = iota
	// GitTracked: the file is in the index; it is, or will be, committed.
	GitTracked
	// GitIgnored: git does not add it.
	GitIgnored
	// GitUnignored: not tracked, but the next "git add ." takes it.
	GitUnignored
)

// String returns "unknown", "tracked", "ignored" or "not ignored".
func (s GitStatus) String() string {
	switch s {
	case GitTracked:
		return "tracked"
	case GitIgnored:
		return "ignored"
	case GitUnignored:
		return "not ignored"
	}
	return "unknown"
}

// Git asks git about a path, which need not exist; its directory must.
func (p *Project) Git(ctx context.Context, path string) GitStatus {
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return GitUnknown
	}
	repo, err := git.Find(ctx, dir, p.environ)
	if err != nil {
		return GitUnknown
	}
	path, err = filepath.Rel(repo.Root, filepath.Join(dir, filepath.Base(path)))
	if err != nil {
		return GitUnknown
	}
	// Of a tracked file check-ignore says that it is not ignored, so that one
	// question is enough for most. It takes paths, no patterns.
	switch code(repo.Run(ctx, "check-ignore", "--quiet", "--", path)) {
	case 0:
		return GitIgnored
	case 1:
	default:
		return GitUnknown
	}
	switch code(repo.Run(ctx, "--literal-pathspecs", "ls-files", "--error-unmatch", "--", path)) {
	case 0:
		return GitTracked
	case 1:
		return GitUnignored
	default:
		return GitUnknown
	}
}

// code is git's exit code, -1 if it has none.
func code(_ []byte, err error) int {
	var exit *git.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.Code
	default:
		return -1
	}
}

// Tracked lists the files that git tracks below the project's root, by their
// paths from there. ok is false if git can't tell.
func (p *Project) Tracked(ctx context.Context) (files []string, ok bool) {
	repo, err := git.Find(ctx, p.Root, p.environ)
	if err != nil {
		return nil, false
	}
	below, err := filepath.Rel(repo.Root, p.Root)
	if err != nil {
		return nil, false
	}
	out, err := repo.Run(ctx, "--literal-pathspecs", "ls-files", "-z", "--", below)
	if err != nil {
		return nil, false
	}
	for name := range strings.SplitSeq(string(out), "\x00") {
		if below != "." {
			name = strings.TrimPrefix(name, filepath.ToSlash(below)+"/")
		}
		if name != "" {
			files = append(files, name)
		}
	}
	return files, true
}

// RunGit runs git at the project's root and returns what it prints.
func (p *Project) RunGit(ctx context.Context, args ...string) ([]byte, error) {
	repo, err := git.Find(ctx, p.Root, p.environ)
	if err != nil {
		return nil, err
	}
	repo.Dir = p.Root
	return repo.Run(ctx, args...)
}
