package module

import (
	"strings"

	"hci/tfvars/module/internal/config"
	"hci/tfvars/module/internal/mark"
)

const (
	eventTargetType = "aws_cloudwatch_event_target"
	scheduleType    = "aws_scheduler_schedule"
)

// Schedule starts one-off tasks of ECS at times or on events: a target of an EventBridge
// rule, or a schedule of EventBridge Scheduler.
type Schedule struct {
	Address string
	Rule    string // of an event target; "" for a schedule, or if it is not known
	Name    string // of a schedule
	// TaskDefinition is the address of the task definition that it starts; "" if that is
	// declared elsewhere.
	TaskDefinition string
	Ignored        bool   // lifecycle's ignore_changes leaves the task definition to others
	Path           string // to the task definition in the block, as ignore_changes has it
	Place          Place
	File           string // where the task definition stands
	Line           int
}

// schedule reads what starts one-off tasks; what starts something else is left out.
func (r *reader) schedule(b block) {
	path := config.ScheduledTask(b.res.Type)
	name := strings.Join(path, ".")
	expr, ok := b.res.Attrs[name]
	if !ok {
		return
	}
	s := Schedule{
		Address: b.address(), Place: r.place(b), File: expr.Range().Filename, Line: expr.Range().Start.Line,
		Ignored: b.res.IgnoresPath(name), Path: strings.Join(path[:len(path)-1], "[0].") + "[0]." + path[len(path)-1],
	}
	s.Rule, _ = r.known(b, "rule")
	s.Name, _ = r.known(b, "name")
	if v, ok := r.argument(b, name); ok {
		for _, awaited := range mark.Awaited(v) {
			if address, attribute := split(awaited); strings.HasPrefix(attribute, "arn") || attribute == "id" || attribute == "family" || attribute == "revision" {
				s.TaskDefinition = address
			}
		}
	}
	r.schedules = append(r.schedules, s)
}
