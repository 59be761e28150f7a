package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"hci/internal/deploy/names"
	"hci/internal/deploy/preflight"
	"hci/internal/deploy/state"
	"hci/internal/project"
)

// deployOptions say how a deployment goes.
type deployOptions struct {
	steps, skip string
	yes         bool
	fromStdin   bool
	dryRun      bool
	explain     bool
	asJSON      bool
	resume      bool
	rehearse    bool
	scenario    string
	allowDrift  bool
	force       bool
	checkInfra  bool
	rebuild     bool
	dirty       bool
	restart     bool
	after       bool // the migration after the update
	verbose     bool
	schedules   bool // make schedules start the new image
	base        string
	asDeclared  bool
	ask         asker // asks whether to proceed with the plan; nil for nobody
	image       string
	imageTag    string
	services    []string
	spot        bool
	wait, waits bool // waits: the command has the flag
	timeout     time.Duration
	poll        time.Duration
}

const deployLong = `Deploy an environment's ECS service: migrate the database, authenticate to the
registry, build the image, push it, update the service. It asks for each of the
five, shows the whole plan with its warnings, and asks whether to proceed. Then it
runs them in the order in which they depend on each other: login, build, push,
migrate, update. The migration runs in the new image, and if it fails the service is
left as it is.

It says "deployed" when the deployment that it started, known by its id, is what
runs; otherwise it says why not, what runs now, and what to do.

The names come from the Terraform code; --explain prints them and where each is
declared, and the deploy block of hci.hcl overrides them. Before anything runs it
looks, all at once, at git, Docker, AWS, the service, the secrets and the registry.
--dry-run ends there.

Ctrl-C while it waits for the rollout asks whether to leave the deployment or roll
it back. --resume goes on with one that failed or was left unfinished, without
migrating twice.`

func newDeploy(a *app) *cobra.Command {
	var o deployOptions
	cmd := &cobra.Command{
		Use:               "deploy [ENV]",
		Short:             "Migrate, build, push and update a service, and tell how it ended",
		Long:              deployLong,
		Args:              between(0, 1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.deploy(cmd.Context(), cmd.CommandPath(), args, o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.steps, "steps", "", "do these `STEPS` only: "+string(state.Login)+",build,push,migrate,update")
	flags.StringVar(&o.skip, "skip", "", "leave these `STEPS` out")
	flags.BoolVar(&o.fromStdin, "ask-from-stdin", false, "take the answers from standard input, a line each")
	flags.BoolVar(&o.explain, "explain", false, "print the names and where each comes from, and do nothing")
	flags.BoolVar(&o.resume, "resume", false, "go on with a deployment that failed or was left")
	rebuildFlag(cmd, &o)
	imageFlags(cmd, &o)
	serviceFlag(cmd, &o.services)
	spotFlag(cmd, &o)
	waitFlag(cmd, &o)
	schedulesFlag(cmd, &o)
	lookFlags(cmd, &o)
	rehearseFlags(cmd, &o)
	cmd.AddCommand(newDeployStep(a, state.Migrate, "Run the migration as a one-off task, and wait for its end"),
		newDeployStep(a, state.Login, "Log Docker in to the registry"),
		newDeployStep(a, state.Build, "Build this commit's image"),
		newDeployStep(a, state.Push, "Push this commit's image, and print its digest"),
		newDeployStep(a, state.Update, "Make the service run the new revision, and wait until it does"),
		newDeployTask(a), newDeployStatus(a), newDeployHistory(a), newDeployLogs(a), newDeployShell(a), newDeployRollback(a))
	return cmd
}

// lookFlags are those of everything that changes a service.
func lookFlags(cmd *cobra.Command, o *deployOptions) {
	flags := cmd.Flags()
	flags.BoolVar(&o.yes, "yes", false, "don't ask; roll a crash loop back")
	flags.BoolVar(&o.allowDrift, "allow-drift", false, "go on although Secrets Manager holds other values than the file")
	flags.BoolVar(&o.force, "force", false, "go on although another deployment is under way")
	flags.BoolVar(&o.force, "displace", false, "the old name of --force")
	_ = flags.MarkHidden("displace") // it is there
	flags.BoolVar(&o.checkInfra, "check-infra", false, "look with 'terraform plan' for changes that were not applied")
	flags.StringVar(&o.base, "base", "", "make the new revision from this `REVISION`: "+state.BaseRunning+" or "+state.BaseNewest)
	flags.BoolVar(&o.asDeclared, "as-declared", false, "take the newest revision of each task definition as it is, even if it looks like another environment's")
	waitFlags(cmd, &o.timeout, &o.poll)
	dryRunFlag(cmd, &o.dryRun)
	flags.BoolVar(&o.verbose, "verbose", false, "show everything: what Docker says, why each step comes when it does, ids and images whole")
	flags.BoolVar(&o.asJSON, "json", false, "report on standard output as JSON: what happens, an object a line")
}

func rebuildFlag(cmd *cobra.Command, o *deployOptions) {
	cmd.Flags().BoolVar(&o.rebuild, "rebuild", false, "build even if the registry has this commit's image")
	dirtyFlag(cmd, o)
}

func dirtyFlag(cmd *cobra.Command, o *deployOptions) {
	cmd.Flags().BoolVar(&o.dirty, "dirty", false, "build from the work tree, with what is not committed; the tag says so")
}

// imageFlags name the image that another system built.
func imageFlags(cmd *cobra.Command, o *deployOptions) {
	cmd.Flags().StringVar(&o.image, "image", "", "deploy the image with this `REFERENCE` instead of building one; "+preflight.DeployedImage+" is what the service runs")
	cmd.Flags().StringVar(&o.imageTag, "tag", "", "deploy the image with this `TAG` in the repository instead of building one")
	cmd.MarkFlagsMutuallyExclusive("image", "tag")
}

// serviceFlag limits what is done to some of several services.
func serviceFlag(cmd *cobra.Command, services *[]string) {
	cmd.Flags().StringSliceVar(services, "service", nil, "of these services only: the `NAME` in AWS, or that of the block in Terraform")
}

func waitFlag(cmd *cobra.Command, o *deployOptions) {
	o.waits = true
	cmd.Flags().BoolVar(&o.wait, "wait", true, "wait until the rollout has ended; with --wait=false hci only starts it")
}

func schedulesFlag(cmd *cobra.Command, o *deployOptions) {
	cmd.Flags().BoolVar(&o.schedules, "schedules", false, "make schedules start the new image, too, where Terraform leaves that to others")
}

// noWait reports whether the rollout is only started. Commands without the flag wait.
func (o deployOptions) noWait() bool { return o.waits && !o.wait }

func spotFlag(cmd *cobra.Command, o *deployOptions) {
	cmd.Flags().BoolVar(&o.spot, "spot", false, "run one-off tasks on Spot capacity, too, if the service's tasks are; AWS may interrupt them")
}

// waitFlags are those of everything that waits for AWS.
func waitFlags(cmd *cobra.Command, timeout, poll *time.Duration) {
	cmd.Flags().DurationVar(timeout, "timeout", 15*time.Minute, "how long to wait for a task, and for a rollout")
	cmd.Flags().DurationVar(poll, "poll", 0, "how often to ask AWS meanwhile (default 2s for a task, 5s for a rollout)")
}

// deploy is "hci deploy [ENV]".
func (a *app) deploy(ctx context.Context, command string, args []string, o deployOptions) error {
	if err := a.rehearse(o); err != nil {
		return &usageError{cmd: command, err: err}
	}
	if a.rehearsal != nil {
		defer a.rehearsal.end()
	}
	a.events, a.verbose = o.asJSON && !o.explain, o.verbose
	if o.resume {
		if err := o.resumable(); err != nil {
			return &usageError{cmd: command, err: err}
		}
		return a.resumeDeploy(ctx, args, o)
	}
	ask := a.asker(o.fromStdin)
	env, err := a.deployEnvironment(args, ask, o.yes)
	if err != nil {
		return err
	}
	if o.explain {
		return a.explainNames(ctx, env, o.asJSON)
	}
	steps, err := a.deploySteps(env, ask, o)
	if err == nil {
		steps, err = placed(env, steps, o)
	}
	if err != nil {
		return a.wrongSteps(command, err)
	}
	if !o.yes {
		o.ask = ask
	}
	return a.runDeploy(ctx, env, steps, o)
}

// resumable refuses what a deployment that goes on can't be told: it goes on as it
// began.
func (o deployOptions) resumable() error {
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"steps", o.steps != ""}, {"skip", o.skip != ""}, {"rebuild", o.rebuild}, {"dirty", o.dirty}, {"base", o.base != ""},
		{"image", o.image != ""}, {"tag", o.imageTag != ""}, {"explain", o.explain}, {"ask-from-stdin", o.fromStdin},
	} {
		if f.set {
			return fmt.Errorf("--%s does not go with --resume: the deployment goes on as it began", f.name)
		}
	}
	return nil
}

// deploySteps are those that flags name, or that the answers choose.
func (a *app) deploySteps(env project.Environment, ask asker, o deployOptions) ([]state.Step, error) {
	steps := possibleSteps(env, o)
	var err error
	if o.steps != "" {
		if steps, err = state.ParseSteps(o.steps); err != nil {
			return nil, &stepsError{err}
		}
		if making := state.Without(steps, state.Without(steps, state.Making)); o.image+o.imageTag != "" && len(making) > 0 {
			return nil, &stepsError{fmt.Errorf("--image and --tag name an image that is there: the step %s does not go with them", making[0])}
		}
	}
	var skipped []state.Step
	if o.skip != "" {
		if skipped, err = state.ParseSteps(o.skip); err != nil {
			return nil, &stepsError{err}
		}
	}
	if steps = state.Without(steps, skipped); len(steps) == 0 {
		return nil, &stepsError{errors.New("every step is skipped")}
	}
	switch {
	case o.yes || o.dryRun && !o.fromStdin, o.steps != "" || o.skip != "":
		return steps, nil
	}
	return choose(steps, ask)
}

// placed puts the migration where hci.hcl wants it.
func placed(env project.Environment, steps []state.Step, o deployOptions) ([]state.Step, error) {
	steps = state.Placed(steps, names.When(env))
	if o.noWait() && slices.Contains(steps, state.MigrateAfter) {
		return nil, &stepsError{errors.New("--wait=false does not go with a migration after the update: how that ends must be known first (--skip migrate leaves it out)")}
	}
	return steps, nil
}

// possibleSteps are those that there are to do: an image that is named, or that
// another system builds, is not built here.
func possibleSteps(env project.Environment, o deployOptions) []state.Step {
	if o.image+o.imageTag != "" || env.Deploy["build"].Value == "false" {
		return state.Without(state.Named, state.Making)
	}
	return state.Named
}

// stepsError is a list of steps that makes no sense.
type stepsError struct{ err error }

func (e *stepsError) Error() string { return e.err.Error() }

func (a *app) wrongSteps(command string, err error) error {
	var steps *stepsError
	if errors.As(err, &steps) {
		return &usageError{cmd: command, err: err}
	}
	return err
}

// newDeployStep is one step as a command of its own.
func newDeployStep(a *app, step state.Step, short string) *cobra.Command {
	var o deployOptions
	cmd := &cobra.Command{
		Use:               string(step) + " ENV",
		Short:             short,
		Long:              stepLong[step],
		Args:              between(1, 1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			a.events, a.verbose = o.asJSON, o.verbose
			env, err := a.environment(args[0])
			if err != nil {
				return err
			}
			steps := []state.Step{step}
			if o.after {
				if names.When(env) != state.Both {
					return &usageError{cmd: cmd.CommandPath(), err: errors.New(`--after is for hci.hcl with migrate = "both", or migrate_after_command`)}
				}
				steps = []state.Step{state.MigrateAfter}
			}
			if !o.yes && slices.Contains(changing, step) {
				o.ask = onTerminal{a}
			}
			return a.runDeploy(cmd.Context(), env, steps, o)
		},
	}
	if step == state.Login {
		dryRunFlag(cmd, &o.dryRun)
		return cmd
	}
	lookFlags(cmd, &o)
	switch step {
	case state.Build:
		rebuildFlag(cmd, &o)
	case state.Push:
		dirtyFlag(cmd, &o)
	case state.Migrate:
		imageFlags(cmd, &o)
		spotFlag(cmd, &o)
		dirtyFlag(cmd, &o)
		cmd.Flags().BoolVar(&o.after, "after", false, "run the migration that follows the update, where hci.hcl has two")
	case state.Update:
		waitFlag(cmd, &o)
		schedulesFlag(cmd, &o)
		imageFlags(cmd, &o)
		serviceFlag(cmd, &o.services)
		dirtyFlag(cmd, &o)
		cmd.Flags().BoolVar(&o.restart, "restart", false, "change nothing: start the tasks again, so that they read the secrets as they are now")
	}
	return cmd
}

// changing are the steps that are asked for.
var changing = []state.Step{state.Migrate, state.Update, state.MigrateAfter}

var stepLong = map[state.Step]string{
	state.Migrate: `Run the migration: the task definition that Terraform declares for it, or
migrate_command of hci.hcl in the service's, as a one-off task in the service's
network. It runs this commit's image if the registry has it, else the deployed one,
and says which. What it writes is shown as it comes; the exit code of its container
decides.`,
	state.Login: `Log Docker in to the registry with a token of Amazon ECR, which lasts twelve hours.
Docker keeps it where its own configuration says. 'hci deploy ENV' needs no login: it
uses a private one that goes with it.`,
	state.Build: `Build this commit's image for the platform on which the task runs, with buildx or,
without it, the classic builder. It is tagged git-COMMIT, with -dirty where the work
tree differs, and with the tag that moves.`,
	state.Push: `Push this commit's image, with the login that Docker has ('hci deploy login ENV'),
and read its digest back from the registry.`,
	state.Update: `Register a revision with this commit's image if the registry has it, else with the
deployed one, make the service run it, and wait until the deployment that this starts
is what runs. If nothing differs, or with --restart, the tasks are restarted, so
that they read the secrets as they are now.`,
}

// resumeDeploy goes on with a deployment that was not finished.
func (a *app) resumeDeploy(ctx context.Context, args []string, o deployOptions) error {
	p, err := a.project()
	if err != nil {
		return err
	}
	var env project.Environment
	left := state.Journals(p.StateDir())
	switch {
	case len(args) > 0:
		env, err = p.Environment(args[0])
	case len(left) == 1:
		env, err = p.Environment(left[0])
	case len(left) == 0:
		return state.ErrNoJournal
	default:
		return fmt.Errorf("deployments of several environments were left unfinished: %v; name one", left)
	}
	if err != nil {
		return err
	}
	return a.continueDeploy(ctx, env, o)
}
