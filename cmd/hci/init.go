package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"hci/internal/atomicfile"
	"hci/internal/project"
)

// configName is the optional configuration file in the project's root.
const configName = "hci.hcl"

func newInit(a *app) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write what was found as a commented hci.hcl",
		Long: `Write an hci.hcl that says what hci found by itself: the environments, their
files, their workspaces and the Terraform code. It is needed only to change
something. What was found, what it was taken for and what was not read is said on
standard error; --dry-run writes nothing.`,
		Args: between(0, 0),
		RunE: func(*cobra.Command, []string) error {
			p, err := a.project()
			if err != nil {
				return err
			}
			text := project.InitConfig(p)
			a.notes(p.Found())
			if dryRun {
				_, err := a.data().Write(text)
				return err
			}
			path := filepath.Join(p.Root, configName)
			err = a.writeAt(path, text, atomicfile.Options{Perm: 0o644, Check: func(_ []byte, there bool) error {
				if there {
					return fmt.Errorf("%s is there already; nothing was written", a.rel(path))
				}
				return nil
			}})
			if err == nil {
				a.sayf("%s written", a.rel(path))
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print the file, write nothing")
	return cmd
}
