package deploy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hci/internal/awsapi"
	"hci/internal/ecs"
)

// NotDeployedError says that the deployment that was started is not what runs.
type NotDeployedError struct{ Result Result }

func (e *NotDeployedError) Error() string { return "not deployed: " + e.Result.End.String() }

// DisplacedError says that somebody changed the service between the look at it
// and the update.
type DisplacedError struct{ Revision, Since string }

// DisplacedBy says that a deployment took this one's place.
func DisplacedBy(d *ecs.Deployment) error {
	return &DisplacedError{Revision: d.Revision, Since: clock(d.Created)}
}

func (e *DisplacedError) Error() string {
	return fmt.Sprintf("another deployment was started meanwhile, of %s, since %s", e.Revision, e.Since)
}

func (j *Job) update(ctx context.Context) (string, error) {
	revision, err := j.revision(ctx)
	if err != nil {
		return "", err
	}
	id := j.Journal.Deployment
	again := id != ""
	if !again {
		id, err = j.start(ctx, revision)
		var newer *NewerError
		if errors.As(err, &newer) && !j.Journal.Tried {
			j.Journal.Revision = "" // it is made anew, from that
			err = errors.Join(err, j.Journal.Save())
		}
		if err != nil {
			return "", err
		}
		j.Journal.Deployment = id
		if err := j.Journal.Save(); err != nil {
			return "", err
		}
	}
	j.Talk.Say("deployment %s of %s is under way", id, revision)
	return j.watch(ctx, id, again)
}

// start makes the service run the revision, unless somebody else made it run
// another one since it was looked at. A deployment that a run began which did not
// live to note it is taken over.
func (j *Job) start(ctx context.Context, revision string) (string, error) {
	var stale error // looked for first: the service is looked at last
	if !j.Journal.Restart && !chosen(j.Journal.Base) {
		d, err := j.Cluster.Definition(ctx, revision)
		if err != nil {
			return "", err
		}
		stale = j.upToDate(ctx, d)
	}
	s, err := j.Cluster.State(ctx)
	if err != nil {
		return "", err
	}
	seen, now := j.Look.Service.Primary(), s.Primary()
	if now != nil && j.Journal.Updating && now.ID != j.Journal.Seen && now.Revision == revision && now.Rollout != ecs.RolloutFailed {
		return now.ID, nil
	}
	if now != nil && (seen == nil || seen.ID != now.ID) {
		return "", &DisplacedError{Revision: now.Revision, Since: clock(now.Created)}
	}
	if stale != nil {
		return "", stale
	}
	was := *j.Journal
	j.before(s)
	j.Journal.Updating, j.Journal.Tried, j.Journal.Back = true, true, false
	if err := j.Journal.Save(); err != nil {
		return "", err
	}
	restart := s.Revision.Name == revision
	if restart {
		j.Talk.Say("nothing of %s differs: its tasks are started anew, and read the secrets as they are now", revision)
	}
	id, err := j.Changes.Update(ctx, revision, restart)
	if awsapi.Refused(err, "UpdateService") {
		*j.Journal = was // what an attempt before this may have done is as it was
		err = errors.Join(err, j.Journal.Save())
	}
	return id, err
}

// before notes what the service runs now, and the revision to go back to: the one
// that is rolled out completely, which a primary under way or failed is not.
func (j *Job) before(s *ecs.Service) {
	p := s.Primary()
	if p != nil {
		j.Journal.Seen = p.ID
	}
	if j.Journal.Tried && j.Journal.Before != "" && s.Revision.Name == j.Journal.Revision {
		return // what runs is this deployment's own, which failed
	}
	j.Journal.Before = s.Revision.Name
	if p == nil || p.Rollout == ecs.RolloutCompleted || p.Rollout == "" {
		return
	}
	for _, d := range s.Deployments {
		if d.Rollout == ecs.RolloutCompleted {
			j.Journal.Before = d.Revision
		}
	}
}

// watch waits for the end of the deployment, and does what is decided about one
// that does not come to it. again tells that it was watched before.
func (j *Job) watch(ctx context.Context, id string, again bool) (string, error) {
	options := Options{
		Again:   again,
		Timeout: j.Timeout, Every: j.Every, Revision: j.Journal.Revision, Before: j.Journal.Before, Seen: j.Talk.Seen, Stopped: j.Talk.Stopped,
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
			return r.Explain()[0], nil
		}
		later, stop := j.later(ctx)
		next, err := j.decide(later, r, interrupted)
		if next {
			defer stop()
			ctx, options.Again = later, true
			continue
		}
		stop()
		return "", err
	}
}

// decide does what is decided about a deployment that did not come to its end;
// next tells to go on watching.
func (j *Job) decide(ctx context.Context, r Result, interrupted bool) (next bool, err error) {
	for i := range r.Stopped {
		if i < sameStops {
			j.Tasks.LastLines(ctx, &r.Stopped[i])
		}
	}
	if !interrupted && r.End != CrashLoop {
		return false, j.ended(ctx, r)
	}
	j.Interrupted = interrupted
	switch j.Talk.Decide(r, interrupted) {
	case Continue:
		j.Interrupted = false
		return true, nil
	case Stop:
		if err := j.stop(ctx); err != nil {
			return j.completed(err), fmt.Errorf("it could not be stopped: %w", err)
		}
		return false, j.ended(ctx, Result{End: Stopped, Before: j.Journal.Before})
	case RollBack:
		err := j.rollBack(ctx, r)
		return j.completed(err), err
	}
	if interrupted {
		return false, context.Canceled
	}
	return false, &NotDeployedError{Result: r}
}

// errCompleted says that a deployment came to its end before it could be stopped.
var errCompleted = errors.New("the deployment has come to its end meanwhile, and is what runs")

// completed reports whether a deployment came to its end before it could be
// stopped: then that is told, instead of undoing it.
func (j *Job) completed(err error) bool {
	if !errors.Is(err, errCompleted) {
		return false
	}
	j.Talk.Say("%v", errCompleted)
	j.Interrupted = false
	return true
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
func (j *Job) ended(ctx context.Context, r Result) error {
	err := error(&NotDeployedError{Result: r})
	if r.End == TimedOut || r.End == Stuck || r.End == Lost {
		return err
	}
	j.Journal.Back = false
	switch {
	case r.End == Stopped:
		j.Journal.Back = !j.seesRollback(ctx)
	case r.End == Failed && r.Own != nil:
		j.Journal.Seen = r.Own.ID // what the next attempt may go over
	case r.End == RolledBack && !r.Unclear() && r.Service != nil:
		if p := r.Service.Primary(); p != nil && p.Revision == j.Journal.Before {
			j.Journal.Seen = p.ID
		}
	}
	if saveErr := j.forget(); saveErr != nil {
		return errors.Join(err, saveErr)
	}
	return err
}

// seesRollback waits a while for what comes after a deployment that was stopped, and
// notes that the next attempt may go over it, if that is how the service goes back.
func (j *Job) seesRollback(ctx context.Context) bool {
	for range toldAfter {
		s, err := j.Cluster.State(ctx)
		if err == nil {
			if p := s.Primary(); p != nil && p.ID != j.Journal.Deployment {
				if p.Revision == j.Journal.Before {
					j.Journal.Seen = p.ID
				}
				return true
			}
		}
		if sleep(ctx, j.watchEvery()) != nil {
			return false
		}
	}
	return false
}

// forget notes that the deployment has ended: it is not watched again.
func (j *Job) forget() error {
	j.Journal.Deployment, j.Journal.Updating = "", false
	return j.Journal.Save()
}

// stop makes ECS stop the deployment, if it is still the service's and under way.
// Where it can't, the service is made to run the revision before.
func (j *Job) stop(ctx context.Context) error {
	arn, err := j.Changes.UnderWay(ctx, j.Journal.Revision)
	// That the deployment is looked at after that tells that it was found, and not one
	// that somebody began meanwhile.
	if _, err := j.stoppable(ctx); err != nil {
		return err
	}
	lost := false // the answer
	if err == nil {
		err = j.Changes.StopDeployment(ctx, arn)
		lost = !awsapi.Refused(err, "StopServiceDeployment")
	}
	if err == nil || j.Journal.Before == "" {
		return err
	}
	s, err := j.stoppable(ctx) // once more: that may have taken long
	var now *DisplacedError
	if errors.As(err, &now) && lost && now.Revision == j.Journal.Before && j.Journal.Before != j.Journal.Revision {
		return nil // it was stopped
	}
	if err != nil {
		return err
	}
	_, err = j.Changes.Update(ctx, j.Journal.Before, s.Revision.Name == j.Journal.Before)
	return err
}

// stoppable looks whether the deployment is the service's, and not at its end.
func (j *Job) stoppable(ctx context.Context) (*ecs.Service, error) {
	s, err := j.Cluster.State(ctx)
	if err != nil {
		return nil, err
	}
	switch p := s.Primary(); {
	case p == nil:
	case p.ID != j.Journal.Deployment:
		return nil, &DisplacedError{Revision: p.Revision, Since: clock(p.Created)}
	case p.Rollout == ecs.RolloutCompleted:
		return nil, errCompleted
	}
	return s, nil
}

// RollbackError says that a rollback, too, did not come to its end.
type RollbackError struct {
	Not *NotDeployedError
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
func (j *Job) rollBack(ctx context.Context, r Result) error {
	failed := func(why string, err error) error {
		return &RollbackError{Not: &NotDeployedError{Result: r}, To: j.Journal.Before, Why: why, Err: err}
	}
	j.Talk.Say("rolling back to %s", j.Journal.Before)
	if err := j.stop(ctx); errors.Is(err, errCompleted) {
		return err
	} else if err != nil {
		return failed("failed: "+err.Error(), err)
	}
	own := j.Journal.Deployment
	j.Journal.Back = true
	if err := j.forget(); err != nil {
		return failed("goes on at AWS: "+err.Error(), err)
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
				return failed("goes on at AWS, which can't be asked any more: "+err.Error(), err)
			}
		case err == nil:
			failures = 0
			p := s.Primary()
			j.Talk.Seen(s, p)
			if p != nil && p.ID != own && j.Journal.Before != "" && p.Revision != j.Journal.Before {
				r.Service, r.End = s, Displaced
				return j.ended(ctx, r)
			}
			if p != nil && p.ID != own && (p.Rollout == ecs.RolloutCompleted || p.Rollout == "" && p.Running == p.Desired) {
				r.Service, r.End, r.ByHand = s, RolledBack, true
				return j.ended(ctx, r)
			}
		}
		if time.Now().After(deadline) {
			return failed("has not come to its end", nil)
		}
		if err := sleep(ctx, j.watchEvery()); err != nil {
			return failed("goes on at AWS", err)
		}
	}
}

func (j *Job) watchEvery() time.Duration {
	if j.Every != 0 {
		return j.Every
	}
	return defaultEvery
}
