package main

import (
	"github.com/spf13/cobra"

	"hci/tfvars"
)

func newUnset(a *app) *cobra.Command {
	var dryRun, asJSON bool
	cmd := &cobra.Command{
		Use:               "unset ENV NAME...",
		Short:             "Remove names and their values",
		Args:              between(2, -1),
		ValidArgsFunction: a.envThenNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			env, err := a.environment(args[0])
			if err != nil {
				return err
			}
			return a.update(cmd.Context(), a.files(env), env, asJSON, dryRun, func(f *tfvars.File) error {
				for _, name := range args[1:] {
					if err := a.unsetOne(f, name, env.Sealed); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	dryRunFlag(cmd, &dryRun)
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (a *app) unsetOne(f *tfvars.File, name, path string) error {
	if !f.Has(name) {
		return a.unknownName(f, name, path)
	}
	return f.Unset(name)
}
