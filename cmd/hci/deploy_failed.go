package main

import (
	"context"
	"errors"

	"hci/internal/child"
	"hci/internal/deploy"
	"hci/internal/deploy/preflight"
	"hci/internal/deploy/revisions"
	"hci/internal/deploy/rollout"
	"hci/internal/deploy/state"
	"hci/internal/docker"
	"hci/internal/term"
)

// notDeployed says, in one screen, what happened, how things stand, and what to
// do next.
func (a *app) notDeployed(ctx context.Context, job *deploy.Job, err error) error {
	var ended *child.ExitError
	var task *deploy.TaskError
	var not *rollout.NotDeployedError
	var stop *deploy.StopError
	if errors.As(err, &not) || errors.As(err, &stop) || !errors.Is(err, context.Canceled) { // which is said at the end
		a.sayAll([]string{err.Error()})
	}
	if errors.As(err, &ended) {
		a.sayf("what it said stands above")
	}
	if errors.As(err, &task) {
		a.sayAll(task.Explain())
	}
	if not != nil {
		a.sayAll(not.Result.Explain())
	} else {
		a.sayAll(job.Stands(err))
	}
	for _, line := range job.Next(err) {
		if a.rehearsal != nil {
			line = "for real: " + line
		}
		a.sayf("%s", line)
	}
	if job.Interrupted || errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	return &saidError{err}
}

// sayAll writes lines that may quote a task, which may try to command the
// terminal.
func (a *app) sayAll(lines []string) {
	for _, line := range lines {
		a.sayf("%s", a.brief(term.Printable(line)))
	}
}

// deployConflict reports whether an error says that somebody else is at it.
func deployConflict(err error) bool {
	var (
		found      *preflight.FoundError
		superseded *rollout.SupersededError
		not        *rollout.NotDeployedError
		other      *deploy.OtherTaskError
		underWay   *state.UnderWayError
		newer      *revisions.NewerError
	)
	return errors.As(err, &newer) || errors.As(err, &found) && found.Conflict() || errors.As(err, &superseded) ||
		errors.As(err, &other) || errors.As(err, &underWay) || errors.As(err, &not) && not.Result.End == rollout.Superseded
}

// deployHints name the next command.
func deployHints(err error) []string {
	var helper *docker.HelperError
	switch {
	case errors.Is(err, state.ErrNoJournal):
		return []string{"'hci deploy' begins one"}
	case errors.As(err, &helper):
		return []string{"install it, or take credsStore out of that file"}
	}
	return nil
}
