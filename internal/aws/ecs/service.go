package ecs

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"hci/internal/aws/client"
)

// Service is what a service runs now.
type Service struct {
	Name        string       `json:"name"`
	Cluster     string       `json:"cluster"`
	ClusterARN  string       `json:"-"`
	Status      string       `json:"status"` // ACTIVE, DRAINING
	Desired     int          `json:"desired"`
	Running     int          `json:"running"`
	Pending     int          `json:"pending"`
	Revision    Revision     `json:"revision"` // that the service is to run
	Deployments []Deployment `json:"deployments"`
	Breaker     bool         `json:"breaker"`              // ECS itself rolls a failing deployment back
	Controller  string       `json:"controller,omitempty"` // ECS, CODE_DEPLOY, EXTERNAL; "" is ECS
	Strategy    *Strategy    `json:"strategy,omitempty"`   // nil for rolling updates
	Stage       *Stage       `json:"stage,omitempty"`      // of the deployment under way, where it has stages and was asked for
	Tasks       []Task       `json:"tasks"`
	Events      []Event      `json:"events"` // the latest first, at most five
}

// Revision is a revision of a task definition.
type Revision struct {
	Name       string     `json:"name"` // family:number
	Registered *time.Time `json:"registered,omitempty"`
	Inactive   bool       `json:"inactive,omitempty"`  // deregistered: ECS starts no tasks of it
	Withdrawn  bool       `json:"withdrawn,omitempty"` // the old name of Inactive, for one release
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
	ID      string     `json:"-"`
	At      *time.Time `json:"at,omitempty"`
	Message string     `json:"message"`
}

const (
	shownEvents = 5
	taskPage    = 100 // DescribeTasks takes no more

	revisionPage = 20 // nor DescribeServiceRevisions
)

// State returns how a service stands, without its tasks and of its revision the
// name only. It is one request, and fails with a [*NotFoundError] if there is no
// such service.
func (o *On) State(ctx context.Context) (*Service, error) {
	s, err := o.find(ctx)
	if err != nil {
		return nil, err
	}
	out := &Service{
		Name: o.Service, Cluster: o.Cluster, ClusterARN: s.ClusterARN, Status: s.Status, Revision: Revision{Name: name(s.TaskDefinition)},
		Desired: s.DesiredCount, Running: s.RunningCount, Pending: s.PendingCount, Deployments: []Deployment{},
		Breaker: s.Configuration.Breaker.Enable && s.Configuration.Breaker.Rollback, Controller: s.Controller.Type,
	}
	out.Strategy = s.strategy()
	for _, d := range s.Deployments {
		out.Deployments = append(out.Deployments, Deployment{
			ID: d.ID, Status: d.Status, Rollout: d.RolloutState, Reason: d.RolloutStateReason,
			Revision: name(d.TaskDefinition), Created: d.CreatedAt.Time(),
			Desired: d.DesiredCount, Running: d.RunningCount, Pending: d.PendingCount, Failed: d.FailedTasks,
		})
	}
	slices.SortStableFunc(out.Deployments, func(a, b Deployment) int { return strings.Compare(b.Status, a.Status) })
	for i, e := range s.Events {
		if i < shownEvents {
			out.Events = append(out.Events, Event{ID: e.ID, At: e.CreatedAt.Time(), Message: e.Message})
		}
	}
	return out, nil
}

// Describe returns what the service runs. It fails with a [*NotFoundError] if
// there is no such service.
func (o *On) Describe(ctx context.Context) (*Service, error) {
	out, err := o.State(ctx)
	if err != nil {
		return nil, err
	}
	if out.Revision, err = o.Revision(ctx, out.Revision.Name); err != nil {
		return nil, err
	}
	out.Tasks, err = o.tasks(ctx)
	return out, err
}

func (o *On) find(ctx context.Context) (*wireService, error) {
	var found wireServices
	if err := o.client.Call(ctx, "DescribeServices", members{"cluster": o.Cluster, "services": []string{o.Service}}, &found); err != nil {
		return nil, o.named(err)
	}
	for _, s := range found.Services {
		if s.Status != "INACTIVE" && s.TaskDefinition != "" {
			return &s, nil
		}
	}
	return nil, &NotFoundError{What: fmt.Sprintf("service %q in cluster %q", o.Service, o.Cluster)}
}

// named says of which service an error is; that there is none is a
// [*NotFoundError].
func (o *On) named(err error) error {
	switch client.Code(err) {
	case "ClusterNotFoundException":
		return &NotFoundError{What: fmt.Sprintf("cluster %q", o.Cluster)}
	case "ServiceNotFoundException", "ServiceNotActiveException":
		return &NotFoundError{What: fmt.Sprintf("service %q in cluster %q", o.Service, o.Cluster)}
	}
	return fmt.Errorf("service %q in cluster %q: %w", o.Service, o.Cluster, err)
}

// definition reads a revision of a task definition.
func (o *On) definition(ctx context.Context, arn string) (*wireDefinition, error) {
	var out wireDefinition
	err := o.client.Call(ctx, "DescribeTaskDefinition", members{"taskDefinition": arn}, &out)
	if notDescribed(err) {
		return nil, &NotFoundError{What: fmt.Sprintf("task definition %q", name(arn))}
	}
	if err != nil {
		return nil, fmt.Errorf("task definition %s: %w", name(arn), err)
	}
	return &out, nil
}

// Revision reads one, by its name or ARN. It fails with a [*NotFoundError].
func (o *On) Revision(ctx context.Context, id string) (Revision, error) {
	d, err := o.Definition(ctx, id)
	if err != nil {
		return Revision{}, err
	}
	r := d.Revision()
	r.Name = name(id)
	o.Commits(ctx, r.Images)
	return r, nil
}

// pages calls a listing operation until all is listed, or f says that it is
// enough.
func (o *On) pages(ctx context.Context, operation string, in members, f func(wireList) (enough bool)) error {
	for {
		var page wireList
		if err := o.client.Call(ctx, operation, in, &page); err != nil {
			return err
		}
		if f(page) || page.NextToken == "" {
			return nil
		}
		in["nextToken"] = page.NextToken
	}
}

func (o *On) tasks(ctx context.Context) ([]Task, error) {
	found, err := o.listed(ctx, members{"cluster": o.Cluster, "serviceName": o.Service})
	if err != nil {
		return nil, fmt.Errorf("tasks of service %q: %w", o.Service, err)
	}
	all := []Task{}
	for _, t := range found {
		all = append(all, Task{
			ID: name(t.TaskArn), Status: t.LastStatus, Health: t.HealthStatus,
			Revision: name(t.TaskDefinitionArn), Started: t.StartedAt.Time(),
		})
	}
	return all, nil
}

// listed describes all tasks that ListTasks lists.
func (o *On) listed(ctx context.Context, in members) ([]wireTask, error) {
	var arns []string
	err := o.pages(ctx, "ListTasks", in, func(page wireList) bool {
		arns = append(arns, page.TaskArns...)
		return false
	})
	if err != nil {
		return nil, err
	}
	var all []wireTask
	for chunk := range slices.Chunk(arns, taskPage) {
		found, err := o.describeTasks(ctx, chunk)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func (o *On) describeTasks(ctx context.Context, arns []string) ([]wireTask, error) {
	var out wireTasks
	err := o.client.Call(ctx, "DescribeTasks", members{"cluster": o.Cluster, "tasks": arns}, &out)
	return out.Tasks, err
}

// Digests are those of the images that the containers of a revision run now, by
// container. One that tasks run in different forms, or that AWS doesn't tell, is
// left out.
func (o *On) Digests(ctx context.Context, revision string) (map[string]string, error) {
	found, err := o.listed(ctx, members{"cluster": o.Cluster, "serviceName": o.Service})
	if err != nil {
		return nil, fmt.Errorf("tasks of service %q: %w", o.Service, err)
	}
	digests := map[string]string{}
	for _, t := range found {
		for _, c := range t.Containers {
			if old, there := digests[c.Name]; name(t.TaskDefinitionArn) != revision || c.ImageDigest == "" || there && old == c.ImageDigest {
				continue
			} else if there {
				digests[c.Name] = ""
				continue
			}
			digests[c.Name] = c.ImageDigest
		}
	}
	maps.DeleteFunc(digests, func(_, digest string) bool { return digest == "" })
	return digests, nil
}

// commitTag is a tag that names a commit, as git abbreviates it or whole.
var commitTag = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:git-|sha-)?([0-9a-f]{7,40})(?:-dirty)?$`)
})

// commitIn is the commit that the tag of an image names, or "".
func commitIn(image string) string {
	i := strings.LastIndexByte(image, ':')
	if i < 0 || strings.Contains(image, "@") {
		return ""
	}
	if m := commitTag().FindStringSubmatch(image[i+1:]); m != nil {
		return m[1]
	}
	return ""
}

// pinned is an image in ECR, by its digest or a tag.
var pinned = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(\d{12})\.dkr\.ecr\.[^/]+/([^:@]+)(?:@(sha256:[0-9a-f]{64})|:([^@]+))$`)
})

// Commits notes the commits of images: those that their tags name or else other tags
// that ECR tells of. What it doesn't tell stays empty: it is only said besides.
func (o *On) Commits(ctx context.Context, images []Image) {
	for i := range images {
		images[i].Commit = commitIn(images[i].Image)
		m := pinned().FindStringSubmatch(images[i].Image)
		if m == nil || images[i].Commit != "" {
			continue
		}
		id := members{"imageTag": m[4]}
		if m[3] != "" {
			id = members{"imageDigest": m[3]}
		}
		var out struct {
			ImageDetails []struct {
				ImageTags []string `json:"imageTags"`
			} `json:"imageDetails"`
		}
		in := members{"registryId": m[1], "repositoryName": m[2], "imageIds": []members{id}}
		if client.New(o.cfg, ecrService).Call(ctx, "DescribeImages", in, &out) != nil {
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
// runs, the newest first, and the name of the one it runs, which is among them.
func (o *On) History(ctx context.Context, n int) (revisions []Revision, runs string, err error) {
	s, err := o.find(ctx)
	if err != nil {
		return nil, "", err
	}
	runs = name(s.TaskDefinition)
	family, _, _ := strings.Cut(runs, ":")
	names, err := o.Revisions(ctx, family, n)
	if err != nil {
		return nil, "", err
	}
	if !slices.Contains(names, runs) && n > 0 { // it was withdrawn, or is older
		names = append(names[:min(n-1, len(names))], runs)
		slices.SortFunc(names, func(a, b string) int { return number(b) - number(a) })
	}
	for _, one := range names {
		r, err := o.Revision(ctx, one)
		if err != nil {
			return nil, "", err
		}
		revisions = append(revisions, r)
	}
	return revisions, runs, nil
}

// Served is a revision that a service's deployment made it run.
type Served struct {
	Revision string
	Digests  map[string]string // of the images that its containers ran, by container
}

// Served lists the revisions that the service's successful deployments made it run,
// the latest first, each once. AWS keeps them for 90 days.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html
func (o *On) Served(ctx context.Context) ([]Served, error) {
	list, err := o.serviceDeployments(ctx, "SUCCESSFUL")
	if err != nil {
		return nil, err
	}
	runs, err := o.targets(ctx, list)
	if err != nil {
		return nil, err
	}
	var all []Served
	for _, d := range list {
		target := runs[d.Target]
		if target.Revision != "" && !slices.ContainsFunc(all, func(s Served) bool { return s.Revision == target.Revision }) {
			all = append(all, target)
		}
	}
	return all, nil
}

// Revisions lists the names of the revisions of a family, the newest first, that were
// not withdrawn.
func (o *On) Revisions(ctx context.Context, family string, n int) ([]string, error) {
	arns, err := o.newest(ctx, family, n)
	if err != nil {
		return nil, fmt.Errorf("task definitions of %q: %w", family, err)
	}
	for i := range arns {
		arns[i] = name(arns[i])
	}
	return arns, nil
}

// newest lists the ARNs of a family's latest revisions, the newest first. An
// emulator may list other families that begin alike, and the oldest first.
func (o *On) newest(ctx context.Context, family string, n int) ([]string, error) {
	var arns []string
	err := o.pages(ctx, "ListTaskDefinitions", members{"familyPrefix": family, "sort": "DESC"}, func(page wireList) bool {
		for _, arn := range page.TaskDefinitionArns {
			if f, _, _ := strings.Cut(name(arn), ":"); f == family {
				arns = append(arns, arn)
			}
		}
		return len(arns) >= n
	})
	slices.SortFunc(arns, func(a, b string) int { return number(b) - number(a) })
	return arns[:min(n, len(arns))], err
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
	return len(s.Deployments) == 1 && s.Deployments[0].Rollout != RolloutInProgress && s.Deployments[0].Rollout != RolloutFailed && s.Running == s.Desired
}
