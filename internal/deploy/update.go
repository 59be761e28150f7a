package deploy

import (
	"context"
	"errors"
	"time"

	"hci/internal/aws/client"
	"hci/internal/aws/ecs"
	"hci/internal/deploy/rollout"
	"hci/internal/deploy/state"
)

func (j *Job) update(ctx context.Context) (string, error) {
	revision, err := j.revision(ctx)
	if err != nil {
		return "", err
	}
	if j.Look.Displaced { // and this is to displace that
		j.Journal.Deployment, j.Journal.Updating = "", false
	}
	id := j.Journal.Deployment
	again := id != ""
	if !again {
		if id, err = j.start(ctx, revision); err != nil {
			return "", err
		}
		j.Journal.Deployment = id
		if err := j.Journal.Save(); err != nil {
			return "", err
		}
	}
	j.Talk.Say("deployment %s of %s is under way", id, revision)
	if j.NoWait {
		return "deployment " + id + " of " + revision + " was started, and is not waited for", nil
	}
	return j.watch(ctx, id, again)
}

// start makes the service run the revision, unless somebody else made it run
// another one since it was looked at. A deployment that a run began which did not
// live to note it is taken over.
func (j *Job) start(ctx context.Context, revision string) (string, error) {
	var stale error // looked for first: the service is looked at last
	if !j.Journal.Restart && !state.Chosen(j.Journal.Base) {
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
	now := s.Primary()
	if now != nil && j.Journal.Updating && now.ID != j.Journal.Seen && revision == j.Journal.Asked && now.Revision == revision && now.Rollout != ecs.RolloutFailed {
		return now.ID, nil
	}
	if err := rollout.ChangedSince(j.Look.Service.Primary(), s); err != nil {
		return "", err
	}
	if stale != nil {
		return "", stale
	}
	was := *j.Journal
	j.before(s)
	j.Journal.Updating, j.Journal.Asked, j.Journal.Stopped = true, revision, ""
	if err := j.Journal.Save(); err != nil {
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
	if p != nil {
		j.Journal.Seen = p.ID
	}
	own := j.Journal.Before != "" && s.Revision.Name == j.Journal.Asked
	switch {
	case own && (p == nil || p.Rollout != ecs.RolloutCompleted):
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
	case Stop:
		err := j.stopForGood(ctx, r)
		return j.completed(err), err
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
	switch {
	case r.End == rollout.Failed && r.Own != nil:
		j.Journal.Seen = r.Own.ID // what the next attempt may go over
	case r.End == rollout.RolledBack && !r.Unclear():
		if p := rollout.PrimaryOf(r.Service); p != nil && p.Revision == j.Journal.Before {
			j.Journal.Seen = p.ID
		}
	}
	if saveErr := j.forget(); saveErr != nil {
		return errors.Join(err, saveErr)
	}
	return err
}

// forget notes that the deployment has ended: it is not watched again.
func (j *Job) forget() error {
	j.Journal.Deployment, j.Journal.Updating = "", false
	return j.Journal.Save()
}

func (j *Job) watchEvery() time.Duration {
	if j.Every != 0 {
		return j.Every
	}
	return rollout.DefaultEvery
}
