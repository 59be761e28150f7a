package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"hci/internal/aws/ecs"
	"hci/internal/deploy"
)

// deployEvent is a line of "deploy --json": what happens, when it does. The last is
// "end" or, with an exit code other than 0, "error".
type deployEvent struct {
	Event string    `json:"event"` // finding, plan, migrations, begin, message, log, rollout, stopped, done, end, error
	At    time.Time `json:"at"`

	Service   string         `json:"service,omitempty"`
	Step      string         `json:"step,omitempty"`
	Text      string         `json:"text,omitempty"`
	Lines     []string       `json:"lines,omitempty"`
	Seconds   float64        `json:"seconds,omitempty"`
	Container string         `json:"container,omitempty"`
	Task      string         `json:"task,omitempty"`
	Logged    *time.Time     `json:"logged,omitempty"` // when the task wrote the line
	Finding   *eventFinding  `json:"finding,omitempty"`
	Plan      *deploy.Plan   `json:"plan,omitempty"`
	Rollout   *eventRollout  `json:"rollout,omitempty"`
	Result    string         `json:"result,omitempty"`
	Report    *deploy.Report `json:"report,omitempty"`
	ExitCode  int            `json:"exit_code,omitempty"`
	Errors    []errorDetail  `json:"errors,omitempty"`
}

// eventFinding is what the preflight checks found.
type eventFinding struct {
	Level string `json:"level"` // conflict, problem, warning, note
	About string `json:"about"`
	Text  string `json:"text"`
	Next  string `json:"next,omitempty"`
}

// eventRollout is how far a rollout is.
type eventRollout struct {
	Revision string     `json:"revision"`
	State    string     `json:"state"` // AWS's word
	Desired  int        `json:"desired"`
	Running  int        `json:"running"`
	Pending  int        `json:"pending"`
	Failed   int        `json:"failed"`
	Stage    string     `json:"stage,omitempty"`
	Until    *time.Time `json:"until,omitempty"`
}

func rolloutEvent(service string, s *ecs.Service, d *ecs.Deployment) deployEvent {
	r := &eventRollout{Revision: d.Revision, State: d.Rollout, Desired: d.Desired, Running: d.Running, Pending: d.Pending, Failed: d.Failed}
	if s.Stage != nil {
		r.Stage, r.Until = s.Stage.Name, s.Stage.Until
	}
	return deployEvent{Event: "rollout", Service: service, Rollout: r}
}

// event writes an event, if they are asked for. It may be called by several goroutines
// at once.
func (a *app) event(e deployEvent) {
	if !a.events {
		return
	}
	e.At = time.Now().UTC()
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	err := enc.Encode(struct {
		Schema  int    `json:"schema"`
		Command string `json:"command"`
		deployEvent
	}{envelopeSchema, a.command, e})
	a.saying.Lock()
	defer a.saying.Unlock()
	if err == nil {
		_, err = io.WriteString(a.out, escaped(line.String()))
	}
	if err != nil {
		fmt.Fprintf(a.err, "hci: warning: an event could not be written: %v\n", err)
	}
}

// fold begins a part of the log that the page of GitHub Actions or GitLab CI folds. ok
// is false where neither shows the log.
//
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#grouping-log-lines
// https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections
func (a *app) fold(name, title string) (ok bool) {
	a.saying.Lock()
	defer a.saying.Unlock()
	switch {
	case a.getenv("GITHUB_ACTIONS") == "true":
		_, _ = fmt.Fprintf(a.raw.err, "::group::%s\n", title)
	case a.getenv("GITLAB_CI") == "true":
		_, _ = fmt.Fprintf(a.raw.err, "\x1b[0Ksection_start:%d:%s[collapsed=true]\r\x1b[0K%s\n", time.Now().Unix(), name, title)
	default:
		return false
	}
	return true
}

// unfold ends what fold began.
func (a *app) unfold(name string) {
	a.saying.Lock()
	defer a.saying.Unlock()
	if a.getenv("GITHUB_ACTIONS") == "true" {
		_, _ = fmt.Fprintln(a.raw.err, "::endgroup::")
		return
	}
	_, _ = fmt.Fprintf(a.raw.err, "\x1b[0Ksection_end:%d:%s\r\x1b[0K\n", time.Now().Unix(), name)
}
