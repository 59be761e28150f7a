package sync_test

import (
	"context"
	"fmt"

	"hci/sync"
	"hci/sync/secret"
)

// shelf is a store of one's own; hci/sync/awssm is that of AWS.
type shelf map[string]sync.Held

func (m shelf) Read(_ context.Context, names []string) ([]sync.Held, error) {
	var held []sync.Held
	for _, name := range names {
		if h, ok := m[name]; ok {
			held = append(held, h)
		}
	}
	return held, nil
}

func (m shelf) Create(_ context.Context, name string, c sync.Content, _ sync.Meta) (string, error) {
	m[name] = sync.Held{Name: name, Value: c.Value, Version: "1", HasValue: true}
	return "1", nil
}

func (m shelf) Write(_ context.Context, name string, c sync.Content, seen sync.Held) (string, error) {
	if m[name].Version != seen.Version {
		return "", sync.ErrConflict
	}
	m[name] = sync.Held{Name: name, Value: c.Value, Version: seen.Version + "+", HasValue: true}
	return m[name].Version, nil
}

func (m shelf) Restore(context.Context, string) error { return nil }

// Compare what a store holds with what should be there, then write the
// difference.
func Example() {
	store := shelf{"app/key": {Name: "app/key", Value: secret.New("old"), Version: "7", HasValue: true}}
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
