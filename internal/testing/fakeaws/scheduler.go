package fakeaws

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// A task's states, as far as they are told apart here.
const (
	provisioning = "PROVISIONING"
	pending      = "PENDING"
	running      = "RUNNING"
	stopped      = "STOPPED"
)

// task is one of the service's, or a one-off task.
type task struct {
	id, definition, startedBy, group string
	status, code, reason             string
	created, started, ended          time.Time
	containers                       map[string]*containerState
	commands                         map[string][]string
	cancel                           context.CancelFunc // ends its containers
}

type containerState struct {
	exit   *int
	reason string
}

func (t *task) desired() string {
	if t.status == stopped || t.code != "" {
		return stopped
	}
	return running
}

// schedule does what ECS's scheduler does: it starts the tasks that a deployment
// lacks, ends those that one has too many, and says how far it is.
func (s *Server) schedule() {
	tick := time.NewTicker(s.o.Tick)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
			s.mu.Lock()
			for _, s.service = range s.services {
				s.round()
			}
			s.mu.Unlock()
		}
	}
}

// steadyFor is how many ticks a deployment's tasks must run for it to be done.
const steadyFor = 5

// threshold is how many failed tasks trip the circuit breaker, the least that AWS
// has.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
const threshold = 3

func (s *Server) round() {
	if s.service.deleted || s.o.Scenario == InProgress && len(s.service.deployments) == 1 {
		return
	}
	p := s.service.deployments[0]
	runs, starts := s.counts(p)
	if p.rollout == inProgress && s.service.breaker && p.failed >= threshold {
		s.back(p, fmt.Sprintf("ECS deployment circuit breaker: tasks failed to start. Rolling back to %s.", s.service.stable))
		return
	}
	if runs+starts < s.o.Desired && time.Now().After(p.retry) && !p.seeded {
		s.launch(p)
	}
	if runs < s.o.Desired || s.doomed(p) {
		p.steady = time.Time{}
		return
	}
	if p.steady.IsZero() {
		p.steady = time.Now()
	}
	if time.Since(p.steady) < steadyFor*s.o.Tick {
		return
	}
	if p.rollout == inProgress && s.baking(p) {
		return
	}
	if p.rollout == inProgress {
		p.rollout, p.reason = completed, "ECS deployment completed."
		s.event("has reached a steady state.")
	}
	s.retire()
}

// doomed reports whether the scenario kills a deployment's tasks, which may take
// longer than they must run for the deployment to be done.
func (s *Server) doomed(p *deployment) bool {
	return (s.o.Scenario == CrashLoop || s.o.Scenario == Breaker || s.service.name == s.o.Failing) && p.definition != s.service.family+":1"
}

// retire ends the tasks of earlier deployments. One that failed stays until somebody was
// told of that: at AWS it stays for minutes.
func (s *Server) retire() {
	for _, old := range s.service.deployments[1:] {
		for _, t := range s.all {
			if t.startedBy == old.id && t.status != stopped {
				s.end(t, "ServiceSchedulerInitiated", "Scaling activity initiated by deployment "+s.service.deployments[0].id)
			}
		}
	}
	s.service.deployments = slices.DeleteFunc(s.service.deployments, func(d *deployment) bool {
		runs, starts := s.counts(d)
		return d.status != primary && runs+starts == 0 && (d.told || d.rollout != failedOut)
	})
}

// launch starts a task of a deployment. The revision that served before is the
// rehearsal's own and has no image: its tasks are told to run.
func (s *Server) launch(p *deployment) {
	d := s.find(p.definition)
	t := &task{id: newID(), definition: d.name, startedBy: p.id, group: "service:" + s.service.name, status: provisioning, created: time.Now()}
	s.all = append(s.all, t)
	s.event("has started 1 tasks: (task %s).", t.id)
	if d.name == s.service.family+":1" {
		t.status, t.started = running, time.Now()
		return
	}
	s.enliven(t, d)
}

// enliven begins a task's life. It can be ended from then on.
func (s *Server) enliven(t *task, d *definition) {
	ctx, cancel := context.WithCancel(s.ctx)
	t.cancel = cancel
	s.tasks.Go(func() {
		defer cancel()
		s.live(ctx, cancel, t, d)
	})
}

// end stops a task. One with containers is done when they are.
func (s *Server) end(t *task, code, reason string) {
	if t.status == stopped || t.code != "" {
		return
	}
	t.code, t.reason = code, reason
	if t.cancel != nil {
		t.cancel()
		return
	}
	t.status, t.ended = stopped, time.Now()
}

// live is a task's life, from its images to its end.
func (s *Server) live(ctx context.Context, cancel func(), t *task, d *definition) {
	containers := s.containers(d, t)
	s.mu.Lock()
	t.containers = map[string]*containerState{}
	for _, c := range containers {
		t.containers[c.Name] = &containerState{}
	}
	s.mu.Unlock()
	if code, reason, container := s.prepare(ctx, t, containers); code != "" {
		s.stop(t, code, reason, func() {
			if c := t.containers[container]; c != nil {
				c.reason = reason
			}
		})
		return
	}
	s.mu.Lock()
	t.status, t.started = running, time.Now()
	s.mu.Unlock()
	if s.crashes(t) { // the container is killed soon after its start
		time.AfterFunc(3*s.o.Tick, cancel)
	}
	var group sync.WaitGroup
	for _, c := range containers {
		group.Go(func() {
			exit, err := s.o.Runner.Run(ctx, c.Container, func(line string) { s.write(c.stream, line) })
			s.mu.Lock()
			defer s.mu.Unlock()
			state := t.containers[c.Name]
			switch {
			case err != nil:
				state.reason = "CannotStartContainerError: " + err.Error()
			default:
				state.exit = s.exit(t, exit)
			}
			if c.essential {
				cancel()
			}
		})
	}
	group.Wait()
	s.stop(t, "EssentialContainerExited", "Essential container in task exited", nil)
}

// exit is the code that is told of a container.
func (s *Server) exit(t *task, code int) *int {
	const failed = 3
	if s.o.Scenario == MigrationFails && strings.HasPrefix(t.group, "family:") {
		code = failed
	}
	return &code
}

// crashes reports whether the scenario kills the containers of a task.
func (s *Server) crashes(t *task) bool {
	return (s.o.Scenario == CrashLoop || s.o.Scenario == Breaker || t.group == "service:"+s.o.Failing) && strings.HasPrefix(t.group, "service:")
}

// stop notes the end of a task, and why, unless that is known already.
func (s *Server) stop(t *task, code, reason string, more func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.code == "" {
		t.code, t.reason = code, reason
	}
	if more != nil {
		more()
	}
	t.status, t.ended = stopped, time.Now()
	s.about(strings.TrimPrefix(t.group, "service:"))
	for _, d := range s.service.deployments {
		if d.id == t.startedBy && t.code != "ServiceSchedulerInitiated" {
			d.failed++
			d.retry = time.Now().Add(3 * s.o.Tick)
			s.event("(task %s) stopped: %s", t.id, t.reason)
		}
	}
}

// declared is a container with what the scheduler must know of it.
type declared struct {
	Container
	essential bool
	stream    string // group and stream of its log; "" for none
	secrets   map[string]string
}

func (s *Server) containers(d *definition, t *task) []declared {
	items, _ := d.raw["containerDefinitions"].([]any)
	var all []declared
	for _, item := range items {
		raw, ok := item.(object)
		if !ok {
			continue
		}
		c := declared{essential: true, secrets: map[string]string{}}
		c.Name, c.Image, c.Command, c.EntryPoint = str(raw, "name"), str(raw, "image"), list(raw, "command"), list(raw, "entryPoint")
		if own := t.commands[c.Name]; own != nil {
			c.Command = own
		}
		if essential, ok := raw["essential"].(bool); ok {
			c.essential = essential
		}
		for _, of := range objects(raw, "environment") {
			c.Environ = append(c.Environ, str(of, "name")+"="+str(of, "value"))
		}
		for _, of := range objects(raw, "secrets") {
			c.secrets[str(of, "name")] = str(of, "valueFrom")
		}
		if log, ok := raw["logConfiguration"].(object); ok && str(log, "logDriver") == "awslogs" {
			options, _ := log["options"].(object)
			c.stream = logKey(str(options, "awslogs-group"), str(options, "awslogs-stream-prefix")+"/"+c.Name+"/"+t.id)
		}
		all = append(all, c)
	}
	return all
}

func objects(in object, key string) []object {
	items, _ := in[key].([]any)
	var all []object
	for _, item := range items {
		if o, ok := item.(object); ok {
			all = append(all, o)
		}
	}
	return all
}

// prepare fetches a task's secrets and images; a code tells why it does not
// start.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
func (s *Server) prepare(ctx context.Context, t *task, containers []declared) (code, reason, container string) {
	const failedToStart = "TaskFailedToStart"
	for i := range containers {
		c := &containers[i]
		for name, from := range c.secrets {
			value, err := s.o.Secrets.Value(from)
			if err != nil {
				return failedToStart, "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: RequestID: " + newID() + ", " + err.Error(), ""
			}
			c.Environ = append(c.Environ, name+"="+value)
		}
	}
	s.mu.Lock()
	t.status = pending
	s.mu.Unlock()
	for _, c := range containers {
		image := c.Image
		oneOff := strings.HasPrefix(t.group, "family:")
		if s.o.Scenario == PullFailure && !oneOff || s.o.Scenario == NoExitCode && oneOff {
			repository, _, _ := strings.Cut(image, "@")
			image = repository + "@sha256:" + strings.Repeat("0", 64) // which the registry does not have
		}
		if err := s.o.Runner.Pull(ctx, image); err != nil {
			return failedToStart, "CannotPullContainerError: " + err.Error(), c.Name
		}
	}
	return "", "", ""
}

// afterUpdate lets happen what the scenario has for the time after an update.
func (s *Server) afterUpdate() {
	service := s.service
	after := func(ticks time.Duration, do func()) {
		time.AfterFunc(ticks*s.o.Tick, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.service = service
			do()
		})
	}
	switch s.o.Scenario {
	case Displaced:
		if s.service.deployments[0].seeded || len(s.families[s.service.family]) > 10 {
			return
		}
		after(2, func() {
			if s.find(s.service.family).by != other(s.o.Account) {
				s.start(s.register(s.service.family, s.find(s.service.family+":1").raw, other(s.o.Account)).name)
			}
		})
	case Deleted:
		after(3, func() { s.service.deleted = true })
	case NetworkGone:
		after(3, func() { s.down = true })
	case MissingSecret:
		if s.o.LoseSecret != nil {
			s.o.LoseSecret()
		}
	}
}

// other is somebody else.
func other(account string) string {
	return "arn:aws:sts::" + account + ":assumed-role/rehearsal/somebody-else"
}
