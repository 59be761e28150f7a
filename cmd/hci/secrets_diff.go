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

type diffRequest struct {
	compare.Options
	showValues, asJSON bool
	strict             bool
	with, rev          string

	watch         bool
	every, during time.Duration
}

func newDiff(a *app) *cobra.Command {
	var r diffRequest
	cmd := &cobra.Command{
		Use:   "diff ENV",
		Short: "Compare the secrets with AWS Secrets Manager",
		Long: `Compare what an environment's secrets should be, by its secrets file and the
Terraform code, with what AWS Secrets Manager holds. One line per secret:

  =  in sync                     +  not there, or there without a value yet
  ~  the value differs           -  there, but declared nowhere
  !  scheduled for deletion      :  agrees as far as the value is known
  ?  cannot be compared          @  AWS rotates, replicates or
                                    manages the value itself

A value of which a part is known after apply only is compared by the rest;
--state takes such parts from terraform's state. A secret that nobody declares
is this project's if its name has the beginning and the end that all declared
names share and it has all the tags that they share. It counts as declared
nowhere only if neither another environment nor another Terraform root of the
repository declares it, and no file names it; where that can't be told, it is
left alone. Where something that could declare secrets was not seen, such as a
module that was not fetched, the result is "incomplete".

--with compares with another environment instead of AWS: which secrets both
declare, and which hold the same value.

--rev compares two versions of the sealed file in git's history instead, name by
name, also across rekeys and renames of the file. AWS is not asked.

Descriptions, tags, KMS keys, replicas and policies that are not as declared are
listed below the secrets. hci does not change them: that is Terraform's.

--watch compares again and again and tells what has changed since. It ends when it
is interrupted or after --for, with exit code 2 if something differed at any time.
A scheduled job needs no --watch: 'diff' itself has the exit code.

Values are never shown unless --show-values asks. Exit code 0 when nothing
differs, 2 when something does.`,
		Args:              between(1, 1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := r.checkWatch(cmd); err != nil {
				return err
			}
			a.unpaged = r.showValues || r.watch
			if r.watch {
				return a.watchDiff(cmd.Context(), args[0], r)
			}
			if r.rev != "" {
				return a.diffRev(cmd.Context(), args[0], r)
			}
			if r.with != "" {
				return a.diffWith(cmd.Context(), args[0], r)
			}
			return a.diff(cmd.Context(), args[0], r)
		},
	}
	cmd.Flags().StringVar(&r.with, "with", "", "compare with the environment `ENV2` instead")
	cmd.Flags().StringVar(&r.rev, "rev", "", "compare two versions of the sealed file in git: `A..B`, or A with the file now")
	cmd.Flags().BoolVar(&r.watch, "watch", false, "compare again and again, and tell what changes, until interrupted")
	cmd.Flags().DurationVar(&r.every, "every", time.Minute, "how often --watch compares, at least `DURATION` 10s apart")
	cmd.Flags().DurationVar(&r.during, "for", 0, "end --watch after `DURATION`; 0 means never")
	cmd.Flags().BoolVar(&r.showValues, "show-values", false, "show the values on both sides")
	stateFlag(cmd, &r.State)
	strictFlag(cmd, &r.strict)
	jsonFlag(cmd, &r.asJSON)
	return cmd
}

func (a *app) diff(ctx context.Context, name string, r diffRequest) error {
	c, err := a.compare(ctx, name, r.Options, true)
	if err != nil {
		return err
	}
	if r.asJSON {
		err = a.printJSON(newPlanReport(c.Desired, c.Plan, r.showValues))
	} else {
		err = errors.Join(a.printPlan(c.Desired, c.Plan, everything, r.showValues), a.printDrift(c))
	}
	switch {
	case err != nil:
		return err
	case c.Plan.Differs() || len(c.Nameless) > 0 || lacking(c, r.strict):
		a.nextCommand(c.Desired, c.Plan)
		return errDifferences
	}
	return nil
}

// lacking reports whether what was not seen makes a comparison one that differs:
// where it must be complete, and where nothing was seen at all.
func lacking(c *compare.Comparison, strict bool) bool {
	return len(c.Incomplete()) > 0 && (strict || len(c.Plan.Changes) == 0)
}

// strictFlag adds --strict.
func strictFlag(cmd *cobra.Command, strict *bool) {
	cmd.Flags().BoolVar(strict, "strict", false, "exit with code 2 also if something that could declare secrets was not seen")
}

// printDrift lists the settings that are not as declared.
func (a *app) printDrift(c *compare.Comparison) error {
	n := 0
	for _, ch := range c.Plan.Changes {
		for _, d := range ch.Drift() {
			n++
			if _, err := fmt.Fprintf(a.out, "drift %s  %s\n", ch.Name, d); err != nil {
				return err
			}
		}
	}
	if n > 0 {
		a.sayf("'hci tf %s plan' shows what Terraform would do about the settings that drifted", c.Env.Name)
	}
	return nil
}

// everything selects all lines of a plan.
func everything(sync.Change) bool { return true }
