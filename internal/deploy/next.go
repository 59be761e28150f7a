package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"hci/internal/deploy/revisions"
	"hci/internal/deploy/rollout"
	"hci/internal/deploy/state"
	"hci/internal/docker"
)

// Stands says what became of the service, after an error that does not tell.
func (j *Job) Stands(err error) []string {
	var superseded *rollout.SupersededError
	switch {
	case errors.As(err, &superseded) || j.Look.Running == nil || !state.Whole(j.Steps):
		return nil
	case j.Journal.IsDone(state.Update):
		return []string{"the service was updated before: it runs " + j.Journal.Revision}
	case !j.Journal.Touched():
		return []string{"the service was not touched: it runs " + j.Look.Running.Name}
	case j.Journal.Phase == state.Updating:
		return []string{fmt.Sprintf("whether the service took the update is not known: 'hci deploy status %s' shows what it runs", j.Env)}
	}
	return nil
}

// Next is what to do after a failure: lines, each with the command.
func (j *Job) Next(err error) []string {
	for _, of := range []func(error) []string{j.nextOfRollout, j.nextOfMigration, j.nextInterrupted, j.nextOfImage} {
		if next := of(err); next != nil {
			return next
		}
	}
	var newer *revisions.NewerError
	switch {
	case errors.As(err, &newer):
		return say("%s goes on, with a revision that is made from it", j.resume())
	case state.Whole(j.Steps):
		return []string{j.again(err)}
	}
	return nil
}

func say(format string, args ...any) []string { return []string{fmt.Sprintf(format, args...)} }

func (j *Job) resume() string { return "'hci deploy --resume " + j.Env + "'" }

// again is how to go on where the work stopped.
func (j *Job) again(err error) string {
	if errors.Is(err, context.Canceled) {
		return j.resume() + " goes on from here"
	}
	return j.resume() + " goes on from here, once the cause is fixed"
}

func (j *Job) nextOfRollout(err error) []string {
	var superseded *rollout.SupersededError
	var not *rollout.NotDeployedError
	var stop *StopError
	switch {
	case errors.As(err, &superseded), errors.As(err, &not) && not.Result.End == rollout.Superseded:
		return say("'hci deploy status %s' shows what runs", j.Env)
	case errors.As(err, &stop) && not != nil && not.Result.End == rollout.Failed:
		return say("'hci deploy rollback %s' goes back, once the cause is fixed", j.Env)
	case errors.As(err, &stop) && stop.Unknown:
		return say("%s finds out, and watches it again if it goes on", j.resume())
	case stop != nil:
		return say("the deployment goes on at AWS; %s watches it again", j.resume())
	case not != nil:
		return j.nextOfEnd(err, not.Result)
	}
	return nil
}

// nextOfEnd is what to do after a rollout that did not end in the new image.
func (j *Job) nextOfEnd(err error, r rollout.Result) []string {
	var back *RollbackError
	mayGoBack := j.Journal.Before != "" && j.Journal.Before != j.Journal.Revision // else the tasks were restarted
	fix := fmt.Sprintf("fix the cause, commit it and 'hci deploy %s'", j.Env)
	switch {
	case r.End == rollout.Gone:
		return say("'hci tf %s apply' makes what Terraform declares", j.Env)
	case errors.As(err, &back):
		return say("'hci deploy status %s' shows how far it is", j.Env)
	case j.Journal.Phase == state.RollingOut && mayGoBack:
		return say("the deployment goes on at AWS; %s watches it again, 'hci deploy rollback %s' goes back", j.resume(), j.Env)
	case j.Journal.Phase == state.RollingOut:
		return say("the deployment goes on at AWS; %s watches it again", j.resume())
	case j.Journal.Phase == state.GoingBack:
		return say("'hci deploy status %s' shows when it has; 'hci deploy --resume %s --force' tries the same image once more then", j.Env, j.Env)
	case r.End == rollout.Failed && mayGoBack:
		return say("'hci deploy rollback %s' goes back to %s; %s; %s tries the same image once more", j.Env, j.Journal.Before, fix, j.resume())
	case r.Unclear():
		return say("'hci deploy status %s' shows what runs; %s; 'hci deploy --resume %s --force' tries the same image once more", j.Env, fix, j.Env)
	}
	return say("%s; %s tries the same image once more", fix, j.resume())
}

func (j *Job) nextOfMigration(err error) []string {
	var runs *RunsError
	var forgotten *ForgottenError
	var task *TaskError
	left := errors.Is(err, context.Canceled) && j.Journal.Phase == state.Migrating
	switch {
	case left && j.Journal.Migration.Task == "":
		return say("whether the migration began is not known; %s finds out, and does not run it twice", j.resume())
	case errors.As(err, &runs), left:
		return say("the migration goes on at AWS; %s waits for its end, and does not run it again", j.resume())
	case errors.As(err, &forgotten):
		return []string{j.nextUnknown()}
	case errors.As(err, &task) && task.Crashed != "":
		return []string{j.nextUnknown(), "with essential = false in Terraform no other container ends it"}
	case errors.As(err, &task):
		return say("if the code has to change, commit that and 'hci deploy %s'; %s", j.Env, j.again(err))
	}
	return nil
}

// nextUnknown is what to do if it is not known whether a migration was applied.
func (j *Job) nextUnknown() string {
	const look = "look in the database whether it was applied; "
	switch {
	case j.Journal.IsDone(state.Update) && slices.Contains(j.Journal.Steps, state.Migrate):
		return fmt.Sprintf(look+"if not, 'hci deploy migrate %s --after' runs it again", j.Env)
	case j.Journal.IsDone(state.Update), !slices.Contains(j.Journal.Steps, state.Update):
		return fmt.Sprintf(look+"if not, 'hci deploy migrate %s' runs it again", j.Env)
	}
	return fmt.Sprintf(look+"then 'hci deploy %s --skip migrate', or without --skip to run it again", j.Env)
}

func (j *Job) nextInterrupted(err error) []string {
	switch {
	case !errors.Is(err, context.Canceled):
	case j.Journal.Phase == state.Updating:
		return say("%s finds out, and goes on", j.resume())
	case j.Journal.Phase == state.RollingOut:
		return say("the deployment goes on at AWS; %s watches it again", j.resume())
	}
	return nil
}

func (j *Job) nextOfImage(err error) []string {
	var platform *PlatformError
	var other *OtherImageError
	var image *docker.NoImageError
	var leak *LeakError
	switch {
	case errors.As(err, &leak): // whose own next step is said besides
		return say("commit that, and 'hci deploy %s' begins a new deployment", j.Env)
	case errors.Is(err, docker.ErrExpired) && !slices.Contains(j.Steps, state.Login):
		return say("'hci deploy login %s' logs in", j.Env)
	case errors.As(err, &platform) && j.Look.Engine != nil && j.Look.Engine.Builder == docker.Classic:
		// Its cache may hold the layers for another platform; seen with Docker 20.10.
		return say("its cache may be another platform's: 'docker build --no-cache --platform %s .' makes it again, and buildx tells platforms apart; then 'hci deploy build %s'", platform.Wants, j.Env)
	case (errors.As(err, &image) || errors.As(err, &other)) && j.Journal.Built != "" && state.Whole(j.Steps):
		return say("'hci deploy %s' begins a new deployment, which builds it again", j.Env)
	case platform != nil, image != nil, other != nil:
		return say("'hci deploy build %s' builds it again", j.Env)
	}
	return nil
}
