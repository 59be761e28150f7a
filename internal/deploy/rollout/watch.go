// Package rollout tells truthfully how a deployment on ECS ends.
// What starts one, or makes the service go back, stands in hci/internal/deploy.
//
// A deployment is done when the one that was started, known by its id, is the
// service's primary and is rolled out completely. That the service is stable is
// not enough: it is after a rollback, too.
package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hci/internal/aws/ecs"
	"hci/internal/deploy/words"
)

// End is how a deployment ended.
type End int

// The ends.
const (
	UnderWay   End = iota // it has not ended
	Deployed              // it is what runs
	RolledBack            // ECS gave it up, and an earlier one serves
	Failed                // ECS gave it up
	Superseded            // another deployment took its place
	CrashLoop             // its tasks stop again and again, for one reason
	Gone                  // the service was deleted
	TimedOut              // it is still under way, and moves
	Stuck                 // it is still under way, and has not moved for long
	Lost                  // AWS can't be asked any more
	Stopped               // somebody decided to stop it
)

// String returns the end in a word or two.
func (e End) String() string {
	return [...]string{"under way", "deployed", "rolled back", "failed", "superseded", "crash loop", "service deleted", "timed out", "stuck", "connection lost", "stopped"}[e]
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
	Still   time.Duration     // of Stuck: how long nothing has moved
	runs    string            // the revision that it was to run
}

// same reports whether the service's deployment runs the revision of this one.
func (r Result) same() bool {
	p := PrimaryOf(r.Service)
	return p != nil && p.Revision == r.runs
}

func PrimaryOf(s *ecs.Service) *ecs.Deployment {
	if s == nil {
		return nil
	}
	return s.Primary()
}

// Rollout is what is asked about one.
type Rollout interface {
	// State returns how the service stands; it fails with an [*ecs.NotFoundError] if
	// there is none.
	State(ctx context.Context) (*ecs.Service, error)
	// Stopped lists the tasks of a deployment that have stopped.
	Stopped(ctx context.Context, deployment string) ([]ecs.StoppedTask, error)
	// Stage returns where the deployment of a revision is that has stages; nil if that
	// is not known.
	Stage(ctx context.Context, revision string) (*ecs.Stage, error)
}

// Options of [Watch].
type Options struct {
	Every   time.Duration // between two questions; 0 means 5 s
	Timeout time.Duration // 0 means 15 minutes
	Again   bool          // it was watched before: tasks that had stopped by then make no crash loop
	// Revision is what the deployment makes the service run, and Before what it ran
	// before: a rollback is told by them. "" for one that is not known.
	Revision, Before string
	Seen             func(*ecs.Service, *ecs.Deployment) // called after each answer; may be nil
	Stopped          func(ecs.StoppedTask)               // called once for each of its tasks that stopped; may be nil
	Loops            func([]ecs.StoppedTask)             // called once if its tasks stop again and again, and ECS will roll it back; may be nil
}

const (
	DefaultEvery   = 5 * time.Second
	DefaultTimeout = 15 * time.Minute
	// ShownStops tasks that stopped are shown with what they wrote last.
	ShownStops = 2
	// ToldAfter answers without it, a deployment that was started is not there: AWS
	// is eventually consistent.
	ToldAfter = 3
	// LostAfter questions in a row that fail, AWS is not asked any more.
	LostAfter = 5
)

// Watch waits for the end of the deployment with an id. The error is the
// context's.
func Watch(ctx context.Context, src Rollout, id string, o Options) (Result, error) {
	if o.Every == 0 {
		o.Every = DefaultEvery
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	w := &watcher{Rollout: src, Options: o, id: id, told: map[string]bool{}, moved: time.Now(), deadline: time.Now().Add(o.Timeout)}
	for {
		ended, err := w.look(ctx)
		if ended || err != nil {
			return w.r, err
		}
		if !time.Now().Before(w.deadline) {
			w.r.End = TimedOut
			if still := time.Since(w.moved); still >= o.Timeout/2 {
				w.r.End, w.r.Still = Stuck, still
			}
			return w.r, nil
		}
		select {
		case <-ctx.Done():
			return w.r, ctx.Err()
		case <-time.After(min(o.Every, time.Until(w.deadline))):
		}
	}
}

// Once looks once whether the deployment with an id, which was seen before or not, has
// ended.
func Once(ctx context.Context, src Rollout, id string, o Options, seen bool) (Result, bool) {
	w := &watcher{Rollout: src, Options: o, id: id, told: map[string]bool{}, seen: seen, unsettled: ToldAfter}
	ended, err := w.look(ctx)
	return w.r, ended && err == nil && w.r.End != CrashLoop
}

// watcher is a deployment that is watched.
type watcher struct {
	Rollout
	Options
	id       string
	r        Result
	seen     bool // it was, in an answer
	failures int  // questions in a row that failed
	missed   int  // answers without it, before it was ever seen
	// unsettled answers tell that it is neither the primary nor failed.
	unsettled int
	told      map[string]bool // ids of tasks that stopped
	known     map[string]bool // ids of those that count no more: they had stopped when the watching began again, or before it moved on
	best      int             // tasks that ran at most
	began     bool            // to look at tasks that stopped
	looped    bool            // told of
	last      progress
	moved     time.Time // when last changed
	deadline  time.Time
	stage     string     // that the deadline is for
	until     *time.Time // when that ends, as far as it is known
}

// progress is what changes while a deployment moves.
type progress struct{ running, pending, failed, stopped int }

// look asks once how the deployment stands. The error is the context's.
func (w *watcher) look(ctx context.Context) (ended bool, err error) {
	s, err := w.State(ctx)
	if s == nil || err != nil {
		return w.unanswered(ctx, err)
	}
	w.failures = 0
	w.r.Service, w.r.Own = s, s.Deployment(w.id)
	w.staged(ctx, s)
	if w.Seen != nil {
		w.Seen(s, w.r.Own)
	}
	if w.missed++; w.r.Own == nil && !w.seen && w.missed < ToldAfter {
		return false, nil
	}
	if w.r.Own != nil {
		w.seen, w.Revision = true, w.r.Own.Revision
	}
	w.r.runs = w.Revision
	end, ended := w.settled(s)
	if ended && end == Deployed && s.Stage == nil { // with stages, it is done when they are
		w.r.End = end
		return true, nil
	}
	if end == Deployed {
		ended = false
	}
	w.stopped(ctx)
	if ended {
		w.r.End = end
		return true, nil
	}
	return w.loops(s), nil
}

// unanswered is what a question without an answer means.
func (w *watcher) unanswered(ctx context.Context, err error) (ended bool, ctxErr error) {
	var missing *ecs.NotFoundError
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case errors.As(err, &missing):
		w.r.End = Gone
		return true, nil
	}
	if w.failures++; w.failures >= LostAfter {
		w.r.End, w.r.Err = Lost, err
		return true, nil
	}
	return false, nil
}

// settled judges how the deployment stands, in the light of what the service ran before.
func (w *watcher) settled(s *ecs.Service) (End, bool) {
	end, ended := judge(s, w.r.Own)
	p := s.Primary()
	if p == nil || w.Before == "" {
		return end, ended
	}
	switch {
	case end == Superseded && w.r.Own == nil && p.Revision == w.Before && w.Before != w.Revision:
		return RolledBack, ended // and AWS has let go of the one that failed
	case end == Superseded && w.r.Own != nil && w.r.Own.Rollout == ecs.RolloutInProgress && p.Revision == w.Before && w.unsettled < ToldAfter:
		w.unsettled++ // it may be about to be called failed
		return end, false
	case end == RolledBack && p.Revision != w.Before:
		return Superseded, ended // by another, once it had failed
	}
	return end, ended
}

// loops reports whether the tasks of a deployment that is under way stop again and again.
func (w *watcher) loops(s *ecs.Service) bool {
	w.movesOn()
	if !s.Breaker && looping(w.r.Stopped, w.known, loopsAfter(w.r.Own.Desired)) {
		w.r.End = CrashLoop
		return true
	}
	const repeated = 2 // which is said, since ECS decides
	if s.Breaker && !w.looped && w.Loops != nil && looping(w.r.Stopped, w.known, repeated) {
		w.looped = true
		w.Loops(w.r.Stopped)
	}
	if now := (progress{w.r.Own.Running, w.r.Own.Pending, w.r.Own.Failed, len(w.told)}); now != w.last {
		w.last, w.moved = now, time.Now()
	}
	return false
}

// stopped asks for the tasks that stopped. They are told besides, where they can
// be: that AWS doesn't answer is no failure.
func (w *watcher) stopped(ctx context.Context) {
	all, err := w.Rollout.Stopped(ctx, w.id)
	if err != nil {
		return
	}
	w.r.Stopped = all
	if w.Again && !w.began {
		w.forgive()
	}
	w.began = true
	for _, t := range slices.Backward(all) {
		if !w.told[t.ID] && w.Options.Stopped != nil {
			w.Options.Stopped(t)
		}
		w.told[t.ID] = true
	}
}

// forgive notes the tasks that have stopped so far: they count no more.
func (w *watcher) forgive() {
	if w.known == nil {
		w.known = map[string]bool{}
	}
	for _, t := range w.r.Stopped {
		w.known[t.ID] = true
	}
}

// movesOn notes that more tasks run than ever: what stopped before that is no crash
// loop.
func (w *watcher) movesOn() {
	if w.r.Own.Running > w.best {
		if w.best > 0 {
			w.forgive()
		}
		w.best = w.r.Own.Running
	}
}

// staged looks where a deployment is that has stages, and gives each its own time. A
// bake time's end, and that of a shift of traffic in steps, is known.
func (w *watcher) staged(ctx context.Context, s *ecs.Service) {
	if s.Strategy == nil || w.r.Own == nil || w.r.Own.Rollout == ecs.RolloutFailed {
		return
	}
	stage, err := w.Stage(ctx, w.r.Own.Revision)
	if err != nil || stage == nil {
		return // it is told besides
	}
	s.Stage = stage
	if stage.Name == w.stage {
		stage.Until = w.until
		return
	}
	now := time.Now()
	w.stage, w.moved, w.until = stage.Name, now, nil
	w.deadline = now.Add(w.Timeout)
	takes := map[string]time.Duration{ecs.BakeStage: s.Strategy.Bake, ecs.ShiftStage: s.Strategy.Shift}[stage.Name]
	if takes > 0 {
		since := now
		if stage.Updated != nil && stage.Updated.Before(now) {
			since = *stage.Updated
		}
		until := since.Add(takes)
		stage.Until, w.until = &until, &until
		w.deadline = until.Add(w.Timeout)
		w.moved = until
	}
}

// judge says whether a deployment has ended, and how.
func judge(s *ecs.Service, own *ecs.Deployment) (End, bool) {
	primary := s.Primary()
	switch {
	case own == nil:
		return Superseded, true
	case own.Rollout == ecs.RolloutFailed && primary != nil && primary.ID != own.ID:
		return RolledBack, true
	case own.Rollout == ecs.RolloutFailed:
		return Failed, true
	case primary == nil || primary.ID != own.ID:
		return Superseded, true
	case own.Rollout == ecs.RolloutCompleted:
		return Deployed, true
	case own.Rollout == "" && len(s.Deployments) == 1 && own.Running == own.Desired: // no rolling update tells its state
		return Deployed, true
	}
	return 0, false
}

// loopsAfter is how many tasks must fail for one reason, in a service of so many, for a
// crash loop: ECS's own threshold, that of its circuit breaker.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
func loopsAfter(desired int) int {
	const least, most = 3, 200
	return min(max((desired+1)/2, least), most)
}

// looping reports whether a number of tasks failed for one reason, but for those that
// are known.
func looping(stopped []ecs.StoppedTask, known map[string]bool, number int) bool {
	causes := map[string]int{}
	for _, t := range stopped {
		if known[t.ID] || !t.Failed() {
			continue
		}
		if causes[t.Kind()]++; causes[t.Kind()] >= number {
			return true
		}
	}
	return false
}

// NotDeployedError says that the deployment that was started is not what runs.
type NotDeployedError struct{ Result Result }

func (e *NotDeployedError) Error() string { return "not deployed: " + e.Result.End.String() }

// SupersededError says that somebody changed the service between the checks
// and the update.
type SupersededError struct{ Revision, Since string }

func SupersededBy(d *ecs.Deployment) error {
	return &SupersededError{Revision: d.Revision, Since: words.Clock(d.Created)}
}

// ChangedSince is a [*SupersededError] if a service has another deployment than was seen.
func ChangedSince(seen *ecs.Deployment, s *ecs.Service) error {
	if now := s.Primary(); now != nil && (seen == nil || seen.ID != now.ID) {
		return SupersededBy(now)
	}
	return nil
}

func (e *SupersededError) Error() string {
	return fmt.Sprintf("another deployment was started meanwhile, of %s, since %s", e.Revision, e.Since)
}
