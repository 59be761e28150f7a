package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"hci/internal/compare"
	"hci/sync"
)

type repairRequest struct{ yes, dryRun, asJSON, state bool }

func newRepair(a *app) *cobra.Command {
	var r repairRequest
	cmd := &cobra.Command{
		Use:   "repair ENV",
		Short: "Take staging labels that hci left off the secrets",
		Long: `Take off the secrets in AWS Secrets Manager what an interrupted push or an
earlier version of hci left there: staging labels of its own, which count towards
the twenty that a secret can have and keep versions from being removed, and
AWSPENDING on a version that is not the current one any more, which keeps a
rotation from starting. No value changes. push does the same for the secrets of
its environment.`,
		Args:              between(1, 1),
		ValidArgsFunction: a.envNames,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.repair(cmd.Context(), args[0], r) },
	}
	cmd.Flags().BoolVar(&r.yes, "yes", false, "don't ask")
	stateFlag(cmd, &r.state)
	dryRunFlag(cmd, &r.dryRun)
	jsonFlag(cmd, &r.asJSON)
	return cmd
}

// repairReport is the JSON form of a repair.
type repairReport struct {
	Schema      int              `json:"schema"`
	Environment string           `json:"environment"`
	Secrets     []repairedReport `json:"secrets"`
}

type repairedReport struct {
	placeReport
	Name    string            `json:"name"`
	Labels  map[string]string `json:"labels"` // that were left, with the VersionId that bears each
	Removed bool              `json:"removed"`
	Error   string            `json:"error,omitempty"`
}

func (a *app) repair(ctx context.Context, name string, r repairRequest) error {
	c, err := a.compare(ctx, name, compare.Options{State: r.state}, true)
	if err != nil {
		return err
	}
	if err := a.apart(c.Desired); err != nil {
		return err
	}
	var untidy []sync.Change
	var unread []error
	for _, ch := range c.Plan.Changes {
		if ch.Held.Untidy() {
			untidy = append(untidy, ch)
		}
		if f := ch.Held.Facts; f != nil && f.Err != nil {
			unread = append(unread, f.Err)
		}
	}
	report := repairReport{Schema: planSchema, Environment: c.Env.Name, Secrets: []repairedReport{}}
	if len(untidy) > 0 && !r.dryRun {
		if !r.asJSON {
			err = a.printUntidy(untidy)
		}
		if err == nil {
			err = a.agree(r.yes, fmt.Sprintf("Take these labels off %s of %s in %s?", plural(len(untidy), "secret"), c.Env.Name, c.Where()))
		}
		if err != nil {
			return err
		}
	}
	if r.dryRun {
		for _, ch := range untidy {
			report.add(c.Desired, sync.Tidied{Change: ch}, false)
		}
	} else {
		err = sync.Tidy(ctx, c.StoreAt, c.Plan, nil, func(t sync.Tidied) { report.add(c.Desired, t, t.Err == nil); err = errors.Join(err, t.Err) })
	}
	switch {
	case r.asJSON:
		err = errors.Join(a.printJSON(report), err)
	case r.dryRun:
		err = errors.Join(a.printUntidy(untidy), err)
	}
	if len(untidy) == 0 && len(unread) == 0 {
		a.sayf("%s: nothing to repair", c.Env.Name)
	}
	return errors.Join(append(unread, err)...)
}

func (r *repairReport) add(d *compare.Desired, t sync.Tidied, removed bool) {
	one := repairedReport{placeReport: newPlaceReport(d.At(t.Change.Place)), Name: t.Change.Name, Labels: t.Change.Held.Facts.Stale, Removed: removed}
	if t.Err != nil {
		one.Error = t.Err.Error()
	}
	r.Secrets = append(r.Secrets, one)
}

// printUntidy lists what was left on secrets.
func (a *app) printUntidy(untidy []sync.Change) error {
	for _, c := range untidy {
		for _, label := range slices.Sorted(maps.Keys(c.Held.Facts.Stale)) {
			if _, err := fmt.Fprintf(a.out, "- %s  label %s of version %.8s\n", c.Name, label, c.Held.Facts.Stale[label]); err != nil {
				return err
			}
		}
	}
	return nil
}

// tidyUp takes off, in a push, what was left on the secrets, before anything is
// written: a secret with too many labels takes no other value. What can't be
// taken off is told, and is no failure.
func (a *app) tidyUp(ctx context.Context, c *compare.Comparison, only []string) error {
	return sync.Tidy(ctx, c.StoreAt, c.Plan, only, func(t sync.Tidied) {
		labels := plural(len(t.Change.Held.Facts.Stale), "staging label")
		if t.Err != nil {
			a.sayf("%s: %s that hci left could not be taken off: %v", t.Change.Name, labels, t.Err)
			return
		}
		a.sayf("%s: %s that hci left taken off", t.Change.Name, labels)
	})
}
