package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"hci/internal/child"
	"hci/internal/deploy"
	"hci/internal/deploy/preflight"
	"hci/internal/deploy/rollout"
	"hci/internal/deploy/state"
	"hci/internal/project"
	"hci/internal/term"
	"hci/internal/trust"
)

// stepSummary is the variable with the path of the file to which a step of GitHub
// Actions appends what its page is to show, in Markdown.
//
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary
const stepSummary = "GITHUB_STEP_SUMMARY"

// tell tells whoever is to know how a deployment ended: the page of the CI system, and
// the command of hci.hcl. That it can't changes nothing of what was deployed.
func (a *app) tell(d *deployment, job *deploy.Job, done []deploy.Done, all []*updated, err error) {
	r := job.Report(done, err)
	for _, one := range all {
		if slices.Contains(one.job.Journal.Steps, state.Update) {
			r.Services = append(r.Services, one.job.ServiceReport(one.err, one.back))
		}
	}
	if len(r.Services) > 1 && err != nil && r.Result != deploy.Interrupted {
		r.Result = deploy.FailedResult // of one of several
	}
	a.event(deployEvent{Event: "end", Result: r.Result, Report: &r})
	if a.rehearsal != nil {
		return
	}
	a.keepTimes(d.Env.Name, done)
	if !state.Whole(job.Journal.Steps) {
		return
	}
	a.hand(d, r)
}

// keepTimes notes how long steps took, for the next plan. That they can't be kept is said
// nowhere: nothing is wrong with what was deployed.
func (a *app) keepTimes(env string, done []deploy.Done) {
	times := state.Times{}
	for _, d := range done {
		name, _, _ := strings.Cut(string(d.Step), " ") // of several services, the slowest
		if state.Step(name) != lookStep {
			times[name] = max(times[name], d.Took)
		}
	}
	if len(times) > 0 {
		_ = times.Save(a.found.StateDir(), env)
	}
}

// lookStep is the row of the preflight checks in the summary.
const lookStep = "checks"

// tellRollback tells how a rollback ended.
func (a *app) tellRollback(d *deployment, job *deploy.Job, before, revision string, started time.Time, err error) {
	r := job.Report(nil, err)
	service := job.ServiceReport(err, false)
	service.Before = before
	if err == nil {
		r.Result, service.Result, service.Current = rollout.RolledBack.String(), rollout.RolledBack.String(), revision
	}
	r.Who, r.Services = who(), []deploy.ReportService{service}
	r.Started, r.Commit, r.CommitURL, r.Image, r.Before = started, "", "", "", "" // the journal's are of what was rolled back
	a.hand(d, r)
}

// hand gives a report to those who are told.
func (a *app) hand(d *deployment, r deploy.Report) {
	a.summarize(r)
	if d.notify != nil {
		a.notify(d, r)
	}
}

// summarize appends a report to the step's summary.
func (a *app) summarize(r deploy.Report) {
	path := a.getenv(stepSummary)
	if path == "" {
		return
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = file.WriteString(r.Markdown())
		if closeErr := file.Close(); err == nil {
			err = closeErr
		}
	}
	if err != nil {
		a.sayf("warning: the summary of the step could not be written: %v", err)
	}
}

// The commands of a deploy block.
const (
	notifySetting      = "notify"
	migratePlanSetting = "migrate_plan_command"
)

// Bounds on the commands of a deploy block.
const (
	notifyWithin  = 30 * time.Second
	planWithin    = 2 * time.Minute
	hookGrace     = 2 * time.Second
	maxHookOutput = 64 << 10
	maxPlanLines  = 40
)

// deployCommands are the commands that a deploy block names for an environment.
func deployCommands(env project.Environment) []trust.Command {
	var all []trust.Command
	for _, setting := range []string{migratePlanSetting, notifySetting} {
		if s, ok := env.Deploy[setting]; ok {
			all = append(all, trust.Command{Setting: setting, Env: env.Name, Argv: s.List})
		}
	}
	return all
}

func migrates(steps []state.Step) bool {
	return slices.ContainsFunc(steps, func(s state.Step) bool { return slices.Contains(state.Migrations, s) })
}

// hooks asks for consent to the commands of the deploy block that steps need, and tells
// which are not run. Nobody is asked where nothing is asked.
func (a *app) hooks(d *deployment, steps []state.Step, o deployOptions) []preflight.Finding {
	if a.rehearsal != nil {
		return nil
	}
	var ask *term.Terminal
	if _, here := o.ask.(onTerminal); here {
		ask = a.terminal()
	}
	var found []preflight.Finding
	for _, c := range deployCommands(d.Env) {
		notify := c.Setting == notifySetting
		if notify && (!state.Whole(steps) || o.dryRun) || !notify && !migrates(steps) {
			continue
		}
		if err := a.consent(c, ask); err != nil {
			f := preflight.Finding{Level: preflight.Warning, About: "hci.hcl", Text: "nobody is told how it ends: " + err.Error()}
			if !notify {
				f.Text = "which migrations would run is not known: " + err.Error()
			}
			var untrusted *trust.UntrustedError
			if errors.As(err, &untrusted) {
				f.Next = untrusted.Next()
			}
			found = append(found, f)
			continue
		}
		if notify {
			d.notify = c.Argv
		} else {
			d.migratePlan = c.Argv
		}
	}
	return found
}

// notify runs the command that is told how a deployment ended, with that as JSON on its
// standard input.
func (a *app) notify(d *deployment, r deploy.Report) {
	text, err := json.Marshal(r)
	if err == nil {
		said := a.lineWriter(notifySetting)
		err = a.hook(context.Background(), hook{role: child.Notify, argv: d.notify, in: append(text, '\n'), out: said, errOut: said, within: notifyWithin})
		said.end()
	}
	if err != nil {
		a.sayf("warning: notify of hci.hcl: %v", err)
	}
}

// showMigrations shows what the command says that a migration would do. That it can't
// tell stands in the way of nothing.
func (a *app) showMigrations(ctx context.Context, d *deployment, job *deploy.Job) error {
	if d.migratePlan == nil || !migrates(job.Steps) {
		return nil
	}
	var out bounded
	said := a.lineWriter(migratePlanSetting)
	err := a.hook(ctx, hook{role: child.MigratePlan, argv: d.migratePlan, out: &out, errOut: said, within: planWithin, more: []string{
		"HCI_DEPLOY_ENVIRONMENT=" + d.Env.Name, "HCI_DEPLOY_COMMIT=" + job.Look.Commit.SHA, "HCI_DEPLOY_IMAGE=" + job.Journal.Image,
	}})
	said.end()
	if err != nil {
		a.sayf("warning: which migrations would run is not known: migrate_plan_command of hci.hcl: %v", err)
		return nil
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if a.events {
		a.event(deployEvent{Event: "migrations", Lines: slices.DeleteFunc(lines[:min(len(lines), maxPlanLines)], func(l string) bool { return l == "" })})
		return nil
	}
	if lines[0] == "" {
		_, err := fmt.Fprintln(a.out, "migrations that would run: none, says migrate_plan_command")
		return err
	}
	text := "migrations that would run, as migrate_plan_command says:\n"
	for _, line := range lines[:min(len(lines), maxPlanLines)] {
		text += "  " + term.Printable(strings.TrimRight(line, "\r")) + "\n"
	}
	if more := len(lines) - maxPlanLines; more > 0 || out.cut {
		text += "  …\n"
	}
	_, err = fmt.Fprint(a.out, text)
	return err
}

// hook is a command that the user trusts.
type hook struct {
	role        child.Role
	argv        []string
	in          []byte
	out, errOut io.Writer
	within      time.Duration
	more        []string // of its environment
}

// hook runs one in the project's root.
func (a *app) hook(ctx context.Context, h hook) error {
	ctx, cancel := context.WithTimeout(ctx, h.within)
	defer cancel()
	err := child.Command{
		Argv: h.argv, Env: append(a.environFor(h.role), h.more...), Dir: a.found.Root, In: bytes.NewReader(h.in), Out: h.out, Err: h.errOut,
		Stop: ctx.Done(), Grace: hookGrace,
	}.Run()
	if errors.Is(err, child.ErrStopped) && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%s did not end within %v", h.argv[0], h.within)
	}
	return err
}

// bounded keeps the beginning of what is written.
type bounded struct {
	bytes.Buffer
	cut bool
}

func (b *bounded) Write(p []byte) (int, error) {
	room := max(0, maxHookOutput-b.Len())
	b.cut = b.cut || len(p) > room
	_, err := b.Buffer.Write(p[:min(room, len(p))])
	return len(p), err
}

// lineWriter says what a command writes, a line at a time, up to a bound.
type lineWriter struct {
	a    *app
	who  string
	left int
	line []byte
}

func (a *app) lineWriter(who string) *lineWriter {
	return &lineWriter{a: a, who: who, left: maxHookOutput}
}

func (w *lineWriter) Write(p []byte) (int, error) {
	for _, c := range p {
		switch {
		case c == '\n':
			w.end()
		case w.left > 0:
			w.line, w.left = append(w.line, c), w.left-1
		}
	}
	return len(p), nil
}

// end says a line that has no end.
func (w *lineWriter) end() {
	if len(w.line) > 0 {
		w.a.sayf("%s: %s", w.who, term.Printable(string(w.line)))
	}
	w.line = nil
}
