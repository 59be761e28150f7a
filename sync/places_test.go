package sync_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	stdsync "sync"
	"testing"

	"hci/sync"
	"hci/sync/secret"
)

// place is a store that notes what is written; broken, it can't be used.
type place struct {
	name   string
	broken bool
	mu     *stdsync.Mutex
	wrote  *[]string
}

func (p place) Read(context.Context, []string) ([]sync.Held, error) { return nil, nil }
func (p place) Restore(context.Context, string) error               { return nil }
func (p place) Create(context.Context, string, sync.Content, sync.Meta) (string, error) {
	return "", nil
}

func (p place) Write(_ context.Context, name string, v sync.Content, _ sync.Held) (string, error) {
	if p.broken {
		return "", fmt.Errorf("%w: gone", sync.ErrUnavailable)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	*p.wrote = append(*p.wrote, p.name+" "+name+"="+v.Value.Reveal())
	return "v2", nil
}

func wanted(place, name, value string) sync.Want {
	return sync.Want{Place: place, Name: name, Value: secret.New(value), Status: sync.Known}
}

func there(place, name, value string) sync.Held {
	return sync.Held{Place: place, Name: name, Value: secret.New(value), HasValue: true, Version: "v1"}
}

// TestApplyAt: secrets of one name in two places are two secrets.
func TestApplyAt(t *testing.T) {
	for _, c := range []struct {
		name, broken, wrote, results string
		only                         []string
		err                          error
	}{
		{name: "both", wrote: "east a=e, west a=w", results: "east a written, west a written"},
		{name: "by name", only: []string{"a"}, wrote: "east a=e, west a=w", results: "east a written, west a written"},
		{name: "one place is gone", broken: "east", wrote: "west a=w", results: "east a failed, west a written", err: sync.ErrUnavailable},
		{name: "no such name", only: []string{"c"}, err: &sync.UnknownNameError{Name: "c"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := sync.Diff(
				[]sync.Held{there("west", "a", "old"), there("east", "a", "old"), there("west", "b", "b")},
				[]sync.Want{wanted("west", "a", "w"), wanted("east", "a", "e"), wanted("west", "b", "b")},
			)
			if len(p.Changes) != 3 || p.Changes[0].Place != "east" || p.Count(sync.Differs) != 2 || p.Count(sync.InSync) != 1 {
				t.Fatalf("%+v", p)
			}
			var wrote, results []string
			var mu stdsync.Mutex
			report, err := sync.ApplyAt(t.Context(), func(name string) sync.Store {
				return place{name: name, broken: name == c.broken, mu: &mu, wrote: &wrote}
			}, p, sync.ApplyOptions{Only: c.only}, nil)
			for _, out := range report.Outcomes {
				results = append(results, fmt.Sprintf("%s %s %s", out.Change.Place, out.Name, out.Result))
			}
			if got := strings.Join(wrote, ", "); got != c.wrote {
				t.Errorf("wrote %s", got)
			}
			if got := strings.Join(results, ", "); got != c.results {
				t.Errorf("results %s", got)
			}
			var unknown *sync.UnknownNameError
			if want := c.err; (want == nil) != (err == nil) || want != nil && !errors.Is(err, want) && !errors.As(err, &unknown) {
				t.Error(err)
			}
		})
	}
}

// TestOrphanOfAnotherPlace: a name that is declared in one region is declared
// nowhere in the other.
func TestOrphanOfAnotherPlace(t *testing.T) {
	p := sync.Diff([]sync.Held{there("east", "a", "x"), there("west", "a", "x")}, []sync.Want{wanted("west", "a", "x")})
	if len(p.Changes) != 2 || p.Changes[0].Kind != sync.Orphan || p.Changes[0].Place != "east" || p.Changes[1].Kind != sync.InSync {
		t.Errorf("%+v", p.Changes)
	}
}
