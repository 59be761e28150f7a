package sync

import (
	"errors"
	"slices"
)

// Result is what became of a secret.
type Result int

const (
	Written Result = iota
	Created
	Restored   // and its value brought in line, if one is known
	Removed    // scheduled for deletion
	Reverted   // the earlier version is the current one again
	Skipped    // see Outcome.Why
	Conflicted // somebody else changed it; theirs stands, or is kept: see [OverwroteError]
	Failed
	NotAttempted // the work ended before
)

// String returns the result as it stands in JSON output.
func (r Result) String() string {
	switch r {
	case Written:
		return "written"
	case Created:
		return "created"
	case Restored:
		return "restored"
	case Removed:
		return "removed"
	case Reverted:
		return "reverted"
	case Skipped:
		return "skipped"
	case Conflicted:
		return "conflict"
	case Failed:
		return "failed"
	default:
		return "not_attempted"
	}
}

// Outcome is what [Apply] did about one secret.
type Outcome struct {
	Name    string
	Result  Result
	Change  Change
	Version string // the current one, if Written, Created, Restored or Reverted, or in an [OverwroteError]
	Why     string // it was Skipped or NotAttempted
	Err     error  // if Conflicted or Failed
}

// Report is the outcomes of an [Apply], sorted by name. Secrets that were in
// sync have none.
type Report struct{ Outcomes []Outcome }

// Count returns how many outcomes have one of the results.
func (r Report) Count(results ...Result) int {
	n := 0
	for _, o := range r.Outcomes {
		if slices.Contains(results, o.Result) {
			n++
		}
	}
	return n
}

// Complete reports whether the store now holds all that is declared: nothing
// failed or was left, and nothing was skipped but what isn't the plan's to
// write (an orphan, an ignored value, one that isn't declared).
func (r Report) Complete() bool {
	return !slices.ContainsFunc(r.Outcomes, func(o Outcome) bool {
		switch o.Result {
		case Written, Created, Restored, Removed, Reverted:
			return false
		case Skipped:
			k := o.Change.Kind
			return k != Orphan && k != ValueIgnored && k != ValueUndeclared && k != Agrees && k != NoPrevious && k != Owned
		default:
			return true
		}
	})
}

// Err joins the errors of single secrets, in the order of their names; nil if
// there is none.
func (r Report) Err() error {
	var all []error
	for _, o := range r.Outcomes {
		all = append(all, o.Err)
	}
	return errors.Join(all...)
}
