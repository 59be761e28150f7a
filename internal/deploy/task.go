package deploy

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hci/internal/aws/ecs"
	"hci/internal/deploy/names"
	"hci/internal/deploy/revisions"
	"hci/internal/deploy/rollout"
	"hci/internal/deploy/state"
)

// TaskError says that a one-off task failed, and why.
type TaskError struct {
	What string // "the migration"
	Task ecs.OneOff
	Last []string // lines that its container wrote last
	// Crashed is another container that may have ended the task, "" if none did.
	Crashed string
}

func (e *TaskError) Error() string {
	t := e.Task
	switch {
	case stoppedFromOutside(&t) && t.Exit != nil:
		return fmt.Sprintf("%s failed: task %s was stopped before its end", e.What, t.ID)
	case t.Exit != nil && *t.Exit != 0:
		return fmt.Sprintf("%s failed: task %s ended with exit code %d", e.What, t.ID, *t.Exit)
	case t.Exit == nil:
		return fmt.Sprintf("%s failed: the container of task %s never ended by itself", e.What, t.ID)
	}
	return fmt.Sprintf("%s may not have come to its end: container %s of task %s crashed, and a task ends with each container that is essential", e.What, e.Crashed, t.ID)
}

// stoppedFromOutside reports whether a task did not end by itself. A container that
// is told to stop may well exit with 0, half way.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html (stopCode)
func stoppedFromOutside(t *ecs.OneOff) bool {
	return t.Code != "" && t.Code != "EssentialContainerExited"
}

// crashed is another essential container of a task that did not end because it was
// told to, "" if none did. Then it may be that which has ended the task.
func crashed(d *ecs.Definition, t *ecs.OneOff) string {
	for _, c := range d.Containers() {
		at := slices.IndexFunc(t.Others, func(e ecs.Ended) bool { return e.Name == c.Name })
		if at >= 0 && c.Essential && t.Others[at].Crashed() {
			return c.Name
		}
	}
	return ""
}

// Explain says in lines what AWS and the container said.
func (e *TaskError) Explain() []string {
	var lines []string
	if e.Task.Code != "" || e.Task.Reason != "" {
		lines = append(lines, strings.TrimSuffix("stopped: "+e.Task.Code+": "+e.Task.Reason, ": "))
	}
	if e.Task.Failed != "" {
		lines = append(lines, e.Task.Failed)
	}
	for _, line := range e.Last {
		lines = append(lines, "| "+line)
	}
	return lines
}

// ForgottenError says that AWS knows a task no more whose end nobody saw.
type ForgottenError struct{ What, Task string }

func (e *ForgottenError) Error() string {
	return fmt.Sprintf("how %s ended is not known: AWS knows task %s no more", e.What, e.Task)
}

// RunsError says that a task is still under way.
type RunsError struct{ What, Task string }

func (e *RunsError) Error() string {
	return fmt.Sprintf("%s is still under way: task %s", e.What, e.Task)
}

// oneOff is a task that is run to its end.
type oneOff struct {
	what      string
	revision  string
	container string
	command   []string
	token     string
	by        string // who started it, in AWS
	arn       string // of one that was started before
	fresh     bool   // it was started now
	started   func(arn string) error
}

// WithImage registers a one-off task's definition with the image that is deployed, and
// returns its revision.
func (j *Job) WithImage(ctx context.Context, d *ecs.Definition) (string, error) {
	image, _ := j.image()
	return j.withImage(ctx, d, image, false)
}

// withImage registers a one-off task's definition with the image, for the
// containers whose image lies in the repository; it is left as it is if nothing
// differs. composed tells that it is not registered yet.
func (j *Job) withImage(ctx context.Context, d *ecs.Definition, image string, composed bool) (string, error) {
	containers := j.Names.Takers(d, names.RepositoryOf(image))
	if len(containers) == 0 && j.Look.Repository.URI != "" {
		containers = j.Names.Takers(d, j.Look.Repository.URI)
	}
	if image == "" || len(containers) == 0 {
		return "", fmt.Errorf("no container of %s runs the image that is deployed, nor one of %s", d.Name, names.RepositoryOf(image))
	}
	next := j.withExtras(d.WithImage(image, containers))
	if d.Active() && !composed && len(revisions.Differences(d, next)) == 0 {
		return d.Name, revisions.UpToDate(ctx, j.Names, j.Cluster, d, nil)
	}
	return j.register(ctx, next, composed)
}

// RunTask runs a one-off task's definition to its end; with an image, the
// containers whose image lies in the same repository run that. composed tells that the
// definition is not registered yet.
func (j *Job) RunTask(ctx context.Context, d *ecs.Definition, container, image string, composed bool) (string, error) {
	revision := d.Name
	var err error
	switch {
	case image != "":
		revision, err = j.withImage(ctx, d, image, composed)
	case composed:
		revision, err = j.register(ctx, d, true)
	}
	if err != nil {
		return "", err
	}
	token := rand.Text()
	task, err := j.run(ctx, oneOff{what: "the task", revision: revision, container: container, token: token, by: state.StartedBy(j.Journal.Who, token)})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("task %s of %s ended with exit code 0", task.ID, revision), nil
}

// run runs a task to its end, its log with it. It was a success only if the
// named container ended by itself with exit code 0.
func (j *Job) run(ctx context.Context, o oneOff) (*ecs.OneOff, error) {
	definition, err := j.Cluster.Definition(ctx, o.revision)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(definition.Containers(), func(c ecs.Container) bool { return c.Name == o.container }) {
		return nil, &ecs.NotFoundError{What: fmt.Sprintf("container %q in task definition %s", o.container, o.revision)}
	}
	if o.arn == "" {
		o.arn, err = j.Changes.RunTask(ctx, ecs.Run{Revision: o.revision, Container: o.container, Command: o.command, Token: o.token, StartedBy: o.by, Spot: j.Spot})
		if err != nil {
			return nil, err
		}
		o.fresh = true
		if o.started != nil {
			if err := o.started(o.arn); err != nil {
				return nil, err
			}
		}
	}
	id := o.arn[strings.LastIndexByte(o.arn, '/')+1:]
	j.Talk.Say("task %s runs %s", id, o.revision)
	log, err := j.Tasks.TaskLog(definition, o.container, id)
	if err != nil {
		j.Talk.Say("%v: what it writes is not shown", err)
		log = nil
	}
	task, err := j.awaitTask(ctx, o, id, log)
	if err != nil {
		return nil, err
	}
	failed := &TaskError{What: o.what, Task: *task, Crashed: crashed(definition, task)}
	if task.Exit != nil && *task.Exit == 0 && !stoppedFromOutside(task) && failed.Crashed == "" {
		return task, nil
	}
	if log != nil {
		lines, err := log.Last(ctx, shownLines)
		for _, l := range lines {
			failed.Last = append(failed.Last, strings.TrimRight(l.Text, "\n"))
		}
		if err != nil && ctx.Err() == nil {
			j.Talk.Say("%v", err)
		}
	}
	return nil, failed
}

const (
	// shownLines of a task that failed are shown once more.
	shownLines = 10
	// toldWithin is how long AWS may take to tell of a task that it has started: it
	// is eventually consistent.
	toldWithin = 2 * time.Minute
	// taskEvery is how often a task and its log are asked for.
	taskEvery = 2 * time.Second
	// drainFor bounds how long a log is waited for that ends after its task. One
	// that had something is done when nothing comes for drainQuiet.
	drainFor   = 10 * time.Second
	drainEvery = time.Second
	drainQuiet = 3 // times asked
)

func (j *Job) every() time.Duration {
	if j.Every != 0 {
		return j.Every
	}
	return taskEvery
}

// awaitTask waits until a task has stopped, showing its log, and then until the
// log is read to its end. What fails now and then is asked again.
func (j *Job) awaitTask(ctx context.Context, o oneOff, id string, log *ecs.TaskLog) (*ecs.OneOff, error) {
	start := time.Now()
	deadline := start.Add(j.timeout())
	failures, shown, status := 0, 0, ""
	for {
		task, err := j.Tasks.OneOff(ctx, o.arn, o.container)
		var gone *ecs.NotFoundError
		switch {
		case ctx.Err() != nil:
			return nil, fmt.Errorf("%w: %w", &RunsError{What: o.what, Task: id}, ctx.Err())
		case errors.As(err, &gone) && o.fresh && status == "" && time.Since(start) < toldWithin:
		case errors.As(err, &gone):
			return nil, &ForgottenError{What: o.what, Task: id}
		case err != nil:
			if failures++; failures >= rollout.LostAfter {
				return nil, fmt.Errorf("%w; AWS can't be asked any more: %w", &RunsError{What: o.what, Task: id}, err)
			}
		default:
			failures = 0
			if task.Status != status {
				status = task.Status
				j.Talk.Now(fmt.Sprintf("task %s: %s", id, strings.ToLower(status)))
			}
		}
		shown += j.showLog(ctx, log)
		if err == nil && task.Stopped {
			if task.Started != nil { // else nothing was written
				j.drain(ctx, log, shown)
			}
			return task, nil
		}
		if time.Now().After(deadline) {
			return nil, &RunsError{What: o.what, Task: id}
		}
		if err := sleep(ctx, j.every()); err != nil {
			return nil, fmt.Errorf("%w: %w", &RunsError{What: o.what, Task: id}, err)
		}
	}
}

func (j *Job) timeout() time.Duration {
	if j.Timeout != 0 {
		return j.Timeout
	}
	return rollout.DefaultTimeout
}

// showLog shows what is new in a log; that it can't be read now is no failure.
func (j *Job) showLog(ctx context.Context, log *ecs.TaskLog) (n int) {
	if log == nil {
		return 0
	}
	for {
		lines, more, err := log.Next(ctx)
		for _, l := range lines {
			j.Talk.Log(l)
		}
		n += len(lines)
		if err != nil || !more {
			return n
		}
	}
}

// drain shows what a log still gets after its task has stopped: lines may take
// seconds to appear.
func (j *Job) drain(ctx context.Context, log *ecs.TaskLog, shown int) {
	if log == nil {
		return
	}
	end, quiet := time.Now().Add(drainFor), 0
	for time.Now().Before(end) && (shown == 0 || quiet < drainQuiet) {
		if sleep(ctx, min(j.every(), drainEvery)) != nil {
			return
		}
		n := j.showLog(ctx, log)
		shown += n
		quiet++
		if n > 0 {
			quiet = 0
		}
	}
}
