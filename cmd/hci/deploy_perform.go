package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hci/internal/deploy"
	"hci/internal/deploy/state"
)

// prepared is a deployment that was looked at, and not begun.
type prepared struct {
	*deployment
	journal *state.Journal
	job     *deploy.Job
	along   []*follower
	done    []deploy.Done // the preflight checks
	blocked error         // what stands in the way
}

// perform looks, shows the plan, runs the steps that are left and tells how it
// ended.
func (a *app) perform(ctx context.Context, d *deployment, journal *state.Journal, o deployOptions) error {
	if !journal.Begun() { // a new one
		journal.Options = state.Options{Rebuild: o.rebuild, Dirty: o.dirty, Restart: o.restart, Base: o.base}
	}
	p, err := a.prepare(ctx, d, journal, o)
	if err != nil {
		return err
	}
	look := p.job.Look
	if p.blocked == nil || o.dryRun && look.Service != nil {
		if err := errors.Join(a.show(ctx, d, p.job, p.along), a.showMigrations(ctx, d, p.job)); err != nil {
			return err
		}
	}
	switch {
	case p.blocked != nil:
		return p.blocked
	case o.dryRun:
		a.event(deployEvent{Event: "end", Result: "planned"})
		return nil
	}
	if o.ask != nil {
		if err := proceed(o.ask); err != nil {
			return err
		}
	}
	switch {
	case !journal.Begun():
		a.note(journal, d, look)
	case o.force && !look.Watch:
		follow(journal, look)
	}
	if err := a.noteAlong(journal, p.along, o.force); err != nil {
		return err
	}
	return a.carryOut(ctx, p, o)
}

// prepare runs the preflight checks, and tells what they found.
func (a *app) prepare(ctx context.Context, d *deployment, journal *state.Journal, o deployOptions) (*prepared, error) {
	start := time.Now()
	steps := journal.Left()
	along, err := a.followers(ctx, d, journal, o)
	if err != nil {
		return nil, err
	}
	also := a.lookAlso(ctx, d, steps, o)
	defer also() // it asks AWS, whatever ends this
	look, err := a.lookAll(ctx, d, journal, along, o)
	if err != nil {
		return nil, err
	}
	if d.others, err = a.otherImages(ctx, d, along, journal, look, o); err != nil {
		return nil, err
	}
	look.Findings = append(look.Findings, a.alsoRuns(d, look, along, also(), o)...)
	look.Findings = append(look.Findings, a.hooks(d, steps, o)...)
	p := &prepared{deployment: d, journal: journal, along: along, job: a.job(d, journal, steps, o, look)}
	p.done = []deploy.Done{{Step: lookStep, Words: fmt.Sprintf("%d findings", len(look.Findings)), Took: time.Since(start)}}
	if p.blocked = a.findings(look); p.blocked == nil {
		p.blocked = a.sameDeployment(journal, d, look)
	}
	p.job.Choose()
	d.ownOf = share(p.job, along, d.others)
	return p, nil
}

// carryOut runs the steps that are left, and tells how it ended.
func (a *app) carryOut(ctx context.Context, p *prepared, o deployOptions) error {
	job := p.job
	session, err := a.session(p.deployment, job.Steps, job.Look, a.dockerOutput(job))
	if err != nil {
		return err
	}
	if session != nil {
		defer func() {
			if err := session.Close(); err != nil {
				a.sayf("the private login could not be removed: %v", err)
			}
		}()
		job.Docker = session
	}
	made, err := a.makeOthers(ctx, p.others)
	p.done = append(p.done, made...)
	switch {
	case err != nil:
		return a.ended(ctx, p, []*updated{{job: job, err: err}}, err)
	case len(p.along) > 0:
		return a.runAll(ctx, p, o)
	}
	done, err := job.Run(ctx)
	if view, ok := job.Talk.(*deployView); ok {
		view.live.Clear()
	}
	p.done = append(p.done, done...)
	return a.ended(ctx, p, []*updated{{job: job, err: err}}, err)
}

// ended does what follows the steps, and tells how they ended: the services, and the step
// that failed, if one did.
func (a *app) ended(ctx context.Context, p *prepared, all []*updated, err error) error {
	done := p.done[1:] // without the preflight checks
	if err != nil {
		said := a.notDeployed(ctx, p.job, err)
		a.tell(p.deployment, p.job, done, all, err)
		return errors.Join(said, a.summary(p.done))
	}
	summary := a.summary(p.done)
	late := a.served(ctx, p.deployment, p.job, p.along)
	a.tell(p.deployment, p.job, done, all, late)
	switch {
	case a.rehearsal != nil:
		a.sayf("rehearsed: nothing in AWS was touched")
	case slices.Contains(p.journal.Steps, state.Update):
		a.outcome(p.job)
	}
	return errors.Join(late, summary)
}
