package deploy

import (
	"context"
	"errors"
	"time"

	"hci/internal/aws/client"
	"hci/internal/aws/ecs"
	"hci/internal/deploy/revisions"
	"hci/internal/deploy/rollout"
	"hci/internal/deploy/state"
)

func (j *Job) update(ctx context.Context) (string, error) {
	if own := j.Look.Own; own != nil {
		j.Journal.Deployment = own.ID // its answer may have been lost
	}
	if j.Look.Watch {
		j.Talk.Say("deployment %s of %s is watched again", j.Journal.Deployment, j.Journal.Revision)
		return j.rollsOut(ctx, true)
	}
	if j.Journal.Phase == state.RollingOut { // somebody else's took its place, and this is to take that's
		if err := j.Journal.Enter(state.Ended); err != nil {
			return "", err
		}
	}
	revision, err := j.revision(ctx)
	if err != nil {
		return "", err
	}
	id, err := j.start(ctx, revision)
	if err != nil {
		return "", err
	}
	j.Journal.Deployment = id
	j.Talk.Say("deployment %s of %s is under way", id, revision)
	return j.rollsOut(ctx, false)
}

// rollsOut notes that the deployment is under way, and waits for its end. again tells
// that it was watched before.
func (j *Job) rollsOut(ctx context.Context, again bool) (string, error) {
	if err := j.Journal.Enter(state.RollingOut); err != nil {
		return "", err
	}
	if j.NoWait {
		return "deployment " + j.Journal.Deployment + " of " + j.Journal.Revision + " was started, and is not waited for", nil
	}
	return j.watch(ctx, j.Journal.Deployment, again)
}

// start makes the service run the revision, unless somebody else made it run another one
// since it was looked at.
func (j *Job) start(ctx context.Context, revision string) (string, error) {
	var stale error // looked for first: the service is looked at last
	if !j.leavesOut() {
		d, err := j.Cluster.Definition(ctx, revision)
		if err != nil {
			return "", err
		}
		stale = revisions.UpToDate(ctx, j.Names, j.Cluster, d, nil)
	}
	s, err := j.Cluster.State(ctx)
	if err != nil {
		return "", err
	}
	if err := rollout.ChangedSince(j.Look.Service.Primary(), s); err != nil {
		return "", err
	}
	if stale != nil {
		return "", stale
	}
	was := *j.Journal
	j.before(s)
	if err := j.Journal.Enter(state.Updating); err != nil {
		return "", err
	}
	restart := s.Revision.Name == revision
	if restart {
		j.Talk.Say("nothing of %s differs: its tasks are restarted, and read the secrets as they are now", revision)
	}
	id, err := j.Changes.Update(ctx, revision, restart)
	if client.Refused(err, "UpdateService") {
		*j.Journal = was // what an attempt before this may have done is as it was
		err = errors.Join(err, j.Journal.Save())
	}
	return id, err
}

// before notes what the service runs now, and the revision to go back to: the one
// that is rolled out completely, which a primary under way or failed is not.
func (j *Job) before(s *ecs.Service) {
	p := s.Primary()
	own := p != nil && p.ID == j.Journal.Deployment && j.Journal.Before != ""
	if p != nil {
		j.Journal.Seen = p.ID
	}
	switch {
	case own && p.Rollout != ecs.RolloutCompleted:
		return // what runs is this deployment's own, which failed
	case p == nil || p.Rollout == ecs.RolloutCompleted || p.Rollout == "":
		j.Journal.Before = s.Revision.Name
		return
	case j.Journal.Before == "":
		j.Journal.Before = s.Revision.Name
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
	options := rollout.Options{
		Again:   again,
		Timeout: j.Timeout, Every: j.Every, Revision: j.Journal.Revision, Before: j.Journal.Before, Seen: j.Talk.Seen, Stopped: j.Talk.Stopped,
		Loops: func(stopped []ecs.StoppedTask) {
			j.Talk.Say("several tasks stopped for one reason (%s): if more do, the service's circuit breaker will roll it back", stopped[0].Cause())
		},
	}
	for {
		r, err := rollout.Watch(ctx, j.Rollout, id, options)
		interrupted := err != nil && errors.Is(err, context.Canceled)
		if err != nil && !interrupted {
			return "", err
		}
		if err == nil && r.End == rollout.Deployed {
			j.moveTag(ctx)
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
func (j *Job) decide(ctx context.Context, r rollout.Result, interrupted bool) (next bool, err error) {
	j.lastLines(ctx, r)
	if !interrupted && r.End != rollout.CrashLoop {
		return false, j.ended(r)
	}
	j.Interrupted = interrupted
	choice := j.Talk.Decide(r, interrupted)
	if choice != Continue { // the question may have stood for long
		now, ended := j.now(ctx, r)
		switch {
		case !ended:
		case now.End == rollout.Failed && choice != Leave: // ECS does not go back: that is still to be done
			j.Talk.Say("ECS gave it up meanwhile: %s", now.Own.Reason)
			r = now
		case now.End == rollout.Deployed:
			return j.completed(errCompleted), nil
		default:
			j.lastLines(ctx, now)
			return false, j.ended(now)
		}
	}
	switch choice {
	case Continue:
		j.Interrupted = false
		return true, nil
	case RollBack:
		err := j.rollBack(ctx, r)
		return j.completed(err), err
	}
	if interrupted {
		return false, context.Canceled
	}
	return false, &rollout.NotDeployedError{Result: r}
}

// lastLines adds what the tasks that are shown wrote last.
func (j *Job) lastLines(ctx context.Context, r rollout.Result) {
	for i := range r.Stopped {
		if i < rollout.ShownStops {
			j.Tasks.LastLines(ctx, &r.Stopped[i])
		}
	}
}

// now looks once more whether the deployment has ended, which was as r tells.
func (j *Job) now(ctx context.Context, r rollout.Result) (rollout.Result, bool) {
	return rollout.Once(ctx, j.Rollout, j.Journal.Deployment, rollout.Options{Revision: j.Journal.Revision, Before: j.Journal.Before}, r.Own != nil)
}

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
func (j *Job) ended(r rollout.Result) error {
	err := error(&rollout.NotDeployedError{Result: r})
	if r.End == rollout.TimedOut || r.End == rollout.Stuck || r.End == rollout.Lost {
		return err
	}
	if p := rollout.PrimaryOf(r.Service); r.End == rollout.RolledBack && !r.Unclear() && p != nil && p.Revision == j.Journal.Before {
		j.Journal.Seen = p.ID // what the next attempt may follow
	}
	return errors.Join(err, j.Journal.Enter(state.Ended))
}

func (j *Job) watchEvery() time.Duration {
	if j.Every != 0 {
		return j.Every
	}
	return rollout.DefaultEvery
}
