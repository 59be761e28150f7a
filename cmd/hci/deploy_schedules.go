package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	stdsync "sync"

	"hci/internal/aws/ecs"
	"hci/internal/aws/schedules"
	"hci/internal/deploy"
	"hci/internal/deploy/names"
	"hci/internal/deploy/preflight"
	"hci/internal/deploy/revisions"
	"hci/internal/deploy/state"
	"hci/tfvars/module"
)

// scheduled is a schedule whose tasks run the image that is deployed.
type scheduled struct {
	schedules.Schedule
	definition *ecs.Definition  // that it starts now
	unsure     bool             // whether the code declares it is not known
	declared   *module.Schedule // in the code; nil if that declares none
}

// mayUpdate reports whether Terraform leaves to others which revision it starts.
func (s scheduled) mayUpdate() bool {
	return s.declared == nil && !s.unsure || s.declared != nil && s.declared.Ignored || !s.Pinned()
}

// alsoRuns finds what besides the services runs the image, and would go on with the old
// one: schedules, which are noted for the update if that is asked for, and one-off
// families that name an image by a commit or digest.
func (a *app) alsoRuns(d *deployment, look *preflight.Look, along []*follower, also *alsoSeen, o deployOptions) []preflight.Finding {
	if also == nil || look.Service == nil || look.Running == nil || look.Repository.URI == "" {
		return nil
	}
	updated := []string{d.names.TaskDefinition, look.Running.Family()}
	for _, f := range along {
		updated = append(updated, f.names.TaskDefinition)
	}
	var found []preflight.Finding
	all := also.scheduled(d, look)
	if err := also.err; err != nil {
		level := preflight.Note
		if o.schedules {
			level = preflight.Problem
		}
		found = append(found, preflight.Finding{Level: level, About: "schedules", Text: fmt.Sprintf("whether schedules run the image is not known: %v", err)})
	}
	for _, s := range all {
		family := s.definition.Family()
		if !s.Pinned() && slices.Contains(updated, family) {
			continue // it starts the newest revision, which this deployment registers
		}
		f := preflight.Finding{Level: preflight.Warning, About: "schedules", Text: fmt.Sprintf("the %s starts %s, and goes on with the old image", s, s.definition.Name)}
		switch {
		case s.mayUpdate() && o.schedules:
			f.Level, f.Text = preflight.Note, fmt.Sprintf("the %s starts %s: it is made to start the new image", s, s.definition.Name)
			d.schedules = append(d.schedules, s)
		case s.mayUpdate():
			f.Next = "--schedules makes it start the new image"
		case s.declared == nil:
			f.Next = "whether Terraform owns its revision is not known, since not all of the code's schedules and modules could be read: --schedules leaves it as it is"
		default:
			f.Next = fmt.Sprintf("%s: Terraform owns the revision of %s; with lifecycle { ignore_changes = [%s] } there, --schedules updates it", a.place(s.declared.File, s.declared.Line), s.declared.Address, s.declared.Path)
		}
		found = append(found, f)
	}
	return append(found, also.oneOffs(d, look, updated, all)...)
}

// alsoSeen is what AWS tells of schedules and of families for one-off tasks.
type alsoSeen struct {
	schedules   []schedules.Schedule
	definitions map[string]*ecs.Definition // by what a schedule names, and by family; nil for one that is not there
	err         error
}

// lookAlso asks AWS for it, while other things are looked at. The function that it returns
// waits for the answers; those are nil if steps do not want them.
func (a *app) lookAlso(ctx context.Context, d *deployment, steps []state.Step, o deployOptions) func() *alsoSeen {
	if !wantsAlso(steps, o) {
		return func() *alsoSeen { return nil }
	}
	seen := &alsoSeen{definitions: map[string]*ecs.Definition{}}
	var lock stdsync.Mutex
	var group stdsync.WaitGroup
	read := func(id string, must bool) {
		definition, err := d.on.Definition(ctx, id)
		var gone *ecs.NotFoundError
		lock.Lock()
		defer lock.Unlock()
		if err == nil {
			seen.definitions[id] = definition
		} else if must && !errors.As(err, &gone) { // else it starts nothing
			seen.err = errors.Join(seen.err, err)
		}
	}
	list := func(ask func(context.Context) ([]schedules.Schedule, error)) {
		found, err := ask(ctx)
		lock.Lock()
		seen.schedules, seen.err = append(seen.schedules, found...), errors.Join(seen.err, err)
		lock.Unlock()
		for _, s := range found {
			group.Go(func() { read(s.Task, true) })
		}
	}
	for _, family := range oneOffFamilies(d) {
		group.Go(func() { read(family, false) })
	}
	group.Go(func() {
		s, err := d.on.State(ctx)
		if err != nil {
			return // which the preflight checks tell
		}
		on := schedules.New(d.cfg, s.ClusterARN)
		group.Go(func() { list(on.Rules) })
		group.Go(func() { list(on.Schedules) })
	})
	return func() *alsoSeen {
		group.Wait()
		slices.SortFunc(seen.schedules, func(a, b schedules.Schedule) int { return strings.Compare(a.String(), b.String()) })
		return seen
	}
}

// scheduled are the schedules whose tasks run the image of the repository, by another
// name than the tag that moves.
func (seen *alsoSeen) scheduled(d *deployment, look *preflight.Look) []scheduled {
	var all []scheduled
	for _, s := range seen.schedules {
		definition := seen.definitions[s.Task]
		if definition == nil || !oldImage(d.names, definition, look) {
			continue
		}
		one := scheduled{Schedule: s, definition: definition}
		for i, declared := range d.Evaluated.Schedules {
			if s.Rule != "" && declared.Rule == s.Rule && sameFamily(d, declared, definition) || s.Rule == "" && declared.Name == s.Name {
				one.declared = &d.Evaluated.Schedules[i]
			}
		}
		one.unsure = one.declared == nil && (len(d.Evaluated.Unseen) > 0 || slices.ContainsFunc(d.Evaluated.Schedules, func(s module.Schedule) bool { return s.Rule+s.Name == "" }))
		all = append(all, one)
	}
	return all
}

// sameFamily reports whether a declared target of a rule starts the family of a
// definition, as far as the code tells.
func sameFamily(d *deployment, s module.Schedule, definition *ecs.Definition) bool {
	for _, t := range d.Evaluated.Tasks {
		if t.Address == s.TaskDefinition {
			return t.Family == "" || t.Family == definition.Family()
		}
	}
	return true
}

// oldImage reports whether a definition runs the image that is deployed by a name that
// stays with the old one.
func oldImage(n names.Names, definition *ecs.Definition, look *preflight.Look) bool {
	takers := n.Takers(definition, look.Repository.URI)
	return slices.ContainsFunc(definition.Containers(), func(c ecs.Container) bool {
		tag := strings.TrimLeft(strings.TrimPrefix(c.Image, names.RepositoryOf(c.Image)), ":@")
		new := look.Pushed != "" && tag == look.Pushed || look.Given != "" && c.Image == look.Given
		return slices.Contains(takers, c.Name) && names.SameRepository(c.Image, look.Repository.URI) && !new && (tag != n.ImageTag || look.Moving == "")
	})
}

// oneOffFamilies are those that the code declares for one-off tasks in the image, but for
// the migration's.
func oneOffFamilies(d *deployment) []string {
	var families []string
	for _, t := range d.Evaluated.Tasks {
		services := slices.ContainsFunc(d.Evaluated.Services, func(s module.Service) bool { return s.TaskDefinition == t.Address })
		ours := slices.ContainsFunc(t.Containers, func(c module.Container) bool { return d.names.Deploys(t, c) })
		if t.Family != "" && t.Family != d.names.MigrateTask && !services && ours {
			families = append(families, t.Family)
		}
	}
	return families
}

// oneOffs finds families for one-off tasks that name the old image.
func (seen *alsoSeen) oneOffs(d *deployment, look *preflight.Look, updated []string, all []scheduled) []preflight.Finding {
	var found []preflight.Finding
	for _, family := range oneOffFamilies(d) {
		definition := seen.definitions[family]
		starts := slices.ContainsFunc(all, func(s scheduled) bool { return s.definition.Family() == family })
		if definition == nil || starts || slices.Contains(updated, family) || !oldImage(d.names, definition, look) {
			continue
		}
		found = append(found, preflight.Finding{
			Level: preflight.Note, About: "tasks", Text: fmt.Sprintf("%s, for one-off tasks, names the old image, and keeps it", definition.Name),
			Next: fmt.Sprintf("'hci deploy task %s %s' runs it with the image that is deployed", d.Env.Name, definition.Family()),
		})
	}
	return found
}

// updateSchedules makes the schedules that were noted start the image that serves now.
func (a *app) updateSchedules(ctx context.Context, d *deployment, job *deploy.Job, along []*follower) error {
	if len(d.schedules) == 0 {
		return nil
	}
	own := map[string]string{}
	for _, j := range append([]*deploy.Job{job}, jobsOf(along)...) {
		family, _, _ := strings.Cut(j.Journal.Revision, ":")
		own[family] = j.Journal.Revision
	}
	on := schedules.New(d.cfg, job.Look.Service.ClusterARN)
	var errs []error
	for _, s := range d.schedules {
		revision, err := own[s.definition.Family()], error(nil)
		if revision == "" {
			if revision, err = a.scheduledRevision(ctx, d, job, s); err == nil {
				own[s.definition.Family()] = revision
			}
		}
		if err == nil && s.Pinned() {
			err = on.Point(ctx, s.Schedule, revision)
		}
		if err != nil {
			errs = append(errs, &scheduleError{schedule: s.Schedule, env: d.Env.Name, err: err})
			continue
		}
		a.sayf("the %s starts %s now", s, revision)
	}
	return errors.Join(errs...)
}

// scheduledRevision registers a revision of a schedule's own family with the new image,
// made from this environment's newest.
func (a *app) scheduledRevision(ctx context.Context, d *deployment, job *deploy.Job, s scheduled) (string, error) {
	base, err := revisions.Current(ctx, revisions.Of(d.names, d.on), s.definition.Family())
	if err != nil {
		return "", err
	}
	return job.WithImage(ctx, base)
}

func jobsOf(along []*follower) (all []*deploy.Job) {
	for _, f := range along {
		all = append(all, f.job)
	}
	return all
}

// scheduleError says that a schedule goes on with the old image.
type scheduleError struct {
	schedule schedules.Schedule
	env      string
	err      error
}

func (e *scheduleError) Error() string {
	return fmt.Sprintf("the %s goes on with the old image: %v", e.schedule, e.err)
}
func (e *scheduleError) Unwrap() error { return e.err }

// Next says how to try again.
func (e *scheduleError) Next() string {
	return fmt.Sprintf("the services are deployed; 'hci deploy update %s --schedules' tries the schedules once more", e.env)
}

// wantsAlso reports whether steps make services run another image.
func wantsAlso(steps []state.Step, o deployOptions) bool {
	return slices.Contains(steps, state.Update) && !o.restart
}
