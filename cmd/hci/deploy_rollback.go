package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hci/internal/awsapi"
	"hci/internal/deploy"
	"hci/internal/ecs"
)

type serviceRollback struct {
	to          string
	yes, dryRun bool
	displace    bool
	timeout     time.Duration
	poll        time.Duration
}

func newDeployRollback(a *app) *cobra.Command {
	var r serviceRollback
	cmd := &cobra.Command{
		Use:   "rollback ENV",
		Short: "Make the service run an earlier revision, and wait until it does",
		Long: `Make an environment's ECS service run an earlier revision of its task definition:
the one that served before, or the one that --to names. It shows both with their
images, asks, and then waits until the deployment that it started is the one that
runs. It exits with 0 only then; otherwise it says what happened, why tasks stopped,
and what runs now. It refuses while another deployment is under way, which
'hci deploy --resume ENV' or --displace deal with.

Ctrl-C ends the waiting, not the deployment.`,
		Args:              between(1, 1),
		ValidArgsFunction: a.envNames,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.rollBackService(cmd.Context(), args[0], r) },
	}
	cmd.Flags().StringVar(&r.to, "to", "", "the `REVISION`: family:number, or the number")
	cmd.Flags().BoolVar(&r.yes, "yes", false, "don't ask")
	cmd.Flags().BoolVar(&r.displace, "displace", false, "take the place of a deployment that is under way")
	waitFlags(cmd, &r.timeout, &r.poll)
	dryRunFlag(cmd, &r.dryRun)
	return cmd
}

// rollbackDepth is how many revisions are looked at.
const rollbackDepth = 100

func (a *app) rollBackService(ctx context.Context, name string, r serviceRollback) error {
	d, err := a.deployed(ctx, name)
	if err != nil {
		return err
	}
	on := d.on
	seen, journal, release, err := a.mayRollBack(ctx, d, r)
	if err != nil {
		return err
	}
	defer release()
	revisions, runs, err := on.History(ctx, rollbackDepth)
	if err != nil {
		return err
	}
	var served []string
	if r.to == "" {
		if served, err = on.Served(ctx); err != nil {
			a.sayf("which revisions have served is not known: %v", err)
		}
	}
	to, from, err := target(revisions, served, runs, r.to)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(a.out, "- %s\n+ %s\n", revisionWords(from), revisionWords(to)); err != nil {
		return err
	}
	if r.dryRun {
		return nil
	}
	if err := a.agree(r.yes, fmt.Sprintf("Make %s in %s run %s?", d.names.Service, d.names.Region, to.Name)); err != nil {
		return err
	}
	now, err := on.State(ctx) // once more: the question may have stood for long
	if err != nil {
		return err
	}
	if p := now.Primary(); p != nil && (seen == nil || p.ID != seen.ID) {
		return deploy.DisplacedBy(p)
	}
	id, err := on.Update(ctx, to.Name, false)
	if err != nil {
		var missing *ecs.NotFoundError
		if !awsapi.Refused(err, "UpdateService") && !errors.As(err, &missing) {
			a.sayf("whether the service took it is not known: 'hci deploy status %s' shows what it runs", name)
		}
		return err
	}
	if err := journal.WentBack(seen, id); err != nil {
		a.sayf("%v", err)
	}
	return a.await(ctx, on, id, r, name)
}

// mayRollBack keeps other deployments on this machine from the environment, and
// looks whose the credentials are and whether the service is at rest. A rollout
// that hci left is one to roll back. seen is the service's deployment.
func (a *app) mayRollBack(ctx context.Context, d *deployment, r serviceRollback) (seen *ecs.Deployment, journal *deploy.Journal, release func(), err error) {
	release, err = deploy.Lock(a.found.StateDir(), d.env.Name)
	if err != nil {
		return nil, nil, nil, err
	}
	journal, err = deploy.OpenJournal(a.found.StateDir(), d.env.Name)
	if err != nil {
		journal = deploy.Unkept(d.env.Name, nil) // there is none, or none that tells anything
	}
	p := a.preflight(d, journal, nil, deployOptions{displace: r.displace})
	p.AtRest = true
	look, err := p.Look(ctx)
	if err == nil {
		err = a.findings(look)
	}
	if err != nil {
		release()
		return nil, nil, nil, err
	}
	return look.Service.Primary(), journal, release, nil
}

// target finds the revision to return to, and the one that runs. served are those
// that have served, the latest first; where AWS tells none, the one before is the
// one with the next lower number.
func target(revisions []ecs.Revision, served []string, runs, to string) (next, from ecs.Revision, err error) {
	family, _, _ := strings.Cut(runs, ":")
	if _, convErr := strconv.Atoi(to); convErr == nil {
		to = family + ":" + to
	}
	at := -1
	for i, r := range revisions {
		if r.Name == runs {
			at, from = i, r
		}
	}
	wanted := to
	earlier := func(name string) bool {
		return slices.ContainsFunc(revisions[at+1:], func(r ecs.Revision) bool { return r.Name == name })
	}
	if i := slices.IndexFunc(served, earlier); to == "" && at >= 0 && i >= 0 {
		wanted = served[i]
	}
	for i, r := range revisions {
		if wanted == "" && at >= 0 && i == at+1 || wanted != "" && r.Name == wanted {
			next = r
		}
	}
	switch {
	case next.Name == "" && wanted != "":
		return next, from, fmt.Errorf("there is no revision %q among the latest %d", wanted, len(revisions))
	case next.Name == "":
		return next, from, fmt.Errorf("there is no revision before %s", runs)
	case next.Name == runs:
		return next, from, fmt.Errorf("%s is what the service is to run already", runs)
	}
	return next, from, nil
}

func revisionWords(r ecs.Revision) string {
	var images []string
	for _, i := range r.Images {
		images = append(images, i.Container+": "+i.Image+commitWords(i))
	}
	return fmt.Sprintf("%s, registered %s  %s", r.Name, when(r.Registered), strings.Join(images, ", "))
}

// await waits for the end of a deployment and says how it goes.
func (a *app) await(ctx context.Context, on *ecs.On, id string, r serviceRollback, env string) error {
	view := a.deployView(env, true)
	result, err := deploy.Watch(ctx, on, id, deploy.Options{Timeout: r.timeout, Every: r.poll, Seen: view.Seen, Stopped: view.Stopped})
	view.live.Clear()
	if err != nil {
		a.sayf("the deployment goes on; 'hci deploy status %s' shows how", env)
		return err
	}
	a.sayAll(result.Explain())
	if result.End != deploy.Deployed {
		return &deploy.NotDeployedError{Result: result}
	}
	return nil
}
