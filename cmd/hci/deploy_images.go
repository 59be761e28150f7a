package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	stdsync "sync"

	"hci/internal/deploy"
	"hci/internal/deploy/names"
	"hci/internal/deploy/preflight"
	"hci/internal/deploy/state"
	"hci/internal/project"
)

// otherImage is an image of hci.hcl's blocks beside the first, which is made or chosen
// before the services are updated.
type otherImage struct {
	*deployment // as it is about that image
	deploy.Extra
}

// otherImages finds the images of hci.hcl's blocks, beside the first service's own, that
// the services run which are deployed; what they need is looked at, all at once.
func (a *app) otherImages(ctx context.Context, d *deployment, along []*follower, journal *state.Journal, look *preflight.Look, o deployOptions) ([]*otherImage, error) {
	makes := slices.Contains(journal.Left(), state.Build) || slices.Contains(journal.Left(), state.Push)
	if len(d.names.Images) < 2 || journal.Restart || o.image == preflight.DeployedImage || state.Whole(journal.Steps) && look.Base == nil || !state.Whole(journal.Steps) && !makes {
		return nil, nil
	}
	if o.image != "" {
		return nil, errors.New("--image names one image, and hci.hcl has several: --tag names the tag that all of them have")
	}
	if journal.Begun() && look.Commit.SHA != journal.Commit {
		return nil, &otherCommitError{journal.Tag, look.Tag}
	}
	steps := state.Without(journal.Left(), state.Without(journal.Left(), state.Making))
	var all []*otherImage
	for _, image := range d.names.OtherImages() {
		if !runsImage(image, d, look, along) {
			continue
		}
		other := *d
		other.names = d.names.For(image)
		other.registry = d.registryOf(cmp.Or(image.RegistryAccount, d.names.Account), image.RegistryRegion)
		other.search(a, d.needles)
		all = append(all, &otherImage{deployment: &other, Extra: deploy.Extra{Image: image}})
	}
	looks, errs := make([]*preflight.Look, len(all)), make([]error, len(all))
	var group stdsync.WaitGroup
	for i, one := range all {
		group.Go(func() { looks[i], errs[i] = a.lookAtImage(ctx, one, journal, steps, look, o) })
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for i, one := range all {
		for _, f := range looks[i].Findings {
			f.About = "image " + one.Image.Name
			look.Findings = append(look.Findings, f)
		}
	}
	return all, nil
}

// runsImage reports whether one of the services that are deployed runs an image.
func runsImage(image names.Image, d *deployment, look *preflight.Look, along []*follower) bool {
	if look.Base == nil || len(d.names.TakersOf(image, look.Base, image.Repository)) > 0 {
		return true
	}
	return slices.ContainsFunc(along, func(f *follower) bool {
		return f.names.Main == image.Name || f.job.Look.Base != nil && len(f.names.TakersOf(image, f.job.Look.Base, image.Repository)) > 0
	})
}

// lookAtImage looks whether an image is in the registry, or can be made, and makes the job
// of it.
func (a *app) lookAtImage(ctx context.Context, one *otherImage, journal *state.Journal, steps []state.Step, first *preflight.Look, o deployOptions) (*preflight.Look, error) {
	all := slices.Clone(steps)
	if state.Whole(journal.Steps) {
		all = append(all, state.Update) // its tag moves when that is done
	}
	own := state.Unkept(one.Env.Name, all)
	own.Rebuild, own.Dirty = journal.Rebuild, journal.Dirty
	p := a.preflight(one.deployment, own, steps, o)
	p.Commit = func(context.Context) (project.Commit, error) { return first.Commit, nil }
	look, err := p.Look(ctx)
	if err != nil {
		return nil, err
	}
	look.Platform = first.Platform
	if look.Pushed != "" && first.Base != nil {
		if look.Platforms, err = one.registry.Platforms(ctx, look.Repository.Name, look.Pushed); err == nil {
			look.Findings = append(look.Findings, look.WrongPlatform(first.Base, one.Env.Name, false)...)
		}
	}
	if look.Pushed == "" && look.Given == "" && !slices.Contains(steps, state.Push) {
		level := preflight.Warning
		if o.yes {
			level = preflight.Problem
		}
		look.Findings = append(look.Findings, preflight.Finding{
			Level: level, Text: fmt.Sprintf("the registry has none of commit %s in %s", first.Commit.Short(), one.names.Repository),
			Next: fmt.Sprintf("build and push it, or name another: --tag TAG; --image %s deploys the deployed images once more", preflight.DeployedImage),
		})
	}
	own.Commit, own.Tag = first.Commit.SHA, look.Tag
	one.Job = a.job(one.deployment, own, steps, o, look)
	one.Job.Choose()
	return look, nil
}

// share gives each job the images that are not its own. It returns the job that makes a
// service's own image.
func share(job *deploy.Job, along []*follower, others []*otherImage) (ownOf func(main string) *deploy.Job) {
	all := []deploy.Extra{}
	for _, i := range job.Names.Images {
		if i.Name == job.Names.Main {
			all = append(all, deploy.Extra{Image: i, Job: job})
		}
	}
	for _, one := range others {
		all = append(all, one.Extra)
	}
	for _, j := range append([]*deploy.Job{job}, jobsOf(along)...) {
		for _, e := range all {
			if e.Image.Name != j.Names.Main && len(others) > 0 {
				j.Extra = append(j.Extra, e)
			}
		}
	}
	return func(main string) *deploy.Job {
		for _, e := range all {
			if e.Image.Name == main {
				return e.Job
			}
		}
		return job
	}
}

// makeOthers builds and pushes the other images, one after another.
func (a *app) makeOthers(ctx context.Context, others []*otherImage) ([]deploy.Done, error) {
	var all []deploy.Done
	for _, one := range others {
		if len(one.Job.Steps) == 0 || one.Job.Journal.Own {
			continue
		}
		session, err := a.session(one.deployment, one.Job.Steps, one.Job.Look, a.dockerOutput(one.Job))
		if err != nil {
			return all, err
		}
		if view, ok := one.Job.Talk.(*deployView); ok {
			view.service = "image " + one.Image.Name
		}
		one.Job.Docker = session
		done, err := one.Job.Run(ctx)
		for _, d := range done {
			d.Step = state.Step(string(d.Step) + " " + one.Image.Name)
			all = append(all, d)
		}
		if session != nil {
			err = errors.Join(err, session.Close())
		}
		if err != nil {
			return all, fmt.Errorf("image %s: %w", one.Image.Name, err)
		}
	}
	return all, nil
}

// served does what is done once the new images serve: the other images' mutable tags move,
// and schedules start the new image.
func (a *app) served(ctx context.Context, d *deployment, job *deploy.Job, along []*follower) error {
	if job.NoWait || !slices.Contains(job.Journal.Steps, state.Update) {
		return nil
	}
	for _, one := range d.others {
		one.Job.Served(ctx)
	}
	return a.updateSchedules(ctx, d, job, along)
}
