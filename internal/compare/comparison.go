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
	go func() {
		if orphans {
			list <- s.orphans(ctx, d)
		}
		close(list)
	}()
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
	if err := d.Inspect(ctx, held); err != nil {
		return nil, err
	}
	return &Comparison{Desired: d, Plan: sync.Diff(held, d.Wants)}, nil
}

// Find opens the places that the secrets are in, and looks up the names that
// the Terraform code doesn't tell.
func (s Session) Find(ctx context.Context, d *Desired) error {
	if err := s.Connect(ctx, d); err != nil {
		return err
	}
	return s.findNames(ctx, d)
}
