package main

import (
	"slices"
	"testing"

	"hci/internal/aws/ecs"
	"hci/internal/deploy"
	"hci/internal/deploy/preflight"
	"hci/internal/deploy/revisions"
	"hci/internal/deploy/state"
	"hci/internal/docker"
)

// TestNextStep: a command that is named does what is said of it; --resume, only where
// there is a journal.
func TestNextStep(t *testing.T) {
	const resume = "'hci deploy --resume staging' goes on from here, once the cause is fixed"
	for _, c := range []struct {
		steps string
		err   error
		says  []string
	}{
		{"login,build,push,update", docker.ErrExpired, []string{resume}},
		{"login,build,push", docker.ErrExpired, nil},
		{"build,push,update", docker.ErrExpired, []string{"'hci deploy login staging' logs in"}},
		{"migrate", &ecs.RefusedError{}, []string{resume}},
		{"build", &ecs.RefusedError{}, nil},
		{"migrate", &revisions.NewerError{}, []string{"'hci deploy --resume staging' goes on, with a revision that is made from it"}},
	} {
		steps, err := state.ParseSteps(c.steps)
		if err != nil {
			t.Fatal(err)
		}
		job := &deploy.Job{Env: "staging", Steps: steps, Journal: state.Unkept("staging", steps), Look: &preflight.Look{}}
		if says := (&app{}).nextStep(job, c.err); !slices.Equal(says, c.says) {
			t.Errorf("%s, %v: %q, want %q", c.steps, c.err, says, c.says)
		}
	}
}

func TestRollbackTarget(t *testing.T) {
	revisions := []string{"web:9", "web:8", "web:6", "web:5"}
	for _, c := range []struct {
		runs, to, next string
		served         []string
	}{
		{"web:8", "", "web:6", nil}, {"web:9", "", "web:8", nil}, {"web:5", "", "", nil}, {"web:7", "", "web:6", nil}, {"web:4", "", "", nil},
		{"web:8", "5", "web:5", nil}, {"web:8", "web:9", "web:9", nil}, {"web:8", "8", "", nil}, {"web:8", "web:8", "", nil},
		{"web:8", "7", "web:7", nil}, {"web:8", "other:9", "", nil}, {"web:8", "x", "", nil}, {"web:8", "web:x", "", nil},
		{"web:9", "", "web:6", []string{"web:9", "web:6", "web:5"}}, // web:8 never served
		{"web:9", "", "web:7", []string{"web:9", "web:7", "web:5"}}, // web:7 is not registered any more
		{"web:8", "", "web:5", []string{"web:8", "web:9", "web:5"}}, // web:9 did, later
		{"web:9", "8", "web:8", []string{"web:9", "web:6"}},
		{"web:9", "", "", []string{"web:9", "other:6"}},
	} {
		var served []ecs.Served
		for _, name := range c.served {
			served = append(served, ecs.Served{Revision: name})
		}
		if next, err := target(revisions, served, c.runs, c.to); (err == nil) != (c.next != "") || next != c.next {
			t.Errorf("from %s to %q, of which %q served: %s, %v; want %s", c.runs, c.to, c.served, next, err, c.next)
		}
	}
}
