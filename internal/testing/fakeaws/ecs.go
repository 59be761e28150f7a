package fakeaws

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// definition is a registered task definition.
type definition struct {
	name       string // family:number
	raw        object
	tags       []any
	registered time.Time
	by         string
}

// service is one that there is.
type service struct {
	name, family string
	deleted      bool
	definition   string        // that it is to run
	deployments  []*deployment // that still have tasks, the primary first
	history      []*deployment // all, the latest last
	events       []object
	breaker      bool
	stable       string // revision that ran last
}

// deployment is one of the service's.
type deployment struct {
	id, status, rollout, reason string
	definition                  string
	created, steady             time.Time
	failed                      int
	retry                       time.Time // no task is started before
	seeded                      bool      // its tasks are no containers
	bake                        time.Time // since when all traffic goes to its tasks
	images                      []any     // that its containers run, by their digests
	told                        bool      // that it failed
}

const (
	primary    = "PRIMARY"
	active     = "ACTIVE"
	inProgress = "IN_PROGRESS"
	completed  = "COMPLETED"
	failedOut  = "FAILED"
)

// begin makes the services as they run before the deployment.
func (s *Server) begin() {
	for _, one := range append([]Service{{s.o.Service, s.o.Family}}, s.o.More...) {
		s.beginService(one)
	}
	s.service = s.services[0]
}

func (s *Server) beginService(one Service) {
	name := one.Family + ":1"
	d := &deployment{id: "ecs-svc/" + newID()[:19], status: primary, rollout: completed, definition: name, created: time.Now().Add(-time.Hour), seeded: true}
	s.service = &service{name: one.Name, family: one.Family, definition: name, deployments: []*deployment{d}, history: []*deployment{d}, events: []object{}, breaker: s.o.Scenario == Breaker, stable: name}
	s.services = append(s.services, s.service)
	if s.o.Scenario == InProgress {
		d.rollout, d.created = inProgress, time.Now().Add(-3*time.Minute)
	}
	for range s.o.Desired {
		s.all = append(s.all, &task{id: newID(), definition: name, startedBy: d.id, group: "service:" + s.service.name, status: running, created: d.created, started: d.created})
	}
}

// register makes a new revision of a family.
func (s *Server) register(family string, raw object, by string) *definition {
	raw = maps.Clone(raw)
	number := len(s.families[family]) + 1
	d := &definition{name: fmt.Sprintf("%s:%d", family, number), raw: raw, registered: time.Now(), by: by}
	raw["family"], raw["revision"], raw["status"] = family, number, "ACTIVE"
	raw["taskDefinitionArn"] = s.arn("task-definition", d.name)
	raw["registeredAt"], raw["registeredBy"] = seconds(d.registered), by
	raw["compatibilities"] = []any{"EC2", "FARGATE"}
	raw["requiresAttributes"] = []any{object{"name": "com.amazonaws.ecs.capability.ecr-auth"}}
	s.families[family] = append(s.families[family], d)
	return d
}

// find finds a definition by its ARN, its name or its family.
func (s *Server) find(id string) *definition {
	family, number, numbered := strings.Cut(last(id), ":")
	all := s.families[family]
	if len(all) == 0 {
		return nil
	}
	if !numbered {
		for _, d := range slices.Backward(all) {
			if d.active() {
				return d
			}
		}
		return nil
	}
	at := slices.IndexFunc(all, func(d *definition) bool { return d.name == family+":"+number })
	if at < 0 {
		return nil
	}
	return all[at]
}

// active reports whether a definition was not withdrawn.
func (d *definition) active() bool { return str(d.raw, "status") == "ACTIVE" }

// errInactive refuses to run what was withdrawn.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterTaskDefinition.html
func errInactive() error { return fail("ClientException", "TaskDefinition is inactive") }

func (s *Server) deregisterTaskDefinition(in object) (object, error) {
	d := s.find(str(in, "taskDefinition"))
	if d == nil || !strings.Contains(last(str(in, "taskDefinition")), ":") {
		return nil, fail("ClientException", "The specified task definition does not exist.")
	}
	d.raw = maps.Clone(d.raw) // answers may still be written from it
	d.raw["status"], d.raw["deregisteredAt"] = "INACTIVE", seconds(time.Now())
	return object{"taskDefinition": d.raw}, nil
}

func (s *Server) describeTaskDefinition(in object) (object, error) {
	d := s.find(str(in, "taskDefinition"))
	if d == nil {
		return nil, fail("ClientException", "Unable to describe task definition.")
	}
	out := object{"taskDefinition": d.raw}
	if slices.Contains(list(in, "include"), "TAGS") && len(d.tags) > 0 {
		out["tags"] = d.tags
	}
	return out, nil
}

// described are the members of a description that registering refuses.
var described = []string{"compatibilities", "taskDefinitionArn", "requiresAttributes", "revision", "status", "registeredAt", "registeredBy", "deregisteredAt", "deleteRequestedAt"}

func (s *Server) registerTaskDefinition(in object) (object, error) {
	for _, key := range described {
		if _, there := in[key]; there {
			return nil, fail("ClientException", "Unknown parameter in input: %q", key)
		}
	}
	tags, given := in["tags"].([]any)
	if given && len(tags) == 0 {
		return nil, fail("ClientException", "Tags can not be empty.")
	}
	family := str(in, "family")
	if containers, _ := in["containerDefinitions"].([]any); family == "" || len(containers) == 0 {
		return nil, fail("ClientException", "Container list cannot be empty.")
	}
	raw := maps.Clone(in)
	delete(raw, "tags")
	d := s.register(family, raw, "arn:aws:sts::"+s.o.Account+":assumed-role/rehearsal/hci")
	d.tags = tags
	out := object{"taskDefinition": d.raw}
	if len(tags) > 0 {
		out["tags"] = tags
	}
	return out, nil
}

func (s *Server) listTaskDefinitions(in object) (object, error) {
	arns := []string{}
	for _, d := range s.families[str(in, "familyPrefix")] {
		if d.active() {
			arns = append(arns, s.arn("task-definition", d.name))
		}
	}
	if str(in, "sort") == "DESC" {
		slices.Reverse(arns)
	}
	return object{"taskDefinitionArns": arns}, nil
}

func (s *Server) here(in object) error {
	if c := last(str(in, "cluster")); c != s.o.Cluster {
		return fail("ClusterNotFoundException", "Cluster not found.")
	}
	return nil
}

func (s *Server) describeServices(in object) (object, error) {
	if err := s.here(in); err != nil {
		return nil, err
	}
	services, failures := []any{}, []any{}
	for _, name := range list(in, "services") {
		if !s.about(name) || s.service.deleted {
			failures = append(failures, object{"arn": s.arn("service", s.o.Cluster+"/"+last(name)), "reason": "MISSING"})
			continue
		}
		services = append(services, s.serviceObject())
	}
	return object{"services": services, "failures": failures}, nil
}

// about makes a service the one that an operation is about, by its name or ARN; the
// lock is held.
func (s *Server) about(name string) bool {
	at := slices.IndexFunc(s.services, func(one *service) bool { return one.name == last(name) })
	if at >= 0 {
		s.service = s.services[at]
	}
	return at >= 0
}

// aboutARN is about for the ARN of something that is a service's: its last part is an
// id, the one before the service's name.
func (s *Server) aboutARN(arn string) bool {
	i := strings.LastIndexByte(arn, '/')
	return i > 0 && s.about(arn[:i])
}

// counts are a deployment's tasks.
func (s *Server) counts(d *deployment) (runs, starts int) {
	for _, t := range s.all {
		if t.startedBy != d.id {
			continue
		}
		switch t.status {
		case running:
			runs++
		case stopped:
		default:
			starts++
		}
	}
	return runs, starts
}

func (s *Server) serviceObject() object {
	runs, starts := 0, 0
	deployments := []any{}
	for _, d := range s.service.deployments {
		r, p := s.counts(d)
		runs, starts = runs+r, starts+p
		d.told = d.told || d.rollout == failedOut
		o := object{
			"id": d.id, "status": d.status, "rolloutState": d.rollout, "taskDefinition": s.arn("task-definition", d.definition),
			"createdAt": seconds(d.created), "updatedAt": seconds(d.created), "desiredCount": s.o.Desired,
			"runningCount": r, "pendingCount": p, "failedTasks": d.failed, "launchType": "FARGATE", "platformVersion": "1.4.0",
		}
		if d.reason != "" {
			o["rolloutStateReason"] = d.reason
		}
		deployments = append(deployments, o)
	}
	configuration := object{
		"deploymentCircuitBreaker": object{"enable": s.service.breaker, "rollback": s.service.breaker},
		"maximumPercent":           200, "minimumHealthyPercent": 100,
	}
	if s.o.Scenario == BlueGreen {
		configuration["strategy"], configuration["bakeTimeInMinutes"] = "BLUE_GREEN", bakeMinutes
	}
	return object{
		"serviceArn": s.arn("service", s.o.Cluster+"/"+s.service.name), "serviceName": s.service.name,
		"clusterArn": s.arn("cluster", s.o.Cluster), "status": "ACTIVE",
		"desiredCount": s.o.Desired, "runningCount": runs, "pendingCount": starts,
		"taskDefinition": s.arn("task-definition", s.service.definition),
		"launchType":     "FARGATE", "platformVersion": "LATEST", "platformFamily": "Linux",
		"networkConfiguration":    object{"awsvpcConfiguration": object{"subnets": []string{"subnet-rehearsal"}, "securityGroups": []string{"sg-rehearsal"}, "assignPublicIp": "DISABLED"}},
		"deploymentConfiguration": configuration,
		"deployments":             deployments, "events": s.service.events, "enableExecuteCommand": s.o.Exec != "",
	}
}

const shownEvents = 100

func (s *Server) event(format string, args ...any) {
	e := object{"id": newID(), "createdAt": seconds(time.Now()), "message": fmt.Sprintf("(service %s) ", s.service.name) + fmt.Sprintf(format, args...)}
	s.service.events = append([]object{e}, s.service.events...)
	s.service.events = s.service.events[:min(len(s.service.events), shownEvents)]
}

func (s *Server) updateService(in object) (object, error) {
	if err := s.here(in); err != nil {
		return nil, err
	}
	if !s.about(str(in, "service")) || s.service.deleted {
		return nil, fail("ServiceNotFoundException", "Service not found.")
	}
	d := s.find(s.service.definition)
	if id := str(in, "taskDefinition"); id != "" {
		if d = s.find(id); d == nil {
			return nil, fail("ClientException", "TaskDefinition not found.")
		}
	}
	force, _ := in["forceNewDeployment"].(bool)
	if !d.active() {
		return nil, errInactive()
	}
	if d.name != s.service.definition || force {
		s.start(d.name)
		s.afterUpdate()
	}
	return object{"service": s.serviceObject()}, nil
}

// images are those of a definition's containers that lie in the repository. A
// deployment runs what their tags name when it begins.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerImage.html
func (s *Server) images(name string) []any {
	all := []any{}
	for _, c := range objects(s.find(name).raw, "containerDefinitions") {
		image := str(c, "image")
		reference, ours := strings.CutPrefix(image, s.RepositoryURI())
		one := object{"containerName": str(c, "name"), "image": image}
		if digest := s.digest(s.o.Repository, strings.TrimLeft(reference, ":@")); ours && digest != "" {
			one["imageDigest"] = digest
		}
		all = append(all, one)
	}
	return all
}

// start begins a deployment.
func (s *Server) start(name string) *deployment {
	for _, old := range s.service.deployments {
		if old.status == primary {
			old.status = active
			if old.rollout == completed {
				s.service.stable = old.definition
			}
		}
	}
	d := &deployment{id: "ecs-svc/" + newID()[:19], status: primary, rollout: inProgress, definition: name, created: time.Now(), reason: "ECS deployment in progress.", images: s.images(name)}
	s.service.definition = name
	s.service.deployments = append([]*deployment{d}, s.service.deployments...)
	s.service.history = append(s.service.history, d)
	s.event("has started a deployment of %s.", name)
	return d
}
