package deploy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hci/internal/ecs"
)

// NotDeployedError says that the deployment that was started is not what runs.
type NotDeployedError struct{ Result Result }

func (e *NotDeployedError) Error() string { return "not deployed: " + e.Result.End.String() }

// DisplacedError says that somebody changed the service between the look at it
// and the update.
type DisplacedError struct{ Revision, Since string }

func (e *DisplacedError) Error() string {
	return fmt.Sprintf("another deployment was started meanwhile, of %s, since %s", e.Revision, e.Since)
}

func (j *Job) update(ctx context.Context) (string, error) {
	revision, err := j.revision(ctx)
	if err != nil {
		return "", err
	}
	id := j.Journal.Deployment
	if id == "" {
		if id, err = j.start(ctx, revision); err != nil {
			return "", err
		}
		j.Journal.Deployment = id
		if err := j.Journal.Save(); err != nil {
			return "", err
		}
	}
	j.Talk.Say("deployment %s of %s is under way", id, revision)
	return j.watch(ctx, id)
}

// start makes the service run the revision, unless somebody else made it run
// another one since it was looked at. A deployment of the revision that is there
// already, started by a run that was killed, is taken over.
func (j *Job) start(ctx context.Context, revision string) (string, error) {
	s, err := j.Cluster.State(ctx)
	if err != nil {
		return "", err
	}
	seen, now := j.Look.Service.Primary(), s.Primary()
	if now != nil && now.Revision == revision && revision != j.Journal.Before && j.Journal.Before != "" {
		return now.ID, nil
	}
	if now != nil && (seen == nil || seen.ID != now.ID) {
		return "", &DisplacedError{Revision: now.Revision, Since: clock(now.Created)}
	}
	j.Journal.Before = s.Revision.Name
	if err := j.Journal.Save(); err != nil {
		return "", err
	}
	restart := s.Revision.Name == revision
	if restart {
		j.Talk.Say("nothing of %s differs: its tasks are started anew, and read the secrets as they are now", revision)
	}
	return j.Changes.Update(ctx, revision, restart)
}

// watch waits for the end of the deployment, and does what is decided about one
// that does not come to it.
func (j *Job) watch(ctx context.Context, id string) (string, error) {
	options := Options{
		Timeout: j.Timeout, Every: j.Every, Before: j.Journal.Before, Seen: j.Talk.Seen, Stopped: j.Talk.Stopped,
		Loops: func(stopped []ecs.StoppedTask) {
			j.Talk.Say("its tasks stop again and again (%s): the service's circuit breaker will roll it back", stopped[0].Cause())
		},
	}
	for {
		r, err := Watch(ctx, j.Source, id, options)
		interrupted := err != nil && errors.Is(err, context.Canceled)
		if err != nil && !interrupted {
			return "", err
		}
		if err == nil && r.End == Deployed {
			return fmt.Sprintf("%s is what runs: %d of %d tasks", r.Own.Revision, r.Own.Running, r.Own.Desired), nil
		}
		later, stop := j.later(ctx)
		defer stop()
		for i := range r.Stopped {
			if i < sameStops {
				j.Tasks.LastLines(later, &r.Stopped[i])
			}
		}
		if !interrupted && r.End != CrashLoop {
			return "", j.ended(r)
		}
		switch j.Talk.Decide(r, interrupted) {
		case Continue:
			ctx, interrupted = later, false
			continue
		case Stop:
			if err := j.stop(later); err != nil {
				return "", err
			}
			return "", j.ended(Result{End: Stopped, Before: j.Journal.Before})
		case RollBack:
			err := j.rollBack(later, r)
			return "", errors.Join(err, j.forget())
		}
		if interrupted {
			return "", err
		}
		return "", &NotDeployedError{Result: r}
	}
}

// later is the context of what follows on an interruption, and that the next one
// ends.
func (j *Job) later(ctx context.Context) (context.Context, context.CancelFunc) {
	if j.Fresh != nil {
		return j.Fresh()
	}
	return context.WithoutCancel(ctx), func() {}
}

// ended is the error of a deployment that is not what runs. One that has ended
// for good is not watched again when the work is resumed.
func (j *Job) ended(r Result) error {
	err := error(&NotDeployedError{Result: r})
	if r.End == TimedOut || r.End == Stuck || r.End == Lost {
		return err
	}
	if saveErr := j.forget(); saveErr != nil {
		return errors.Join(err, saveErr)
	}
	return err
}

func (j *Job) forget() error {
	j.Journal.Deployment = ""
	return j.Journal.Save()
}

// stop makes ECS stop the deployment, if it is still the service's. Where it
// can't, the service is made to run the revision before.
func (j *Job) stop(ctx context.Context) error {
	s, err := j.Cluster.State(ctx)
	if err != nil {
		return err
	}
	if p := s.Primary(); p != nil && p.ID != j.Journal.Deployment {
		return &DisplacedError{Revision: p.Revision, Since: clock(p.Created)}
	}
	err = j.Changes.StopDeployment(ctx)
	if err == nil || j.Journal.Before == "" {
		return err
	}
	_, err = j.Changes.Update(ctx, j.Journal.Before, false)
	return err
}

// rollBack goes back to the revision that ran before and waits until it serves.
// The error says in any case that the new one was not deployed.
func (j *Job) rollBack(ctx context.Context, r Result) error {
	before := j.Journal.Before
	j.Talk.Say("rolling back to %s", before)
	if err := j.stop(ctx); err != nil {
		return fmt.Errorf("%w, and the rollback failed: %w", &NotDeployedError{Result: r}, err)
	}
	deadline := time.Now().Add(j.timeout())
	failures := 0
	for {
		s, err := j.Cluster.State(ctx)
		var gone *ecs.NotFoundError
		switch {
		case errors.As(err, &gone):
			return &NotDeployedError{Result: Result{End: Gone}}
		case err != nil && ctx.Err() == nil:
			if failures++; failures >= lostAfter {
				return fmt.Errorf("%w, and whether %s serves again is not known: %w", &NotDeployedError{Result: r}, before, err)
			}
		case err == nil:
			failures = 0
			p := s.Primary()
			j.Talk.Seen(s, p)
			if p != nil && p.Revision == before && (p.Rollout == ecs.RolloutCompleted || p.Rollout == "" && p.Running == p.Desired) {
				r.Service, r.End = s, RolledBack
				r.ByHand = true
				return &NotDeployedError{Result: r}
			}
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%w, and %s does not serve yet", &NotDeployedError{Result: r}, before)
		}
		if err := sleep(ctx, j.watchEvery()); err != nil {
			return fmt.Errorf("%w, and the rollback to %s goes on at AWS: %w", &NotDeployedError{Result: r}, before, err)
		}
	}
}

func (j *Job) watchEvery() time.Duration {
	if j.Every != 0 {
		return j.Every
	}
	return defaultEvery
}
