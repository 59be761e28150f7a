package preflight

import "cmp"

// Level says what a finding means for the deployment.
type Level int

// The levels, the gravest first.
const (
	Conflict Level = iota // somebody else is at it
	Problem               // it can't go on
	Warning               // it goes on, and may not be what is wanted
	Note
)

// String returns the level in a word.
func (l Level) String() string { return [...]string{"conflict", "problem", "warning", "note"}[l] }

// Finding is what the preflight checks found.
type Finding struct {
	Level Level
	About string // git, docker, aws, service, secrets, image, terraform
	Text  string
	Next  string // what to do; "" if there is no one thing
}

func byLevel(a, b Finding) int {
	return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.About, b.About), cmp.Compare(a.Text, b.Text))
}

// FoundError says that findings stand in the way; they have been shown.
type FoundError struct{ Findings []Finding }

func (e *FoundError) Error() string { return "nothing was done" }

// Conflict reports whether only somebody else's work stands in the way.
func (e *FoundError) Conflict() bool {
	for _, f := range e.Findings {
		if f.Level == Problem {
			return false
		}
	}
	return true
}

// Blocking returns a [*FoundError] if something stands in the way.
func Blocking(all []Finding) error {
	for _, f := range all {
		if f.Level <= Problem {
			return &FoundError{Findings: all}
		}
	}
	return nil
}
