package sync_test

import (
	"context"
	"fmt"
	gosync "sync"

	"hci/sync"
	"hci/sync/secret"
)

// shelf is a store of one's own; hci/sync/awssm is that of AWS. Apply writes
// several secrets at a time, so a store has to be safe for that.
type shelf struct {
	mu    *gosync.Mutex
	items map[string]sync.Held
}

func (m shelf) Read(_ context.Context, names []string) ([]sync.Held, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var held []sync.Held
	for _, name := range names {
		if h, ok := m.items[name]; ok {
			held = append(held, h)
		}
	}
	return held, nil
}

func (m shelf) Create(_ context.Context, name string, c sync.Content, _ sync.Meta) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.items[name] = sync.Held{Name: name, Value: c.Value, Version: "1", HasValue: true}
	return "1", nil
}

func (m shelf) Write(_ context.Context, name string, c sync.Content, seen sync.Held) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.items[name].Version != seen.Version {
		return "", sync.ErrConflict
	}
	m.items[name] = sync.Held{Name: name, Value: c.Value, Version: seen.Version + "+", HasValue: true}
	return m.items[name].Version, nil
}

func (m shelf) Restore(context.Context, string) error { return nil }

// Compare what a store holds with what should be there, then write the
// difference.
func Example() {
	old := sync.Held{Name: "app/key", Value: secret.New("old"), Version: "7", HasValue: true}
	store := shelf{mu: new(gosync.Mutex), items: map[string]sync.Held{"app/key": old}}
	want := []sync.Want{
		{Name: "app/key", Value: secret.New("new"), Status: sync.Known},
		{Name: "app/new", Value: secret.New("first"), Status: sync.Known},
	}
	ctx := context.Background()
	held, err := store.Read(ctx, []string{"app/key", "app/new"})
	if err != nil {
		fmt.Println(err)
		return
	}
	plan := sync.Diff(held, want)
	for _, change := range plan.Changes {
		fmt.Println(change.Name, change.Kind)
	}
	report, err := sync.Apply(ctx, store, plan, sync.ApplyOptions{Create: true}, func(sync.Outcome) {})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("written:", report.Count(sync.Written), "created:", report.Count(sync.Created))
	// Output:
	// app/key change
	// app/new missing
	// written: 1 created: 1
}
