package ecs

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// States of a rollout.
const (
	RolloutCompleted = string(types.DeploymentRolloutStateCompleted)
	RolloutFailed    = string(types.DeploymentRolloutStateFailed)
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
	client           *sdk.Client
	cfg              Config
	Cluster, Service string
}

// NewOn returns one.
func NewOn(cfg Config, cluster, service string) *On {
	return &On{client: sdk.NewFromConfig(cfg), cfg: cfg, Cluster: cluster, Service: service}
}

// Stopped lists the tasks that a deployment started and that have stopped, the
// latest first. AWS forgets them after about an hour.
func (o *On) Stopped(ctx context.Context, deployment string) ([]StoppedTask, error) {
	// AWS takes startedBy as the only filter, which would find running tasks.
	list, err := o.client.ListTasks(ctx, &sdk.ListTasksInput{Cluster: &o.Cluster, ServiceName: &o.Service, DesiredStatus: types.DesiredStatusStopped})
	if err != nil {
		return nil, fmt.Errorf("stopped tasks of service %q: %w", o.Service, err)
	}
	if len(list.TaskArns) == 0 {
		return nil, nil
	}
	out, err := o.client.DescribeTasks(ctx, &sdk.DescribeTasksInput{Cluster: &o.Cluster, Tasks: list.TaskArns})
	if err != nil {
		return nil, fmt.Errorf("stopped tasks of service %q: %w", o.Service, err)
	}
	slices.SortStableFunc(out.Tasks, func(a, b types.Task) int {
		return aws.ToTime(b.StoppedAt).Compare(aws.ToTime(a.StoppedAt))
	})
	var all []StoppedTask
	for _, t := range out.Tasks {
		if aws.ToString(t.LastStatus) != "STOPPED" || aws.ToString(t.StartedBy) != deployment {
			continue
		}
		all = append(all, StoppedTask{ID: name(aws.ToString(t.TaskArn)), Code: string(t.StopCode), Reason: aws.ToString(t.StoppedReason), Exit: exits(t)})
	}
	return all, nil
}

// exits says how the containers of a task failed.
func exits(t types.Task) string {
	var all []string
	for _, c := range t.Containers {
		switch {
		case c.Reason != nil:
			all = append(all, aws.ToString(c.Name)+": "+*c.Reason)
		case c.ExitCode != nil && *c.ExitCode != 0:
			all = append(all, fmt.Sprintf("%s: exit code %d", aws.ToString(c.Name), *c.ExitCode))
		}
	}
	return strings.Join(all, ", ")
}

// Update makes the service run a revision, and returns the id of the deployment
// that this starts.
func (o *On) Update(ctx context.Context, revision string) (string, error) {
	out, err := o.client.UpdateService(ctx, &sdk.UpdateServiceInput{Cluster: &o.Cluster, Service: &o.Service, TaskDefinition: &revision})
	if err != nil {
		return "", fmt.Errorf("service %q: %w", o.Service, err)
	}
	for _, d := range out.Service.Deployments {
		if aws.ToString(d.Status) == primary && name(aws.ToString(d.TaskDefinition)) == revision {
			return aws.ToString(d.Id), nil
		}
	}
	return "", fmt.Errorf("service %q: AWS took the update, and names no deployment for it", o.Service)
}
