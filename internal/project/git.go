package project

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
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

// ErrUntracked says that the project lies in no work tree of git's, so that git
// tracks none of its files.
var ErrUntracked = errors.New("the project is in no git repository")

// Tracked lists the files that git tracks below the project's root, by their
// paths from there. It fails with [ErrUntracked] where there is no git
// repository, and otherwise with what kept git from answering.
func (p *Project) Tracked(ctx context.Context) ([]string, error) {
	repo, err := git.Find(ctx, p.Root, p.environ)
	if errors.Is(err, git.ErrNoRepository) {
		return nil, ErrUntracked
	}
	if err != nil {
		return nil, err
	}
	below, err := filepath.Rel(repo.Root, p.Root)
	if err != nil {
		return nil, err
	}
	out, err := repo.Run(ctx, "--literal-pathspecs", "ls-files", "-z", "--", below)
	if err != nil {
		return nil, err
	}
	var files []string
	for name := range strings.SplitSeq(string(out), "\x00") {
		if below != "." {
			name = strings.TrimPrefix(name, filepath.ToSlash(below)+"/")
		}
		if name != "" {
			files = append(files, name)
		}
	}
	return files, nil
}

// MaybeText returns those of the paths, relative to the project's root, whose
// line ends git may convert: those without the attribute -text, which "binary"
// stands for.
//
// https://git-scm.com/docs/gitattributes#_text
func (p *Project) MaybeText(ctx context.Context, paths []string) ([]string, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	out, err := p.RunGit(ctx, append([]string{"check-attr", "-z", "text", "--"}, paths...)...)
	if err != nil {
		return nil, err
	}
	const fields = 3 // path, attribute, value
	answers := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	var text []string
	for answer := range slices.Chunk(answers, fields) {
		if len(answer) == fields && answer[2] != "unset" {
			text = append(text, answer[0])
		}
	}
	return text, nil
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

// InConflict reports whether git could not merge a file of the project. Where
// there is no git, and in no work tree, nothing is in conflict.
func (p *Project) InConflict(ctx context.Context, path string) (bool, error) {
	rel, err := filepath.Rel(p.Root, path)
	if path == "" || err != nil || !filepath.IsLocal(rel) {
		return false, nil
	}
	repo, err := git.Find(ctx, p.Root, p.environ)
	if errors.Is(err, git.ErrNoRepository) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	repo.Dir = p.Root
	out, err := repo.Unmerged(ctx, filepath.ToSlash(rel))
	var exit *git.ExitError
	if errors.Is(err, git.ErrNotInstalled) || errors.As(err, &exit) {
		return false, nil // as in a container that has a worktree without its repository
	}
	return len(out) > 0, err
}
