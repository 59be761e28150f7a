package main

import (
	"github.com/spf13/cobra"

	"hci/sync"
)

func newDiff(a *app) *cobra.Command {
	var showValues, asJSON bool
	cmd := &cobra.Command{
		Use:   "diff ENV",
		Short: "Compare the secrets with AWS Secrets Manager",
		Long: `Compare what an environment's secrets should be, by its secrets file and the
Terraform code, with what AWS Secrets Manager holds. One line per secret:

  =  in sync                     +  there, without a value yet
  ~  the value differs           -  not there
  !  scheduled for deletion      ?  cannot be compared

Values are never shown unless --show-values asks. Exit code 0 when all is in
sync, 2 when something differs.`,
		Args:              between(1, 1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			_, plan, d, err := a.compare(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if asJSON {
				err = a.printJSON(newPlanReport(d, plan, showValues))
			} else {
				err = a.printPlan(d, plan, everything, showValues)
			}
			if err != nil {
				return err
			}
			if plan.InSync() && len(d.nameless) == 0 {
				return nil
			}
			a.nextCommand(d, plan)
			return errDifferences
		},
	}
	cmd.Flags().BoolVar(&showValues, "show-values", false, "show the values on both sides")
	jsonFlag(cmd, &asJSON)
	return cmd
}

// everything selects all lines of a plan.
func everything(sync.Change) bool { return true }
