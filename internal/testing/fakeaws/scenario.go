package fakeaws

import (
	"fmt"
	"slices"
	"strings"
)

// Scenario is what happens in a rehearsal.
type Scenario string

// The scenarios.
const (
	Healthy        Scenario = "healthy"
	CrashLoop      Scenario = "crash-loop"      // the containers are killed again and again, and nothing stops it
	Breaker        Scenario = "breaker"         // likewise, and the circuit breaker rolls back
	PullFailure    Scenario = "pull-failure"    // the image can't be pulled for the service's tasks
	MissingSecret  Scenario = "missing-secret"  // a secret loses its value after the look at it
	NoExitCode     Scenario = "no-exit-code"    // the migration's container never starts
	MigrationFails Scenario = "migration-fails" // it ends with exit code 3
	Throttling     Scenario = "throttling"      // every third request is refused
	SlowLogs       Scenario = "slow-logs"       // lines appear seconds after they were written
	Displaced      Scenario = "displaced"       // somebody else updates the service
	Deleted        Scenario = "deleted"         // the service is deleted on the way
	InProgress     Scenario = "in-progress"     // another deployment is under way
	ExpiredToken   Scenario = "expired-token"   // the registry's token expires in the push
	ImmutableTags  Scenario = "immutable-tags"  // the repository is immutable, and has the moving tag
	ExpiredSession Scenario = "expired-session" // the AWS session has expired
	NetworkGone    Scenario = "network-gone"    // AWS answers no more after the update
	BlueGreen      Scenario = "blue-green"      // the service's deployments are blue/green, with a bake time
)

// Scenarios are those of a rehearsal, which a person should have seen once. The others are
// for tests.
var Scenarios = []Scenario{Healthy, CrashLoop, MigrationFails, BlueGreen}

// ParseScenario reads a scenario's name.
func ParseScenario(name string) (Scenario, error) {
	if name == "" {
		return Healthy, nil
	}
	if s := Scenario(name); slices.Contains(Scenarios, s) {
		return s, nil
	}
	var all []string
	for _, s := range Scenarios {
		all = append(all, string(s))
	}
	return "", fmt.Errorf("there is no scenario %q: %s", name, strings.Join(all, ", "))
}
