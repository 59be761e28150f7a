package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"hci/internal/atomicfile"
	"hci/internal/gitdriver"
	"hci/internal/project"
)

func newGit(a *app) *cobra.Command {
	return group("git", "Let git show, merge and guard sealed files",
		newGitInstall(a), newGitUninstall(a), newGuard(a), newGitTextconv(a), newGitMergeDriver(a))
}

func newGitInstall(a *app) *cobra.Command {
	var dryRun, noGuard bool
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Set up git to show and merge sealed files by name",
		Long: `Set up git for this clone. 'git diff', 'git log -p' and 'git show' then tell
which names changed, never a value; 'git merge', 'rebase', 'cherry-pick', 'revert'
and 'stash' merge sealed files name by name. A pre-commit hook runs 'hci git guard'.

The lines in .gitattributes are for everybody: commit them. The drivers stand in
this clone's configuration, where git keeps commands: each member of the team
runs 'hci git install' once.

Both need the passphrase from a variable, a file, passphrase_command or the
keyring: git asks no questions. Without one, a diff says so, and a merge leaves
the file to 'hci secrets merge ENV'.`,
		Args: between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			files, err := a.sealedFiles(cmd.Context())
			if err != nil {
				return err
			}
			if dryRun {
				return a.writeAttributes(files, true)
			}
			return a.installGit(cmd.Context(), files, noGuard)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "show what .gitattributes would hold; write nothing")
	cmd.Flags().BoolVar(&noGuard, "no-guard", false, "do not set up the pre-commit hook")
	return cmd
}

// installGit writes .gitattributes, the drivers and the hook.
func (a *app) installGit(ctx context.Context, files []gitdriver.File, noGuard bool) error {
	if err := a.writeAttributes(files, false); err != nil {
		return err
	}
	program, err := ownProgram()
	if err != nil {
		return err
	}
	changed, err := gitdriver.Install(ctx, a.git, files, program)
	if err != nil {
		return err
	}
	if len(changed) == 0 {
		a.sayf("the drivers are in this clone's configuration already")
	} else {
		a.sayf("this clone's configuration has the drivers of %s", plural(len(files), "sealed file"))
	}
	if noGuard {
		return nil
	}
	return gitdriver.InstallHook(ctx, a.git, a.found.Root, program)
}

func newGitUninstall(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "uninstall",
		Short: "Take back what 'hci git install' set up",
		Long: `Remove hci's drivers from this clone's configuration, and its lines from
.gitattributes. Git then treats sealed files as it treats any other.`,
		Args: between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := a.project(); err != nil {
				return err
			}
			sections, err := gitdriver.Uninstall(cmd.Context(), a.git)
			if err != nil {
				return err
			}
			a.sayf("removed %s from this clone's configuration", plural(len(sections), "driver"))
			if err := gitdriver.UninstallHook(cmd.Context(), a.git, a.found.Root); err != nil {
				return err
			}
			return a.writeAttributes(nil, false)
		},
	}
}

// sealedFiles lists the sealed files that git knows or could know.
func (a *app) sealedFiles(ctx context.Context) ([]gitdriver.File, error) {
	p, err := a.project()
	if err != nil {
		return nil, err
	}
	top, err := a.git(ctx, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, err
	}
	real, err := filepath.EvalSymlinks(p.Root)
	if err != nil {
		return nil, err
	}
	root, err := filepath.Rel(filepath.FromSlash(strings.TrimSuffix(string(top), "\n")), real)
	if err != nil {
		return nil, err
	}
	var files []gitdriver.File
	for _, env := range p.Environments {
		rel, err := filepath.Rel(p.Root, env.Sealed)
		if err != nil || !filepath.IsLocal(rel) || !exists(env.Sealed) {
			continue
		}
		files = append(files, gitdriver.File{Env: env.Name, Path: filepath.ToSlash(rel), Root: filepath.ToSlash(root)})
	}
	if len(files) == 0 {
		return nil, &noEnvironmentError{root: a.rel(p.Root), what: "has a sealed file"}
	}
	return files, nil
}

// maxGitAttributes bounds a .gitattributes file's size in bytes.
const maxGitAttributes = 1 << 20

// writeAttributes writes hci's lines of .gitattributes.
func (a *app) writeAttributes(files []gitdriver.File, dryRun bool) error {
	path := filepath.Join(a.found.Root, ".gitattributes")
	old, err := a.found.Read(path, maxGitAttributes)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	next := gitdriver.WithAttributes(old, files)
	switch {
	case dryRun:
		_, err := a.data().Write(next)
		return err
	case string(next) == string(old):
		a.sayf("%s has these lines already", a.rel(path))
		return nil
	}
	if err := a.writeAt(path, next, atomicfile.Options{Perm: 0o644}); err != nil {
		return err
	}
	a.sayf("%s is written: commit it", a.rel(path))
	return nil
}

// ownProgram is how git's shell calls hci.
func ownProgram() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	found, err := exec.LookPath("hci")
	if err != nil {
		return gitdriver.Program(self, ""), nil
	}
	if found, err = filepath.EvalSymlinks(found); err == nil {
		self, err = filepath.EvalSymlinks(self)
	}
	if err != nil {
		return "", err
	}
	return gitdriver.Program(self, found), nil
}

// environmentFlag adds --environment, which git's configuration gives.
func environmentFlag(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVar(name, "environment", "", "the `ENV` whose sealed file it is")
	_ = cmd.MarkFlagRequired("environment")
}

// gitEnvironment is the environment of a driver, without questions at the
// terminal, which belongs to git.
func (a *app) gitEnvironment(name string) (project.Environment, error) {
	env, err := a.environment(name)
	if err != nil {
		return env, err
	}
	s, err := a.sources("")
	if err != nil {
		return env, err
	}
	s.Terminal = nil
	return env, nil
}

// git runs git at the project's root.
func (a *app) git(ctx context.Context, args ...string) ([]byte, error) {
	p, err := a.project()
	if err != nil {
		return nil, err
	}
	out, err := p.RunGit(ctx, args...)
	if err != nil {
		return nil, fmt.Errorf("git %s: %w", args[0], err)
	}
	return out, nil
}
