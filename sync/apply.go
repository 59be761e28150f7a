package sync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	stdsync "sync"
	"sync/atomic"
	"time"
)

// ApplyOptions say what of a plan is carried out, and how.
type ApplyOptions struct {
	Create  bool     // secrets that the store lacks
	Restore bool     // secrets that are scheduled for deletion
	Ignored bool     // values whose changes are to be left alone
	Prune   bool     // schedule orphans for deletion, after Window days
	Window  int      // 7 to 30
	Only    []string // these names; none means all
	// ReplaceBinary lets a text take the place of bytes, and bytes that of a text.
	ReplaceBinary bool
	// Owned are names whose value is written, or rolled back, although it is
	// somebody else's.
	Owned []string

	Parallel int           // secrets at a time; 0 means 8
	Grace    time.Duration // how long writes under way may go on after the context's end; 0 means 20 s
}

const (
	defaultParallel = 8
	defaultGrace    = 20 * time.Second
)

func (o ApplyOptions) selects(name string) bool {
	return len(o.Only) == 0 || slices.Contains(o.Only, name)
}

// action is what Apply does about a change.
type action int

const (
	nothing action = iota
	skip
	write
	create
	restore
	remove
	revert
)

// action decides, and says why something is skipped.
func (o ApplyOptions) action(c Change) (action, string) {
	do, why := o.wanted(c)
	owner := c.Owner()
	first := c.Kind == Add && owner.Kind == OwnerRotation // a rotation begins with a value
	if do != nothing && do != skip && owner.Kind != "" && !first && !slices.Contains(o.Owned, c.Name) {
		return skip, fmt.Sprintf("its value is %s (--rotated %s)", owner, c.Name)
	}
	if do != nothing && do != skip && c.OtherKind() && !o.ReplaceBinary {
		return skip, fmt.Sprintf("it holds %s, and %s would take their place (--replace-binary)", c.Held.Content().Kind(), c.Want.Content().Kind())
	}
	return do, why
}

// wanted is what Apply would do about a change that keeps the kind of value.
func (o ApplyOptions) wanted(c Change) (action, string) {
	known := c.Want.Status == Known
	switch c.Kind {
	case InSync:
		return nothing, ""
	case Add, Differs:
		return write, ""
	case Owned:
		if known {
			return write, ""
		}
		return skip, fmt.Sprintf("its value is %s", c.Owner())
	case Missing:
		return o.missing(c)
	case PendingDeletion:
		if o.Restore {
			return restore, ""
		}
		return skip, "it is scheduled for deletion"
	case Orphan:
		if o.Prune && c.Held.Deleted.IsZero() {
			return remove, ""
		}
		return skip, "nothing declares it"
	case Revert:
		return revert, ""
	case ValueIgnored:
		switch {
		case !o.Ignored || c.Want.Value.Len() == 0:
			return skip, "changes to its value are ignored"
		case holds(c.Held, c.Want):
			return nothing, ""
		}
		return write, ""
	}
	return skip, cmp.Or(skipped[c.Kind], "it could not be read")
}

// skipped are the kinds of change that are never written, and why.
var skipped = map[Kind]string{
	NoPrevious:      "it has no earlier value",
	Agrees:          "it agrees, as far as its value is known",
	PartDiffers:     "its value is not known throughout",
	ValueUnknown:    "its value is not known",
	ValueUndeclared: "no value is declared",
}

// missing is wanted of a secret that does not exist.
func (o ApplyOptions) missing(c Change) (action, string) {
	meta := c.Want.Meta
	switch {
	case !o.Create:
		return skip, "it does not exist"
	case c.Want.Status != Known:
		return skip, "it does not exist, and its value is not known"
	case len(meta.Replicas) > 0 || slices.Contains(meta.Unsettled, "replica"):
		return skip, "it has a replica block, which only Terraform makes"
	case meta.Parameter != nil && meta.Parameter.Type == "":
		return skip, "its type is not known"
	case len(meta.KMSAwaits) > 0:
		return skip, "its KMS key is not known: " + strings.Join(meta.KMSAwaits, ", ")
	}
	return create, ""
}

// Writes reports whether [Apply] with these options would write c.
func (o ApplyOptions) Writes(c Change) bool {
	do, _ := o.action(c)
	return o.selects(c.Name) && do != nothing && do != skip
}

// Apply carries out a plan on a store. Each secret that isn't in sync gets one
// outcome, which report (if not nil) is called with as soon as it is known,
// one call at a time.
//
// The error is nil unless nothing was attempted at all (see [Plan.Check]) or
// the context or the store's availability ended the work early: then it is the
// context's error, or wraps [ErrUnavailable]. What happened to single secrets
// is in the Report.
func Apply(ctx context.Context, st Store, p Plan, o ApplyOptions, report func(Outcome)) (Report, error) {
	if err := p.Check(o); err != nil {
		return Report{}, err
	}
	a := &applier{st: st, o: o, report: report}
	var todo []job
	for _, c := range p.Changes {
		if !o.selects(c.Name) {
			continue
		}
		switch do, why := o.action(c); do {
		case nothing:
		case skip:
			a.land(Outcome{Name: c.Name, Result: Skipped, Change: c, Why: why})
		default:
			todo = append(todo, job{c, do})
		}
	}
	writes, cancel := outlive(ctx, cmp.Or(o.Grace, defaultGrace))
	defer cancel()
	a.run(ctx, writes, todo)
	a.settle(writes)
	slices.SortStableFunc(a.done, func(x, y Outcome) int { return strings.Compare(x.Name, y.Name) })
	return Report{Outcomes: a.done}, a.ended(ctx)
}

type job struct {
	change Change
	do     action
}

type applier struct {
	st     Store
	o      ApplyOptions
	report func(Outcome)

	stopped   atomic.Pointer[error] // why the store can't be used any more
	done      []Outcome
	uncertain []Outcome
}

// ended is why the work ended early, if it did.
func (a *applier) ended(ctx context.Context) error {
	early := slices.ContainsFunc(a.done, func(o Outcome) bool { return o.Result == NotAttempted })
	switch cause := a.stopped.Load(); {
	case ctx.Err() != nil && early:
		return ctx.Err()
	case cause != nil:
		return *cause
	default:
		return nil
	}
}

// run does the jobs, a few at a time, and lands their outcomes as they come.
func (a *applier) run(ctx, writes context.Context, todo []job) {
	jobs, outcomes := make(chan job), make(chan Outcome)
	var workers stdsync.WaitGroup
	for range min(cmp.Or(max(a.o.Parallel, 0), defaultParallel), len(todo)) {
		workers.Go(func() {
			for j := range jobs {
				outcomes <- a.attempt(ctx, writes, j)
			}
		})
	}
	go func() {
		for _, j := range todo {
			jobs <- j
		}
		close(jobs)
		workers.Wait()
		close(outcomes)
	}()
	for out := range outcomes {
		if errors.Is(out.Err, ErrUncertain) {
			a.uncertain = append(a.uncertain, out)
			continue
		}
		a.land(out)
	}
}

func (a *applier) land(out Outcome) {
	a.done = append(a.done, out)
	if a.report != nil {
		a.report(out)
	}
}

func (a *applier) attempt(ctx, writes context.Context, j job) Outcome {
	out := Outcome{Name: j.change.Name, Change: j.change}
	switch {
	case ctx.Err() != nil:
		out.Result, out.Why = NotAttempted, "interrupted"
		return out
	case a.stopped.Load() != nil:
		out.Result, out.Why = NotAttempted, "the store cannot be used any more"
		return out
	}
	w := j.change.Want
	switch j.do {
	case create:
		out.Result = Created
		out.Version, out.Err = a.st.Create(writes, w.Name, w.Content(), w.Meta)
	case restore:
		out.Result = Restored
		out.Version, out.Err = a.restore(writes, j.change)
	case remove:
		out.Result = Removed
		out.Err = a.remove(writes, j.change)
	case revert:
		out.Result = Reverted
		out.Version, out.Err = a.revert(writes, j.change)
	default:
		out.Result = Written
		out.Version, out.Err = a.st.Write(writes, w.Name, w.Content(), j.change.Held)
	}
	if out.Err != nil {
		out.Result, out.Version = failure(out.Err), ""
		if over, ok := errors.AsType[*OverwroteError](out.Err); ok {
			out.Version = over.Version
		}
	}
	if errors.Is(out.Err, ErrUnavailable) {
		a.stopped.CompareAndSwap(nil, &out.Err)
	}
	return out
}

func failure(err error) Result {
	var over *OverwroteError
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) || errors.As(err, &over) {
		return Conflicted
	}
	return Failed
}

// restore takes back a deletion, then writes the value if it is another.
func (a *applier) restore(ctx context.Context, c Change) (version string, err error) {
	if err := a.st.Restore(ctx, c.Name); err != nil {
		return "", err
	}
	if c.Want.Status != Known {
		return c.Held.Version, nil
	}
	version, err = a.writeRestored(ctx, c)
	if err != nil {
		return "", fmt.Errorf("it was restored, but its value not written: %w", err)
	}
	return version, nil
}

func (a *applier) writeRestored(ctx context.Context, c Change) (string, error) {
	held, err := a.st.Read(ctx, []string{c.Name})
	switch {
	case err != nil:
		return "", err
	case len(held) == 0:
		return "", fmt.Errorf("secret %q: %w", c.Name, ErrNotFound)
	case held[0].Err != nil:
		return "", held[0].Err
	case !held[0].Deleted.IsZero(), c.Held.Version != "" && c.Held.Version != held[0].Version:
		return "", fmt.Errorf("secret %q: %w", c.Name, ErrConflict)
	case holds(held[0], c.Want):
		return held[0].Version, nil
	case !a.o.ReplaceBinary && (Change{Want: c.Want, Held: held[0]}).OtherKind():
		return "", fmt.Errorf("secret %q: %w: it holds %s, and the code makes %s", c.Name, ErrOtherKind, held[0].Content().Kind(), c.Want.Content().Kind())
	}
	return a.st.Write(ctx, c.Name, c.Want.Content(), held[0])
}

func (a *applier) remove(ctx context.Context, c Change) error {
	st, ok := a.st.(Remover)
	if !ok {
		return fmt.Errorf("secret %q: this store can't delete", c.Name)
	}
	return st.Delete(ctx, c.Name, c.Held.Version, a.o.Window)
}

func (a *applier) revert(ctx context.Context, c Change) (string, error) {
	st, ok := a.st.(History)
	if !ok {
		return "", fmt.Errorf("secret %q: this store keeps no earlier values", c.Name)
	}
	return st.Return(ctx, c.Name, c.To, c.Held)
}

// settle finds out, once everything else is done, what became of the writes
// that the store wasn't sure about.
func (a *applier) settle(ctx context.Context) {
	if len(a.uncertain) == 0 {
		return
	}
	names := make([]string, len(a.uncertain))
	for i, out := range a.uncertain {
		names[i] = out.Name
	}
	held := map[string]Held{}
	if all, err := a.st.Read(ctx, names); err == nil {
		for _, h := range all {
			held[h.Name] = h
		}
	}
	for _, out := range a.uncertain {
		h, found := held[out.Name]
		switch {
		case found && h.Err == nil && h.Deleted.IsZero():
			out.resolve(h)
		case found && h.Err == nil && out.Change.Kind == Orphan:
			out.Result, out.Err = Removed, nil
		}
		a.land(out)
	}
}

// resolve turns an uncertain outcome into what is seen now.
func (out *Outcome) resolve(h Held) {
	c := out.Change
	switch {
	case c.Kind == Orphan: // it is there, and not scheduled for deletion
		out.Err = &notWrittenError{out.Err}
	case h.Version == c.Held.Version && c.Kind != Missing:
		out.Err = &notWrittenError{out.Err}
	case c.Kind == Revert && h.Version == c.To:
		out.Result, out.Version, out.Err = Reverted, h.Version, nil
	case holds(h, c.Want):
		out.Version, out.Err = h.Version, nil
		switch c.Kind {
		case Missing:
			out.Result = Created
		case PendingDeletion:
			out.Result = Restored
		case Revert:
			out.Result = Reverted
		default:
			out.Result = Written
		}
	default:
		out.Result, out.Err = Conflicted, fmt.Errorf("secret %q: %w", out.Name, ErrConflict)
	}
}

// notWrittenError is an uncertain failure of which it is known by now that
// nothing was written. It keeps the text, but isn't ErrUncertain any more.
type notWrittenError struct{ err error }

func (e *notWrittenError) Error() string { return e.err.Error() + " (it was not)" }

// outlive returns a context that ends grace later than ctx.
func outlive(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(grace, cancel)
		context.AfterFunc(longer, func() { timer.Stop() })
	})
	return longer, cancel
}
