package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"hci/internal/deploy/names"
	"hci/internal/deploy/preflight"
	"hci/internal/deploy/state"

	stdsync "sync"

	"hci/internal/aws/ecs"
	"hci/internal/deploy"
	"hci/internal/project"
	"hci/internal/term"
)

// follower is a service that is deployed along with another: with its image, which is
// built, pushed and migrated with once.
type follower struct {
	*deployment
	journal *state.Journal
	job     *deploy.Job
}

// sibling is the deployment of another service of the same root.
func (d *deployment) sibling(ctx context.Context, a *app, service string) (*deployment, error) {
	env := d.Env
	env.Deploy = maps.Clone(env.Deploy)
	for _, key := range []string{"service", "task_definition", "container", "migrate_task", "migrate_container", "migrate_command"} {
		delete(env.Deploy, key) // they are about the first
	}
	other := *d
	other.names, other.missing = names.Resolve(names.Sources{Env: env, Evaluated: d.Evaluated, Place: a.place, Region: a.getenv("AWS_REGION"), Service: service})
	if lacking := deploy.Needs(other.missing, []state.Step{state.Update}); len(lacking) > 0 {
		return nil, &names.MissingError{Names: lacking}
	}
	other.names.Others = d.names.Others
	if a.rehearsal == nil && d.on != nil { // it may be kept elsewhere
		var err error
		if other.cfg, err = a.comparing().Load(ctx, d.Env, d.Evaluated, servicePlace(d.Evaluated, service)); err != nil {
			return nil, err
		}
	}
	other.names.Region = cmp.Or(other.cfg.Region, d.names.Region)
	if other.names.Main != d.names.Main && d.on != nil {
		other.registry = other.registryOf(cmp.Or(other.names.RegistryAccount, other.names.Account), other.names.RegistryRegion)
	}
	other.on = ecs.NewOn(other.cfg, other.names.Cluster, other.names.Service)
	return &other, nil
}

// means reports whether the user's names of services mean one; no name means all.
func (d *deployment) means(service string) bool {
	if len(d.only) == 0 {
		return true
	}
	for _, s := range d.Evaluated.Services {
		if s.Name == service && slices.ContainsFunc(d.only, func(name string) bool { return names.Is(s, name) }) {
			return true
		}
	}
	return false
}

// all are the deployment and those of the other services that run its image, as far as
// they are meant.
func (d *deployment) all(ctx context.Context, a *app) ([]*deployment, error) {
	all := []*deployment{d}
	for _, service := range d.names.Sharing {
		if !d.means(service) {
			continue
		}
		one, err := d.sibling(ctx, a, service)
		if err != nil {
			return nil, fmt.Errorf("service %s: %w", service, err)
		}
		all = append(all, one)
	}
	return all, nil
}

// followers are the services that are deployed along: of a new deployment all that are
// meant, of one that is resumed those that are not finished.
func (a *app) followers(ctx context.Context, d *deployment, journal *state.Journal, o deployOptions) ([]*follower, error) {
	left := journal.Left()
	resumed := journal.Begun()
	if !slices.Contains(left, state.Update) && !(resumed && slices.Contains(left, state.MigrateAfter)) {
		return nil, nil
	}
	all, err := d.all(ctx, a)
	if err != nil {
		return nil, err
	}
	kept := journal.Kept()
	var found []*follower
	for _, one := range all[1:] {
		key := state.ServiceKey(d.Env.Name, one.names.Service)
		f := &follower{deployment: one}
		steps := []state.Step{state.Update}
		switch {
		case resumed:
			if f.journal, err = state.OpenJournal(a.found.StateDir(), key); errors.Is(err, state.ErrNoJournal) {
				continue
			} else if err != nil {
				return nil, err
			}
		case kept:
			f.journal = state.NewJournal(a.found.StateDir(), key, steps)
		default:
			f.journal = state.Unkept(key, steps)
		}
		if !resumed {
			f.journal.Restart, f.journal.Base = journal.Restart, journal.Base
		}
		found = append(found, f)
	}
	return found, nil
}

// lookAlong begins the preflight checks of the services that are deployed along. What it
// returns waits for them and adds what they found to a look.
func (a *app) lookAlong(ctx context.Context, all []*follower, commit func() (project.Commit, error), o deployOptions) func(look *preflight.Look, steps []state.Step) error {
	looks, errs := make([]*preflight.Look, len(all)), make([]error, len(all))
	var group stdsync.WaitGroup
	for i, f := range all {
		group.Go(func() {
			p := a.preflight(f.deployment, f.journal, []state.Step{state.Update}, o)
			p.Follows, p.Wanted = true, preflight.Wanted{}
			p.Commit = func(context.Context) (project.Commit, error) { return commit() }
			looks[i], errs[i] = p.Look(ctx)
		})
	}
	return func(look *preflight.Look, steps []state.Step) error {
		group.Wait()
		return a.foundAlong(all, looks, errs, look, steps, o)
	}
}

// foundAlong adds to a look what the preflight checks of the services that go along found.
func (a *app) foundAlong(all []*follower, looks []*preflight.Look, errs []error, look *preflight.Look, steps []state.Step, o deployOptions) error {
	making := slices.Contains(steps, state.Build) || slices.Contains(steps, state.Push)
	for i, f := range all {
		if errs[i] != nil {
			return errs[i]
		}
		f.job = a.job(f.deployment, f.journal, []state.Step{state.Update}, o, looks[i])
		if looks[i].Base != nil {
			look.Findings = append(look.Findings, look.WrongPlatform(looks[i].Base, f.Env.Name, making)...)
		}
		for _, found := range looks[i].Findings {
			if slices.Contains(look.Findings, found) {
				continue
			}
			found.About = "service " + f.names.Service
			look.Findings = append(look.Findings, found)
		}
	}
	return nil
}

// leftBehind warns of services that run the image and are not deployed.
func (d *deployment) leftBehind() []preflight.Finding {
	var all []preflight.Finding
	for _, service := range d.names.Sharing {
		if !d.means(service) {
			all = append(all, preflight.Finding{Level: preflight.Warning, About: "service", Text: fmt.Sprintf("%s runs the same image, and stays as it is: --service does not name it", service)})
		}
	}
	for _, address := range d.names.Unnamed {
		all = append(all, preflight.Finding{Level: preflight.Warning, About: "service", Text: fmt.Sprintf("%s runs the same image, and stays as it is: its name is not known", address)})
	}
	return all
}

// updated is how the update of a service ended.
type updated struct {
	job  *deploy.Job
	done []deploy.Done
	err  error
	back bool // it was rolled back since others failed
}

// updateAll makes several services run the image: together, but for those that are
// deployed after another, which must be deployed first.
func (a *app) updateAll(ctx context.Context, d *deployment, jobs []*deploy.Job) []*updated {
	var all []*updated
	ended := map[string]*updated{}
	left := slices.Clone(jobs)
	for len(left) > 0 {
		var wave, later []*deploy.Job
		for _, job := range left {
			if after := d.after(job.Names.Service); after != "" && slices.ContainsFunc(left, func(j *deploy.Job) bool { return j != job && j.Names.Service == after }) {
				later = append(later, job)
			} else {
				wave = append(wave, job)
			}
		}
		if len(wave) == 0 { // each is after another
			wave, later = later, nil
		}
		results := make([]*updated, len(wave))
		var group stdsync.WaitGroup
		for i, job := range wave {
			one := &updated{job: job}
			results[i] = one
			if first := ended[d.after(job.Names.Service)]; first != nil && first.err != nil {
				one.err = &waitedError{service: job.Names.Service, after: first.job.Names.Service}
				continue
			}
			group.Go(func() { one.done, one.err = job.Run(ctx) })
		}
		group.Wait()
		for _, one := range results {
			ended[one.job.Names.Service] = one
		}
		all, left = append(all, results...), later
	}
	return all
}

// firstOf is the first error of several updates; nil if all were done.
func firstOf(all []*updated) error {
	for _, one := range all {
		if one.err != nil {
			return one.err
		}
	}
	return nil
}

// waitedError says that a service was not updated since another was not deployed.
type waitedError struct{ service, after string }

func (e *waitedError) Error() string {
	return fmt.Sprintf("%s was not touched: it is deployed after %s, which was not deployed", e.service, e.after)
}

// after is the service that another one is deployed after, as hci.hcl says; "" for none.
func (d *deployment) after(service string) string {
	for _, s := range d.Evaluated.Services {
		if s.Name != service {
			continue
		}
		for _, name := range []string{s.Name, names.Label(s.Address)} {
			setting, ok := d.Env.Deploy[project.AfterKey(name)]
			if !ok {
				continue
			}
			for _, other := range d.Evaluated.Services {
				if names.Is(other, setting.Value) {
					return other.Name
				}
			}
		}
	}
	return ""
}

// deployedAlong tells how the updates of several services ended, each with its own
// truth, and offers to roll back those that have changed if others failed.
func (a *app) deployedAlong(ctx context.Context, all []*updated, o deployOptions) error {
	var errs []error
	var changed []*updated
	for _, one := range all {
		var waited *waitedError
		switch {
		case one.err == nil:
			changed = append(changed, one)
		case errors.As(one.err, &waited):
			a.sayf("%v", waited)
			errs = append(errs, &saidError{one.err})
		default:
			a.sayf("service %s:", one.job.Names.Service)
			errs = append(errs, a.notDeployed(ctx, one.job, one.err))
		}
	}
	for _, one := range changed {
		a.sayf("service %s: %s", one.job.Names.Service, one.job.Outcome())
	}
	if len(errs) == 0 || len(changed) == 0 {
		return errors.Join(errs...)
	}
	var names []string
	for _, one := range changed {
		names = append(names, one.job.Names.Service)
	}
	if o.ask == nil || ctx.Err() != nil {
		a.sayf("'hci deploy rollback %s --service %s' makes what changed run what it ran before", changed[0].job.Env, strings.Join(names, ","))
		return errors.Join(errs...)
	}
	back, err := o.ask.confirm(fmt.Sprintf("Roll back %s, too?", strings.Join(names, ", ")), false)
	if err != nil || !back {
		return errors.Join(append(errs, err)...)
	}
	for _, one := range changed {
		job := one.job
		if err := job.GoBack(ctx); err != nil {
			one.err = fmt.Errorf("service %s: %w", job.Names.Service, err)
			errs = append(errs, one.err)
			continue
		}
		one.back = true
		a.sayf("service %s: rolled back to %s", job.Names.Service, job.Journal.Before)
	}
	return errors.Join(errs...)
}

// outcome says, last, what has become of the service.
func (a *app) outcome(job *deploy.Job) {
	a.sayf("%s", job.Outcome())
	if job.NoWait {
		a.sayf("'hci deploy status %s' shows how it ends", job.Env)
	}
}

// show shows the plan of a deployment and of the services that go along.
func (a *app) show(ctx context.Context, d *deployment, job *deploy.Job, along []*follower) error {
	first := job.Plan()
	a.between(ctx, d, job, &first)
	job.From = first.From
	plans := []deploy.Plan{first}
	for _, f := range along {
		plans = append(plans, f.job.PlanAlong(d.ownOf(f.names.Main).PlannedImage()))
	}
	for _, p := range plans {
		if a.events {
			a.event(deployEvent{Event: "plan", Service: p.Service, Plan: &p})
		} else if err := p.Show(a.out, a.verbose, a.briefer); err != nil {
			return err
		}
	}
	return nil
}

// noteAlong writes the journals of a deployment and of the services that go along.
func (a *app) noteAlong(journal *state.Journal, along []*follower, force bool) error {
	var keys []string
	for _, f := range along {
		keys = append(keys, f.journal.Env)
		switch {
		case !f.journal.Begun():
			a.noteWhere(f.journal, f.deployment, f.job.Look)
		case force && !f.job.Look.Watch:
			follow(f.journal, f.job.Look)
		}
		f.journal.Commit, f.journal.Tag = journal.Commit, journal.Tag
		if err := f.journal.Save(); err != nil {
			return err
		}
	}
	if journal.Kept() {
		state.ForgetServices(a.found.StateDir(), journal.Env, keys)
	}
	return journal.Save()
}

// runAll runs the steps that make and migrate, once, and then the updates.
func (a *app) runAll(ctx context.Context, p *prepared, o deployOptions) error {
	job, steps := p.job, p.job.Steps
	jobs := append([]*deploy.Job{job}, jobsOf(p.along)...)
	table := a.together(jobs)
	job.Steps = state.Without(steps, []state.Step{state.Update, state.MigrateAfter})
	done, err := job.Run(ctx)
	p.done = append(p.done, done...)
	if err != nil {
		job.Steps = steps
		var none []*updated
		for _, one := range jobs {
			none = append(none, &updated{job: one, err: err})
		}
		return a.ended(ctx, p, none, err)
	}
	if job.Steps = []state.Step{state.Update}; !slices.Contains(steps, state.Update) { // it was resumed, and is updated
		jobs = jobs[1:]
	}
	for _, f := range p.along {
		f.journal.Follow(p.ownOf(f.names.Main).Journal)
		if err := f.journal.Save(); err != nil {
			return err
		}
	}
	results := a.updateAll(ctx, p.deployment, jobs)
	table.live.Clear()
	table.names = nil
	for _, one := range results {
		for _, step := range one.done {
			step.Step = state.Step(string(step.Step) + " " + one.job.Names.Service)
			p.done = append(p.done, step)
		}
	}
	return a.afterUpdates(ctx, p, results, slices.Contains(steps, state.MigrateAfter), o)
}

// together lets the jobs of several services be told of side by side.
func (a *app) together(jobs []*deploy.Job) *board {
	talk := &stdsync.Mutex{}
	table := &board{live: term.NewStatus(a.redrawn()), lines: map[string]string{}}
	for _, one := range jobs {
		table.names = append(table.names, one.Names.Service)
		if view, ok := one.Talk.(*deployView); ok {
			view.together, view.service, view.board, view.live = talk, one.Names.Service, table, table.live
		}
	}
	return table
}

// afterUpdates tells how the updates of several services ended, once the migration is run
// that follows them, if there is one and all were done.
func (a *app) afterUpdates(ctx context.Context, p *prepared, results []*updated, migrate bool, o deployOptions) error {
	failed := firstOf(results)
	if failed == nil && migrate {
		p.job.Steps = []state.Step{state.MigrateAfter}
		done, err := p.job.Run(ctx)
		p.done = append(p.done, done...)
		if err != nil {
			return a.ended(ctx, p, results, err)
		}
	}
	var summary error
	if failed != nil {
		summary = a.summary(p.done)
	}
	err := a.deployedAlong(ctx, results, o)
	if err == nil {
		return a.ended(ctx, p, results, nil)
	}
	if migrate {
		a.sayf("the migration after the update was not run, since not every service was deployed")
	}
	a.tell(p.deployment, p.job, p.done[1:], results, failed)
	return errors.Join(err, summary)
}
