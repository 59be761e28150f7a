package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Version is one of the values that a store keeps of a secret.
type Version struct {
	ID     string
	Made   time.Time
	Labels []string
	By     string // who made it, as AWS names them; "" if that is not known

	Content  Content
	HasValue bool
	Err      error // why the value couldn't be read
}

// Versions is a Store that keeps more than one value of a secret.
type Versions interface {
	// Versions lists the values that are kept, the newest first, without what
	// they are.
	Versions(ctx context.Context, name string) ([]Version, error)

	// ReadVersions reads the values of versions, each with its own error.
	ReadVersions(ctx context.Context, name string, all []Version) error
}

// Difference is how a version differs from the one before it.
type Difference struct {
	First bool        // there is none before it that is kept
	Same  bool        // they are the same
	Kind  bool        // one is a text and the other bytes
	Keys  []KeyChange // of two JSON objects: from the older to the newer
	JSON  bool        // the same JSON, written differently
	Err   error       // one of them couldn't be read
}

// DiffVersions compares each of the versions, the newest first, with the next.
// A list that does not hold the oldest says so of none.
func DiffVersions(all []Version, complete bool) []Difference {
	out := make([]Difference, len(all))
	for i, v := range all {
		d := &out[i]
		if i == len(all)-1 {
			d.First = complete
			d.Err = v.Err
			if !complete && d.Err == nil {
				d.Err = errNotRead
			}
			continue
		}
		before := all[i+1]
		switch {
		case v.Err != nil:
			d.Err = v.Err
		case before.Err != nil:
			d.Err = before.Err
		case v.Content.Binary != before.Content.Binary:
			d.Kind = true
		case v.Content.Equal(before.Content):
			d.Same = true
		case !v.Content.Binary:
			d.Keys, d.JSON = compareJSON(before.Content.Value.Reveal(), v.Content.Value.Reveal())
		}
	}
	return out
}

var errNotRead = errors.New("the version before it is not listed")

// VersionError says that a version that was asked for is not one of a secret's.
type VersionError struct{ Name, Version, Why string }

func (e *VersionError) Error() string {
	return fmt.Sprintf("secret %q: version %q %s", e.Name, e.Version, e.Why)
}

// shortVersion is how much of a VersionId is enough to name it.
const shortVersion = 8

// FindVersion finds a version by its VersionId, the beginning of it, or a
// staging label.
func FindVersion(name string, all []Version, asked string) (Version, error) {
	var found []Version
	for _, v := range all {
		if v.ID == asked || slices.Contains(v.Labels, asked) {
			return v, nil
		}
		if len(asked) >= shortVersion && strings.HasPrefix(v.ID, asked) {
			found = append(found, v)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return Version{}, &VersionError{name, asked, "is not kept, or never was"}
	}
	return Version{}, &VersionError{name, asked, "is the beginning of several"}
}

// RollbackTo plans to return to one version of a secret.
func RollbackTo(h Held, v Version) Plan {
	c := Change{Name: h.Name, Place: h.Place, Held: h, To: v.ID, Kind: Revert}
	c.Want = Want{Name: h.Name, Place: h.Place, Status: Known, Value: v.Content.Value, Binary: v.Content.Binary}
	switch {
	case h.Err != nil:
		c.Kind = Unreadable
	case v.Err != nil:
		c.Kind, c.Held.Err = Unreadable, v.Err
	case !h.Deleted.IsZero():
		c.Kind = PendingDeletion
	case h.Version == v.ID:
		c.Kind, c.To = InSync, ""
	case h.HasValue && !h.Binary && !v.Content.Binary:
		c.Keys, c.SameJSON = compareJSON(h.Value.Reveal(), v.Content.Value.Reveal())
	}
	return Plan{Changes: []Change{c}}
}
