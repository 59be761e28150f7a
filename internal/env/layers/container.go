package layers

import (
	"fmt"
	"slices"
	"strings"

	"hci/tfvars/module"
)

// ContainerError says that it is not clear which container's environment is
// meant.
type ContainerError struct {
	Named string   // what was asked for; "" if nothing was
	Known []string // TASK/NAME
}

func (e *ContainerError) Error() string {
	if e.Named != "" {
		return fmt.Sprintf("no container is %q: there are %s", e.Named, strings.Join(e.Known, ", "))
	}
	return "which container's environment? " + strings.Join(e.Known, ", ")
}

// FindContainer picks the app's container: the one that is named, as TASK/NAME
// or NAME, or else the only container of the only service. It is nil if the code
// declares no containers at all.
func FindContainer(ev *module.Evaluated, named string) (*module.Container, error) {
	if ev == nil || len(ev.Tasks) == 0 {
		if named != "" {
			return nil, &ContainerError{Named: named, Known: []string{"none"}}
		}
		return nil, nil
	}
	var known []string
	var found []*module.Container
	served := servedTasks(ev)
	for i := range ev.Tasks {
		t := &ev.Tasks[i]
		_, task, _ := strings.Cut(t.Address, "aws_ecs_task_definition.")
		for j := range t.Containers {
			c := &t.Containers[j]
			known = append(known, task+"/"+c.Name)
			switch {
			case named == "" && slices.Contains(served, t.Address), named != "" && (named == task+"/"+c.Name || named == c.Name):
				found = append(found, c)
			}
		}
	}
	switch {
	case len(known) == 0 && named == "":
		return nil, nil // none can be told, and that has been warned about
	case len(found) == 1:
		return found[0], nil
	default:
		return nil, &ContainerError{Named: named, Known: known}
	}
}

// servedTasks are the task definitions that services run; without services, the
// only one.
func servedTasks(ev *module.Evaluated) []string {
	var all []string
	for _, s := range ev.Services {
		if s.TaskDefinition != "" && !slices.Contains(all, s.TaskDefinition) {
			all = append(all, s.TaskDefinition)
		}
	}
	if len(all) == 0 && len(ev.Tasks) == 1 {
		all = append(all, ev.Tasks[0].Address)
	}
	return all
}
