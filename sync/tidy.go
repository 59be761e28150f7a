package sync

import (
	"context"
	"errors"
	stdsync "sync"
)

// Tidied is what [Tidy] did about one secret.
type Tidied struct {
	Change Change
	Err    error
}

// Tidy takes what hci left behind off the secrets of a plan, those in sync
// included, a few at a time. report is called for each secret that had
// something, one call at a time. A secret whose labels can't be taken off is
// no error of the work as a whole: it keeps its value and works.
func Tidy(ctx context.Context, store func(place string) Store, p Plan, only []string, report func(Tidied)) error {
	work := make(chan Change)
	done := make(chan Tidied)
	var workers stdsync.WaitGroup
	for range defaultParallel {
		workers.Go(func() {
			for c := range work {
				done <- Tidied{c, tidy(ctx, store(c.Place), c)}
			}
		})
	}
	go func() {
		o := ApplyOptions{Only: only}
		for _, c := range p.Changes {
			if c.Held.Untidy() && o.selects(c.Name) && ctx.Err() == nil {
				work <- c
			}
		}
		close(work)
		workers.Wait()
		close(done)
	}()
	var unusable error
	for t := range done {
		if errors.Is(t.Err, ErrUnavailable) {
			unusable = t.Err
		}
		report(t)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return unusable
}

func tidy(ctx context.Context, st Store, c Change) error {
	t, ok := st.(Tidier)
	if !ok {
		return nil
	}
	return t.Tidy(ctx, c.Held)
}
