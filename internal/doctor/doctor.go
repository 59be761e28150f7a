// Package doctor keeps what 'hci doctor' finds out about a machine and a clone,
// and looks at the programs that hci runs.
//
// What is wrong with the project itself is found by hci/internal/lint; who asks
// all of it is cmd/hci/doctor.go.
package doctor

import (
	"context"
	"os/exec"
	"slices"
	"strings"
	"time"

	"hci/internal/child"
)

// State of a line.
type State string

// The states.
const (
	OK      State = "ok"
	Warning State = "warning" // something could be better, or is not known
	Problem State = "problem" // something will not work
)

// Line is one thing that was looked at. It holds no value.
type Line struct {
	Area  string `json:"area"` // programs, project, team, passphrase, sealed, git, aws, permissions, keyring
	State State  `json:"state"`
	Text  string `json:"text"`
	Next  string `json:"next,omitempty"` // the one thing to do
}

// Report is all lines, in the order in which they were looked at.
type Report struct {
	Lines []Line
}

// Add adds a line.
func (r *Report) Add(area string, state State, text, next string) {
	r.Lines = append(r.Lines, Line{area, state, text, next})
}

// Count is how many lines have a state.
func (r *Report) Count(s State) int {
	n := 0
	for _, l := range r.Lines {
		if l.State == s {
			n++
		}
	}
	return n
}

// needed are the areas without which a member of the team can't work on the
// secrets. What is missing elsewhere matters to some commands only.
var needed = []string{"project", "passphrase", "team", "git", "sealed"}

// Step is the one thing to do next: about the first problem, else about the
// first warning on what everybody needs; "" if there is none.
func (r *Report) Step() string {
	for _, l := range r.Lines {
		if l.State == Problem && l.Next != "" {
			return l.Next
		}
	}
	for _, l := range r.Lines {
		if l.State == Warning && l.Next != "" && slices.Contains(needed, l.Area) {
			return l.Next
		}
	}
	return ""
}

// patience is how long a program may take to tell its version.
const patience = 10 * time.Second

// Version asks a program for its version: the first line that it prints.
func Version(ctx context.Context, role child.Role, environ []string, program string, args ...string) (string, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env, cmd.WaitDelay = child.Environ(role, environ), time.Second
	out, err := cmd.Output()
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line), nil
}
