package main

import (
	"slices"
	"testing"

	"hci/sync"
	"hci/sync/secret"
)

func TestChangedSince(t *testing.T) {
	plan := func(version, value, description string) sync.Plan {
		return sync.Diff([]sync.Held{
			{Name: "a", Version: version, HasValue: true, Value: secret.New(value), Facts: &sync.Facts{Description: description}},
			{Name: "b", Version: "v", HasValue: true, Value: secret.New("x")},
		}, []sync.Want{
			{Name: "a", Status: sync.Known, Value: secret.New("x"), Meta: sync.Meta{Managed: true, Description: "d"}},
			{Name: "b", Status: sync.Known, Value: secret.New("x")},
		})
	}
	for _, c := range []struct {
		name string
		now  sync.Plan
		want []string
	}{
		{"nothing", plan("v", "x", "d"), nil},
		{"another value", plan("w", "y", "d"), []string{"~ a  value differs"}},
		{"written and back", plan("w", "x", "d"), []string{"= a  in sync"}},
		{"a setting", plan("v", "x", "e"), []string{`= a  in sync; description is "e", declared is "d"`}},
		{"gone", sync.Plan{Changes: plan("v", "x", "d").Changes[:1]}, []string{"  b  is not there any more"}},
	} {
		if got := changedSince(plan("v", "x", "d"), c.now); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestLostRace: a rollback that somebody's write came before is a conflict, exit
// code 5, and not something that could not be read.
func TestLostRace(t *testing.T) {
	current := []sync.Held{{Name: "a", Version: "v1", HasValue: true, Value: secret.New("x")}}
	previous := []sync.Held{{Name: "a", Version: "v2", Previous: "v1", HasValue: true, Value: secret.New("x")}}
	if code := exitCode(lostRaces(sync.Rollback(current, previous))); code != exitConflict {
		t.Errorf("exit code %d", code)
	}
}
