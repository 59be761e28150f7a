package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hci/internal/aws/client"
	"hci/internal/aws/ecs"
	"hci/internal/deploy"
	"hci/internal/deploy/names"
	"hci/internal/deploy/revisions"
	"hci/internal/deploy/state"
	"hci/tfvars/module"
)

func newDeployTask(a *app) *cobra.Command {
	var o deployOptions
	var container string
	var declared bool
	cmd := &cobra.Command{
		Use:   "task ENV NAME",
		Short: "Run a one-off task that Terraform declares, and wait for its end",
		Long: `Run a task definition that the Terraform code declares as a one-off task, in the
service's network: by its family, the name of its block, or a part of one that no
other has. Where its image lies in the service's repository it runs the deployed
one, whatever a tag says; --as-declared leaves that. What it writes is shown as it
comes, and the exit code of its container decides.`,
		Args: between(2, 2),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			return a.envNames(cmd, args, word)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.deployTask(cmd.Context(), args[0], args[1], container, declared, o)
		},
	}
	cmd.Flags().StringVar(&container, "container", "", "whose exit code decides, where there are several")
	cmd.Flags().BoolVar(&declared, "as-declared", false, "run the image that the task definition names")
	cmd.Flags().BoolVar(&o.yes, "yes", false, "don't ask")
	spotFlag(cmd, &o)
	waitFlags(cmd, &o.timeout, &o.poll)
	dryRunFlag(cmd, &o.dryRun)
	return cmd
}

func (a *app) deployTask(ctx context.Context, env, name, container string, declared bool, o deployOptions) error {
	d, err := a.deployed(ctx, env)
	if err != nil {
		return err
	}
	task, err := names.FindTask(d.Evaluated, name)
	if err != nil {
		return err
	}
	if container, err = oneContainer(task, container); err != nil {
		return err
	}
	journal := state.Unkept(d.Env.Name, nil)
	journal.Who = who()
	look, err := a.look(ctx, d, journal, nil, o)
	if err != nil {
		return err
	}
	if err := a.findings(look); err != nil {
		return err
	}
	definition, composed, err := a.taskDefinition(ctx, d, task.Family, declared)
	if err != nil {
		return err
	}
	job := a.job(d, journal, nil, o, look)
	image, err := a.taskImage(ctx, d, definition, declared)
	if err != nil {
		return err
	}
	words := definition.Name + " as it is declared"
	switch {
	case composed:
		words = "what the code declares as " + task.Family
	case image != "":
		words = definition.Name + " with the deployed image " + image
	}
	if _, err := fmt.Fprintf(a.out, "run %s in cluster %s, %s, account %s\n", words, d.names.Cluster, d.names.Region, client.Named(look.Identity.Account, look.Identity.Alias)); err != nil {
		return err
	}
	if o.dryRun {
		return nil
	}
	if err := a.agree(o.yes, fmt.Sprintf("Run %s in %s?", task.Family, d.Env.Name)); err != nil {
		return err
	}
	done, err := job.RunTask(ctx, definition, container, image, composed)
	if err != nil {
		return a.taskFailed(d, task.Family, err)
	}
	a.sayf("%s", done)
	return nil
}

// taskFailed tells what became of a one-off task that did not end well.
func (a *app) taskFailed(d *deployment, family string, err error) error {
	var runs *deploy.RunsError
	if errors.As(err, &runs) {
		a.sayf("%v; it goes on at AWS", runs)
	}
	var lost *ecs.LostError
	if errors.As(err, &lost) {
		a.sayf("whether the task began is not known: 'aws ecs list-tasks --cluster %s --family %s' lists it if it runs", d.names.Cluster, family)
	}
	var failed *deploy.TaskError
	if errors.As(err, &failed) {
		a.sayAll(failed.Explain())
	}
	var newer *revisions.NewerError
	if errors.As(err, &newer) {
		return fmt.Errorf("%w; run this again to take it", err)
	}
	return err
}

// taskDefinition is the newest revision of a family that is the environment's, or what
// the code declares in its place; with declared it is the newest that hci did not make,
// whoever's it looks like.
func (a *app) taskDefinition(ctx context.Context, d *deployment, family string, declared bool) (definition *ecs.Definition, composed bool, err error) {
	if declared {
		definition, err = revisions.Declared(ctx, d.on, family)
		if err == nil {
			a.contradiction(d, definition)
		}
		return definition, false, err
	}
	own := revisions.OfSaying(d.names, d.on, func(newest *ecs.Definition, what []string, own string) {
		a.sayf("warning: %s contradicts the Terraform code of %s in %s%s: the newest revision of %s is %s", newest.Name, d.Env.Name, strings.Join(what, ", "), whoseWords(revisions.Whose(d.names, newest)), d.Env.Name, own)
	})
	definition, err = revisions.Current(ctx, own, family)
	var foreign *revisions.ForeignError
	if !errors.As(err, &foreign) {
		if err == nil {
			a.contradiction(d, definition)
		}
		return definition, false, err
	}
	s, err := d.on.State(ctx)
	if err != nil {
		return nil, false, err
	}
	running, err := d.on.Definition(ctx, s.Revision.Name)
	if err != nil {
		return nil, false, err
	}
	full, err := a.fullNames(d)(ctx)
	if err != nil {
		return nil, false, err
	}
	made, err := revisions.Compose(full, foreign.Newest, running)
	if err != nil {
		return nil, false, &foreignTaskError{env: d.Env.Name, foreign: foreign, whose: revisions.Whose(d.names, foreign.Newest), err: err}
	}
	a.sayf("warning: %v%s: what the code declares for %s is registered and run", foreign, whoseWords(revisions.Whose(d.names, foreign.Newest)), d.Env.Name)
	if len(made.Taken) > 0 {
		a.sayf("  %s taken from %s, which runs", strings.Join(made.Taken, ", "), running.Name)
	}
	return made.Definition, true, nil
}

// contradiction warns of a revision that is not what the code says.
func (a *app) contradiction(d *deployment, definition *ecs.Definition) {
	if what := revisions.Contradictions(d.names, definition); len(what) > 0 {
		a.sayf("warning: %s contradicts the Terraform code of %s in %s%s", definition.Name, d.Env.Name, strings.Join(what, ", "), whoseWords(revisions.Whose(d.names, definition)))
	}
}

func whoseWords(env string) string {
	if env == "" {
		return ""
	}
	return ": it looks like " + env + "'s"
}

// foreignTaskError says that a one-off task has no definition of this environment's.
type foreignTaskError struct {
	env, whose string
	foreign    *revisions.ForeignError
	err        error
}

func (e *foreignTaskError) Error() string {
	return fmt.Sprintf("%v%s; %v", e.foreign, whoseWords(e.whose), e.err)
}
func (e *foreignTaskError) Unwrap() error { return e.foreign }

// Next says what to do about it.
func (e *foreignTaskError) Next() string {
	return fmt.Sprintf("'hci tf %s apply' registers %s's own; --as-declared runs the newest as it is", e.env, e.env)
}

// oneContainer is the container whose exit code decides.
func oneContainer(t module.Task, named string) (string, error) {
	var essential []string
	for _, c := range t.Containers {
		if c.Name == named && named != "" {
			return named, nil
		}
		if c.Essential && c.Name != "" {
			essential = append(essential, c.Name)
		}
	}
	switch {
	case named != "":
		return "", fmt.Errorf("%s has no container %q", t.Address, named)
	case len(essential) == 1:
		return essential[0], nil
	}
	return "", fmt.Errorf("%s has several essential containers, or none that is known: name one with --container: %v", t.Address, essential)
}

// taskImage is the image that the service runs, if the task's lies in the same
// repository; else "".
func (a *app) taskImage(ctx context.Context, d *deployment, task *ecs.Definition, declared bool) (string, error) {
	if declared {
		return "", nil
	}
	s, err := d.on.State(ctx)
	if err != nil {
		return "", err
	}
	running, err := d.on.Definition(ctx, s.Revision.Name)
	if err != nil {
		return "", err
	}
	images, err := revisions.Running(ctx, d.on, running)
	if err != nil {
		return "", err
	}
	if image := images[d.names.Container]; image != "" && len(d.names.Takers(task, names.RepositoryOf(image))) > 0 {
		return image, nil
	}
	var same []string
	for _, image := range images {
		if slices.ContainsFunc(task.Containers(), func(t ecs.Container) bool { return names.SameRepository(t.Image, image) }) {
			same = append(same, image)
		}
	}
	slices.Sort(same)
	switch same = slices.Compact(same); len(same) {
	case 0:
		return "", nil
	case 1:
		return same[0], nil
	}
	return "", fmt.Errorf("several images of its repository are deployed: %s; --as-declared runs the one that %s names", strings.Join(same, ", "), task.Name)
}
