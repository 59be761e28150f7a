package main

import (
	"github.com/spf13/cobra"

	"hci/tfvars"
)

func newRename(a *app) *cobra.Command {
	var dryRun, asJSON bool
	cmd := &cobra.Command{
		Use:               "rename ENV OLD NEW",
		Short:             "Give a value another name",
		Args:              between(3, 3),
		ValidArgsFunction: a.envThenNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			env, err := a.environment(args[0])
			if err != nil {
				return err
			}
			return a.update(cmd.Context(), a.files(env), env, asJSON, dryRun, func(f *tfvars.File) error {
				if !f.Has(args[1]) {
					return a.unknownName(f, args[1], env.Sealed)
				}
				return f.Rename(args[1], args[2])
			})
		},
	}
	dryRunFlag(cmd, &dryRun)
	jsonFlag(cmd, &asJSON)
	return cmd
}
