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

	"hci/internal/aws/client"
	"hci/internal/aws/ecr"
	"hci/internal/aws/ecs"
	"hci/internal/deploy"
	"hci/internal/deploy/names"
	"hci/internal/deploy/preflight"
	"hci/internal/deploy/revisions"
	"hci/internal/deploy/rollout"
	"hci/internal/deploy/state"
)

type serviceRollback struct {
	to          string
	yes, dryRun bool
	force       bool
	services    []string
	timeout     time.Duration
	poll        time.Duration
}

func newDeployRollback(a *app) *cobra.Command {
	var r serviceRollback
	cmd := &cobra.Command{
		Use:   "rollback ENV",
		Short: "Make the service run an earlier revision, and wait until it does",
		Long: `Make an environment's ECS service run an earlier revision of its task definition:
the latest that served with a lower number, or the one that --to names. It shows both
with their images, asks, and then waits until the deployment that it started is the
one that runs. It exits with 0 only then; otherwise it says what happened, why tasks
stopped, and what runs now. It refuses while another deployment is under way, which
'hci deploy --resume ENV' or --force deal with.

A revision that names an image by a tag, which may have moved since, is registered
again with the image that served, if AWS tells which that was, and so is one that is
inactive.

Ctrl-C ends the waiting, not the deployment.`,
		Args:              between(1, 1),
		ValidArgsFunction: a.envNames,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.rollBackService(cmd.Context(), args[0], r) },
	}
	cmd.Flags().StringVar(&r.to, "to", "", "the `REVISION`: family:number, or the number")
	serviceFlag(cmd, &r.services)
	cmd.Flags().BoolVar(&r.yes, "yes", false, "don't ask")
	cmd.Flags().BoolVar(&r.force, "force", false, "take the place of a deployment that is under way")
	cmd.Flags().BoolVar(&r.force, "displace", false, "the old name of --force")
	_ = cmd.Flags().MarkHidden("displace") // it is there
	waitFlags(cmd, &r.timeout, &r.poll)
	dryRunFlag(cmd, &r.dryRun)
	return cmd
}

func (a *app) rollBackService(ctx context.Context, name string, r serviceRollback) error {
	all, err := a.deployedAll(ctx, name, r.services)
	if err != nil {
		return err
	}
	if r.to != "" && len(all) > 1 {
		return errors.New("--to names a revision of one service: name that with --service")
	}
	release, err := state.Lock(a.found.StateDir(), all[0].Env.Name)
	if err != nil {
		return err
	}
	defer release()
	var errs []error
	for _, d := range all {
		if len(all) > 1 {
			a.sayf("service %s:", d.names.Service)
		}
		errs = append(errs, a.rollBackOne(ctx, d, name, r))
	}
	return errors.Join(errs...)
}

// rollBackOne makes one service run an earlier revision.
func (a *app) rollBackOne(ctx context.Context, d *deployment, name string, r serviceRollback) error {
	started := time.Now().UTC()
	look, journal, err := a.mayRollBack(ctx, d, r)
	if err != nil {
		return err
	}
	to, from, err := a.rollbackTarget(ctx, d.on, look.Service.Revision.Name, r.to)
	if err != nil {
		return err
	}
	if err := a.showRollback(ctx, d, name, from, to); err != nil || r.dryRun {
		return err
	}
	if err := a.agree(r.yes, fmt.Sprintf("Make %s in %s run %s?", d.names.Service, d.names.Region, to.Name)); err != nil {
		return err
	}
	job := a.job(d, journal, nil, deployOptions{timeout: r.timeout, poll: r.poll}, look)
	a.sayFindings(a.hooks(d, []state.Step{state.Update}, deployOptions{ask: r.asker(a)}))
	revision, id, err := a.startRollback(ctx, d, job, to)
	if err != nil {
		return err
	}
	err = a.await(ctx, d.on, id, r, name)
	if err == nil {
		a.tagBack(ctx, d, to.Revision)
	}
	a.tellRollback(d, job, from.Name, revision, started, err)
	return err
}

// showRollback shows what a rollback changes, and refuses one to a revision that would not
// start, or is another environment's.
func (a *app) showRollback(ctx context.Context, d *deployment, name string, from ecs.Revision, to rollbackTo) error {
	if whose := revisions.Whose(d.names, to.definition); whose != "" && len(revisions.Contradictions(d.names, to.definition)) > 0 {
		return fmt.Errorf("%s looks like %s's, and contradicts the Terraform code of %s in %s; --to names another revision", to.Name, whose, name, strings.Join(revisions.Contradictions(d.names, to.definition), ", "))
	}
	if err := a.imagesThere(ctx, d, to.Revision); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(a.out, "- %s\n+ %s\n", revisionWords(from), to.words()); err != nil {
		return err
	}
	for _, image := range to.Images {
		if strings.HasSuffix(image.Image, "/"+d.names.Repository+":"+d.names.ImageTag) {
			a.sayf("warning: container %s of %s runs %s by its tag, and AWS does not tell which image that was: the tasks run what it names now", image.Container, to.Name, image.Image)
		}
	}
	return nil
}

// startRollback makes the service run a revision, or the copy of it that ECS runs as it
// ran. It returns the name of that, and the id of the deployment.
func (a *app) startRollback(ctx context.Context, d *deployment, job *deploy.Job, to rollbackTo) (revision, id string, err error) {
	seen := job.Look.Service.Primary()
	if revision, err = job.Runnable(ctx, to.definition, to.digests); err != nil {
		return "", "", err
	}
	now, err := d.on.State(ctx) // once more: the question may have stood for long
	if err != nil {
		return "", "", err
	}
	if err := rollout.ChangedSince(seen, now); err != nil {
		return "", "", err
	}
	id, err = d.on.Update(ctx, revision, false)
	if err != nil {
		var missing *ecs.NotFoundError
		if !client.Refused(err, "UpdateService") && !errors.As(err, &missing) {
			a.sayf("whether the service took it is not known: 'hci deploy status %s' shows what it runs", d.Env.Name)
		}
		return "", "", err
	}
	if err := job.Journal.WentBack(seen, id); err != nil {
		a.sayf("%v", err)
	}
	return revision, id, nil
}

// asker is who asks for consent, nil for nobody.
func (r serviceRollback) asker(a *app) asker {
	if r.yes {
		return nil
	}
	return onTerminal{a}
}

// imagesThere looks whether the registry still has the images of a revision, of those
// that lie in ECR. What it does not tell is no reason not to go back.
func (a *app) imagesThere(ctx context.Context, d *deployment, to ecs.Revision) error {
	for _, image := range to.Images {
		registry, name, reference, ok := d.registryFor(image.Image)
		if !ok {
			continue
		}
		_, err := registry.Digest(ctx, name, reference)
		if missing := (*ecr.NotFoundError)(nil); errors.As(err, &missing) {
			return fmt.Errorf("container %s of %s runs %s, which the registry does not have any more: no task of it would start; --to names another revision", image.Container, to.Name, image.Image)
		}
	}
	return nil
}

// registryFor is where an image lies; ok is false if that is no registry of ECR.
func (d *deployment) registryFor(image string) (registry *ecr.Registry, name, reference string, ok bool) {
	repository := names.RepositoryOf(image)
	if e, inECR := names.ParseECR(image); inECR {
		return d.registryOf(e.Account, e.Region), e.Name, e.Reference, e.Reference != ""
	}
	reference = strings.TrimLeft(strings.TrimPrefix(image, repository), ":@")
	return d.registry, d.names.Repository, reference, d.cfg.BaseEndpoint != nil && reference != "" && strings.HasSuffix(repository, "/"+d.names.Repository)
}

// tagBack makes the mutable tag name what serves again.
func (a *app) tagBack(ctx context.Context, d *deployment, to ecs.Revision) {
	repository, err := d.registry.Repository(ctx, d.names.Repository)
	if err != nil || !repository.Takes(d.names.ImageTag) {
		return
	}
	deploy.TagBack(ctx, d.registry, repository, to.Images, d.names.ImageTag, func(format string, args ...any) { a.sayf(format, args...) })
}

// mayRollBack looks whose the credentials are and whether the service is at rest. A
// rollout that hci left is one to roll back.
func (a *app) mayRollBack(ctx context.Context, d *deployment, r serviceRollback) (*preflight.Look, *state.Journal, error) {
	journal, err := state.OpenJournal(a.found.StateDir(), state.ServiceKey(d.Env.Name, d.names.Service))
	if err != nil {
		journal, err = state.OpenJournal(a.found.StateDir(), d.Env.Name)
	}
	if err != nil || journal.Service != d.names.Service {
		journal = state.Unkept(d.Env.Name, nil) // there is none, or none that tells anything
	}
	p := a.preflight(d, journal, nil, deployOptions{force: r.force})
	p.AtRest = true
	look, err := p.Look(ctx)
	if err == nil {
		err = a.findings(look)
	}
	return look, journal, err
}

// rollbackTo is a revision to return to.
type rollbackTo struct {
	ecs.Revision // with the images that served
	definition   *ecs.Definition
	digests      map[string]string // of the images that served, by container
	pinned       bool              // they are named by tags in the definition
}

// words shows it.
func (t rollbackTo) words() string {
	switch {
	case t.Inactive:
		return revisionWords(t.Revision) + "  (registered again: it was inactive)"
	case t.pinned:
		return revisionWords(t.Revision) + "  (registered again, with the images that served)"
	}
	return revisionWords(t.Revision)
}

// rollbackTarget finds the revision to return to, and reads the one that runs.
func (a *app) rollbackTarget(ctx context.Context, on *ecs.On, runs, to string) (next rollbackTo, from ecs.Revision, err error) {
	if from, err = on.Revision(ctx, runs); err != nil {
		return next, from, err
	}
	served, err := on.Served(ctx)
	if err != nil {
		a.sayf("which revisions have served is not known: %v", err)
	}
	family, _, _ := strings.Cut(runs, ":")
	known, err := on.Revisions(ctx, family, rollbackDepth)
	if err != nil {
		return next, from, err
	}
	wanted, err := target(known, served, runs, to)
	if err != nil {
		return next, from, err
	}
	if next.definition, err = on.Definition(ctx, wanted); err != nil {
		return next, from, err
	}
	if i := slices.IndexFunc(served, func(s ecs.Served) bool { return s.Revision == wanted }); i >= 0 {
		next.digests = served[i].Digests
	}
	next.Revision = revisions.Pinned(next.definition, next.digests).Revision()
	next.pinned = !slices.Equal(next.Images, next.definition.Revision().Images)
	on.Commits(ctx, next.Images)
	return next, from, nil
}

// rollbackDepth is how many revisions are looked at, where AWS doesn't tell which
// served.
const rollbackDepth = 100

// target is the name of the revision to return to: the latest that served with a
// lower number than the one that runs; where AWS tells none that served, the one with
// the next lower number.
func target(revisions []string, served []ecs.Served, runs, to string) (string, error) {
	family, _, _ := strings.Cut(runs, ":")
	if _, err := strconv.Atoi(to); err == nil {
		to = family + ":" + to
	}
	number := func(name string) int {
		of, text, _ := strings.Cut(name, ":")
		n, err := strconv.Atoi(text)
		if err != nil || of != family {
			return 0 // of none
		}
		return n
	}
	earlier := func(name string) bool { return number(name) > 0 && number(name) < number(runs) }
	switch {
	case to == runs:
		return "", fmt.Errorf("%s is what the service is to run already", runs)
	case to != "" && number(to) == 0:
		return "", fmt.Errorf("%q is no revision of %s", to, family)
	case to != "":
		return to, nil
	case len(served) > 0:
		if i := slices.IndexFunc(served, func(s ecs.Served) bool { return earlier(s.Revision) }); i >= 0 {
			return served[i].Revision, nil
		}
		return "", fmt.Errorf("AWS knows of no revision before %s that served; --to names one", runs)
	}
	if i := slices.IndexFunc(revisions, earlier); i >= 0 {
		return revisions[i], nil
	}
	return "", fmt.Errorf("there is no revision before %s", runs)
}

func revisionWords(r ecs.Revision) string {
	return fmt.Sprintf("%s, registered %s  %s", r.Name, when(r.Registered), imageWords(r))
}

// await waits for the end of a deployment and says how it goes.
func (a *app) await(ctx context.Context, on *ecs.On, id string, r serviceRollback, env string) error {
	view := a.deployView(env, true)
	result, err := rollout.Watch(ctx, on, id, rollout.Options{Timeout: r.timeout, Every: r.poll, Seen: view.Seen, Stopped: view.Stopped})
	view.live.Clear()
	if err != nil {
		a.sayf("the deployment goes on; 'hci deploy status %s' shows how", env)
		return err
	}
	a.sayAll(result.Explain())
	if result.End != rollout.Deployed {
		return &rollout.NotDeployedError{Result: result}
	}
	return nil
}
