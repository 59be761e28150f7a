package fakeaws

import (
	"slices"
	"sort"
	"strings"
	"time"
)

func (s *Server) listTasks(in object) (object, error) {
	if err := s.here(in); err != nil {
		return nil, err
	}
	wanted := str(in, "desiredStatus")
	if wanted == "" {
		wanted = running
	}
	arns := []string{}
	for _, t := range s.all {
		family, _, _ := strings.Cut(t.definition, ":")
		switch {
		case (t.status == stopped) != (wanted == stopped):
		case str(in, "serviceName") != "" && t.group != "service:"+last(str(in, "serviceName")):
		case str(in, "family") != "" && family != str(in, "family"):
		case str(in, "startedBy") != "" && t.startedBy != str(in, "startedBy"):
		default:
			arns = append(arns, s.taskARN(t))
		}
	}
	return object{"taskArns": arns}, nil
}

func (s *Server) taskARN(t *task) string { return s.arn("task", s.o.Cluster+"/"+t.id) }

func (s *Server) describeTasks(in object) (object, error) {
	if err := s.here(in); err != nil {
		return nil, err
	}
	tasks, failures := []any{}, []any{}
	for _, arn := range list(in, "tasks") {
		at := slices.IndexFunc(s.all, func(t *task) bool { return t.id == last(arn) })
		if at < 0 {
			failures = append(failures, object{"arn": arn, "reason": "MISSING"})
			continue
		}
		tasks = append(tasks, s.taskObject(s.all[at]))
	}
	return object{"tasks": tasks, "failures": failures}, nil
}

func (s *Server) taskObject(t *task) object {
	o := object{
		"taskArn": s.taskARN(t), "clusterArn": s.arn("cluster", s.o.Cluster), "taskDefinitionArn": s.arn("task-definition", t.definition),
		"lastStatus": t.status, "desiredStatus": t.desired(), "group": t.group, "startedBy": t.startedBy,
		"createdAt": seconds(t.created), "launchType": "FARGATE", "healthStatus": "UNKNOWN",
	}
	if !t.started.IsZero() {
		o["startedAt"] = seconds(t.started)
	}
	if t.status == stopped {
		o["stoppedAt"], o["stopCode"], o["stoppedReason"] = seconds(t.ended), t.code, t.reason
	}
	containers := []any{}
	names := []string{}
	for name := range t.containers {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		c := t.containers[name]
		one := object{"name": name, "lastStatus": t.status, "containerArn": s.arn("container", s.o.Cluster+"/"+t.id+"/"+name)}
		if c.exit != nil {
			one["exitCode"] = *c.exit
		}
		if c.reason != "" {
			one["reason"] = c.reason
		}
		if _, digest, ok := strings.Cut(s.imageOf(t, name), "@"); ok {
			one["imageDigest"] = digest
		}
		containers = append(containers, one)
	}
	o["containers"] = containers
	s.execable(t, o)
	return o
}

// imageOf is a container's image, as the task's definition names it.
func (s *Server) imageOf(t *task, container string) string {
	d := s.find(t.definition)
	if d == nil {
		return ""
	}
	for _, c := range objects(d.raw, "containerDefinitions") {
		if str(c, "name") == container {
			return str(c, "image")
		}
	}
	return ""
}

func (s *Server) runTask(in object) (object, error) {
	if err := s.here(in); err != nil {
		return nil, err
	}
	d := s.find(str(in, "taskDefinition"))
	if d == nil {
		return nil, fail("ClientException", "TaskDefinition not found.")
	}
	if !d.active() {
		return nil, errInactive()
	}
	if _, ok := in["networkConfiguration"].(object); !ok {
		return nil, fail("InvalidParameterException", "Network Configuration must be provided when networkMode 'awsvpc' is specified.")
	}
	token := str(in, "clientToken")
	if t := s.runs[token]; t != nil && token != "" {
		if t.definition != d.name {
			return nil, fail("ConflictException", "The request with this client token had other parameters.")
		}
		return object{"tasks": []any{s.taskObject(t)}, "failures": []any{}}, nil
	}
	t := &task{id: newID(), definition: d.name, startedBy: str(in, "startedBy"), group: "family:" + str(d.raw, "family"), status: provisioning, created: time.Now()}
	t.commands = overrides(in)
	s.all = append(s.all, t)
	s.runs[token] = t
	s.enliven(t, d)
	return object{"tasks": []any{s.taskObject(t)}, "failures": []any{}}, nil
}

// overrides are the commands that a request has for containers.
func overrides(in object) map[string][]string {
	all := map[string][]string{}
	o, _ := in["overrides"].(object)
	containers, _ := o["containerOverrides"].([]any)
	for _, item := range containers {
		if c, ok := item.(object); ok {
			all[str(c, "name")] = list(c, "command")
		}
	}
	return all
}

func (s *Server) stopTask(in object) (object, error) {
	at := slices.IndexFunc(s.all, func(t *task) bool { return t.id == last(str(in, "task")) })
	if at < 0 {
		return nil, fail("InvalidParameterException", "The referenced task was not found.")
	}
	t := s.all[at]
	s.end(t, "UserInitiated", str(in, "reason"))
	return object{"task": s.taskObject(t)}, nil
}
