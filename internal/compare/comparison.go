package compare

import (
	"context"

	"hci/sync"
	"hci/sync/awssm"
)

// Comparison is an environment compared with Secrets Manager.
type Comparison struct {
	*Desired
	Store *awssm.Store
	Plan  sync.Plan
}

// Compare reads Secrets Manager and plans what would bring it in line. With
// orphans it looks for secrets, too, that are declared nowhere.
func (s Session) Compare(ctx context.Context, store *awssm.Store, d *Desired, orphans bool) (*Comparison, error) {
	if err := s.FindNames(ctx, store, d); err != nil {
		return nil, err
	}
	list := make(chan orphanList, 1)
	go func() {
		if orphans {
			list <- s.orphans(ctx, store, d)
		}
		close(list)
	}()
	held, err := store.Read(ctx, d.Names())
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
	return &Comparison{Desired: d, Store: store, Plan: sync.Diff(append(held, found.held...), d.Wants)}, nil
}
