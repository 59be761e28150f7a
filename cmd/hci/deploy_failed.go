package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"hci/internal/child"
	"hci/internal/deploy"
	"hci/internal/deploy/names"
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
		a.sayAll(a.stands(job, err))
	}
	for _, line := range a.nextStep(job, err) {
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

// stands says what became of the service.
func (a *app) stands(job *deploy.Job, err error) []string {
	var superseded *rollout.SupersededError
	switch {
	case errors.As(err, &superseded) || job.Look.Running == nil || !whole(job.Steps):
		return nil
	case job.Journal.IsDone(state.Update):
		return []string{"the service was updated before: it runs " + job.Journal.Revision}
	case !job.Journal.Touched():
		return []string{"the service was not touched: it runs " + job.Look.Running.Name}
	case job.Journal.Phase == state.Updating:
		return []string{fmt.Sprintf("whether the service took the update is not known: 'hci deploy status %s' shows what it runs", job.Env)}
	}
	return nil
}

// sayAll writes lines that may quote a task, which may try to command the
// terminal.
func (a *app) sayAll(lines []string) {
	for _, line := range lines {
		a.sayf("%s", a.brief(term.Printable(line)))
	}
}

// nextStep is what to do after a failure.
func (a *app) nextStep(job *deploy.Job, err error) []string {
	var (
		runs       *deploy.RunsError
		forgotten  *deploy.ForgottenError
		task       *deploy.TaskError
		newer      *revisions.NewerError
		stop       *deploy.StopError
		superseded *rollout.SupersededError
		not        *rollout.NotDeployedError
		platform   *deploy.PlatformError
		other      *deploy.OtherImageError
		image      *docker.NoImageError
		leak       *deploy.LeakError
		env        = job.Env
		journal    = job.Journal
	)
	say := func(format string, args ...any) []string { return []string{fmt.Sprintf(format, args...)} }
	interrupted := errors.Is(err, context.Canceled)
	resume := "'hci deploy --resume " + env + "'"
	again := resume + " goes on from here"
	if !interrupted {
		again += ", once the cause is fixed"
	}
	switch {
	case errors.As(err, &superseded), errors.As(err, &not) && not.Result.End == rollout.Superseded:
		return say("'hci deploy status %s' shows what runs", env)
	case errors.As(err, &not):
		return afterRollout(job, err, not.Result)
	case errors.As(err, &stop):
		return []string{unstopped(stop, env)}
	case interrupted && journal.Phase == state.Migrating && journal.Migration.Task == "":
		return say("whether the migration began is not known; %s finds out, and does not run it twice", resume)
	case errors.As(err, &runs), interrupted && journal.Phase == state.Migrating:
		return say("the migration goes on at AWS; %s waits for its end, and does not run it again", resume)
	case interrupted && journal.Phase == state.Updating:
		return say("%s finds out, and goes on", resume)
	case interrupted && journal.Phase == state.RollingOut:
		return say("the deployment goes on at AWS; %s watches it again", resume)
	case errors.As(err, &leak): // whose own next step is said besides
		return say("commit that, and 'hci deploy %s' begins a new deployment", env)
	case errors.As(err, &forgotten):
		return migrated(job)
	case errors.Is(err, docker.ErrExpired) && !slices.Contains(job.Steps, state.Login):
		return say("'hci deploy login %s' logs in", env)
	case errors.As(err, &platform) && job.Look.Engine != nil && job.Look.Engine.Builder == docker.Classic:
		// Its cache may hold the layers for another platform; seen with Docker 20.10.
		return say("its cache may be another platform's: 'docker build --no-cache --platform %s .' makes it again, and buildx tells platforms apart; then 'hci deploy build %s'", platform.Wants, env)
	case (errors.As(err, &image) || errors.As(err, &other)) && journal.Built != "" && whole(job.Steps):
		return say("'hci deploy %s' begins a new deployment, which builds it again", env)
	case errors.As(err, &platform), errors.As(err, &image), errors.As(err, &other):
		return say("'hci deploy build %s' builds it again", env)
	case errors.As(err, &newer):
		return say("%s goes on, with a revision that is made from it", resume)
	case errors.As(err, &task) && task.Crashed != "":
		return append(migrated(job), "with essential = false in Terraform no other container ends it")
	case errors.As(err, &task):
		return say("if the code has to change, commit that and 'hci deploy %s'; %s", env, again)
	case whole(job.Steps):
		return []string{again}
	}
	return nil
}

// migrated is what to do if it is not known whether a migration was applied.
func migrated(job *deploy.Job) []string {
	if job.Journal.IsDone(state.Update) {
		after := ""
		if slices.Contains(job.Journal.Steps, state.Migrate) {
			after = " --after"
		}
		return []string{fmt.Sprintf("look in the database whether it was applied; if not, 'hci deploy migrate %s%s' runs it again", job.Env, after)}
	}
	if !slices.Contains(job.Journal.Steps, state.Update) {
		return []string{fmt.Sprintf("look in the database whether it was applied; if not, 'hci deploy migrate %s' runs it again", job.Env)}
	}
	return []string{fmt.Sprintf("look in the database whether it was applied; then 'hci deploy %s --skip migrate', or without --skip to run it again", job.Env)}
}

// unstopped is what to do about a rollout that was not stopped.
func unstopped(err *deploy.StopError, env string) string {
	if err.Unknown {
		return fmt.Sprintf("'hci deploy --resume %s' finds out, and watches it again if it goes on", env)
	}
	return fmt.Sprintf("the deployment goes on at AWS; 'hci deploy --resume %s' watches it again", env)
}

// afterRollout is what to do after a rollout that did not end in the new image.
func afterRollout(job *deploy.Job, err error, r rollout.Result) []string {
	env := job.Env
	var back *deploy.RollbackError
	var stop *deploy.StopError
	switch {
	case errors.As(err, &stop) && r.End == rollout.Failed:
		return []string{fmt.Sprintf("'hci deploy rollback %s' goes back, once the cause is fixed", env)}
	case errors.As(err, &stop):
		return []string{unstopped(stop, env)}
	case r.End == rollout.Gone:
		return []string{fmt.Sprintf("'hci tf %s apply' makes what Terraform declares", env)}
	case errors.As(err, &back):
		return []string{fmt.Sprintf("'hci deploy status %s' shows how far it is", env)}
	case job.Journal.Phase == state.RollingOut && job.Journal.Before == job.Journal.Revision: // restarted: there is nothing to go back to
		return []string{fmt.Sprintf("the deployment goes on at AWS; 'hci deploy --resume %s' watches it again", env)}
	case job.Journal.Phase == state.RollingOut:
		return []string{fmt.Sprintf("the deployment goes on at AWS; 'hci deploy --resume %s' watches it again, 'hci deploy rollback %s' goes back", env, env)}
	}
	if job.Journal.Phase == state.GoingBack {
		return []string{fmt.Sprintf("'hci deploy status %s' shows when it has; 'hci deploy --resume %s --force' tries the same image once more then", env, env)}
	}
	if r.End == rollout.Failed && job.Journal.Before != "" && job.Journal.Before != job.Journal.Revision {
		return []string{fmt.Sprintf("'hci deploy rollback %s' goes back to %s; fix the cause, commit it and 'hci deploy %s'; 'hci deploy --resume %s' tries the same image once more", env, job.Journal.Before, env, env)}
	}
	if r.Unclear() {
		return []string{fmt.Sprintf("'hci deploy status %s' shows what runs; fix the cause, commit it and 'hci deploy %s'; 'hci deploy --resume %s --force' tries the same image once more", env, env, env)}
	}
	return []string{fmt.Sprintf("fix the cause, commit it and 'hci deploy %s'; 'hci deploy --resume %s' tries the same image once more", env, env)}
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
	var (
		missing  *names.MissingError
		underWay *state.UnderWayError
		helper   *docker.HelperError
		away     *docker.UnreachableError
	)
	switch {
	case errors.As(err, &missing):
		hint := fmt.Sprintf("say it in hci.hcl: deploy { %s = \"…\" }", missing.Names[0].Key)
		if missing.Names[0].Key == "service" && len(missing.Names[0].Choices) > 0 {
			hint += ", or name it with --service"
		}
		return []string{hint}
	case errors.As(err, &underWay):
		return []string{"wait for it to end, or end it"}
	case errors.Is(err, state.ErrNoJournal):
		return []string{"'hci deploy' begins one"}
	case errors.As(err, &helper):
		return []string{"install it, or take credsStore out of that file"}
	case errors.As(err, &away):
		return []string{away.Next()}
	}
	return nil
}
