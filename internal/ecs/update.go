package ecs

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// States of a rollout.
const (
	RolloutCompleted = "COMPLETED"
	RolloutFailed    = "FAILED"
)

const primary = "PRIMARY"

// Primary returns the deployment that the service is to run, nil if there is
// none.
func (s *Service) Primary() *Deployment {
	for i := range s.Deployments {
		if s.Deployments[i].Status == primary {
			return &s.Deployments[i]
		}
	}
	return nil
}

// Deployment returns the deployment with an id, nil if it is not there.
func (s *Service) Deployment(id string) *Deployment {
	for i := range s.Deployments {
		if s.Deployments[i].ID == id {
			return &s.Deployments[i]
		}
	}
	return nil
}

// StoppedTask is a task that has stopped.
type StoppedTask struct {
	ID     string `json:"id"`
	Code   string `json:"code"`   // EssentialContainerExited, TaskFailedToStart …
	Reason string `json:"reason"` // in words
	Exit   string `json:"exit"`   // "app: exit code 1", of the containers that failed
}

// Cause is why a task stopped, the same for tasks that stopped for the same
// reason.
func (t StoppedTask) Cause() string {
	parts := []string{}
	for _, part := range []string{t.Reason, t.Exit} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return t.Code
	}
	return strings.Join(parts, "; ")
}

// On is a service to be asked about and changed.
type On struct {
	client           *client
	cfg              Config
	Cluster, Service string
}

// NewOn returns one.
func NewOn(cfg Config, cluster, service string) *On {
	return &On{client: ecsClient(cfg), cfg: cfg, Cluster: cluster, Service: service}
}

// Stopped lists the tasks that a deployment started and that have stopped, the
// latest first. AWS forgets them after about an hour.
func (o *On) Stopped(ctx context.Context, deployment string) ([]StoppedTask, error) {
	// AWS takes startedBy as the only filter, which would find running tasks.
	var list wireList
	in := members{"cluster": o.Cluster, "serviceName": o.Service, "desiredStatus": "STOPPED"}
	if err := o.client.call(ctx, "ListTasks", in, &list); err != nil {
		return nil, fmt.Errorf("stopped tasks of service %q: %w", o.Service, err)
	}
	if len(list.TaskArns) == 0 {
		return nil, nil
	}
	found, err := o.describeTasks(ctx, list.TaskArns)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(found, func(a, b wireTask) int { return int(b.stopped() - a.stopped()) })
	var all []StoppedTask
	for _, t := range found {
		if t.LastStatus == "STOPPED" && t.StartedBy == deployment {
			all = append(all, StoppedTask{ID: name(t.TaskArn), Code: t.StopCode, Reason: t.StoppedReason, Exit: t.exits()})
		}
	}
	return all, nil
}

// stopped is when a task stopped.
func (t wireTask) stopped() moment {
	if t.StoppedAt == nil {
		return 0
	}
	return *t.StoppedAt
}

// exits says how the containers of a task failed.
func (t wireTask) exits() string {
	var all []string
	for _, c := range t.Containers {
		switch {
		case c.Reason != "":
			all = append(all, c.Name+": "+c.Reason)
		case c.ExitCode != nil && *c.ExitCode != 0:
			all = append(all, fmt.Sprintf("%s: exit code %d", c.Name, *c.ExitCode))
		}
	}
	return strings.Join(all, ", ")
}

// Update makes the service run a revision, and returns the id of the deployment
// that this starts.
func (o *On) Update(ctx context.Context, revision string) (string, error) {
	var out struct {
		Service wireService `json:"service"`
	}
	in := members{"cluster": o.Cluster, "service": o.Service, "taskDefinition": revision}
	if err := o.client.call(ctx, "UpdateService", in, &out); err != nil {
		return "", fmt.Errorf("service %q: %w", o.Service, err)
	}
	for _, d := range out.Service.Deployments {
		if d.Status == primary && name(d.TaskDefinition) == revision {
			return d.ID, nil
		}
	}
	return "", fmt.Errorf("service %q: AWS took the update, and names no deployment for it", o.Service)
}
