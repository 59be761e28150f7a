package main

import (
	"github.com/spf13/cobra"

	"hci/internal/project"
	"hci/internal/sealed"
)

func newDecrypt(a *app) *cobra.Command {
	var o sealed.Options
	var output string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "decrypt [ENV...]",
		Short: "Open the sealed file into the plaintext beside it",
		Long: `Open each environment's sealed file into the plaintext file beside it, mode
0600. With no ENV, all environments that have a sealed file.

A plaintext that differs is not overwritten: the names that differ are listed.
Most work needs no plaintext on disk: see get, set, edit, diff and env export.`,
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			envs, err := a.environments(args, hasSealed, "has a sealed secrets file")
			if err != nil {
				return err
			}
			if output != "" {
				return a.decryptTo(cmd.Context(), envs, output, o, asJSON)
			}
			return a.each(envs, asJSON, o.DryRun, func(env project.Environment) (*sealed.Result, error) {
				if !o.DryRun {
					defer a.warnGit(cmd.Context(), env.Plain)()
				}
				return a.files(env).Decrypt(cmd.Context(), a.passphrase(env), o)
			})
		},
	}
	writeFlags(cmd, &o)
	cmd.Flags().StringVarP(&output, "output", "o", "", "write the plaintext of one ENV to `FILE` (- is standard output)")
	jsonFlag(cmd, &asJSON)
	return cmd
}

// writeFlags adds the flags of a command that replaces files.
func writeFlags(cmd *cobra.Command, o *sealed.Options) {
	cmd.Flags().BoolVar(&o.Force, "force", false, "overwrite what would be lost")
	dryRunFlag(cmd, &o.DryRun)
}

func dryRunFlag(cmd *cobra.Command, dryRun *bool) {
	cmd.Flags().BoolVar(dryRun, "dry-run", false, "check everything, write nothing")
}

func hasSealed(env project.Environment) bool { return exists(env.Sealed) }

func hasPlain(env project.Environment) bool { return exists(env.Plain) }

func hasEither(env project.Environment) bool { return hasSealed(env) || hasPlain(env) }
