package project

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
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

// gitPlaces are the variables that tell git, in a hook, where to work; here
// the path alone decides.
var gitPlaces = []string{"GIT_DIR=", "GIT_WORK_TREE=", "GIT_COMMON_DIR=", "GIT_INDEX_FILE=", "GIT_PREFIX="}

// Git asks git about a path, which need not exist; its directory must.
func (p *Project) Git(ctx context.Context, path string) GitStatus {
	git, err := exec.LookPath("git")
	if err != nil {
		return GitUnknown
	}
	// Of a tracked file check-ignore says that it is not ignored, so that one
	// question is enough for most. It takes paths, no patterns.
	switch run(ctx, git, path, "check-ignore", "--quiet") {
	case 0:
		return GitIgnored
	case 1:
	default:
		return GitUnknown
	}
	switch run(ctx, git, path, "--literal-pathspecs", "ls-files", "--error-unmatch") {
	case 0:
		return GitTracked
	case 1:
		return GitUnignored
	default:
		return GitUnknown
	}
}

// run runs git on one path and returns its exit code, -1 if it has none. The
// file system monitor is off, because a repository's own configuration could
// name any program as one.
func run(ctx context.Context, git, path string, args ...string) int {
	argv := append([]string{"-c", "core.fsmonitor=false"}, args...)
	cmd := exec.CommandContext(ctx, git, append(argv, "--", filepath.Base(path))...)
	cmd.Dir = filepath.Dir(path)
	cmd.Env = gitEnviron()
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	default:
		return -1
	}
}

// Tracked lists the files that git tracks below the project's root, by their
// paths from there. ok is false if git can't tell.
func (p *Project) Tracked(ctx context.Context) (files []string, ok bool) {
	git, err := exec.LookPath("git")
	if err != nil {
		return nil, false
	}
	cmd := exec.CommandContext(ctx, git, "-c", "core.fsmonitor=false", "ls-files", "-z")
	cmd.Dir, cmd.Env = p.Root, gitEnviron()
	out, err := cmd.Output()
	if err != nil {
		return nil, false
	}
	for name := range strings.SplitSeq(string(out), "\x00") {
		if name != "" {
			files = append(files, name)
		}
	}
	return files, true
}

// gitEnviron is hci's environment without what tells git where to work.
func gitEnviron() []string {
	return slices.DeleteFunc(os.Environ(), func(entry string) bool {
		return slices.ContainsFunc(gitPlaces, func(place string) bool { return strings.HasPrefix(entry, place) })
	})
}

// RunGit runs git at the project's root and returns what it prints.
func (p *Project) RunGit(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "core.fsmonitor=false"}, args...)...)
	cmd.Dir, cmd.Env = p.Root, gitEnviron()
	return cmd.Output()
}
