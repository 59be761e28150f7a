// Package git asks git about a work tree, and is the only place that runs it.
// What hci concludes from the answers is hci/internal/project's.
//
// A work tree, and the .git in it, can come from a stranger: an archive brings
// its own .git/config, in which any program can be named. So git runs with
// nothing of that in effect. It is told which repository it is about instead of
// looking for one, which could be a bare repository made of tracked files; no
// hook, file system monitor, filter, external diff, credential helper or
// transport runs; nothing is fetched; and it gets neither hci's passphrases nor
// a GIT_ variable of the caller's, but for the place of the user's own
// configuration.
package git

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	stdsync "sync"
	"time"

	"hci/internal/child"
)

// ErrNotInstalled says that there is no git program.
var ErrNotInstalled = errors.New("git is not installed")

// ErrNoRepository says that a path lies in no work tree of git's.
var ErrNoRepository = errors.New("not in a git work tree")

// ExitError says that git ended with a code other than 0.
type ExitError struct {
	Command string // the subcommand
	Code    int
	// Words is the first line that git wrote to standard error. It can quote
	// names and addresses, and is left out of the error's text.
	Words string
}

func (e *ExitError) Error() string {
	return fmt.Sprintf("git %s ended with exit code %d", e.Command, e.Code)
}

// ExitCode is git's exit code.
func (e *ExitError) ExitCode() int { return e.Code }

// Repo is a work tree.
type Repo struct {
	Root    string // of the work tree, absolute
	Environ []string
	Dir     string // where git runs, which paths are relative to; "" is Root
	Index   string // the index of a commit that is being made, as a hook is told; "" is the usual one

	input  io.Reader
	output io.Writer
}

// Find returns the work tree that a directory lies in, the nearest one. It
// fails with [ErrNoRepository], or a [*ForeignError] if it is another user's.
func Find(ctx context.Context, dir string, environ []string) (Repo, error) {
	for {
		git := filepath.Join(dir, ".git")
		if _, err := os.Lstat(git); err == nil {
			return Repo{Root: dir, Environ: environ}, Owned(ctx, environ, dir, git)
		}
		up := filepath.Dir(dir)
		if up == dir {
			return Repo{}, ErrNoRepository
		}
		dir = up
	}
}

// waitDelay is how long git may hold its output open after it ended.
const waitDelay = 2 * time.Second

// Run runs a subcommand and returns what it
// prints. It fails with [ErrNotInstalled] or an [*ExitError].
func (r Repo) Run(ctx context.Context, args ...string) ([]byte, error) {
	filters, err := r.filters(ctx)
	if err != nil {
		return nil, err
	}
	return r.run(ctx, filters, args)
}

// Unmerged lists the stages of a path, relative to Dir, that git could not merge,
// as "git ls-files --unmerged -z" does; nothing where it is in no conflict. It
// reads the index only, which runs no filter, and so need not look for any.
func (r Repo) Unmerged(ctx context.Context, path string) ([]byte, error) {
	return r.run(ctx, nil, []string{"--literal-pathspecs", "ls-files", "--unmerged", "-z", "--", path})
}

// fixed is what goes before every configuration that git would read.
//
// https://git-scm.com/docs/git-config
var fixed = []string{
	"safe.bareRepository=explicit",
	"core.fsmonitor=false",
	"core.hooksPath=" + os.DevNull,
	"core.sshCommand=false",
	"core.gitProxy=false",
	"core.askPass=false",
	"core.pager=cat",
	"core.editor=false",
	"core.alternateRefsCommand=true",
	"credential.helper=",
	"diff.external=",
	"diff.submodule=short",
	"gpg.program=false",
	"log.showSignature=false",
	"maintenance.auto=false",
	"gc.auto=0",
	"protocol.allow=never",
	"submodule.recurse=false",
	"status.submoduleSummary=false",
}

// ownVariables are what git gets besides [child.Environ]'s.
var ownVariables = []string{
	"GIT_ALLOW_PROTOCOL=none",
	"GIT_NO_LAZY_FETCH=1",
	"GIT_NO_REPLACE_OBJECTS=1",
	"GIT_OPTIONAL_LOCKS=0",
	"GIT_PAGER=cat",
	"GIT_TERMINAL_PROMPT=0",
}

// arguments are the words before the subcommand.
func (r Repo) arguments(more []string) []string {
	argv := []string{"--no-pager", "--git-dir=" + filepath.Join(r.Root, ".git"), "--work-tree=" + r.Root}
	for _, setting := range slices.Concat(fixed, more) {
		argv = append(argv, "-c", setting)
	}
	return argv
}

func (r Repo) run(ctx context.Context, settings, args []string) ([]byte, error) {
	name := args[max(0, slices.IndexFunc(args, func(arg string) bool { return !strings.HasPrefix(arg, "-") }))]
	return start(ctx, r, append(r.arguments(settings), args...), name)
}

// Input runs a subcommand that reads in from its standard input.
func (r Repo) Input(ctx context.Context, in io.Reader, args ...string) ([]byte, error) {
	filters, err := r.filters(ctx) // before there is something to read
	if err != nil {
		return nil, err
	}
	r.input = in
	return r.run(ctx, filters, args)
}

// Stream runs a subcommand and writes what it prints to w, as it comes.
func (r Repo) Stream(ctx context.Context, w io.Writer, args ...string) error {
	filters, err := r.filters(ctx)
	if err != nil {
		return err
	}
	r.output = w
	_, err = r.run(ctx, filters, args)
	return err
}

// start is the one place that starts git.
func start(ctx context.Context, r Repo, argv []string, name string) ([]byte, error) {
	program, err := exec.LookPath("git")
	if err != nil {
		return nil, ErrNotInstalled
	}
	cmd := exec.CommandContext(ctx, program, argv...)
	cmd.Dir, cmd.WaitDelay, cmd.Stdin = cmp.Or(r.Dir, r.Root), waitDelay, r.input
	cmd.Env = append(child.Environ(child.Git, r.Environ), ownVariables...)
	if r.Index != "" {
		cmd.Env = append(cmd.Env, "GIT_INDEX_FILE="+r.Index)
	}
	var out []byte
	if cmd.Stdout = r.output; r.output != nil {
		err = cmd.Run()
	} else {
		out, err = cmd.Output()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && ctx.Err() == nil {
		words, _, _ := strings.Cut(string(exit.Stderr), "\n")
		return out, &ExitError{Command: name, Code: exit.ExitCode(), Words: words}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return out, err
}

// switchedOff are the ends of the names of settings that name a program, in
// sections whose own name a repository chooses.
var switchedOff = map[string][]string{
	"filter.": {".clean", ".smudge", ".process"},
	"diff.":   {".command", ".textconv"},
	"merge.":  {".driver"},
}

// found keeps, for each work tree, what filters returned.
var found stdsync.Map

type settings struct {
	once  stdsync.Once
	names []string
	err   error
}

// filters lists the settings that switch off what the repository's own
// configuration names under names of its own choice. Reading a configuration
// runs nothing.
func (r Repo) filters(ctx context.Context) ([]string, error) {
	kept, _ := found.LoadOrStore(r.Root, &settings{})
	s, ok := kept.(*settings)
	if !ok {
		return nil, fmt.Errorf("git: unexpected %T", kept)
	}
	s.once.Do(func() { s.names, s.err = r.readFilters(ctx) })
	return s.names, s.err
}

func (r Repo) readFilters(ctx context.Context) ([]string, error) {
	var off []string
	for _, scope := range []string{"--local", "--worktree"} {
		out, err := r.run(ctx, nil, []string{"config", scope, "--includes", "--name-only", "--null", "--list"})
		if scope == "--worktree" && err != nil {
			continue // without the extension it is the same as --local, or refused
		}
		if err != nil {
			return nil, err
		}
		for name := range strings.SplitSeq(string(out), "\x00") {
			setting, err := switchOff(name)
			if err != nil {
				return nil, err
			}
			off = append(off, setting...)
		}
	}
	return off, nil
}

// ErrSetting says that the repository's configuration names a program in a way
// that can't be switched off on a command line, so that git is not run at all.
var ErrSetting = errors.New("the repository's own configuration names a program for git to run, in a form that can't be switched off; git is not asked")

func switchOff(name string) ([]string, error) {
	for section, ends := range switchedOff {
		if !strings.HasPrefix(name, section) {
			continue
		}
		for _, end := range ends {
			stem, is := strings.CutSuffix(name, end)
			switch {
			case !is:
				continue
			case strings.ContainsAny(name, "=\n"):
				return nil, ErrSetting
			case section == "filter.":
				return []string{name + "=", stem + ".required=false"}, nil
			}
			return []string{name + "="}, nil
		}
	}
	return nil, nil
}
