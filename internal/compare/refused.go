package compare

import (
	"context"
	"fmt"

	"hci/sync"
)

// refusedStore stands for a place that was not opened. A plan has nothing to
// write there; should it, nothing is.
type refusedStore struct{ why error }

var _ sync.Store = refusedStore{}

func (r refusedStore) err() error { return fmt.Errorf("%w: %w", sync.ErrUnavailable, r.why) }

func (r refusedStore) Read(context.Context, []string) ([]sync.Held, error) { return nil, r.err() }

func (r refusedStore) Create(context.Context, string, sync.Content, sync.Meta) (string, error) {
	return "", r.err()
}

func (r refusedStore) Write(context.Context, string, sync.Content, sync.Held) (string, error) {
	return "", r.err()
}

func (r refusedStore) Restore(context.Context, string) error { return r.err() }
