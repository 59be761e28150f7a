package names

import (
	"fmt"
	"slices"
	"strings"

	"hci/tfvars/module"
)

// NoTaskError says that no task definition goes by a name.
type NoTaskError struct {
	Name  string
	Known []string
}

func (e *NoTaskError) Error() string {
	if len(e.Known) == 0 {
		return "the Terraform code declares no task definition whose family is known"
	}
	return fmt.Sprintf("no one task definition goes by %q; there are %s", e.Name, strings.Join(e.Known, ", "))
}

// FindTask finds a declared task definition by its family, its address, the name
// of its block, or by a part of one of these that no other has.
func FindTask(ev *module.Evaluated, name string) (module.Task, error) {
	var exact, partly []module.Task
	failed := &NoTaskError{Name: name}
	for _, t := range ev.Tasks {
		if t.Family == "" {
			continue
		}
		label := Label(t.Address)
		failed.Known = append(failed.Known, t.Family)
		switch {
		case slices.Contains([]string{t.Family, t.Address, label}, name):
			exact = append(exact, t)
		case name != "" && (strings.Contains(t.Family, name) || strings.Contains(label, name)):
			partly = append(partly, t)
		}
	}
	switch {
	case len(exact) == 1:
		return exact[0], nil
	case len(exact) == 0 && len(partly) == 1:
		return partly[0], nil
	}
	return module.Task{}, failed
}
