package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"hci/internal/compare"
	"hci/sync"
)

// minWatch keeps what --watch asks of AWS far below its quotas.
const minWatch = 10 * time.Second

// checkWatch reports flags of --watch that make no sense.
func (r diffRequest) checkWatch(cmd *cobra.Command) error {
	problem := ""
	switch {
	case !r.watch && (cmd.Flags().Changed("every") || cmd.Flags().Changed("for")):
		problem = "--every and --for belong to --watch"
	case r.watch && r.with != "":
		problem = "--watch compares with AWS, --with with another environment"
	case r.watch && r.rev != "":
		problem = "--watch compares with AWS, --rev two versions in git"
	case r.with != "" && r.rev != "":
		problem = "--with compares with another environment, --rev two versions in git"
	case r.watch && r.every < minWatch:
		problem = fmt.Sprintf("--every %s is too often: at least %s lie between two comparisons", r.every, minWatch)
	default:
		return nil
	}
	return &usageError{cmd: cmd.CommandPath(), err: errors.New(problem)}
}

// watchDiff compares again and again. An interrupt is its ordinary end.
func (a *app) watchDiff(ctx context.Context, name string, r diffRequest) error {
	if r.during > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.during)
		defer cancel()
	}
	var before *compare.Comparison
	var failed error
	differed := false
	for {
		c, err := a.compare(ctx, name, r.Options, true)
		switch {
		case ctx.Err() != nil:
			return watched(differed, failed)
		case err != nil && before == nil:
			return err
		case err != nil:
			if failed == nil || failed.Error() != err.Error() {
				a.sayf("%s: cannot be compared: %v", name, err)
			}
			failed = err
		default:
			failed, differed = nil, differed || c.Plan.Differs() || len(c.Nameless) > 0 || lacking(c, r.strict)
			if err := a.tellWatched(before, c, r); err != nil {
				return err
			}
			before = c
		}
		select {
		case <-ctx.Done():
			return watched(differed, failed)
		case <-time.After(r.every):
		}
	}
}

// watched is how a watch ends.
func watched(differed bool, failed error) error {
	if failed == nil && differed {
		return errDifferences
	}
	return failed
}

// tellWatched prints the first comparison whole, and of a later one what has
// changed since.
func (a *app) tellWatched(before, now *compare.Comparison, r diffRequest) error {
	if before == nil {
		if r.asJSON {
			return errors.Join(a.printJSON(newPlanReport(now.Desired, now.Plan, r.showValues)), a.flushJSON())
		}
		return a.printPlan(now.Desired, now.Plan, everything, r.showValues)
	}
	changes := changedSince(before.Plan, now.Plan)
	if len(changes) == 0 {
		return nil
	}
	if r.asJSON {
		return errors.Join(a.printJSON(newPlanReport(now.Desired, now.Plan, r.showValues)), a.flushJSON())
	}
	at := time.Now().UTC().Format(time.RFC3339)
	for _, line := range changes {
		if _, err := fmt.Fprintf(a.out, "%s %s\n", at, line); err != nil {
			return err
		}
	}
	return nil
}

// changedSince lists what is otherwise in a plan than it was in the one before:
// another state, another version, another setting that drifted.
func changedSince(before, now sync.Plan) []string {
	type id struct{ place, name string }
	was := map[id]string{}
	line := func(c sync.Change) string {
		return fmt.Sprintf("%s %s  %s %s", sign(c.Kind), c.Name, reason(c), c.Drift())
	}
	for _, c := range before.Changes {
		was[id{c.Place, c.Name}] = line(c) + c.Held.Version
	}
	var all []string
	for _, c := range now.Changes {
		key := id{c.Place, c.Name}
		if was[key] != line(c)+c.Held.Version {
			text := fmt.Sprintf("%s %s  %s", sign(c.Kind), c.Name, reason(c))
			for _, d := range c.Drift() {
				text += "; " + d.String()
			}
			all = append(all, text)
		}
		delete(was, key)
	}
	for key := range was {
		all = append(all, "  "+key.name+"  is not there any more")
	}
	return all
}
