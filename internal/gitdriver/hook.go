package gitdriver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"hci/internal/atomicfile"
)

// hookMark is the line by which hci knows its own hook.
const hookMark = "# Written by 'hci git install'; 'hci git uninstall' removes it."

// OtherHookError says that another pre-commit hook is there, or that hooks lie
// where another tool keeps them.
type OtherHookError struct{ Where, Line string }

func (e *OtherHookError) Error() string {
	return fmt.Sprintf("the guard is not set up: %s", e.Where)
}

// Next is the line to add.
func (e *OtherHookError) Next() string { return fmt.Sprintf("add the line '%s' to it", e.Line) }

// hookPath is where git looks for this clone's pre-commit hook. root is where
// git's answers start from, dir the repository, which no link leads out of.
func hookPath(ctx context.Context, git Git, root, line string) (dir, path string, err error) {
	for _, scope := range []string{"--local", "--global"} {
		if dir, err := git(ctx, "config", scope, "--get", "core.hooksPath"); err == nil {
			return "", "", &OtherHookError{fmt.Sprintf("core.hooksPath says that hooks lie in %q", strings.TrimSpace(string(dir))), line}
		}
	}
	answer, err := git(ctx, "rev-parse", "--git-common-dir")
	if err != nil {
		return "", "", err
	}
	dir = filepath.FromSlash(strings.TrimSuffix(string(answer), "\n"))
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(root, dir)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", "", err
	}
	return dir, filepath.Join(dir, "hooks", "pre-commit"), nil
}

// InstallHook writes the pre-commit hook that runs the guard. Somebody else's
// hook is an [*OtherHookError], and stays.
func InstallHook(ctx context.Context, git Git, root, program string) error {
	line := program + " git guard"
	dir, path, err := hookPath(ctx, git, root, line)
	if err != nil {
		return err
	}
	old, err := atomicfile.ReadIn(dir, path, 1<<20)
	switch {
	case err == nil && strings.Contains(string(old), " git guard"):
		if !strings.Contains(string(old), hookMark) {
			return nil // somebody has added the line
		}
	case err == nil:
		return &OtherHookError{fmt.Sprintf("%s is there already", path), line}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := atomicfile.MkdirAll(dir, filepath.Dir(path), 0o755); err != nil {
		return err
	}
	text := "#!/bin/sh\n" + hookMark + "\nexec " + line + "\n"
	return atomicfile.Write(path, []byte(text), atomicfile.Options{Perm: 0o755, Root: dir})
}

// hookFiles configure the tools that keep hooks themselves.
var hookFiles = []string{".pre-commit-config.yaml", "lefthook.yml", "lefthook.yaml", ".lefthook.yml", ".husky/pre-commit"}

// Guarded reports whether the guard runs before a commit: by the hook of this
// clone, or by what a tool that keeps hooks is told in the work tree.
func Guarded(ctx context.Context, git Git, root string) bool {
	if dir, path, err := hookPath(ctx, git, root, ""); err == nil && runsGuard(dir, path) {
		return true
	}
	return slices.ContainsFunc(hookFiles, func(name string) bool {
		return runsGuard(root, filepath.Join(root, filepath.FromSlash(name)))
	})
}

// runsGuard reports whether a file, which no link leads to out of dir, names the
// guard.
func runsGuard(dir, path string) bool {
	text, err := atomicfile.ReadIn(dir, path, 1<<20)
	return err == nil && (strings.Contains(string(text), " git guard") || strings.Contains(string(text), "hci-guard"))
}

// UninstallHook removes the hook, if it is hci's.
func UninstallHook(ctx context.Context, git Git, root string) error {
	dir, path, err := hookPath(ctx, git, root, "")
	if err != nil {
		return nil // it was never written there
	}
	old, err := atomicfile.ReadIn(dir, path, 1<<20)
	if err != nil || !strings.Contains(string(old), hookMark) {
		return nil
	}
	return atomicfile.Remove(dir, path)
}
