package deploy

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"hci/internal/aws/client"
	"hci/internal/aws/ecs"
	"hci/internal/deploy/preflight"
	"hci/internal/deploy/state"
	"hci/internal/deploy/words"
)

// migrateAfter runs the migration that follows the update.
func (j *Job) migrateAfter(ctx context.Context) (string, error) {
	if command := j.Names.MigrateAfterCommand; command != nil {
		return j.migrateBy(ctx, cmp.Or(j.Journal.Migration.Container, j.Names.Container, first(j.Look.Containers)), command, j.revision)
	}
	return j.migrate(ctx)
}

func first(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return all[0]
}

func (j *Job) migrate(ctx context.Context) (string, error) {
	return j.migrateBy(ctx, j.Look.MigrateContainer, j.Names.MigrateCommand, j.migration)
}

// migrateBy runs a migration in a container of the revision that is made for it.
func (j *Job) migrateBy(ctx context.Context, container string, command []string, made func(context.Context) (string, error)) (string, error) {
	revision, err := j.Journal.Migration.Revision, error(nil)
	if j.Journal.Phase != state.Migrating { // else it was asked for with that
		revision, err = made(ctx)
	}
	if err != nil {
		return "", err
	}
	asked := j.Journal.Phase == state.Migrating // by a run before, which may not have seen the answer
	if err := j.askFor(ctx, revision, container); err != nil {
		return "", err
	}
	task, err := j.run(ctx, oneOff{
		what: "the migration", revision: revision, container: container, command: command,
		token: j.Journal.Migration.Token, by: j.Journal.StartedBy(), arn: j.Journal.Migration.Task,
		started: func(arn string) error {
			j.Journal.Migration.Task = arn
			return j.Journal.Save()
		},
	})
	var failed *TaskError
	if errors.As(err, &failed) || refused(err, asked) {
		// It is known to have failed, or never to have begun: the next attempt is a new
		// task, of a definition that is made anew, since the cause may lie in that.
		j.Journal.Migration = state.Migration{}
		return "", errors.Join(err, j.Journal.Enter(state.Prepared))
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("task %s of %s ended with exit code 0", task.ID, revision), nil
}

// refused reports whether AWS has refused to run a task, so that none runs. Only
// ECS knows of a token that was sent before: what is refused at the door says
// nothing of the task that was asked for then.
func refused(err error, sentBefore bool) bool {
	var not *ecs.RefusedError
	return errors.As(err, &not) || !sentBefore && client.Refused(err, "RunTask")
}

// tokenLife is how long a token is sure to keep ECS from running a task twice, and
// a stopped task to be known.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ECS_Idempotency.html
const tokenLife = 45 * time.Minute

// askFor notes that the migration is asked for, before it is. If an earlier run
// asked and did not live to see the answer, the task is looked for.
func (j *Job) askFor(ctx context.Context, revision, container string) error {
	if j.Journal.Phase != state.Migrating {
		if err := j.alone(ctx, revision); err != nil {
			return err
		}
		j.Journal.Migration = state.Migration{Revision: revision, Container: container, Token: rand.Text(), Asked: time.Now().UTC()}
		return j.Journal.Enter(state.Migrating)
	}
	if j.Journal.Migration.Task != "" {
		return nil
	}
	family, _, _ := strings.Cut(revision, ":")
	arn, err := j.Tasks.Started(ctx, family, j.Journal.StartedBy())
	switch {
	case err != nil:
		return err
	case arn == "" && time.Since(j.Journal.Migration.Asked) > tokenLife:
		return &ForgottenError{What: "the migration", Task: "that was asked for at " + j.Journal.Migration.Asked.UTC().Format("2006-01-02 15:04 UTC")}
	}
	j.Journal.Migration.Task = arn
	return nil
}

// OtherTaskError says that somebody else's migration is under way.
type OtherTaskError struct{ Found ecs.Runs }

func (e *OtherTaskError) Error() string {
	return fmt.Sprintf("another task of %s is under way since %s%s: task %s", e.Found.Revision, words.Clock(e.Found.Since), preflight.StartedBy(e.Found), e.Found.ID)
}

// alone looks once more whether somebody else migrates: the checks before the
// deployment may be long ago.
func (j *Job) alone(ctx context.Context, revision string) error {
	family, _, _ := strings.Cut(revision, ":")
	runs, err := j.Cluster.Running(ctx, family)
	if err != nil {
		return err
	}
	if len(runs) > 0 {
		return &OtherTaskError{Found: runs[0]}
	}
	return nil
}

// migration is the revision that the migration runs: the service's new one, or
// one of the declared task definition's with the new image.
func (j *Job) migration(ctx context.Context) (string, error) {
	if j.Names.MigrateCommand != nil {
		return j.revision(ctx)
	}
	image, _ := j.image()
	return j.withImage(ctx, j.Look.Migration, image, j.Look.Composed)
}
