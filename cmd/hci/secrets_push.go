package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"hci/internal/term"
	"hci/sync"
)

// errIncomplete ends a push after which something still differs; what, has
// been said by then.
var errIncomplete = errors.New("not everything is in Secrets Manager")

func newPush(a *app) *cobra.Command {
	var r pushRequest
	cmd := &cobra.Command{
		Use:   "push ENV",
		Short: "Write the secrets that differ to AWS Secrets Manager",
		Long: `Show what differs, ask, and write it to AWS Secrets Manager. Only what differs is
written, and only over the version that was compared: if somebody else wrote
meanwhile, theirs stays and push says so (exit code 5). Running it again after
any failure finishes the job.

Terraform creates the secrets, hci writes their values: a secret that is
declared but not there is made with --create only, and one that is scheduled
for deletion is restored with --restore only.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.envNames,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.push(cmd.Context(), args[0], r) },
	}
	cmd.Flags().BoolVar(&r.yes, "yes", false, "don't ask")
	cmd.Flags().BoolVar(&r.create, "create", false, "make declared secrets that are not there")
	cmd.Flags().BoolVar(&r.restore, "restore", false, "restore secrets that are scheduled for deletion")
	cmd.Flags().StringArrayVar(&r.only, "only", nil, "push the secret `NAME` only (may be repeated)")
	dryRunFlag(cmd, &r.dryRun)
	jsonFlag(cmd, &r.asJSON)
	return cmd
}
