package state_test

import (
	"slices"
	"testing"

	"hci/internal/deploy/state"
)

// TestServices: each service that is deployed along has a journal of its own, which is the
// environment's.
func TestServices(t *testing.T) {
	dir := t.TempDir()
	if keys := state.ServiceKeys(dir, "staging"); len(keys) > 0 {
		t.Errorf("%q", keys)
	}
	first := state.NewJournal(dir, "staging", state.Order)
	first.Image, first.Words, first.Commit = "app@sha256:0", "the image that was pushed", "0123"
	for _, service := range []string{"worker", "beat"} {
		j := state.NewJournal(dir, state.ServiceKey("staging", service), []state.Step{state.Update})
		j.Follow(first)
		if err := j.Save(); err != nil || !j.Kept() {
			t.Fatal(err)
		}
	}
	kept, err := state.OpenJournal(dir, state.ServiceKey("staging", "worker"))
	if err != nil || kept.Image != first.Image || kept.Commit != first.Commit {
		t.Errorf("%+v, %v", kept, err)
	}
	if got := state.Journals(dir); !slices.Equal(got, []string{"staging"}) {
		t.Errorf("left %q", got)
	}
	state.ForgetServices(dir, "staging", []string{state.ServiceKey("staging", "worker")})
	if got := state.ServiceKeys(dir, "staging"); !slices.Equal(got, []string{"staging@worker"}) {
		t.Errorf("left %q", got)
	}
	if state.Unkept("staging", nil).Kept() || state.Unkept("staging", nil).End() != nil {
		t.Error("it was never written")
	}
}

// TestPlaced: a migration comes where it is wanted, and only beside an update.
func TestPlaced(t *testing.T) {
	both := []state.Step{state.Migrate, state.Update}
	for _, c := range []struct {
		steps []state.Step
		when  string
		want  []state.Step
	}{
		{both, state.Before, both},
		{both, state.After, []state.Step{state.Update, state.MigrateAfter}},
		{both, state.Both, []state.Step{state.Migrate, state.Update, state.MigrateAfter}},
		{[]state.Step{state.Migrate}, state.After, []state.Step{state.Migrate}},
	} {
		if got := state.Placed(c.steps, c.when); !slices.Equal(got, c.want) {
			t.Errorf("%v %s: %v, want %v", c.steps, c.when, got, c.want)
		}
	}
}
