package sync

import (
	"fmt"
	"regexp"
	"strings"
)

// Limits of Secrets Manager, from the API reference of CreateSecret:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
const (
	maxValue = 65_536 // bytes
	maxName  = 512    // characters
)

var (
	nameForm = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]+$`)
	arnTail  = regexp.MustCompile(`-[A-Za-z0-9]{6}$`)
)

// LimitError says that a secret cannot be stored as it should be.
type LimitError struct{ Name, Reason string }

func (e *LimitError) Error() string { return fmt.Sprintf("secret %q: %s", e.Name, e.Reason) }

// limits returns what stands against writing c, or nil. Names are checked only
// where one is to be made.
func limits(c Change) error {
	bad := func(format string, args ...any) error {
		return &LimitError{Name: c.Name, Reason: fmt.Sprintf(format, args...)}
	}
	switch n := c.Want.Value.Len(); {
	case n == 0:
		return bad("the value is empty, which Secrets Manager does not store")
	case n > maxValue:
		return bad("the value has %d bytes, Secrets Manager stores %d", n, maxValue)
	}
	if c.Kind != Missing {
		return nil
	}
	switch {
	case len(c.Name) > maxName:
		return bad("the name has %d characters, %d are allowed", len(c.Name), maxName)
	case !nameForm.MatchString(c.Name):
		return bad("the name may hold letters, digits and %s only", strings.Join(strings.Split("/_+=.@-", ""), " "))
	case arnTail.MatchString(c.Name):
		return bad("the name must not end in a hyphen and six characters, as ARNs do")
	}
	return nil
}
