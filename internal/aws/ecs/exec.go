package ecs

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"hci/internal/aws/client"
	"hci/sync/secret"
)

// execAgent is the name of the agent by which ECS Exec reaches a container.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ManagedAgent.html
const execAgent = "ExecuteCommandAgent"

// ExecTask is a running task of the service, and how ECS Exec can reach its
// containers.
type ExecTask struct {
	ID, ARN    string
	Revision   string
	Enabled    bool // ECS Exec was on when it was started
	Containers []ExecContainer
	created    client.Time
}

// ExecContainer is a container of a task. Agent is the state of the agent that ECS Exec
// needs: RUNNING, PENDING, STOPPED; "" where the task has none.
type ExecContainer struct {
	Name, RuntimeID, Agent, Reason string
}

// Container is a task's container by its name; nil if it has none.
func (t *ExecTask) Container(name string) *ExecContainer {
	at := slices.IndexFunc(t.Containers, func(c ExecContainer) bool { return c.Name == name })
	if at < 0 {
		return nil
	}
	return &t.Containers[at]
}

// ExecTasks lists the running tasks of the service, the newest first, and whether ECS
// Exec is on for the service.
func (o *On) ExecTasks(ctx context.Context) (tasks []ExecTask, on bool, err error) {
	s, err := o.find(ctx)
	if err != nil {
		return nil, false, err
	}
	found, err := o.listed(ctx, members{"cluster": o.Cluster, "serviceName": o.Service, "desiredStatus": "RUNNING"})
	if err != nil {
		return nil, false, fmt.Errorf("tasks of service %q: %w", o.Service, err)
	}
	for _, t := range found {
		if t.LastStatus != "RUNNING" {
			continue
		}
		one := ExecTask{ID: name(t.TaskArn), ARN: t.TaskArn, Revision: name(t.TaskDefinitionArn), Enabled: t.Exec, created: at(t.CreatedAt)}
		for _, c := range t.Containers {
			container := ExecContainer{Name: c.Name, RuntimeID: c.RuntimeID}
			for _, a := range c.Agents {
				if a.Name == execAgent {
					container.Agent, container.Reason = a.LastStatus, a.Reason
				}
			}
			one.Containers = append(one.Containers, container)
		}
		tasks = append(tasks, one)
	}
	slices.SortStableFunc(tasks, func(a, b ExecTask) int { return cmp.Compare(b.created, a.created) })
	return tasks, s.Exec, nil
}

// Session is one that AWS has opened into a container. Response holds its token, in the
// form that session-manager-plugin reads.
type Session struct {
	Response secret.Value
	Target   string // of AWS Systems Manager
	Region   string
	Endpoint string // of AWS Systems Manager
}

// NotConnectedError says that ECS Exec does not reach a container.
type NotConnectedError struct {
	Container, Region string
	Err               error
}

func (e *NotConnectedError) Error() string {
	return fmt.Sprintf("ECS Exec does not reach container %s: %v", e.Container, e.Err)
}
func (e *NotConnectedError) Unwrap() error { return e.Err }

// Next says what is missing then.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
func (e *NotConnectedError) Next() string {
	return "the task role needs ssmmessages:CreateControlChannel, CreateDataChannel, OpenControlChannel and OpenDataChannel, and the task's network a way to ssmmessages." + e.Region
}

// Exec opens a session in which a command runs in a container of a task.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ExecuteCommand.html
func (o *On) Exec(ctx context.Context, t ExecTask, c ExecContainer, command string) (*Session, error) {
	var out struct {
		Session struct {
			ID    string `json:"sessionId"`
			URL   string `json:"streamUrl"`
			Token string `json:"tokenValue"`
		} `json:"session"`
	}
	in := members{"cluster": o.Cluster, "task": t.ARN, "container": c.Name, "command": command, "interactive": true}
	err := o.client.Try(ctx, "ExecuteCommand", in, &out) // a second one would be a second session
	switch {
	case client.Code(err) == "TargetNotConnectedException":
		return nil, &NotConnectedError{Container: c.Name, Region: o.cfg.Region, Err: err}
	case err != nil:
		return nil, fmt.Errorf("task %s: %w", t.ID, err)
	case out.Session.Token == "" || out.Session.URL == "":
		return nil, fmt.Errorf("task %s: AWS opened no session, and does not say why", t.ID)
	}
	response, err := json.Marshal(map[string]string{"SessionId": out.Session.ID, "StreamUrl": out.Session.URL, "TokenValue": out.Session.Token})
	if err != nil {
		return nil, err
	}
	return &Session{
		Response: secret.New(string(response)), Region: o.cfg.Region, Endpoint: client.Endpoint(o.cfg, ssmService),
		Target: fmt.Sprintf("ecs:%s_%s_%s", name(o.Cluster), t.ID, c.RuntimeID),
	}, nil
}

// CommandLine is a command as ECS Exec takes it, one text, which the agent splits as a
// shell does.
func CommandLine(argv []string) string {
	words := make([]string, len(argv))
	for i, word := range argv {
		words[i] = word
		if word == "" || strings.ContainsFunc(word, func(r rune) bool {
			return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_-./:=@%+,", r))
		}) {
			words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}
