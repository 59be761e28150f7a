package compare

import (
	"context"

	"hci/sync"
)

// Comparison is an environment compared with Secrets Manager.
type Comparison struct {
	*Desired
	Plan sync.Plan
}

// Compare opens the places that the secrets are in, reads what they hold and
// plans what would bring it in line. With orphans it looks for secrets, too,
// that are declared nowhere.
func (s Session) Compare(ctx context.Context, d *Desired, orphans bool) (*Comparison, error) {
	if err := s.Find(ctx, d); err != nil {
		return nil, err
	}
	list := make(chan orphanList, 1)
	var lists scopeLists
	if orphans {
		lists = d.scopeLists(ctx)
	}
	go func() {
		if orphans {
			list <- s.orphans(ctx, d, lists)
		}
		close(list)
	}()
	listed := d.listings(ctx, lists)
	held, err := d.Read(ctx)
	found := <-list
	if err != nil {
		return nil, err
	}
	if found.err != nil {
		return nil, found.err
	}
	for _, note := range found.notes {
		s.Note(note)
	}
	d.OrphansUnknown = found.unknown
	held = append(held, found.held...)
	plan, err := d.plan(ctx, held, listed)
	if err != nil {
		return nil, err
	}
	return &Comparison{Desired: d, Plan: plan}, nil
}

// plan compares what is held, with what there is to know of it besides, with
// what is wanted.
func (d *Desired) plan(ctx context.Context, held []sync.Held, listed func([]sync.Held) error) (sync.Plan, error) {
	if err := listed(held); err != nil {
		return sync.Plan{}, err
	}
	if err := d.Inspect(ctx, held); err != nil {
		return sync.Plan{}, err
	}
	p := sync.Diff(held, d.Wants)
	fresh, err := d.freshen(ctx, p)
	if err != nil || len(fresh) == 0 {
		return p, err
	}
	type id struct{ place, name string }
	at := map[id]int{}
	for i, h := range held {
		at[id{h.Place, h.Name}] = i
	}
	for _, h := range fresh {
		held[at[id{h.Place, h.Name}]] = h
	}
	return sync.Diff(held, d.Wants), nil
}

// Find opens the places that the secrets are in, and looks up the names that
// the Terraform code doesn't tell.
func (s Session) Find(ctx context.Context, d *Desired) error {
	if err := s.Connect(ctx, d); err != nil {
		return err
	}
	return s.findNames(ctx, d)
}
