// Package state is what a deployment is to do and has done so far: its steps, and the
// journal in which they are kept.
// What is done in a step stands in hci/internal/deploy.
package state

import (
	"fmt"
	"slices"
	"strings"
)

// Step is one of the things that a deployment does.
type Step string

// The steps.
const (
	Login   Step = "login"
	Build   Step = "build"
	Push    Step = "push"
	Migrate Step = "migrate"
	Update  Step = "update"
	// MigrateAfter is a migration when the new image serves.
	MigrateAfter Step = "migrate-after"

	// Explain does nothing, and needs no name.
	Explain Step = "explain"
)

// Order is the one in which steps run, each after what it depends on: the
// migration runs in the image that was pushed, and before that image serves.
// In the image that is deployed it would apply none of the new migrations, and
// look as if it had. A migration may be wanted after that, too, see [Placed].
var Order = []Step{Login, Build, Push, Migrate, Update, MigrateAfter}

// Named are the steps that a user names. "migrate" means all migrations.
var Named = []Step{Login, Build, Push, Migrate, Update}

// Migrations are the steps that migrate.
var Migrations = []Step{Migrate, MigrateAfter}

// When a database is migrated, as the setting migrate of hci.hcl has it.
const (
	Before = "before" // the update
	After  = "after"
	Both   = "both"
)

// Placed puts the migration among steps where it is wanted. Without an update it is
// neither before nor after.
func Placed(steps []Step, when string) []Step {
	switch {
	case !slices.Contains(steps, Migrate) || !slices.Contains(steps, Update):
	case when == After:
		return Sorted(append(Without(steps, Migrations), MigrateAfter))
	case when == Both:
		return Sorted(append(slices.Clone(steps), MigrateAfter))
	}
	return steps
}

// Making are the steps that make an image.
var Making = []Step{Login, Build, Push}

// Question asks for a step, in the words and the order of the team.
type Question struct {
	Step Step
	Text string
}

// Questions are the five.
var Questions = []Question{
	{Migrate, "Migrate the database?"},
	{Login, "Authenticate to the registry?"},
	{Build, "Build the image?"},
	{Push, "Push the image?"},
	{Update, "Update the service?"},
}

// ParseSteps reads a list of steps, separated by commas, and returns it in the
// order in which they run.
func ParseSteps(text string) ([]Step, error) {
	var chosen []Step
	for word := range strings.SplitSeq(text, ",") {
		s := Step(strings.ToLower(strings.TrimSpace(word)))
		if s == "" {
			continue
		}
		if !slices.Contains(Named, s) {
			return nil, fmt.Errorf("there is no step %q: %s", s, stepNames())
		}
		chosen = append(chosen, s)
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no step is named: %s", stepNames())
	}
	return Sorted(chosen), nil
}

func stepNames() string { return strings.Join(stepWords(Named), ", ") }

func stepWords(steps []Step) []string {
	var all []string
	for _, s := range steps {
		all = append(all, string(s))
	}
	return all
}

// Sorted puts steps in the order in which they run, each once.
func Sorted(steps []Step) []Step {
	var all []Step
	for _, s := range Order {
		if slices.Contains(steps, s) {
			all = append(all, s)
		}
	}
	return all
}

// Without leaves steps out.
func Without(steps, skipped []Step) []Step {
	return slices.DeleteFunc(slices.Clone(steps), func(s Step) bool { return slices.Contains(skipped, s) })
}

// Whole reports whether steps are those of a deployment, rather than one alone that
// changes nothing at AWS.
func Whole(steps []Step) bool {
	return slices.Contains(steps, Update) || slices.ContainsFunc(steps, func(s Step) bool { return slices.Contains(Migrations, s) })
}
