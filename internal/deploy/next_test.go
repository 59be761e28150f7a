package deploy_test

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

// TestNext: a command that is named does what is said of it; --resume, only where
// there is a journal.
func TestNext(t *testing.T) {
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
		if says := job.Next(c.err); !slices.Equal(says, c.says) {
			t.Errorf("%s, %v: %q, want %q", c.steps, c.err, says, c.says)
		}
	}
}
