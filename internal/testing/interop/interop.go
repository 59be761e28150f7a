// Package interop lets tests ask for the real programs they compare hci with.
// It is imported by tests only.
package interop

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// RequireVar names the environment variable that lists, separated by commas or
// blanks, the programs whose absence is a failure instead of a skip. CI sets it.
const RequireVar = "HCI_INTEROP_REQUIRE"

// skipPrefix starts the message of every skip, so that "make interop" can list
// what was not run.
const skipPrefix = "INTEROP-SKIPPED "

// Need returns the path of a program. Without it the test is skipped, or
// fails if [RequireVar] lists the name.
func Need(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		Missing(t, program, "not installed")
	}
	return path
}

// Missing ends the test because something it needs is not here: a skip, or a
// failure if [RequireVar] lists the name.
func Missing(t testing.TB, name, why string) {
	t.Helper()
	required := strings.FieldsFunc(os.Getenv(RequireVar), func(r rune) bool { return r == ',' || r == ' ' })
	if slices.Contains(required, name) {
		t.Fatalf("%s is required here (%s): %s", name, RequireVar, why)
	}
	t.Skipf("%s%s: %s", skipPrefix, name, why)
}
