package state

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// serviceSign stands in the name of a journal between the environment and the service,
// of services that are deployed along with another.
const serviceSign = "@"

// ServiceKey is the key of the journal of a service that is deployed along with another.
func ServiceKey(env, service string) string { return env + serviceSign + service }

// ServiceKeys lists the keys of an environment's journals of services that were deployed
// along with another, and are not finished.
func ServiceKeys(stateDir, env string) []string {
	paths, err := filepath.Glob(filepath.Join(stateDir, "deploy", "*.json"))
	if err != nil {
		return nil
	}
	var keys []string
	for _, path := range paths {
		if key := strings.TrimSuffix(filepath.Base(path), ".json"); strings.HasPrefix(key, env+serviceSign) {
			keys = append(keys, key)
		}
	}
	return keys
}

// ForgetServices removes the journals that [ServiceKeys] lists, but for some.
func ForgetServices(stateDir, env string, but []string) {
	for _, key := range ServiceKeys(stateDir, env) {
		if !slices.Contains(but, key) {
			_ = os.Remove(journalPath(stateDir, key)) // what is left is said, and begins nothing by itself
		}
	}
}
