package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"hci/internal/atomicfile"
	"hci/internal/compare"
	"hci/internal/plan"
	"hci/internal/term"
	"hci/sync"
	"hci/sync/awssm"
)

// errIncomplete ends a push after which something still differs; what, has
// been said by then.
var errIncomplete = errors.New("not everything was written")

type pushRequest struct {
	yes, create, restore, ignored, prune, dryRun, asJSON, state bool
	replaceBinary                                               bool
	only, rotated                                               []string
	window                                                      int
	confirm                                                     string
	planPath                                                    string
	planned                                                     *plan.File // to be carried out
	cost                                                        sync.Cost
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
declared but not there is made with --create only (Terraform has to import it
then), and one that is scheduled for deletion is restored with --restore only. A
value that AWS rotates, that another service manages or that is replicated from
another region is left alone, unless --rotated names the secret. --prune schedules for deletion
what is in Secrets Manager under this project's names but declared nowhere; it
asks for the environment's name (--confirm gives it where there is no terminal).

--dry-run --plan FILE writes what would be done into a file, without values;
'push --plan FILE' does exactly that, or nothing if anything has changed since.`,
		Example: `  hci secrets push staging
  hci secrets push production --dry-run --plan push.json
  hci secrets push --plan push.json`,
		Args:              between(0, 1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := a.pushTarget(cmd, args, &r)
			if err != nil {
				return err
			}
			return a.push(cmd.Context(), name, r)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&r.yes, "yes", false, "don't ask")
	f.BoolVar(&r.create, "create", false, "make declared secrets that are not there")
	f.BoolVar(&r.restore, "restore", false, "restore secrets that are scheduled for deletion")
	f.BoolVar(&r.ignored, "ignored", false, "write also values of which Terraform ignores changes (ignore_changes)")
	f.BoolVar(&r.replaceBinary, "replace-binary", false, "write a text where bytes are, and bytes where a text is")
	f.BoolVar(&r.prune, "prune", false, "schedule for deletion what is declared nowhere")
	f.IntVar(&r.window, "recovery-window", 30, "`DAYS` until a pruned secret is gone for good, 7 to 30")
	f.StringVar(&r.confirm, "confirm", "", "the `ENV` whose secrets --prune may delete")
	f.StringArrayVar(&r.rotated, "rotated", nil, "write also the secret `NAME`, although AWS rotates or manages its value (may be repeated)")
	f.StringArrayVar(&r.only, "only", nil, "push the secret `NAME` only (may be repeated)")
	f.StringVar(&r.planPath, "plan", "", "carry out the plan in `FILE`; with --dry-run, write it")
	stateFlag(cmd, &r.state)
	dryRunFlag(cmd, &r.dryRun)
	jsonFlag(cmd, &r.asJSON)
	return cmd
}

// pushTarget is the environment to push: the one that is named, or the one of
// the plan to carry out, whose options then hold.
func (a *app) pushTarget(cmd *cobra.Command, args []string, r *pushRequest) (string, error) {
	usage := func(text string) error { return &usageError{cmd: cmd.CommandPath(), err: errors.New(text)} }
	if err := awssm.CheckWindow(r.window); err != nil {
		return "", &usageError{cmd: cmd.CommandPath(), err: err}
	}
	if r.planPath == "" || r.dryRun {
		if len(args) == 0 {
			return "", usage("usage: " + cmd.UseLine())
		}
		return args[0], nil
	}
	path, err := a.abs(r.planPath)
	if err != nil {
		return "", err
	}
	data, err := a.readAt(cmd.Context(), path, maxPlan)
	if err != nil {
		return "", err
	}
	if r.planned, err = plan.Parse(data); err != nil {
		return "", fmt.Errorf("%s: %w", a.rel(path), err)
	}
	if len(args) > 0 && args[0] != r.planned.Environment {
		return "", usage(fmt.Sprintf("%s is a plan for %s", a.rel(path), r.planned.Environment))
	}
	for _, flag := range []string{"create", "restore", "ignored", "replace-binary", "prune", "only", "rotated", "recovery-window", "state"} {
		if cmd.Flags().Changed(flag) {
			return "", usage("--" + flag + " was settled when the plan was made")
		}
	}
	o := r.planned.Options
	r.create, r.restore, r.ignored, r.prune, r.replaceBinary = o.Create, o.Restore, o.Ignored, o.Prune, o.ReplaceBinary
	r.only, r.rotated, r.window, r.state = o.Only, o.Rotated, o.Window, o.State
	r.yes = true
	return r.planned.Environment, nil
}

// maxPlan bounds the size of a plan file in bytes.
const maxPlan = 16 << 20

// push compares, shows the plan, asks and applies.
func (a *app) push(ctx context.Context, name string, r pushRequest) error {
	c, err := a.compare(ctx, name, compare.Options{State: r.state}, r.prune)
	if err != nil {
		return err
	}
	d, plan := c.Desired, c.Plan
	if err := a.apart(d); err != nil {
		return err
	}
	o := sync.ApplyOptions{Create: r.create, Restore: r.restore, Ignored: r.ignored, ReplaceBinary: r.replaceBinary, Prune: r.prune, Window: r.window, Only: r.only, Owned: r.rotated}
	if err := plan.Check(o); err != nil {
		return a.suggestSecret(err, plan)
	}
	if r.planned != nil {
		if err := a.verifyPlan(ctx, c, o, r.planned); err != nil {
			return err
		}
	}
	if !r.asJSON {
		if err := a.printPlan(d, plan, func(c sync.Change) bool { return c.Kind != sync.InSync }, false); err != nil {
			return err
		}
	}
	if r.dryRun && r.planPath != "" {
		if err := a.writePlan(ctx, c, o, r); err != nil {
			return err
		}
	}
	n := toWrite(plan, o)
	r.cost = plan.Cost(o)
	if !r.asJSON {
		a.tellCost(r.cost)
	}
	if n > 0 && !r.dryRun {
		a.advise(plan, o)
		if err := a.confirmPush(d, plan, o, r, n); err != nil {
			return err
		}
	}
	if !r.dryRun {
		if err := a.tidyUp(ctx, c, r.only); err != nil {
			return err
		}
	}
	if n == 0 || r.dryRun {
		return errors.Join(a.nothingPushed(d, plan, r), r.notPruned(d))
	}
	report, err := a.apply(ctx, c, plan, o, r.asJSON)
	a.strikeOff(ctx, d.Env.Name)
	return errors.Join(a.sumUp(d, plan, report, r), err, r.notPruned(d))
}

// notPruned is an error if orphans should go of which nobody knows whether they
// are some.
func (r *pushRequest) notPruned(d *compare.Desired) error {
	if !r.prune || d.OrphansUnknown == "" {
		return nil
	}
	return &compare.OrphansUnknownError{Why: d.OrphansUnknown}
}

// advise warns of names that AWS takes, but advises against.
func (a *app) advise(p sync.Plan, o sync.ApplyOptions) {
	for _, c := range p.Changes {
		if c.Kind == sync.Missing && o.Writes(c) && !sync.Advised(c.Name) {
			a.sayf("warning: %s ends in a hyphen and six characters; AWS advises against that, since it looks like the end of an ARN", c.Name)
		}
	}
}

// apply carries a plan out and says what becomes of each secret.
func (a *app) apply(ctx context.Context, c *compare.Comparison, plan sync.Plan, o sync.ApplyOptions, asJSON bool) (sync.Report, error) {
	if asJSON {
		return sync.ApplyAt(ctx, c.StoreAt, plan, o, nil)
	}
	progress := term.NewProgress(a.redrawn(), toWrite(plan, o))
	defer progress.Clear()
	return sync.ApplyAt(ctx, c.StoreAt, plan, o, func(out sync.Outcome) {
		progress.Clear()
		a.printOutcome(out)
		if out.Result != sync.Skipped {
			progress.Step()
		}
	})
}

// confirmPush asks. A deletion needs the environment's name, typed or by
// --confirm; --yes is not enough for it.
func (a *app) confirmPush(d *compare.Desired, p sync.Plan, o sync.ApplyOptions, r pushRequest, n int) error {
	prunes := 0
	for _, c := range p.Changes {
		if c.Kind == sync.Orphan && o.Writes(c) {
			prunes++
		}
	}
	switch {
	case prunes > 0 && r.confirm == d.Env.Name:
		return nil
	case prunes > 0:
		return a.confirmName(d, fmt.Sprintf("%s will be deleted in %d days, %s written, in %s. Type the environment's name to go on: ",
			plural(prunes, "secret"), r.window, plural(n-prunes, "secret"), d.Where()))
	}
	return a.agree(r.yes, fmt.Sprintf("Write %s of %s in %s?", plural(n, "secret"), d.Env.Name, d.Where()))
}

// confirmName asks for the environment's name.
func (a *app) confirmName(d *compare.Desired, question string) error {
	name, err := a.terminal().Ask(question)
	switch {
	case errors.Is(err, term.ErrNoTerminal):
		return fmt.Errorf("%w; say --confirm %s to go ahead without being asked", err, d.Env.Name)
	case err != nil:
		return err
	case name != d.Env.Name:
		return errNothing
	}
	return nil
}

// verifyPlan checks that what would be written is what was planned.
func (a *app) verifyPlan(ctx context.Context, c *compare.Comparison, o sync.ApplyOptions, planned *plan.File) error {
	passphrase, err := a.passphrase(c.Env)(ctx)
	if err != nil {
		return err
	}
	return planned.Verify(subject(c, o, planned.Options), passphrase)
}

// writePlan writes the plan file. The passphrase is needed for the
// fingerprints, also where the plaintext is used.
func (a *app) writePlan(ctx context.Context, c *compare.Comparison, o sync.ApplyOptions, r pushRequest) error {
	passphrase, err := a.passphrase(c.Env)(ctx)
	if err != nil {
		return err
	}
	opts := plan.Options{Create: r.create, Restore: r.restore, Ignored: r.ignored, ReplaceBinary: r.replaceBinary, Prune: r.prune, Window: r.window, State: r.state, Only: r.only, Rotated: r.rotated}
	f, err := plan.New(subject(c, o, opts), passphrase)
	if err != nil {
		return err
	}
	data, err := f.Bytes()
	if err != nil {
		return err
	}
	path, err := a.abs(r.planPath)
	if err != nil {
		return err
	}
	err = a.writeAt(path, data, atomicfile.Options{Check: func(current []byte, there bool) error {
		if !there {
			return nil
		}
		if _, err := plan.Parse(current); err != nil {
			return fmt.Errorf("%s is there already and is no plan; choose another name", a.rel(path))
		}
		return nil
	}})
	if err == nil {
		a.sayf("'hci secrets push --plan %s' carries out this plan", a.rel(path))
	}
	return err
}

// subject is what a plan file is about.
func subject(c *compare.Comparison, o sync.ApplyOptions, opts plan.Options) plan.Subject {
	s := plan.Subject{Environment: c.Env.Name, Places: []plan.Place{}, Options: opts, Plan: c.Plan, Apply: o}
	for _, t := range c.Targets() {
		s.Places = append(s.Places, plan.Place{Account: t.Account, Region: t.Region, Parameters: t.Parameters})
	}
	s.At = func(place string) plan.Place {
		if t := c.At(place); t != nil {
			return plan.Place{Account: t.Account, Region: t.Region, Parameters: t.Parameters}
		}
		return plan.Place{}
	}
	return s
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
