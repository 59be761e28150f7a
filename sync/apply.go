package sync

import (
	"context"
	"errors"
	"slices"
	stdsync "sync"
)

// defaultParallel is how many secrets are written at a time.
const defaultParallel = 8

// ApplyOptions of [Apply].
type ApplyOptions struct {
	Create   bool     // make secrets that do not exist
	Restore  bool     // restore secrets that are scheduled for deletion
	Only     []string // names of the secrets to write; none means all
	Parallel int      // writes at a time; 0 is 8
}

// Result is what became of one secret.
type Result int

const (
	Unchanged    Result = iota // it was in sync
	Written                    // its value was replaced, or is its first one
	Created                    // it was made, with its value
	Restored                   // it was restored, and its value written if it differed
	Skipped                    // it differs, and was left alone: see the kind
	Conflicted                 // somebody else wrote meanwhile; theirs stays
	Failed                     // see Err
	NotAttempted               // the run was interrupted before
)

// String returns the result's name in reports: "unchanged", "written", …
func (r Result) String() string {
	return [...]string{
		Unchanged: "unchanged", Written: "written", Created: "created", Restored: "restored", Skipped: "skipped",
		Conflicted: "conflict", Failed: "failed", NotAttempted: "not-attempted",
	}[r]
}

// Outcome is what became of one secret of a plan.
type Outcome struct {
	Change  Change
	Result  Result
	Version string // the new VersionId, if it was written
	Err     error  // of Conflicted and Failed
}

// Report is what became of a plan, in its order.
type Report struct{ Outcomes []Outcome }

// Count returns how many secrets ended so.
func (r Report) Count(result Result) int {
	n := 0
	for _, o := range r.Outcomes {
		if o.Result == result {
			n++
		}
	}
	return n
}

// Apply writes what differs. Before the first write it checks the limits of
// all that is to be written, and returns all violations, joined, with nothing
// written. After that its error is ctx's only; what became of each secret is in
// the report, and given to report, one at a time, as it happens.
//
// A write that is under way when ctx ends is waited for, so that the report
// is true; what had not begun is NotAttempted.
func Apply(ctx context.Context, st Store, p Plan, o ApplyOptions, report func(Outcome)) (Report, error) {
	r := Report{Outcomes: make([]Outcome, len(p.Changes))}
	var work []int
	var bad []error
	for i, c := range p.Changes {
		r.Outcomes[i] = Outcome{Change: c, Result: o.without(c)}
		if r.Outcomes[i].Result != NotAttempted {
			continue
		}
		work = append(work, i)
		if err := limits(c); err != nil {
			bad = append(bad, err)
		}
	}
	if len(bad) > 0 {
		return Report{}, errors.Join(bad...)
	}
	run(ctx, st, r.Outcomes, work, o, report)
	return r, context.Cause(ctx)
}

// without says what becomes of a change that is not to be written, or
// NotAttempted for one that is.
func (o ApplyOptions) without(c Change) Result {
	chosen := len(o.Only) == 0 || slices.Contains(o.Only, c.Name)
	switch {
	case c.Kind == InSync:
		return Unchanged
	case !chosen || c.Want.Status != Known:
		return Skipped
	case c.Kind == Add, c.Kind == Differs, c.Kind == Missing && o.Create, c.Kind == PendingDeletion && o.Restore:
		return NotAttempted
	default:
		return Skipped
	}
}

// run writes the outcomes whose indexes are in work, several at a time.
func run(ctx context.Context, st Store, outcomes []Outcome, work []int, o ApplyOptions, report func(Outcome)) {
	queue := make(chan int)
	var mu stdsync.Mutex
	var wg stdsync.WaitGroup
	parallel := o.Parallel
	if parallel <= 0 {
		parallel = defaultParallel
	}
	for range min(parallel, len(work)) {
		wg.Go(func() {
			for i := range queue {
				// A request that was sent is never abandoned: what became
				// of it must be known.
				done := apply(context.WithoutCancel(ctx), st, outcomes[i].Change)
				mu.Lock()
				outcomes[i] = done
				if report != nil {
					report(done)
				}
				mu.Unlock()
			}
		})
	}
	for _, i := range work {
		if ctx.Err() != nil {
			break
		}
		select {
		case queue <- i:
		case <-ctx.Done():
		}
	}
	close(queue)
	wg.Wait()
}

// apply writes one secret.
func apply(ctx context.Context, st Store, c Change) Outcome {
	out := Outcome{Change: c}
	var err error
	switch c.Kind {
	case Missing:
		out.Result = Created
		out.Version, err = st.Create(ctx, c.Name, c.Want.Value)
	case PendingDeletion:
		out.Result = Restored
		out.Version, err = restore(ctx, st, c)
	default:
		out.Result = Written
		out.Version, err = st.Write(ctx, c.Name, c.Want.Value, c.Held.Version)
	}
	switch {
	case errors.Is(err, ErrConflict):
		out.Result, out.Err = Conflicted, err
	case err != nil:
		out.Result, out.Err = Failed, err
	}
	return out
}

// restore takes back a deletion and writes the value if it is another. What
// the secret holds shows only once it is restored.
func restore(ctx context.Context, st Store, c Change) (version string, err error) {
	if err := st.Restore(ctx, c.Name); err != nil {
		return "", err
	}
	held, err := st.Read(ctx, []string{c.Name})
	if err != nil {
		return "", err
	}
	if len(held) != 1 {
		return "", ErrNotFound
	}
	h := held[0]
	switch {
	case h.Err != nil:
		return "", h.Err
	case h.HasValue && h.Value.Equal(c.Want.Value):
		return h.Version, nil
	default:
		return st.Write(ctx, c.Name, c.Want.Value, h.Version)
	}
}
