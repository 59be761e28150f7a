// Package schedules finds what starts one-off tasks in a cluster of ECS, targets of
// EventBridge's rules and schedules of EventBridge Scheduler, and makes it start another
// revision. What a revision is, tells hci/internal/aws/ecs.
package schedules

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"hci/internal/aws/client"
)

var (
	events    = client.Service{Host: "events", Name: "events", Target: "AWSEvents", Env: "AWS_ENDPOINT_URL_EVENTBRIDGE"}
	scheduler = client.Service{Host: "scheduler", Name: "scheduler", Env: "AWS_ENDPOINT_URL_SCHEDULER"}
)

type members = map[string]any

// Schedule starts tasks of a task definition.
type Schedule struct {
	Rule string // of a rule's target; "" for a schedule
	Name string // of a schedule, or the id of a target
	Task string // family:number, or the family alone for its newest revision

	group string
	arn   string // of the task definition
	raw   map[string]json.RawMessage
}

// String names it.
func (s Schedule) String() string {
	if s.Rule != "" {
		return fmt.Sprintf("target %s of EventBridge's rule %s", s.Name, s.Rule)
	}
	return "schedule " + s.Name
}

// On is a cluster, by its ARN.
type On struct {
	Cluster           string
	events, scheduler *client.Client
}

// New returns what starts tasks in a cluster.
func New(cfg client.Config, cluster string) *On {
	return &On{Cluster: cluster, events: client.New(cfg, events), scheduler: client.New(cfg, scheduler)}
}

// Rules are the targets of rules on the default event bus.
//
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListRuleNamesByTarget.html
func (o *On) Rules(ctx context.Context) ([]Schedule, error) {
	var all []Schedule
	in := members{"TargetArn": o.Cluster}
	for {
		var page struct {
			Names []string `json:"RuleNames"`
			Next  string   `json:"NextToken"`
		}
		if err := o.events.Call(ctx, "ListRuleNamesByTarget", in, &page); err != nil {
			return nil, err
		}
		for _, rule := range page.Names {
			found, err := o.targets(ctx, rule)
			if err != nil {
				return nil, err
			}
			all = append(all, found...)
		}
		if in["NextToken"] = page.Next; page.Next == "" {
			return all, nil
		}
	}
}

func (o *On) targets(ctx context.Context, rule string) ([]Schedule, error) {
	var all []Schedule
	in := members{"Rule": rule}
	for {
		var page struct {
			Targets []map[string]json.RawMessage `json:"Targets"`
			Next    string                       `json:"NextToken"`
		}
		if err := o.events.Call(ctx, "ListTargetsByRule", in, &page); err != nil {
			return nil, err
		}
		for _, raw := range page.Targets {
			s := Schedule{Rule: rule, Name: text(raw["Id"]), raw: raw}
			if s.read(raw["EcsParameters"]) && text(raw["Arn"]) == o.Cluster {
				all = append(all, s)
			}
		}
		if in["NextToken"] = page.Next; page.Next == "" {
			return all, nil
		}
	}
}

// Schedules are those of EventBridge Scheduler.
//
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_ListSchedules.html
func (o *On) Schedules(ctx context.Context) ([]Schedule, error) {
	var all []Schedule
	next := ""
	for {
		var page struct {
			Schedules []struct {
				Name   string `json:"Name"`
				Group  string `json:"GroupName"`
				Target struct {
					ARN string `json:"Arn"`
				} `json:"Target"`
			} `json:"Schedules"`
			Next string `json:"NextToken"`
		}
		path := "/schedules?MaxResults=100"
		if next != "" {
			path += "&NextToken=" + url.QueryEscape(next)
		}
		if err := o.scheduler.REST(ctx, "ListSchedules", http.MethodGet, path, nil, &page); err != nil {
			return nil, err
		}
		for _, one := range page.Schedules {
			if one.Target.ARN != o.Cluster {
				continue
			}
			s, ok, err := o.schedule(ctx, one.Name, one.Group)
			if err != nil {
				return nil, err
			}
			if ok {
				all = append(all, s)
			}
		}
		if next = page.Next; next == "" {
			return all, nil
		}
	}
}

func (o *On) schedule(ctx context.Context, name, group string) (s Schedule, ok bool, err error) {
	s = Schedule{Name: name, group: group}
	path := "/schedules/" + url.PathEscape(name) + "?groupName=" + url.QueryEscape(group)
	if err := o.scheduler.REST(ctx, "GetSchedule", http.MethodGet, path, nil, &s.raw); err != nil {
		return s, false, err
	}
	var target map[string]json.RawMessage
	if json.Unmarshal(s.raw["Target"], &target) != nil {
		return s, false, nil
	}
	return s, s.read(target["EcsParameters"]), nil
}

// read notes the task definition in the parameters for ECS; ok is false if there is none.
func (s *Schedule) read(parameters json.RawMessage) (ok bool) {
	var ecs struct {
		Task string `json:"TaskDefinitionArn"`
	}
	if json.Unmarshal(parameters, &ecs) != nil || ecs.Task == "" {
		return false
	}
	s.arn, s.Task = ecs.Task, ecs.Task[strings.LastIndexByte(ecs.Task, '/')+1:]
	return true
}

// Pinned reports whether it starts one revision, whatever is newer.
func (s Schedule) Pinned() bool { return strings.Contains(s.Task, ":") }

// described are the members of a schedule's description that an update does not take.
var described = []string{"Arn", "CreationDate", "LastModificationDate", "Name"}

// again reads a schedule once more: an update replaces all of it, and it may have
// been changed since it was looked at.
func (o *On) again(ctx context.Context, old Schedule) (Schedule, error) {
	gone := fmt.Errorf("%s starts no task of this cluster any more", old.Name)
	if old.Rule == "" {
		s, ok, err := o.schedule(ctx, old.Name, old.group)
		if err == nil && !ok {
			err = gone
		}
		return s, err
	}
	all, err := o.targets(ctx, old.Rule)
	if err != nil {
		return old, err
	}
	for _, s := range all {
		if s.Name == old.Name {
			return s, nil
		}
	}
	return old, gone
}

// Point makes a schedule start a revision, and changes nothing else of it.
//
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_UpdateSchedule.html
func (o *On) Point(ctx context.Context, s Schedule, revision string) error {
	s, err := o.again(ctx, s)
	if err != nil {
		return err
	}
	arn := s.arn[:strings.LastIndexByte(s.arn, '/')+1] + revision
	if s.Rule != "" {
		raw, err := pointed(s.raw, arn, "EcsParameters")
		if err != nil {
			return err
		}
		var out struct {
			Failed []struct {
				Code    string `json:"ErrorCode"`
				Message string `json:"ErrorMessage"`
			} `json:"FailedEntries"`
		}
		if err := o.events.Call(ctx, "PutTargets", members{"Rule": s.Rule, "Targets": []any{raw}}, &out); err != nil {
			return err
		}
		if len(out.Failed) > 0 {
			return fmt.Errorf("AWS did not take it: %s: %s", out.Failed[0].Code, out.Failed[0].Message)
		}
		return nil
	}
	raw, err := pointed(s.raw, arn, "Target", "EcsParameters")
	if err != nil {
		return err
	}
	for _, name := range described {
		delete(raw, name)
	}
	return o.scheduler.REST(ctx, "UpdateSchedule", http.MethodPut, "/schedules/"+url.PathEscape(s.Name), raw, &struct{}{})
}

// pointed is a copy of an object in which the parameters at a path name a task
// definition.
func pointed(object map[string]json.RawMessage, arn string, path ...string) (map[string]json.RawMessage, error) {
	all := map[string]json.RawMessage{}
	for name, value := range object {
		all[name] = value
	}
	if len(path) == 0 {
		value, err := json.Marshal(arn)
		all["TaskDefinitionArn"] = value
		return all, err
	}
	var inner map[string]json.RawMessage
	if json.Unmarshal(object[path[0]], &inner) != nil {
		return nil, errors.New("AWS's description of it can't be read")
	}
	changed, err := pointed(inner, arn, path[1:]...)
	if err != nil {
		return nil, err
	}
	value, err := json.Marshal(changed)
	all[path[0]] = value
	return all, err
}

func text(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s) // "" for what is none
	return s
}
