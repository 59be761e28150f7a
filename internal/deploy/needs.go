package deploy

import (
	"slices"

	"hci/internal/deploy/names"
	"hci/internal/deploy/state"
)

// Needs filters what is missing by what the steps need.
func Needs(missing []names.Missing, steps []state.Step) []names.Missing {
	keys := []string{"cluster", "service"}
	if len(steps) == 1 && steps[0] == state.Explain {
		keys = nil
	}
	for _, s := range steps {
		keys = append(keys, needs[s]...)
	}
	return slices.DeleteFunc(slices.Clone(missing), func(m names.Missing) bool { return !slices.Contains(keys, m.Key) })
}

var needs = map[state.Step][]string{
	state.Login:   {"repository"},
	state.Build:   {"repository"},
	state.Push:    {"repository"},
	state.Migrate: {"migrate_task", "migrate_container", "container"},
	state.Update:  {"container"},

	state.MigrateAfter: {"migrate_task", "migrate_container", "container"},
}
