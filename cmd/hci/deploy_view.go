package main

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"hci/internal/aws/ecs"
	"hci/internal/deploy"
	"hci/internal/deploy/rollout"
	"hci/internal/deploy/state"
	"hci/internal/interrupt"
	"hci/internal/term"
)

// deployView shows how a deployment goes, and asks what only a person decides.
type deployView struct {
	a      *app
	env    string
	yes    bool
	live   *term.Status
	last   string
	events map[string]bool // shown, or older than the deployment

	together *sync.Mutex // where several services are deployed: one is told at a time
	service  string      // that it is told of then
	fold     bool        // the step's lines are folded
	board    *board      // of all services, where there are several
	builder  *builderLog // nil: what Docker says is shown as it comes
}

// alone lets nobody else talk until release is called.
func (v *deployView) alone() (release func()) {
	if v.together == nil {
		return func() {}
	}
	v.together.Lock()
	return v.together.Unlock
}

// of is a line with the service that it is about, where there are several.
func (v *deployView) of(line string) string {
	if v.service == "" {
		return line
	}
	return v.service + ": " + line
}

func (a *app) deployView(env string, yes bool) *deployView {
	return &deployView{a: a, env: env, yes: yes, live: term.NewStatus(a.redrawn())}
}

// Say tells a line. What AWS says may quote a task, which may try to command the
// terminal.
func (v *deployView) Say(format string, args ...any) {
	defer v.alone()()
	v.say(format, args...)
}

func (v *deployView) say(format string, args ...any) {
	v.live.Clear()
	text := term.Printable(fmt.Sprintf(format, args...))
	v.a.event(deployEvent{Event: "message", Service: v.service, Text: text})
	v.a.sayf("%s", v.of(v.a.briefer(text)))
	v.again()
}

// again shows the table of the services below what was just said.
func (v *deployView) again() {
	if v.board != nil {
		v.board.show()
	}
}

// Now shows how something stands until something else is told; without a terminal it is
// a line like others.
func (v *deployView) Now(line string) {
	defer v.alone()()
	if v.together != nil || !v.live.Show(v.a.brief(line)) {
		v.say("%s", line)
	}
}

// Begin folds what is told of a step, where a CI system's log can be folded. Several
// services are updated at once, and their lines stand side by side.
func (v *deployView) Begin(s state.Step) {
	defer v.alone()()
	v.live.Clear()
	v.a.event(deployEvent{Event: "begin", Service: v.service, Step: string(s)})
	if v.fold = v.together == nil || s != state.Update; v.fold {
		v.fold = v.a.fold("hci_"+string(s), "hci: "+string(s))
	}
	if !v.fold {
		v.a.sayf("%s", v.of(string(s)))
	}
	v.again()
}

// End ends what [deployView.Begin] began.
func (v *deployView) End(d deploy.Done, err error) {
	defer v.alone()()
	v.live.Clear()
	if v.builder != nil {
		v.builder.end(v.a.err, err != nil)
	}
	if v.fold {
		v.a.unfold("hci_" + string(d.Step))
	}
	if err == nil {
		v.a.event(deployEvent{Event: "done", Service: v.service, Step: string(d.Step), Text: term.Printable(d.Words), Seconds: d.Took.Seconds()})
	}
}

// Log shows a line of a task; what it writes may try to command the terminal.
func (v *deployView) Log(l ecs.LogLine) {
	defer v.alone()()
	v.live.Clear()
	if v.a.events {
		v.a.event(deployEvent{Event: "log", Service: v.service, Container: l.Container, Task: l.Task, Logged: &l.At, Text: strings.TrimRight(l.Text, "\r\n")})
		return
	}
	_, _ = fmt.Fprintf(v.a.out, "%s %s | %s\n", l.At.UTC().Format("15:04:05"), l.Container, term.Printable(strings.TrimRight(l.Text, "\r\n")))
}

func (v *deployView) Seen(s *ecs.Service, d *ecs.Deployment) {
	defer v.alone()()
	if v.events == nil {
		v.events = map[string]bool{}
		for _, e := range s.Events {
			v.events[e.ID+e.Message] = true
		}
	}
	for i := range s.Events {
		e := s.Events[len(s.Events)-1-i]
		if !v.events[e.ID+e.Message] {
			v.events[e.ID+e.Message] = true
			v.say("%s", e.Message)
		}
	}
	if d == nil {
		return
	}
	line := fmt.Sprintf("%s %s: %d of %d tasks run, %d start, %d failed", d.Revision, rolloutWords(*d), d.Running, d.Desired, d.Pending, d.Failed)
	if s.Stage != nil {
		line += fmt.Sprintf("; %s: %s", s.Strategy, s.Stage)
	}
	if line == v.last {
		return
	}
	v.last = line
	v.a.event(rolloutEvent(v.service, s, d))
	if v.board != nil {
		if !v.board.set(v.service, line) {
			v.say("%s", line)
		}
	} else if !v.live.Show(line) {
		v.say("%s", line)
	}
}

// Stopped shows why a task stopped.
func (v *deployView) Stopped(t ecs.StoppedTask) {
	v.a.event(deployEvent{Event: "stopped", Service: v.service, Task: t.ID, Text: t.Cause()})
	v.Say("task %.8s stopped: %s", t.ID, t.Cause())
}

// Decide asks what becomes of a deployment that loops, or whose watching was
// interrupted.
func (v *deployView) Decide(r rollout.Result, interrupted bool) deploy.Choice {
	defer v.alone()()
	v.live.Clear()
	if !interrupted {
		if v.yes {
			v.say("its tasks stop again and again")
			return deploy.RollBack
		}
		for _, line := range r.Explain() {
			v.say("%s", line)
		}
		back, err := v.a.terminal().Confirm(v.of("Roll back to the revision before?"), true)
		if err != nil || !back {
			return deploy.Leave
		}
		return deploy.RollBack
	}
	v.say("the deployment goes on at AWS")
	for {
		answer, err := v.a.terminal().Ask(v.of("[l]eave it, [r]oll back and wait, or [c]ontinue to watch? "))
		if err != nil {
			return deploy.Leave
		}
		switch strings.ToLower(strings.TrimSpace(answer)) {
		case "l", "leave":
			return deploy.Leave
		case "r", "roll back":
			return deploy.RollBack
		case "c", "continue":
			return deploy.Continue
		}
	}
}

// fresh is a context that the next interruption ends.
func fresh() (context.Context, context.CancelFunc) {
	return interrupt.Context(context.Background())
}
