// Package sync compares the secrets that should be with those that are, and
// brings them in line without losing anybody's write.
//
// It is pure: it knows no AWS, no terminal and no file. [Diff] turns two sets
// into a [Plan], sorted by name; [Apply] runs a plan on a [Store]. A plan
// remembers the version that it saw of each secret, and a Store writes over
// that version only: if somebody else wrote in between, the write fails with
// [ErrConflict] and theirs stays. Apply reports each secret truthfully, goes on
// after a failure, and can be run again (with a new plan) to finish the job.
//
// Two values are in sync when their bytes are equal: Secrets Manager stores
// text. Of two JSON objects it is also said which keys differ.
//
// Only what is known is written. Secrets whose value is unknown, has no value
// declared, or is not Terraform's to decide are reported and left alone.
package sync

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hci/internal/secret"
)

var (
	// ErrConflict says that a secret is not at the version that was seen.
	// Nothing was written over it.
	ErrConflict = errors.New("somebody else changed it meanwhile")
	// ErrNotFound says that there is no such secret.
	ErrNotFound = errors.New("no such secret")
	// ErrUncertain says that the connection failed in a way that leaves open
	// whether a write was taken, and that this could not be found out either.
	ErrUncertain = errors.New("it is not known whether this was written")
)

// AccessError says that the identity in use may not do something.
type AccessError struct {
	Action string // as in a policy: secretsmanager:PutSecretValue
	Name   string // the secret
	Err    error
}

func (e *AccessError) Error() string {
	return fmt.Sprintf("access denied: %s on %q", e.Action, e.Name)
}

func (e *AccessError) Unwrap() error { return e.Err }

// Status is what is known of a value that should be.
type Status int

const (
	Known   Status = iota // Value holds it
	NoValue               // the secret is declared, a value for it is not
	Unknown               // it depends on something that is not known
	Ignored               // it is declared as not Terraform's to decide
)

// Want is a secret as it should be.
type Want struct {
	Name      string // in Secrets Manager
	Value     secret.Value
	Status    Status
	Unknown   []string // addresses that the value waits for
	Variables []string // that the value comes from
	Address   string   // where it is declared: aws_secretsmanager_secret.db
}

// Held is a secret as it is.
type Held struct {
	Name, ARN string
	Value     secret.Value
	Version   string    // the VersionId that holds AWSCURRENT; "" if there is no value yet
	HasValue  bool      // Value is its value
	Binary    bool      // its value is binary, and not in Value
	Deleted   time.Time // scheduled for deletion since then, if not zero
	Changed   time.Time // when the current version was made, if known
	Err       error     // it could not be read: an *AccessError, say
}

// Store is where secrets are kept.
type Store interface {
	// Read returns the secrets of these names that exist, in no order. One
	// that cannot be read is returned with its Err; the error of Read itself
	// is that nothing can be read at all.
	Read(ctx context.Context, names []string) ([]Held, error)
	// Create makes a secret that does not exist.
	Create(ctx context.Context, name string, v secret.Value) (version string, err error)
	// Write replaces the value of a secret that is at version seen, "" for one
	// without a value; the error wraps ErrConflict if it is not.
	Write(ctx context.Context, name string, v secret.Value, seen string) (version string, err error)
	// Restore takes back a secret's deletion.
	Restore(ctx context.Context, name string) error
}
