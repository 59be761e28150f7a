// Package deploy tells truthfully how a deployment on ECS ends.
//
// A deployment is done when the one that was started, known by its id, is the
// service's primary and is rolled out completely. That the service is stable is
// not enough: it is after a rollback, too.
package deploy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hci/internal/ecs"
)

// End is how a deployment ended.
type End int

// The ends.
const (
	Deployed   End = iota // it is what runs
	RolledBack            // ECS gave it up, and an earlier one serves
	Failed                // ECS gave it up
	Displaced             // another deployment took its place
	CrashLoop             // its tasks stop again and again, for one reason
	Gone                  // the service was deleted
	TimedOut              // it is still under way
	Lost                  // AWS can't be asked any more
	Stopped               // somebody decided to stop it
)

// String returns the end in a word or two.
func (e End) String() string {
	return [...]string{"deployed", "rolled back", "failed", "displaced", "crash loop", "service deleted", "timed out", "connection lost", "stopped"}[e]
}

// Result is the end of a deployment and what there is to know of it.
type Result struct {
	End     End
	Service *ecs.Service      // as it was seen last; nil if it never was
	Own     *ecs.Deployment   // the one that was watched, if it is still there
	Stopped []ecs.StoppedTask // its tasks that stopped, the latest first
	Err     error             // of Lost
	ByHand  bool              // it was rolled back by decision, not by ECS
	Before  string            // of Stopped: the revision that ECS goes back to
}

// Source is what is asked.
type Source interface {
	// State returns how the service stands; it fails with an [*ecs.NotFoundError] if
	// there is none.
	State(ctx context.Context) (*ecs.Service, error)
	// Stopped lists the tasks of a deployment that have stopped.
	Stopped(ctx context.Context, deployment string) ([]ecs.StoppedTask, error)
}

// Options of [Watch].
type Options struct {
	Every   time.Duration                       // between two questions; 0 means 5 s
	Timeout time.Duration                       // 0 means 15 minutes
	Seen    func(*ecs.Service, *ecs.Deployment) // called after each answer; may be nil
	Loops   func([]ecs.StoppedTask)             // called once if its tasks stop again and again, and ECS will roll it back; may be nil
}

const (
	defaultEvery   = 5 * time.Second
	defaultTimeout = 15 * time.Minute
	// sameStops with one cause are a crash loop.
	sameStops = 2
	// lostAfter questions in a row that fail, AWS is not asked any more.
	lostAfter = 5
)

// Watch waits for the end of the deployment with an id. The error is the
// context's.
func Watch(ctx context.Context, src Source, id string, o Options) (Result, error) {
	if o.Every == 0 {
		o.Every = defaultEvery
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	deadline := time.NewTimer(o.Timeout)
	defer deadline.Stop()
	var r Result
	failures := 0
	for {
		s, err := src.State(ctx)
		var missing *ecs.NotFoundError
		switch {
		case ctx.Err() != nil:
			return r, ctx.Err()
		case errors.As(err, &missing):
			r.End = Gone
			return r, nil
		case err != nil:
			if failures++; failures >= lostAfter {
				r.End, r.Err = Lost, err
				return r, nil
			}
		default:
			failures = 0
			r.Service, r.Own = s, s.Deployment(id)
			if o.Seen != nil {
				o.Seen(s, r.Own)
			}
			if end, ended := judge(s, r.Own); ended {
				r.End = end
				if end != Deployed {
					r.Stopped, _ = src.Stopped(ctx, id) // told besides, where it can be
				}
				return r, nil
			}
			if r.Stopped, err = src.Stopped(ctx, id); err == nil && looping(r.Stopped) {
				if !s.Breaker {
					r.End = CrashLoop
					return r, nil
				}
				if o.Loops != nil {
					o.Loops(r.Stopped)
					o.Loops = nil
				}
			}
		}
		select {
		case <-ctx.Done():
			return r, ctx.Err()
		case <-deadline.C:
			r.End = TimedOut
			return r, nil
		case <-time.After(o.Every):
		}
	}
}

// judge says whether a deployment has ended, and how.
func judge(s *ecs.Service, own *ecs.Deployment) (End, bool) {
	primary := s.Primary()
	switch {
	case own == nil:
		return Displaced, true
	case own.Rollout == ecs.RolloutFailed && primary != nil && primary.ID != own.ID:
		return RolledBack, true
	case own.Rollout == ecs.RolloutFailed:
		return Failed, true
	case primary == nil || primary.ID != own.ID:
		return Displaced, true
	case own.Rollout == ecs.RolloutCompleted:
		return Deployed, true
	case own.Rollout == "" && len(s.Deployments) == 1 && own.Running == own.Desired: // no rolling update tells its state
		return Deployed, true
	}
	return 0, false
}

// looping reports whether tasks stopped more than once for one reason.
func looping(stopped []ecs.StoppedTask) bool {
	causes := map[string]int{}
	for _, t := range stopped {
		if causes[t.Cause()]++; causes[t.Cause()] >= sameStops {
			return true
		}
	}
	return false
}

// Explain says what a result means, in lines: what happened, why, and what runs
// now.
func (r Result) Explain() []string {
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	switch {
	case r.End == Deployed:
		say("%s is what runs: %d of %d tasks", r.Own.Revision, r.Own.Running, r.Own.Desired)
		return lines
	case r.End == RolledBack && r.ByHand:
		say("it was rolled back")
	case r.End == RolledBack:
		say("ECS rolled it back: %s", r.Own.Reason)
	case r.End == Failed:
		say("ECS gave it up: %s", r.Own.Reason)
	case r.End == Displaced:
		say("another deployment took its place")
	case r.End == CrashLoop:
		say("its tasks stop again and again")
	case r.End == Gone:
		say("the service is not there any more")
	case r.End == Stopped:
		say("ECS was told to stop it, and goes back to %s", r.Before)
	case r.End == TimedOut:
		say("it is still under way")
	case r.End == Lost:
		say("AWS can't be asked any more: %v", r.Err)
	}
	for i, t := range r.Stopped {
		if i < sameStops {
			say("task %.8s stopped: %s", t.ID, t.Cause())
			for _, line := range t.Last {
				say("  | %s", line)
			}
		}
	}
	if r.Service != nil {
		if p := r.Service.Primary(); p != nil {
			say("%s is the service's deployment now: %d of %d tasks run", p.Revision, p.Running, p.Desired)
		}
	}
	return lines
}
