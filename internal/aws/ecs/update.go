package ecs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"hci/internal/aws/client"
)

// States of a rollout.
const (
	RolloutInProgress = "IN_PROGRESS"
	RolloutCompleted  = "COMPLETED"
	RolloutFailed     = "FAILED"
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
	ID       string   `json:"id"`
	Revision string   `json:"revision"`
	Code     string   `json:"code"`           // EssentialContainerExited, TaskFailedToStart …
	Reason   string   `json:"reason"`         // in words
	Exit     string   `json:"exit"`           // "app: exit code 1", of the containers that failed
	Last     []string `json:"last,omitempty"` // lines that those wrote last, where they were asked for
	failed   []string // containers
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

// Failed reports whether the task stopped because something is wrong with it, and
// not because it was told to.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
func (t StoppedTask) Failed() bool {
	return t.Code == "TaskFailedToStart" || t.Code == "EssentialContainerExited" || strings.Contains(t.Reason, "health check")
}

// own is what differs between tasks that failed alike: ids of tasks and requests,
// addresses.
var own = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|\b[0-9a-f]{32}\b|(?i:request ?id):? ?[\w-]+|\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b`)
})

// Kind is the cause without what differs between tasks that failed alike.
func (t StoppedTask) Kind() string { return own().ReplaceAllString(t.Cause(), "…") }

// On is a service to be asked about and changed. It is safe for concurrent use.
type On struct {
	client           *client.Client
	cfg              client.Config
	Cluster, Service string
}

// NewOn returns one.
func NewOn(cfg client.Config, cluster, name string) *On {
	return &On{client: client.New(cfg, service), cfg: cfg, Cluster: cluster, Service: name}
}

// Stopped lists the tasks that a deployment started and that have stopped, the
// latest first. AWS forgets them after about an hour.
func (o *On) Stopped(ctx context.Context, deployment string) ([]StoppedTask, error) {
	// AWS takes startedBy as the only filter, which would find running tasks.
	found, err := o.listed(ctx, members{"cluster": o.Cluster, "serviceName": o.Service, "desiredStatus": "STOPPED"})
	if err != nil {
		return nil, fmt.Errorf("stopped tasks of service %q: %w", o.Service, err)
	}
	slices.SortStableFunc(found, func(a, b wireTask) int { return cmp.Compare(at(b.StoppedAt), at(a.StoppedAt)) })
	var all []StoppedTask
	for _, t := range found {
		if t.LastStatus == "STOPPED" && t.StartedBy == deployment {
			one := StoppedTask{ID: name(t.TaskArn), Revision: name(t.TaskDefinitionArn), Code: t.StopCode, Reason: t.StoppedReason}
			one.Exit, one.failed = t.exits()
			all = append(all, one)
		}
	}
	return all, nil
}

// exits says how the containers of a task failed, and which did.
func (t wireTask) exits() (words string, failed []string) {
	var all []string
	for _, c := range t.Containers {
		switch {
		case c.Reason != "" && c.Reason == t.StoppedReason: // said once
		case c.Reason != "":
			all = append(all, c.Name+": "+c.Reason)
		case c.ExitCode != nil && *c.ExitCode != 0:
			all = append(all, fmt.Sprintf("%s: exit code %d", c.Name, *c.ExitCode))
		default:
			continue
		}
		failed = append(failed, c.Name)
	}
	return strings.Join(all, ", "), failed
}

// Update makes the service run a revision, and returns the id of the deployment
// that this starts. With force its tasks are restarted even if it runs that
// revision already; without, the id is then that of the deployment which does.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
func (o *On) Update(ctx context.Context, revision string, force bool) (string, error) {
	var out struct {
		Service wireService `json:"service"`
	}
	in := members{"cluster": o.Cluster, "service": o.Service, "taskDefinition": revision}
	if force {
		in["forceNewDeployment"] = true
	}
	if err := o.client.Call(ctx, "UpdateService", in, &out); err != nil {
		return "", o.named(err)
	}
	for _, d := range out.Service.Deployments {
		if d.Status == primary && name(d.TaskDefinition) == revision {
			return d.ID, nil
		}
	}
	return "", fmt.Errorf("service %q: AWS took the update, and names no deployment for it", o.Service)
}

// ErrNothingToStop says that no deployment of the service is under way.
var ErrNothingToStop = errors.New("no deployment is under way")

// UnderWay returns the ARN of the deployment that is under way and makes the
// service run a revision. It fails with [ErrNothingToStop].
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html
func (o *On) UnderWay(ctx context.Context, revision string) (arn string, err error) {
	list, err := o.serviceDeployments(ctx, "PENDING", "IN_PROGRESS")
	if err != nil {
		return "", err
	}
	runs, err := o.targets(ctx, list)
	if err != nil {
		return "", err
	}
	slices.SortStableFunc(list, func(a, b wireServiceDeployment) int { return cmp.Compare(at(b.CreatedAt), at(a.CreatedAt)) })
	for _, d := range list {
		if runs[d.Target].Revision == revision {
			return d.ARN, nil
		}
	}
	return "", ErrNothingToStop
}

// StopDeployment makes ECS stop a deployment, by its ARN, and go back to the
// revision before. It works without a circuit breaker, too.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopServiceDeployment.html
func (o *On) StopDeployment(ctx context.Context, arn string) error {
	in := members{"serviceDeploymentArn": arn, "stopType": "ROLLBACK"}
	if err := o.client.Call(ctx, "StopServiceDeployment", in, &struct{}{}); err != nil {
		return fmt.Errorf("service %q: %w", o.Service, err)
	}
	return nil
}

// serviceDeployments lists the latest of the service's deployments in some states,
// the latest first.
func (o *On) serviceDeployments(ctx context.Context, states ...string) ([]wireServiceDeployment, error) {
	var list struct {
		Deployments []wireServiceDeployment `json:"serviceDeployments"`
	}
	in := members{"cluster": o.Cluster, "service": o.Service, "status": states}
	if err := o.client.Call(ctx, "ListServiceDeployments", in, &list); err != nil {
		return nil, fmt.Errorf("deployments of service %q: %w", o.Service, err)
	}
	return list.Deployments, nil
}

// targets are what deployments make the service run, by the ARN of what the service
// is to be.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceRevisions.html
func (o *On) targets(ctx context.Context, list []wireServiceDeployment) (map[string]Served, error) {
	var arns []string
	for _, d := range list {
		if d.Target != "" && !slices.Contains(arns, d.Target) {
			arns = append(arns, d.Target)
		}
	}
	runs := map[string]Served{}
	for chunk := range slices.Chunk(arns, revisionPage) {
		var out struct {
			Revisions []struct {
				ARN            string `json:"serviceRevisionArn"`
				TaskDefinition string `json:"taskDefinition"`
				Images         []struct {
					Container string `json:"containerName"`
					Digest    string `json:"imageDigest"`
				} `json:"containerImages"`
			} `json:"serviceRevisions"`
		}
		if err := o.client.Call(ctx, "DescribeServiceRevisions", members{"serviceRevisionArns": chunk}, &out); err != nil {
			return nil, fmt.Errorf("revisions of service %q: %w", o.Service, err)
		}
		for _, r := range out.Revisions {
			one := Served{Revision: name(r.TaskDefinition), Digests: map[string]string{}}
			for _, i := range r.Images {
				if i.Digest != "" {
					one.Digests[i.Container] = i.Digest
				}
			}
			runs[r.ARN] = one
		}
	}
	return runs, nil
}
