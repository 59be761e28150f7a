package deploy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hci/internal/aws/client"
	"hci/internal/aws/ecs"
	"hci/internal/deploy/revisions"
	"hci/internal/deploy/rollout"
	"hci/internal/deploy/state"
)

// errCompleted says that a deployment came to its end before it could be stopped.
var errCompleted = errors.New("the deployment has come to its end meanwhile, and is what runs")

// StopError says that a deployment was not stopped, or that nobody knows.
type StopError struct {
	Unknown bool
	Err     error
}

func (e *StopError) Error() string {
	if e.Unknown {
		return fmt.Sprintf("whether it was stopped is not known: %v", e.Err)
	}
	return fmt.Sprintf("it could not be stopped: %v", e.Err)
}
func (e *StopError) Unwrap() error { return e.Err }

// stop makes ECS stop the deployment, if it is still the service's and under way.
// Where it can't, the service is made to run the revision before. It fails with
// errCompleted, a [*SupersededError] or a [*StopError].
func (j *Job) stop(ctx context.Context) error {
	arn, err := j.Changes.UnderWay(ctx, j.Journal.Revision)
	// That the deployment is looked at after that tells that it was found, and not one
	// that somebody began meanwhile.
	if _, err := j.stoppable(ctx); err != nil {
		return err
	}
	unknown := false
	if err == nil {
		err = j.Changes.StopDeployment(ctx, arn)
		unknown = err != nil && !client.Refused(err, "StopServiceDeployment")
	}
	if err == nil {
		return nil
	}
	if j.Journal.Before == "" {
		return &StopError{Unknown: unknown, Err: err}
	}
	s, err := j.stoppable(ctx) // once more: that may have taken long
	var now *rollout.SupersededError
	var not *StopError
	switch {
	case errors.As(err, &now) && unknown && now.Revision == j.Journal.Before && j.Journal.Before != j.Journal.Revision:
		return nil // it was stopped
	case errors.As(err, &not):
		return &StopError{Unknown: unknown, Err: not.Err}
	case err != nil:
		return err
	}
	if err := j.beforeRuns(ctx); err != nil {
		return &StopError{Unknown: unknown, Err: err}
	}
	if _, err = j.Changes.Update(ctx, j.Journal.Before, s.Revision.Name == j.Journal.Before); err != nil {
		return &StopError{Unknown: unknown || !client.Refused(err, "UpdateService"), Err: err}
	}
	return nil
}

// beforeRuns makes the revision to go back to one that ECS runs as it ran.
func (j *Job) beforeRuns(ctx context.Context) error {
	d, err := j.Cluster.Definition(ctx, j.Journal.Before)
	if err != nil {
		return err
	}
	digests, err := j.Cluster.Digests(ctx, j.Journal.Before)
	if err != nil {
		digests = nil // its tags are what there is
	}
	name, err := j.Runnable(ctx, d, digests)
	if err == nil {
		j.Journal.Before = name
	}
	return err
}

// Runnable returns the name of a revision that ECS runs with the images of some
// digests, by container: d's own or, if d names them by tags or was withdrawn, that of
// a copy, which is registered.
func (j *Job) Runnable(ctx context.Context, d *ecs.Definition, digests map[string]string) (string, error) {
	next := revisions.Pinned(d, digests)
	if next.Active() && len(revisions.Differences(d, next)) == 0 {
		return d.Name, nil
	}
	return j.register(ctx, next, true)
}

// stoppable looks whether the deployment is the service's, and not at its end. It
// fails as stop does.
func (j *Job) stoppable(ctx context.Context) (*ecs.Service, error) {
	s, err := j.Cluster.State(ctx)
	if err != nil {
		return nil, &StopError{Err: err}
	}
	switch p := s.Primary(); {
	case p == nil:
	case p.ID != j.Journal.Deployment:
		return nil, rollout.SupersededBy(p)
	case p.Rollout == ecs.RolloutCompleted:
		return nil, errCompleted
	}
	return s, nil
}

// wentBack notes what the service has in place of a deployment that was stopped. The
// next attempt may follow that, if it is how the service goes back.
func (j *Job) wentBack(p *ecs.Deployment) error {
	if j.Journal.Phase != state.GoingBack || p == nil || p.ID == j.Journal.Deployment {
		return nil
	}
	if p.Revision == j.Journal.Before {
		j.Journal.Seen = p.ID
	}
	return j.Journal.Enter(state.Ended)
}

// RollbackError says that a rollback, too, did not come to its end.
type RollbackError struct {
	Not *rollout.NotDeployedError
	To  string // revision
	Why string
	Err error
}

func (e *RollbackError) Error() string {
	return fmt.Sprintf("%v, and the rollback to %s %s", e.Not, e.To, e.Why)
}
func (e *RollbackError) Unwrap() []error { return []error{e.Not, e.Err} }

// rollBack goes back to the revision that ran before and waits until it serves.
// The error says in any case that the new one was not deployed.
func (j *Job) rollBack(ctx context.Context, r rollout.Result) error {
	j.Talk.Say("rolling back to %s", j.Journal.Before)
	b := &goingBack{Job: j, r: r}
	err := j.stop(ctx)
	var not *StopError
	if errors.As(err, &not) {
		s, _ := j.Cluster.State(ctx) // nil where it is not known
		b.saw(s)
		return b.failed("failed: "+err.Error(), err)
	}
	if err != nil {
		return err
	}
	if r.End == rollout.UnderWay {
		b.r.End, b.r.Before = rollout.Stopped, j.Journal.Before
	}
	if err := j.Journal.Enter(state.GoingBack); err != nil {
		return b.failed("goes on at AWS: "+err.Error(), err)
	}
	for deadline := time.Now().Add(j.timeout()); ; {
		ended, err := b.look(ctx)
		if ended {
			return err
		}
		if time.Now().After(deadline) {
			return b.failed("has not come to its end", nil)
		}
		if err := sleep(ctx, j.watchEvery()); err != nil {
			return b.failed("goes on at AWS", err)
		}
	}
}

// goingBack is a rollback that is watched.
type goingBack struct {
	*Job
	r        rollout.Result
	failures int // questions in a row that failed
}

// saw notes how the service stands; nil if that is not known.
func (b *goingBack) saw(s *ecs.Service) {
	b.r.Service, b.r.Own = s, nil
	if s != nil {
		b.r.Own = s.Deployment(b.Journal.Deployment)
	}
}

func (b *goingBack) failed(why string, err error) error {
	return &RollbackError{Not: &rollout.NotDeployedError{Result: b.r}, To: b.Journal.Before, Why: why, Err: err}
}

// look asks once whether the service has gone back.
func (b *goingBack) look(ctx context.Context) (ended bool, err error) {
	s, err := b.Cluster.State(ctx)
	var gone *ecs.NotFoundError
	switch {
	case errors.As(err, &gone):
		return true, &rollout.NotDeployedError{Result: rollout.Result{End: rollout.Gone}}
	case err != nil && ctx.Err() != nil:
		return false, nil // which is seen next
	case err != nil:
		if b.failures++; b.failures >= rollout.LostAfter {
			b.saw(nil)
			return true, b.failed("goes on at AWS, which can't be asked any more: "+err.Error(), err)
		}
		return false, nil
	}
	b.failures = 0
	b.saw(s)
	p := s.Primary()
	b.Talk.Seen(s, p)
	if err := b.wentBack(p); err != nil {
		return true, b.failed("goes on at AWS: "+err.Error(), err)
	}
	switch {
	case p == nil || p.ID == b.Journal.Deployment:
		return false, nil
	case b.Journal.Before != "" && p.Revision != b.Journal.Before:
		b.r.End = rollout.Superseded
	case p.Rollout == ecs.RolloutCompleted || p.Rollout == "" && p.Running == p.Desired:
		b.r.End, b.r.ByHand = rollout.RolledBack, true
	default:
		return false, nil
	}
	return true, b.ended(b.r)
}

// GoBack makes the service run what it ran before this deployment, which has come to its
// end, and waits until it does.
func (j *Job) GoBack(ctx context.Context) error {
	if j.Journal.Before == "" || j.Journal.Before == j.Journal.Revision {
		return errors.New("there is no revision to go back to")
	}
	if err := j.beforeRuns(ctx); err != nil {
		return err
	}
	own := &ecs.Deployment{ID: j.Journal.Deployment}
	s, err := j.Cluster.State(ctx) // once more: the question may have stood for long
	if err != nil {
		return err
	}
	if err := rollout.ChangedSince(own, s); err != nil {
		return err
	}
	j.Talk.Say("rolling back to %s", j.Journal.Before)
	id, err := j.Changes.Update(ctx, j.Journal.Before, false)
	if err != nil {
		return err
	}
	if p := j.Journal.Phase; p == state.Prepared || p == state.Migrating { // there is more to do than the update
		if err := j.Journal.WentBack(own, id); err != nil {
			return err
		}
	}
	r, err := rollout.Watch(ctx, j.Rollout, id, rollout.Options{Timeout: j.Timeout, Every: j.Every, Seen: j.Talk.Seen, Stopped: j.Talk.Stopped})
	if err == nil && r.End != rollout.Deployed {
		err = &rollout.NotDeployedError{Result: r}
	}
	if d, unread := j.Cluster.Definition(ctx, j.Journal.Before); err == nil && unread == nil {
		TagBack(ctx, j.Registry, j.Look.Repository, d.Revision().Images, j.Look.Moving, j.Talk.Say)
	}
	return err
}
