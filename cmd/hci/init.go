package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"hci/internal/atomicfile"
	"hci/internal/gitdriver"
	"hci/internal/project"
	"hci/internal/term"
)

// configName is the optional configuration file in the project's root.
const configName = "hci.hcl"

func newInit(a *app) *cobra.Command {
	var dryRun bool
	var n newProject
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Begin a new project, or write what was found as hci.hcl",
		Long: `In a project without environments, begin one. On a terminal it asks for what the
flags don't say; elsewhere --environments must. It writes

  the sealed file of each environment, empty: 'hci secrets set' and 'hci secrets
  edit' fill it, and no plaintext ever lies on the disk;
  the lines that .gitignore lacks;
  what 'hci git install' writes, unless --no-git is given;
  an hci.hcl, only if something is not as hci would find it by itself.

The passphrase comes from where it always does, or is asked for twice. With --team
it is random, and kept in the repository, encrypted to you: see 'hci team --help'.

Where environments were found and no flag is given, it offers 'hci git install', and
writes an hci.hcl that says what was found: the environments, their files, their workspaces and the Terraform
code. It is needed only to change something. What it was taken for and what was
not read is said on standard error.

--dry-run writes nothing.`,
		Example: `  hci init
  hci init --environments staging,production --region eu-west-1 --team alice`,
		Args: between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := a.project()
			if err != nil {
				return err
			}
			asked := len(n.Environments) > 0
			switch {
			case !asked && (n.Directory != "" || n.Region != "" || n.Profile != "" || n.team != "" || n.key != "") && len(p.Environments) > 0:
				return &usageError{cmd: cmd.CommandPath(), err: errors.New("environments were found: --environments says which ones are to be made")}
			case asked, len(p.Environments) == 0 && !dryRun && !exists(filepath.Join(p.Root, configName)):
				return a.beginProject(cmd.Context(), p, n, dryRun)
			}
			return a.writeFound(cmd.Context(), p, dryRun)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&dryRun, "dry-run", false, "show what would be written; write nothing")
	f.StringSliceVar(&n.Environments, "environments", nil, "begin these environments: `NAME,...`")
	f.StringVar(&n.Directory, "terraform", "", "the `DIR` of the Terraform code")
	f.StringVar(&n.Region, "region", "", "the AWS region of the environments")
	f.StringVar(&n.Profile, "profile", "", "the profile of the AWS configuration")
	f.StringVar(&n.team, "team", "", "keep a random passphrase for a team, whose first member you are, called `NAME`")
	f.StringVar(&n.key, "key", "", "with --team, your public key: a `FILE`, ssh-ed25519 …, or age1…; without it, the one in ~/.ssh")
	f.BoolVar(&n.noGit, "no-git", false, "do not set up git's drivers and the guard")
	return cmd
}

// writeFound writes an hci.hcl that says what was found.
func (a *app) writeFound(ctx context.Context, p *project.Project, dryRun bool) error {
	text := project.InitConfig(p)
	a.notes(p.Found())
	if dryRun {
		_, err := a.data().Write(text)
		return err
	}
	path := filepath.Join(p.Root, configName)
	err := a.writeAt(path, text, atomicfile.Options{Perm: 0o644, Check: func(_ []byte, there bool) error {
		if there {
			return fmt.Errorf("%s is there already; nothing was written", a.rel(path))
		}
		return nil
	}})
	if err != nil {
		return err
	}
	a.sayf("%s written", a.rel(path))
	if files, err := a.sealedFiles(ctx); err == nil {
		if program, err := ownProgram(); err == nil && len(gitdriver.Missing(ctx, a.git, files, program)) > 0 {
			return a.offerGit(ctx, files)
		}
	}
	return nil
}

// offerGit sets up git, if somebody is there who says so.
func (a *app) offerGit(ctx context.Context, files []gitdriver.File) error {
	yes, err := a.terminal().Confirm("Let git show, merge and guard sealed files by name ('hci git install')?", true)
	switch {
	case errors.Is(err, term.ErrNoTerminal):
		a.sayf("'hci git install' lets git show, merge and guard sealed files by name")
		return nil
	case err != nil || !yes:
		return err
	}
	return a.installGit(ctx, files, false)
}
