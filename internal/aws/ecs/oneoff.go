package ecs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hci/internal/aws/client"
)

type apiTime = client.Time

// notDescribed reports whether DescribeTaskDefinition says that there is none.
// The code is one that says little else.
func notDescribed(err error) bool {
	var failed *client.Error
	return errors.As(err, &failed) && failed.Code == "ClientException" && strings.Contains(failed.Message, "Unable to describe task definition")
}

// Run is a one-off task to be run.
type Run struct {
	Revision  string
	Container string   // whose command Command is
	Command   []string // in place of the definition's; nil for that
	Token     string   // the same token runs the task once only; at most 64 characters
	StartedBy string   // at most 128 letters, digits, - _ / .
	Spot      bool     // run it on Spot capacity if the service's tasks do
}

// RefusedError says that ECS did not start a task, though it took the request.
type RefusedError struct{ Reason string }

func (e *RefusedError) Error() string { return "ECS did not start the task: " + e.Reason }

// LostError says that no answer came: the task may have begun.
type LostError struct{ Err error }

func (e *LostError) Error() string { return e.Err.Error() }
func (e *LostError) Unwrap() error { return e.Err }

// RunTask starts a one-off task where the service's tasks run: in the same
// network, on the same platform. It returns the task's ARN. It fails with a
// [*RefusedError] or a [*LostError], or before it was asked for.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
func (o *On) RunTask(ctx context.Context, r Run) (string, error) {
	s, err := o.find(ctx)
	if err != nil {
		return "", err
	}
	in := members{"cluster": o.Cluster, "taskDefinition": r.Revision, "count": 1, "clientToken": r.Token, "startedBy": r.StartedBy}
	if len(s.Network) > 0 && string(s.Network) != "null" && string(s.Network) != "{}" {
		in["networkConfiguration"] = s.Network
	}
	var strategy []any
	_ = json.Unmarshal(s.CapacityStrategy, &strategy) // its absence is no error
	switch {
	case usesSpot(strategy) && !r.Spot: // AWS may take that away in the midst of it
		in["launchType"] = "FARGATE"
	case len(strategy) > 0:
		in["capacityProviderStrategy"] = s.CapacityStrategy
	case s.LaunchType != "":
		in["launchType"] = s.LaunchType
	}
	if s.PlatformVersion != "" {
		in["platformVersion"] = s.PlatformVersion
	}
	if r.Command != nil {
		in["overrides"] = members{"containerOverrides": []members{{"name": r.Container, "command": r.Command}}}
	}
	var out wireTasks
	if err := o.client.Call(ctx, "RunTask", in, &out); err != nil {
		err = fmt.Errorf("task %s: %w", r.Revision, err)
		if !client.Refused(err, "RunTask") {
			err = &LostError{Err: err}
		}
		return "", err
	}
	if len(out.Tasks) > 0 {
		return out.Tasks[0].TaskArn, nil
	}
	reasons := []string{}
	for _, f := range out.Failures {
		reasons = append(reasons, strings.TrimSuffix(f.Reason+": "+f.Detail, ": "))
	}
	if len(reasons) == 0 {
		reasons = []string{"it does not say why"}
	}
	return "", fmt.Errorf("task %s: %w", r.Revision, &RefusedError{Reason: strings.Join(reasons, "; ")})
}

// usesSpot reports whether a strategy has Fargate's Spot capacity.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
func usesSpot(strategy []any) bool {
	return slices.ContainsFunc(strategy, func(item any) bool {
		of, _ := item.(map[string]any)
		return of["capacityProvider"] == "FARGATE_SPOT"
	})
}

// OneOff is a one-off task as it stands.
type OneOff struct {
	ID       string
	Revision string
	Status   string // PROVISIONING … STOPPED
	Started  *time.Time
	Stopped  bool
	Code     string // why it stopped, in AWS's word
	Reason   string // and in words
	Exit     *int   // of the named container; nil if it never ended by itself
	Others   []Ended
	Failed   string // all containers that failed, in words
}

// Ended is a container of a task as AWS tells it.
type Ended struct {
	Name   string
	Exit   *int   // nil if it never ended by itself
	Reason string // "" for none
}

// Crashed reports whether it did not end because it was told to.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html
func (e Ended) Crashed() bool {
	const killed, terminated = 128 + 9, 128 + 15
	return e.Reason != "" || e.Exit != nil && !slices.Contains([]int{0, killed, terminated}, *e.Exit)
}

// OneOff looks a task up. It fails with a [*NotFoundError] if AWS knows it no
// more, which it does for about an hour after the task stopped.
func (o *On) OneOff(ctx context.Context, arn, container string) (*OneOff, error) {
	found, err := o.describeTasks(ctx, []string{arn})
	if err != nil {
		return nil, fmt.Errorf("task %s: %w", name(arn), err)
	}
	if len(found) == 0 {
		return nil, &NotFoundError{What: "task " + name(arn)}
	}
	t := found[0]
	out := &OneOff{
		ID: name(arn), Revision: name(t.TaskDefinitionArn), Status: t.LastStatus, Started: t.StartedAt.Time(),
		Stopped: t.LastStatus == "STOPPED", Code: t.StopCode, Reason: t.StoppedReason,
	}
	out.Failed, _ = t.exits()
	for _, c := range t.Containers {
		if c.Name == container {
			out.Exit = c.ExitCode
			continue
		}
		out.Others = append(out.Others, Ended{Name: c.Name, Exit: c.ExitCode, Reason: c.Reason})
	}
	return out, nil
}

// Runs is a one-off task that is under way.
type Runs struct {
	ID, Revision, StartedBy string
	Since                   *time.Time
}

// Running lists the one-off tasks of a family that are under way.
func (o *On) Running(ctx context.Context, family string) ([]Runs, error) {
	found, err := o.listed(ctx, members{"cluster": o.Cluster, "family": family, "desiredStatus": "RUNNING"})
	if err != nil {
		return nil, fmt.Errorf("tasks of %q: %w", family, err)
	}
	var all []Runs
	for _, t := range found {
		if !strings.HasPrefix(t.StartedBy, "ecs-svc/") && t.LastStatus != "STOPPED" { // a service's tasks are none
			since := t.CreatedAt
			if since == nil {
				since = t.StartedAt
			}
			all = append(all, Runs{ID: name(t.TaskArn), Revision: name(t.TaskDefinitionArn), StartedBy: t.StartedBy, Since: since.Time()})
		}
	}
	return all, nil
}

// Started returns the ARN of the latest one-off task of a family that somebody
// started, whether it runs or has stopped; "" if AWS knows none.
func (o *On) Started(ctx context.Context, family, startedBy string) (string, error) {
	var latest wireTask
	if startedBy == "" {
		return "", nil
	}
	for _, status := range []string{"RUNNING", "STOPPED"} {
		found, err := o.listed(ctx, members{"cluster": o.Cluster, "family": family, "desiredStatus": status})
		if err != nil {
			return "", fmt.Errorf("tasks of %q: %w", family, err)
		}
		for _, t := range found {
			if t.StartedBy == startedBy && (latest.TaskArn == "" || at(t.CreatedAt) > at(latest.CreatedAt)) {
				latest = t
			}
		}
	}
	return latest.TaskArn, nil
}

// TaskLog is what a container of one task writes.
type TaskLog struct {
	client        *client.Client
	group, stream string
	container, id string
	token         string
}

// TaskLog returns the log of a container of a task. It fails with a
// [*NoLogsError] if that does not go to CloudWatch Logs.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html
func (o *On) TaskLog(d *Definition, container, task string) (*TaskLog, error) {
	at := slices.IndexFunc(d.wire(), func(c wireContainer) bool { return c.Name == container })
	if at < 0 {
		return nil, &NotFoundError{What: fmt.Sprintf("container %q in task definition %s", container, d.Name)}
	}
	s, err := newStream(o.cfg, d.wire()[at], time.Time{})
	if err != nil {
		return nil, err
	}
	return &TaskLog{client: s.client, group: s.group, stream: s.prefix + task, container: container, id: task}, nil
}

// wireLog is a page of one stream.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
type wireLog struct {
	Events []struct {
		Timestamp int64  `json:"timestamp"` // in milliseconds
		Message   string `json:"message"`
	} `json:"events"`
	Forward string `json:"nextForwardToken"`
}

// Next reads what is new. more tells that there may be more at once; a stream
// that is not there yet has nothing.
func (l *TaskLog) Next(ctx context.Context) (lines []LogLine, more bool, err error) {
	in := members{"logGroupName": l.group, "logStreamName": l.stream, "startFromHead": true}
	if l.token != "" {
		in["nextToken"] = l.token
	}
	page, err := l.page(ctx, in)
	if err != nil || page == nil {
		return nil, false, err
	}
	more = page.Forward != l.token // an empty page may come before the end
	l.token = page.Forward
	return l.lines(page), more, nil
}

// Last reads the last n lines.
func (l *TaskLog) Last(ctx context.Context, n int) ([]LogLine, error) {
	page, err := l.page(ctx, members{"logGroupName": l.group, "logStreamName": l.stream, "startFromHead": false, "limit": n})
	if err != nil || page == nil {
		return nil, err
	}
	lines := l.lines(page)
	return lines[max(0, len(lines)-n):], nil
}

// page is nil for a stream that is not there.
func (l *TaskLog) page(ctx context.Context, in members) (*wireLog, error) {
	var page wireLog
	err := l.client.Call(ctx, "GetLogEvents", in, &page)
	if client.Code(err) == "ResourceNotFoundException" {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("log of container %q: %w", l.container, err)
	}
	return &page, nil
}

func (l *TaskLog) lines(page *wireLog) []LogLine {
	var lines []LogLine
	for _, e := range page.Events {
		lines = append(lines, LogLine{At: time.UnixMilli(e.Timestamp), Container: l.container, Task: l.id, Text: e.Message})
	}
	return lines
}

// lastLines is how many lines are shown of a task that stopped.
const lastLines = 5

// LastLines adds to a stopped task what its containers that failed wrote last.
// What can't be had is left out: it is said besides.
func (o *On) LastLines(ctx context.Context, t *StoppedTask) {
	if len(t.failed) == 0 {
		return
	}
	d, err := o.Definition(ctx, t.Revision)
	if err != nil {
		return
	}
	for _, container := range t.failed {
		log, err := o.TaskLog(d, container, t.ID)
		if err != nil {
			continue
		}
		lines, err := log.Last(ctx, lastLines)
		if err != nil {
			continue
		}
		for _, line := range lines {
			t.Last = append(t.Last, container+": "+strings.TrimRight(line.Text, "\n"))
		}
	}
}
