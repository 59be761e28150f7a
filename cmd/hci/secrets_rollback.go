package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"hci/internal/compare"
	"hci/sync"
)

type rollbackRequest struct {
	yes, dryRun, asJSON, state, replaceBinary bool
	rotated                                   []string
	to                                        string
}

func newRollback(a *app) *cobra.Command {
	var r rollbackRequest
	cmd := &cobra.Command{
		Use:   "rollback ENV [NAME...]",
		Short: "Return secrets in AWS Secrets Manager to the value before",
		Long: `Make the version that AWS Secrets Manager calls AWSPREVIOUS the current one
again, of the secrets named or of all that the Terraform code declares. --to
returns one secret to any version that 'hci secrets history' lists. It shows what
would happen and asks. If somebody else writes meanwhile, theirs stays
(exit code 5). Rolling back twice brings the newer value back.

The secrets file stays as it is: 'hci secrets pull' brings the values into it.`,
		Args: between(1, -1),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return a.envNames(cmd, args, word)
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.rollback(cmd.Context(), args[0], args[1:], r) },
	}
	cmd.Flags().BoolVar(&r.yes, "yes", false, "don't ask")
	cmd.Flags().BoolVar(&r.replaceBinary, "replace-binary", false, "return also from bytes to a text, and from a text to bytes")
	cmd.Flags().StringVar(&r.to, "to", "", "return to `VERSION` of the one secret that is named: a VersionId, its first eight characters or more, or a staging label")
	cmd.Flags().StringArrayVar(&r.rotated, "rotated", nil, "roll back also the secret `NAME`, although AWS rotates or manages its value (may be repeated)")
	stateFlag(cmd, &r.state)
	dryRunFlag(cmd, &r.dryRun)
	jsonFlag(cmd, &r.asJSON)
	return cmd
}

func (a *app) rollback(ctx context.Context, name string, secrets []string, r rollbackRequest) error {
	d, err := a.desired(ctx, name, compare.Options{State: r.state})
	if err != nil {
		return err
	}
	if err := a.apart(d); err != nil {
		return err
	}
	if r.to != "" {
		return a.rollBackToVersion(ctx, d, secrets, r)
	}
	if err := a.comparing().Find(ctx, d); err != nil {
		return err
	}
	wants := d.Wants
	if len(secrets) > 0 {
		if err := knownSecrets(secrets, d.Names()); err != nil {
			return err
		}
		wants = slices.DeleteFunc(slices.Clone(wants), func(w sync.Want) bool { return !slices.Contains(secrets, w.Name) })
	}
	current, err := d.ReadOf(ctx, wants)
	if err != nil {
		return err
	}
	if err := d.Inspect(ctx, current); err != nil {
		return err
	}
	previous, err := d.ReadPrevious(ctx, wants)
	if err != nil {
		return err
	}
	return a.rollBackTo(ctx, &compare.Comparison{Desired: d, Plan: sync.Rollback(current, previous)}, r)
}

// rollBackToVersion returns one secret to any version that is kept.
func (a *app) rollBackToVersion(ctx context.Context, d *compare.Desired, secrets []string, r rollbackRequest) error {
	if len(secrets) != 1 {
		return &usageError{cmd: "hci secrets rollback", err: errors.New("--to takes the name of one secret: a version is one secret's")}
	}
	s, err := a.versions(ctx, d, secrets[0])
	if err != nil {
		return err
	}
	v, err := sync.FindVersion(secrets[0], s.all, r.to)
	if err != nil {
		return err
	}
	one := []sync.Version{v}
	if err := s.store.ReadVersions(ctx, secrets[0], one); err != nil {
		return err
	}
	held, err := d.ReadOf(ctx, []sync.Want{s.want})
	if err == nil {
		err = d.Inspect(ctx, held)
	}
	if err != nil {
		return err
	}
	if len(held) != 1 {
		return fmt.Errorf("secret %q: %w", secrets[0], sync.ErrNotFound)
	}
	return a.rollBackTo(ctx, &compare.Comparison{Desired: d, Plan: sync.RollbackTo(held[0], one[0])}, r)
}

// knownSecrets checks that each of the names given is declared.
func knownSecrets(given, declared []string) error {
	var all []error
	for _, name := range given {
		if !slices.Contains(declared, name) {
			all = append(all, fmt.Errorf("%w%s", &sync.UnknownNameError{Name: name}, didYouMean(name, declared)))
		}
	}
	return errors.Join(all...)
}

// lostRaces joins the conflicts that were seen before anything was written.
func lostRaces(p sync.Plan) error {
	var all []error
	for _, c := range p.Changes {
		if c.Kind == sync.Unreadable && errors.Is(c.Held.Err, sync.ErrConflict) {
			all = append(all, c.Held.Err)
		}
	}
	return errors.Join(all...)
}

func (a *app) rollBackTo(ctx context.Context, c *compare.Comparison, r rollbackRequest) error {
	o := sync.ApplyOptions{ReplaceBinary: r.replaceBinary, Owned: r.rotated}
	if err := c.Plan.Check(o); err != nil {
		return a.suggestSecret(err, c.Plan)
	}
	n := toWrite(c.Plan, o)
	if r.asJSON && (n == 0 || r.dryRun) {
		return a.printJSON(newPlanReport(c.Desired, c.Plan, false))
	}
	if !r.asJSON {
		if err := a.printPlan(c.Desired, c.Plan, everything, false); err != nil {
			return err
		}
	}
	switch {
	case n == 0 && c.Plan.Count(sync.Unreadable) > 0:
		return errors.Join(errNothing, lostRaces(c.Plan))
	case n == 0:
		a.sayf("%s: there is nothing to roll back", c.Env.Name)
		return nil
	case r.dryRun:
		return nil
	}
	if err := a.agree(r.yes, fmt.Sprintf("Roll %s of %s back in %s?", plural(n, "secret"), c.Env.Name, c.Where())); err != nil {
		return err
	}
	report, err := a.apply(ctx, c, c.Plan, o, r.asJSON)
	err = errors.Join(a.sumUp(c.Desired, c.Plan, report, pushRequest{asJSON: r.asJSON}), err)
	err = errors.Join(err, lostRaces(c.Plan))
	if report.Count(sync.Reverted) > 0 {
		a.sayf("the secrets file still holds what was current before: 'hci secrets pull %s' brings it in line", c.Env.Name)
	}
	return err
}
