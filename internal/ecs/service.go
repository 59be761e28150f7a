package ecs

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Service is what a service runs now.
type Service struct {
	Name        string       `json:"name"`
	Cluster     string       `json:"cluster"`
	Status      string       `json:"status"` // ACTIVE, DRAINING
	Desired     int          `json:"desired"`
	Running     int          `json:"running"`
	Pending     int          `json:"pending"`
	Revision    Revision     `json:"revision"` // that the service is to run
	Deployments []Deployment `json:"deployments"`
	Tasks       []Task       `json:"tasks"`
	Events      []Event      `json:"events"` // the latest first, at most five
}

// Revision is a revision of a task definition.
type Revision struct {
	Name       string     `json:"name"` // family:number
	Registered *time.Time `json:"registered,omitempty"`
	Images     []Image    `json:"images"`
}

// Image is what a container of a revision runs.
type Image struct {
	Container string `json:"container"`
	Image     string `json:"image"`
	Commit    string `json:"commit,omitempty"` // that a tag of the image names
}

// Deployment is one of a service's, the primary first.
type Deployment struct {
	ID       string     `json:"id"`
	Status   string     `json:"status"`  // PRIMARY, ACTIVE
	Rollout  string     `json:"rollout"` // COMPLETED, IN_PROGRESS, FAILED
	Reason   string     `json:"reason,omitempty"`
	Revision string     `json:"revision"`
	Created  *time.Time `json:"created,omitempty"`
	Desired  int        `json:"desired"`
	Running  int        `json:"running"`
	Pending  int        `json:"pending"`
	Failed   int        `json:"failed"`
}

// Task is a running task.
type Task struct {
	ID       string     `json:"id"`
	Status   string     `json:"status"`
	Health   string     `json:"health,omitempty"`
	Revision string     `json:"revision"`
	Started  *time.Time `json:"started,omitempty"`
}

// Event is what a service says of itself.
type Event struct {
	At      *time.Time `json:"at,omitempty"`
	Message string     `json:"message"`
}

const (
	shownEvents = 5
	taskPage    = 100 // DescribeTasks takes no more
)

// Describe returns what the service runs. It fails with a [*NotFoundError] if
// there is no such service.
func (o *On) Describe(ctx context.Context) (*Service, error) {
	client, cfg, cluster, service := o.client, o.cfg, o.Cluster, o.Service
	s, err := find(ctx, client, cluster, service)
	if err != nil {
		return nil, err
	}
	out := &Service{
		Name: service, Cluster: cluster, Status: aws.ToString(s.Status),
		Desired: int(s.DesiredCount), Running: int(s.RunningCount), Pending: int(s.PendingCount), Tasks: []Task{}, Deployments: []Deployment{},
	}
	if out.Revision, err = revision(ctx, client, aws.ToString(s.TaskDefinition)); err != nil {
		return nil, err
	}
	commits(ctx, cfg, out.Revision.Images)
	for _, d := range s.Deployments {
		out.Deployments = append(out.Deployments, Deployment{
			ID: aws.ToString(d.Id), Status: aws.ToString(d.Status), Rollout: string(d.RolloutState), Reason: aws.ToString(d.RolloutStateReason),
			Revision: name(aws.ToString(d.TaskDefinition)), Created: d.CreatedAt,
			Desired: int(d.DesiredCount), Running: int(d.RunningCount), Pending: int(d.PendingCount), Failed: int(d.FailedTasks),
		})
	}
	slices.SortStableFunc(out.Deployments, func(a, b Deployment) int { return strings.Compare(b.Status, a.Status) })
	for i, e := range s.Events {
		if i < shownEvents {
			out.Events = append(out.Events, Event{At: e.CreatedAt, Message: aws.ToString(e.Message)})
		}
	}
	out.Tasks, err = tasks(ctx, client, cluster, service)
	return out, err
}

func find(ctx context.Context, client *sdk.Client, cluster, service string) (*types.Service, error) {
	found, err := client.DescribeServices(ctx, &sdk.DescribeServicesInput{Cluster: &cluster, Services: []string{service}})
	if err != nil {
		return nil, fmt.Errorf("service %q in cluster %q: %w", service, cluster, err)
	}
	for _, s := range found.Services {
		if aws.ToString(s.Status) != "INACTIVE" && s.TaskDefinition != nil {
			return &s, nil
		}
	}
	return nil, &NotFoundError{What: fmt.Sprintf("service %q in cluster %q", service, cluster)}
}

func revision(ctx context.Context, client *sdk.Client, arn string) (Revision, error) {
	r := Revision{Name: name(arn), Images: []Image{}}
	out, err := client.DescribeTaskDefinition(ctx, &sdk.DescribeTaskDefinitionInput{TaskDefinition: &arn})
	if err != nil {
		return r, fmt.Errorf("task definition %s: %w", r.Name, err)
	}
	r.Registered = out.TaskDefinition.RegisteredAt
	for _, c := range out.TaskDefinition.ContainerDefinitions {
		r.Images = append(r.Images, Image{Container: aws.ToString(c.Name), Image: aws.ToString(c.Image), Commit: commitIn(aws.ToString(c.Image))})
	}
	return r, nil
}

func tasks(ctx context.Context, client *sdk.Client, cluster, service string) ([]Task, error) {
	all := []Task{}
	pages := sdk.NewListTasksPaginator(client, &sdk.ListTasksInput{Cluster: &cluster, ServiceName: &service})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("tasks of service %q: %w", service, err)
		}
		for arns := range slices.Chunk(page.TaskArns, taskPage) {
			out, err := client.DescribeTasks(ctx, &sdk.DescribeTasksInput{Cluster: &cluster, Tasks: arns})
			if err != nil {
				return nil, fmt.Errorf("tasks of service %q: %w", service, err)
			}
			for _, t := range out.Tasks {
				all = append(all, Task{
					ID: name(aws.ToString(t.TaskArn)), Status: aws.ToString(t.LastStatus), Health: string(t.HealthStatus),
					Revision: name(aws.ToString(t.TaskDefinitionArn)), Started: t.StartedAt,
				})
			}
		}
	}
	return all, nil
}

// commitTag is a tag that names a commit, as git abbreviates it or whole.
var commitTag = regexp.MustCompile(`^(?:git-|sha-)?([0-9a-f]{7,40})(?:-dirty)?$`)

// commitIn is the commit that the tag of an image names, or "".
func commitIn(image string) string {
	i := strings.LastIndexByte(image, ':')
	if i < 0 || strings.Contains(image, "@") {
		return ""
	}
	if m := commitTag.FindStringSubmatch(image[i+1:]); m != nil {
		return m[1]
	}
	return ""
}

// pinned is an image in ECR, by its digest or a tag.
var pinned = regexp.MustCompile(`^(\d{12})\.dkr\.ecr\.[^/]+/([^:@]+)(?:@(sha256:[0-9a-f]{64})|:([^@]+))$`)

// commits asks ECR which other tags the images have, where their own names no
// commit. What ECR doesn't tell stays empty: it is only said besides.
func commits(ctx context.Context, cfg aws.Config, images []Image) {
	client := ecr.NewFromConfig(cfg)
	for i := range images {
		m := pinned.FindStringSubmatch(images[i].Image)
		if m == nil || images[i].Commit != "" {
			continue
		}
		id := ecrtypes.ImageIdentifier{}
		if m[3] != "" {
			id.ImageDigest = &m[3]
		} else {
			id.ImageTag = &m[4]
		}
		out, err := client.DescribeImages(ctx, &ecr.DescribeImagesInput{RegistryId: &m[1], RepositoryName: &m[2], ImageIds: []ecrtypes.ImageIdentifier{id}})
		if err != nil {
			continue
		}
		for _, detail := range out.ImageDetails {
			for _, tag := range detail.ImageTags {
				if commit := commitIn(":" + tag); commit != "" {
					images[i].Commit = commit
				}
			}
		}
	}
}

// History returns the latest revisions of the task definition that the service
// runs, the newest first, and the name of the one it runs.
func (o *On) History(ctx context.Context, n int) (revisions []Revision, runs string, err error) {
	client, cfg := o.client, o.cfg
	s, err := find(ctx, client, o.Cluster, o.Service)
	if err != nil {
		return nil, "", err
	}
	runs = name(aws.ToString(s.TaskDefinition))
	family, _, _ := strings.Cut(runs, ":")
	arns, err := newest(ctx, client, family, n)
	if err != nil {
		return nil, "", err
	}
	for _, arn := range arns {
		r, err := revision(ctx, client, arn)
		if err != nil {
			return nil, "", err
		}
		commits(ctx, cfg, r.Images)
		revisions = append(revisions, r)
	}
	return revisions, runs, nil
}

// newest lists the ARNs of a family's latest revisions, the newest first. An
// emulator may list other families that begin alike, and the oldest first.
func newest(ctx context.Context, client *sdk.Client, family string, n int) ([]string, error) {
	var arns []string
	pages := sdk.NewListTaskDefinitionsPaginator(client, &sdk.ListTaskDefinitionsInput{FamilyPrefix: &family, Sort: types.SortOrderDesc})
	for pages.HasMorePages() && len(arns) < n {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("task definitions of %q: %w", family, err)
		}
		for _, arn := range page.TaskDefinitionArns {
			if f, _, _ := strings.Cut(name(arn), ":"); f == family {
				arns = append(arns, arn)
			}
		}
	}
	slices.SortFunc(arns, func(a, b string) int { return number(b) - number(a) })
	return arns[:min(n, len(arns))], nil
}

// number is that of a revision.
func number(arn string) int {
	_, text, _ := strings.Cut(name(arn), ":")
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

// Steady reports whether a service runs what it is to run: one deployment, rolled
// out, with all its tasks.
func (s *Service) Steady() bool {
	return len(s.Deployments) == 1 && s.Deployments[0].Rollout != "IN_PROGRESS" && s.Deployments[0].Rollout != "FAILED" && s.Running == s.Desired
}
