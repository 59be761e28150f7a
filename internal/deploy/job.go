// Package deploy does the steps of a deployment, in their order: log in, build, push,
// migrate, update, and goes back where that is asked for.
// What it needs to know is found by hci/internal/deploy/names and
// hci/internal/deploy/preflight; what it has done is kept by hci/internal/deploy/state.
package deploy

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"hci/internal/aws/ecr"
	"hci/internal/aws/ecs"
	"hci/internal/deploy/names"
	"hci/internal/deploy/preflight"
	"hci/internal/deploy/revisions"
	"hci/internal/deploy/rollout"
	"hci/internal/deploy/state"
	"hci/internal/docker"
	"hci/sync/secret"
)

// Docker builds and pushes.
type Docker interface {
	Login(ctx context.Context, user string, password secret.Value) error
	Build(ctx context.Context, i docker.Image) error
	Push(ctx context.Context, image string) error
	Inspect(ctx context.Context, image string) (docker.Found, error)
	Scan(ctx context.Context, image string, overlap int, find func(path string, piece []byte) []string) ([]string, error)
}

// Changes are what a deployment changes.
type Changes interface {
	Register(ctx context.Context, d *ecs.Definition) (string, error)
	RunTask(ctx context.Context, r ecs.Run) (string, error)
	Update(ctx context.Context, revision string, force bool) (string, error)
	UnderWay(ctx context.Context, revision string) (arn string, err error)
	StopDeployment(ctx context.Context, arn string) error
}

// Tasks are one-off tasks and their logs.
type Tasks interface {
	Started(ctx context.Context, family, startedBy string) (arn string, err error)
	OneOff(ctx context.Context, arn, container string) (*ecs.OneOff, error)
	TaskLog(d *ecs.Definition, container, task string) (*ecs.TaskLog, error)
	LastLines(ctx context.Context, t *ecs.StoppedTask)
}

// Job is a deployment, or a part of one.
type Job struct {
	Env     string
	Names   names.Names
	Look    *preflight.Look
	Journal *state.Journal
	Steps   []state.Step // to be done now

	Docker   Docker // nil if nothing is built or pushed
	Registry preflight.Registry
	Cluster  preflight.Cluster
	Rollout  rollout.Rollout
	Changes  Changes
	Tasks    Tasks

	Source  Source
	NoWait  bool          // start the rollout only
	Spot    bool          // one-off tasks may run on Spot capacity
	Timeout time.Duration // of the migration and of the update, each
	Every   time.Duration // between two questions to AWS; 0 chooses

	Extra    []Extra     // other images that go along
	LastTime state.Times // how long the steps took
	From     string      // commit that the service runs; "" if it is not known

	// Fresh makes a context for what follows on an interruption.
	Fresh func() (context.Context, context.CancelFunc)

	Talk View

	// Interrupted tells that the work was interrupted, and that it was not decided
	// to go on all the same.
	Interrupted bool
}

// Outcome is what has become of the service if every step was done.
func (j *Job) Outcome() string {
	if j.NoWait {
		return "started"
	}
	return "deployed"
}

// View is told how it goes, and asked what only a person can decide.
type View interface {
	// Begin and End enclose what is told of a step. In the end err is nil if it was done.
	Begin(s state.Step)
	End(d Done, err error)
	// Now shows how something stands, for as long as it does.
	Now(line string)
	// Say tells a line.
	Say(format string, args ...any)
	// Log shows a line that a task wrote.
	Log(l ecs.LogLine)
	// Seen shows how a rollout stands.
	Seen(s *ecs.Service, d *ecs.Deployment)
	// Stopped shows a task of the rollout that stopped.
	Stopped(t ecs.StoppedTask)
	// Decide is asked what becomes of a deployment that loops, or whose watching
	// was interrupted.
	Decide(r rollout.Result, interrupted bool) Choice
}

// Choice is what becomes of a deployment.
type Choice int

// The choices.
const (
	Leave    Choice = iota // it goes on at AWS
	RollBack               // ECS stops it, and hci waits until the revision before serves
	Continue               // to watch
)

// Done is what became of a step.
type Done struct {
	Step  state.Step
	Words string
	Took  time.Duration
}

// Run does the steps in their order. It returns what was done; the error is that
// of the step which failed, a [*StepError].
func (j *Job) Run(ctx context.Context) ([]Done, error) {
	run := map[state.Step]func(context.Context) (string, error){
		state.Login: j.login, state.Build: j.build, state.Push: j.push, state.Migrate: j.migrate, state.Update: j.update, state.MigrateAfter: j.migrateAfter,
	}
	var all []Done
	steps := state.Sorted(j.Steps)
	for _, s := range steps {
		start := time.Now()
		j.Talk.Begin(s)
		words, err := run[s](ctx)
		if s == state.Migrate && err == nil {
			j.Journal.Migration = state.Migration{} // one that follows is another
		}
		switch {
		case err != nil:
		case len(state.Without(j.Journal.Steps, append(slices.Clone(j.Journal.Done), s))) == 0: // in one write: what is done and not ended would be resumed without a look
			err = j.Journal.End()
		default:
			err = j.Journal.Did(s)
		}
		done := Done{Step: s, Words: words, Took: time.Since(start)}
		j.Talk.End(done, err)
		if err != nil {
			return all, &StepError{Step: s, Err: j.sinceLooked(ctx, err)}
		}
		all = append(all, done)
	}
	return all, nil
}

// sinceLooked is the error of a step: whoever registers a revision may have made the
// service run it, too.
func (j *Job) sinceLooked(ctx context.Context, err error) error {
	var newer *revisions.NewerError
	if !errors.As(err, &newer) || j.Look.Service == nil {
		return err
	}
	if s, stateErr := j.Cluster.State(ctx); stateErr == nil {
		return cmp.Or(rollout.ChangedSince(j.Look.Service.Primary(), s), err)
	}
	return err
}

// StepError says which step failed.
type StepError struct {
	Step state.Step
	Err  error
}

func (e *StepError) Error() string { return string(e.Step) + ": " + e.Err.Error() }
func (e *StepError) Unwrap() error { return e.Err }

func (j *Job) login(ctx context.Context) (string, error) {
	t, err := j.logIn(ctx)
	if err != nil {
		return "", err
	}
	words := j.Look.Repository.Host()
	if !t.Expires.IsZero() {
		words += ", until " + t.Expires.UTC().Format("15:04 UTC")
	}
	return words, nil
}

func (j *Job) logIn(ctx context.Context) (ecr.Token, error) {
	t, err := j.Registry.Token(ctx)
	if err != nil {
		return t, err
	}
	return t, j.Docker.Login(ctx, t.User, t.Password)
}

// revision registers the revision that the service is to run, unless it is registered:
// an earlier run may have done that.
func (j *Job) revision(ctx context.Context) (string, error) {
	image, _ := j.image()
	next := j.next(image)
	name := next.Name
	if next != j.Look.Base || !next.Active() { // ECS starts no tasks of one that is inactive
		had, err := j.registered(ctx, next)
		if err != nil || had {
			return j.Journal.Revision, err
		}
		if name, err = j.register(ctx, next, j.leavesOut()); err != nil {
			return "", err
		}
	}
	j.Journal.Revision = name
	return name, j.Journal.Save()
}

// registered reports whether the revision that an earlier run has registered is just what
// the service is to run.
func (j *Job) registered(ctx context.Context, next *ecs.Definition) (bool, error) {
	if j.Journal.Revision == "" {
		return false, nil
	}
	d, err := j.Cluster.Definition(ctx, j.Journal.Revision)
	if missing := (*ecs.NotFoundError)(nil); errors.As(err, &missing) {
		return false, nil
	}
	return err == nil && d.Active() && len(revisions.Differences(d, next)) == 0, err
}

// leavesOut reports whether the new revision is meant to lack what Terraform has
// registered since.
func (j *Job) leavesOut() bool { return j.Journal.Restart || j.Journal.Base == state.BaseRunning }

// next is the revision that the service is to run: the base with the image, pinned
// by its digest; without one, with the images that are deployed. It is the base
// itself if nothing differs.
func (j *Job) next(image string) *ecs.Definition {
	next := j.Look.Base
	if j.Journal.Restart {
		return next
	}
	for _, container := range j.Look.Containers {
		of := image
		if of == "" {
			of = j.Look.Deployed.Of(container)
		}
		if of != "" {
			next = next.WithImage(of, []string{container})
		}
	}
	next = j.withExtras(next)
	if len(revisions.Differences(j.Look.Base, next)) == 0 {
		return j.Look.Base
	}
	return next
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
