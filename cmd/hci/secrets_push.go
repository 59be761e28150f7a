package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"hci/sync"
)

// errIncomplete ends a push after which something still differs; what, has
// been said by then.
var errIncomplete = errors.New("not everything was written")

type pushRequest struct {
	yes, create, restore, dryRun, asJSON bool
	only                                 []string
}

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
		Args:              between(1, 1),
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

// push compares, shows the plan, asks and applies.
func (a *app) push(ctx context.Context, name string, r pushRequest) error {
	store, plan, d, err := a.compare(ctx, name)
	if err != nil {
		return err
	}
	o := sync.ApplyOptions{Create: r.create, Restore: r.restore, Only: r.only}
	if err := plan.Check(o); err != nil {
		return a.suggestSecret(err, plan)
	}
	if !r.asJSON {
		if err := a.printPlan(d, plan, func(c sync.Change) bool { return c.Kind != sync.InSync }, false); err != nil {
			return err
		}
	}
	n := toWrite(plan, o)
	if n == 0 || r.dryRun {
		return a.nothingPushed(d, plan, r)
	}
	if !r.yes {
		yes, err := a.confirm(fmt.Sprintf("Write %s of %s in %s?", plural(n, "secret"), d.env.Name, d.region()), "--yes")
		if err != nil {
			return err
		}
		if !yes {
			return errors.New("nothing was written")
		}
	}
	report, err := sync.Apply(ctx, store, plan, o, func(out sync.Outcome) {
		if !r.asJSON {
			a.printOutcome(out)
		}
	})
	return errors.Join(a.sumUp(d, plan, report, r), err)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// toWrite is how many secrets these options would write.
func toWrite(p sync.Plan, o sync.ApplyOptions) int {
	n := 0
	for _, c := range p.Changes {
		if o.Writes(c) {
			n++
		}
	}
	return n
}

// suggestSecret adds a suggestion to the error about a name that --only gave.
func (a *app) suggestSecret(err error, p sync.Plan) error {
	var unknown *sync.UnknownNameError
	if !errors.As(err, &unknown) {
		return err
	}
	names := make([]string, len(p.Changes))
	for i, c := range p.Changes {
		names[i] = c.Name
	}
	return fmt.Errorf("--only: %w%s", err, didYouMean(unknown.Name, names))
}

// nothingPushed ends a push that has nothing to write, or was a dry run.
func (a *app) nothingPushed(d *desired, p sync.Plan, r pushRequest) error {
	if r.asJSON {
		if err := a.printJSON(newPlanReport(d, p, false)); err != nil {
			return err
		}
	}
	if r.dryRun {
		return nil
	}
	if !p.InSync() && len(r.only) == 0 {
		a.nextCommand(d, p)
		return errIncomplete
	}
	a.sayf("%s: nothing to write", d.env.Name)
	return nil
}

// printOutcome says what became of a secret, as it happens.
func (a *app) printOutcome(out sync.Outcome) {
	switch {
	case out.Err != nil: // said, with its hint, when the push ends
		a.sayf("%s: %s", out.Name, out.Result)
	case out.Why != "":
		a.sayf("%s: %s: %s", out.Name, out.Result, out.Why)
	default:
		a.sayf("%s: %s", out.Name, out.Result)
	}
}

// sumUp ends a push: how many of each, and what that makes the exit code.
func (a *app) sumUp(d *desired, p sync.Plan, report sync.Report, r pushRequest) error {
	var err error
	if r.asJSON {
		err = a.printJSON(newPushReport(d, report))
	} else {
		_, err = fmt.Fprintln(a.out, countResults(d.env.Name, report))
	}
	if failed := report.Err(); failed != nil {
		return errors.Join(err, failed)
	}
	if !report.Complete() && len(r.only) == 0 {
		a.nextCommand(d, p)
		err = errors.Join(err, errIncomplete)
	}
	return err
}
