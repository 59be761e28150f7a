package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"hci/internal/project"
	"hci/internal/sealed"
)

func newEncrypt(a *app) *cobra.Command {
	var o sealed.Options
	var remove, asJSON bool
	var output string
	cmd := &cobra.Command{
		Use:   "encrypt [ENV...]",
		Short: "Seal the plaintext into the sealed file",
		Long: `Seal each environment's plaintext file. With no ENV, all environments that
have a plaintext. The same content gives the same bytes, so git shows a change
only where there is one.

The passphrase must open the sealed file that is there ('hci secrets rekey'
changes it), and its parameters are kept. If it changed since it was decrypted
and holds something that the plaintext does not, nothing is written and the
names are listed.`,
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			envs, err := a.environments(args, hasPlain, "has a plaintext secrets file to seal")
			if err != nil {
				return err
			}
			if output != "" {
				return a.encryptTo(cmd.Context(), envs, output, o)
			}
			return a.each(envs, asJSON, o.DryRun, func(env project.Environment) (*sealed.Result, error) {
				f, pass := a.files(env), a.passphrase(env)
				r, err := f.Encrypt(cmd.Context(), pass, a.firstPassphrase(env), o)
				if err != nil || o.DryRun || !remove {
					return r, err
				}
				if r.Created {
					pass = a.firstPassphrase(env) // asked once: the answer is kept
				}
				if err := f.RemovePlain(cmd.Context(), pass); err != nil {
					return r, err
				}
				r.Notes = append(r.Notes, a.rel(f.Plain)+" was removed")
				return r, nil
			})
		},
	}
	writeFlags(cmd, &o)
	cmd.Flags().BoolVar(&remove, "remove", false, "remove the plaintext once the sealed file is proved to hold it")
	cmd.Flags().StringVarP(&output, "output", "o", "", "write the sealed form of one ENV to `FILE` (- is standard output)")
	jsonFlag(cmd, &asJSON)
	return cmd
}

// encryptTo writes the sealed form of one environment's plaintext elsewhere.
func (a *app) encryptTo(ctx context.Context, envs []project.Environment, output string, o sealed.Options) error {
	if len(envs) != 1 {
		return &usageError{cmd: "hci secrets encrypt", err: errors.New("--output takes exactly one ENV")}
	}
	data, err := a.files(envs[0]).Seal(ctx, a.passphrase(envs[0]), a.firstPassphrase(envs[0]))
	if err != nil || o.DryRun {
		return err
	}
	return a.writeFile(output, data, o.Force)
}
