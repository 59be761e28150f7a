package fakeaws

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// AddTarget gives a rule of EventBridge a target, in AWS's form.
func (s *Server) AddTarget(rule string, target map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.targets[rule] = append(s.targets[rule], target)
}

// AddSchedule adds a schedule of EventBridge Scheduler, in AWS's form, in place of one
// of its name.
func (s *Server) AddSchedule(schedule map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scheduled = slices.DeleteFunc(s.scheduled, func(t object) bool { return str(t, "Name") == str(schedule, "Name") })
	s.scheduled = append(s.scheduled, schedule)
}

// Target is a rule's target with an id, Scheduled a schedule with a name, as they are
// now.
func (s *Server) Target(rule, id string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.targets[rule], func(t object) bool { return str(t, "Id") == id })
	return maps.Clone(s.targets[rule][at])
}

func (s *Server) Scheduled(name string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.scheduled, func(t object) bool { return str(t, "Name") == name })
	return maps.Clone(s.scheduled[at])
}

func (s *Server) listRuleNamesByTarget(in object) (object, error) {
	names := []string{}
	for rule, targets := range s.targets {
		if slices.ContainsFunc(targets, func(t object) bool { return str(t, "Arn") == str(in, "TargetArn") }) {
			names = append(names, rule)
		}
	}
	slices.Sort(names)
	return object{"RuleNames": names}, nil
}

func (s *Server) listTargetsByRule(in object) (object, error) {
	targets, ok := s.targets[str(in, "Rule")]
	if !ok {
		return nil, fail("ResourceNotFoundException", "Rule %s does not exist on EventBus default.", str(in, "Rule"))
	}
	return object{"Targets": targets}, nil
}

// putTargets replaces targets by their ids.
//
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html
func (s *Server) putTargets(in object) (object, error) {
	rule := str(in, "Rule")
	for _, target := range objects(in, "Targets") {
		at := slices.IndexFunc(s.targets[rule], func(t object) bool { return str(t, "Id") == str(target, "Id") })
		if at < 0 {
			s.targets[rule] = append(s.targets[rule], target)
			continue
		}
		s.targets[rule][at] = target
	}
	return object{"FailedEntryCount": 0, "FailedEntries": []any{}}, nil
}

// schedulesPath begins the paths of EventBridge Scheduler, whose operations are no
// header.
//
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Operations.html
const schedulesPath = "/schedules"

func (s *Server) schedules(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, schedulesPath), "/")
	at := slices.IndexFunc(s.scheduled, func(t object) bool { return str(t, "Name") == name })
	switch {
	case name == "":
		found := []any{}
		for _, one := range s.scheduled {
			target, _ := one["Target"].(object)
			found = append(found, object{"Name": one["Name"], "GroupName": one["GroupName"], "Target": object{"Arn": target["Arn"]}})
		}
		answer(w, object{"Schedules": found}, nil)
	case at < 0:
		answer(w, nil, fail("ResourceNotFoundException", "Schedule %s does not exist.", name))
	case r.Method == http.MethodPut:
		in := object{}
		body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
		if err != nil || json.Unmarshal(body, &in) != nil || in["ScheduleExpression"] == nil || in["FlexibleTimeWindow"] == nil || in["CreationDate"] != nil {
			answer(w, nil, fail("ValidationException", "An update has all that a schedule has, and nothing else."))
			return
		}
		in["Name"], in["CreationDate"] = name, s.scheduled[at]["CreationDate"]
		s.scheduled[at] = in
		answer(w, object{"ScheduleArn": "arn:aws:scheduler:" + s.o.Region + ":" + s.o.Account + ":schedule/default/" + name}, nil)
	default:
		answer(w, s.scheduled[at], nil)
	}
}
