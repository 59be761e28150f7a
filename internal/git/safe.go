package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"hci/internal/ownership"
)

// ForeignError says that something belongs to another user, who could make hci
// run or write what they like.
type ForeignError struct {
	Path string // what belongs to them
	Dir  string // the directory that safe.directory would have to name
}

func (e *ForeignError) Error() string {
	return fmt.Sprintf("%s belongs to another user, who can decide there what hci runs and writes; nothing in %s is read", e.Path, e.Dir)
}

// Next is the command that allows it.
func (e *ForeignError) Next() string {
	return fmt.Sprintf("if you trust its owner: git config --global --add safe.directory %s (without git: %s=%s)", e.Dir, SafeVariable, e.Dir)
}

// Owned reports, with a [*ForeignError], whether dir or what is listed with it
// belongs to another user, unless the user said that dir is to be trusted.
func Owned(ctx context.Context, environ []string, dir string, paths ...string) error {
	for _, path := range append([]string{dir}, paths...) {
		foreign, err := ownership.Foreign(path)
		if err != nil {
			return err
		}
		if !foreign {
			continue
		}
		if safe, err := Safe(ctx, dir, environ); safe || err != nil {
			return err
		}
		return &ForeignError{Path: path, Dir: dir}
	}
	return nil
}

// SafeVariable lists directories as safe.directory does, where there is no git
// to be configured, as in a small container: paths, separated as in PATH.
const SafeVariable = "HCI_SAFE_DIRECTORY"

// Safe reports whether the user has said, in their own configuration of git or
// the system's, that a directory of somebody else's is to be trusted.
//
// https://git-scm.com/docs/git-config#Documentation/git-config.txt-safedirectory
func Safe(ctx context.Context, dir string, environ []string) (bool, error) {
	home := lookup(environ, "HOME")
	if home == "" {
		home = lookup(environ, "USERPROFILE")
	}
	for _, path := range filepath.SplitList(lookup(environ, SafeVariable)) {
		if covers([]string{path}, dir, home) {
			return true, nil
		}
	}
	var patterns []string
	for _, scope := range []string{"--system", "--global"} {
		// A repository that is found would have its say; this one is none.
		out, err := start(ctx, Repo{Environ: environ}, []string{"--git-dir=" + os.DevNull, "config", scope, "--includes", "--null", "--get-all", "safe.directory"}, "config")
		var exit *ExitError
		switch {
		case errors.Is(err, ErrNotInstalled):
			return false, nil
		case errors.As(err, &exit):
			continue // there is no such setting, or no such file
		case err != nil:
			return false, err
		}
		patterns = append(patterns, strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")...)
	}
	return covers(patterns, dir, home), nil
}

// covers reports whether one of the values of safe.directory covers a
// directory. An empty one takes back those before it.
func covers(patterns []string, dir, home string) bool {
	covered := false
	for _, p := range patterns {
		if rest, ok := strings.CutPrefix(p, "~/"); ok && home != "" {
			p = filepath.Join(home, rest)
		}
		switch prefix, all := strings.CutSuffix(p, "/*"); {
		case p == "":
			covered = false
		case p == "*":
			covered = true
		case all:
			covered = covered || strings.HasPrefix(filepath.ToSlash(dir), filepath.ToSlash(prefix)+"/")
		case filepath.IsAbs(filepath.FromSlash(p)):
			covered = covered || real(filepath.FromSlash(p)) == dir
		}
	}
	return covered
}

// real is a path free of symbolic links, as far as it is there.
func real(path string) string {
	if r, err := filepath.EvalSymlinks(path); err == nil {
		return r
	}
	return filepath.Clean(path)
}

func lookup(environ []string, name string) string {
	value := ""
	for _, entry := range environ {
		if v, ok := strings.CutPrefix(entry, name+"="); ok {
			value = v
		}
	}
	return value
}
