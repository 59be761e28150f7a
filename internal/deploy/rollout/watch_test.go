package rollout_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hci/internal/aws/ecs"
	"hci/internal/deploy/rollout"
)

// script is a service that goes from one state to the next with each question.
type script struct {
	states  []any // *ecs.Service or error; the last one stays
	stopped []ecs.StoppedTask
	stages  []*ecs.Stage // likewise
	asked   int
}

func (s *script) Stage(context.Context, string) (*ecs.Stage, error) {
	if len(s.stages) == 0 {
		return nil, nil
	}
	return s.stages[min(s.asked, len(s.stages))-1], nil
}

func (s *script) State(context.Context) (*ecs.Service, error) {
	state := s.states[min(s.asked, len(s.states)-1)]
	s.asked++
	if err, ok := state.(error); ok {
		return nil, err
	}
	return state.(*ecs.Service), nil
}

func (s *script) Stopped(_ context.Context, id string) ([]ecs.StoppedTask, error) {
	if id != "own" {
		return nil, errors.New("asked for another deployment's tasks")
	}
	return s.stopped[:min(len(s.stopped), s.asked)], nil
}

func service(deployments ...ecs.Deployment) *ecs.Service {
	return &ecs.Service{Deployments: deployments}
}

// breaks is a service with a circuit breaker.
func breaks(s *ecs.Service) *ecs.Service {
	with := *s
	with.Breaker = true
	return &with
}

func own(status, rollout string) ecs.Deployment {
	return ecs.Deployment{ID: "own", Status: status, Rollout: rollout, Revision: "web:7", Desired: 2, Running: 2, Reason: "circuit breaker: tasks failed to start"}
}

var (
	other        = ecs.Deployment{ID: "other", Status: "PRIMARY", Rollout: "IN_PROGRESS", Revision: "web:8", Desired: 2}
	back         = ecs.Deployment{ID: "back", Status: "PRIMARY", Rollout: "IN_PROGRESS", Revision: "web:6", Desired: 2, Running: 2}
	stable       = ecs.Deployment{ID: "stable", Status: "PRIMARY", Rollout: "COMPLETED", Revision: "web:9", Desired: 2, Running: 2}
	old          = ecs.Deployment{ID: "old", Status: "ACTIVE", Rollout: "COMPLETED", Revision: "web:6", Desired: 2, Running: 2}
	going        = service(own("PRIMARY", "IN_PROGRESS"), old)
	errThrottled = errors.New("ThrottlingException")
)

// slow is a deployment of which a task fails every five minutes, and that never
// ends.
func slow() []any {
	const perFailure = 60
	var states []any
	for i := range 3 * perFailure {
		d := own("PRIMARY", "IN_PROGRESS")
		d.Failed = i / perFailure
		states = append(states, service(d))
	}
	return states
}

// TestWatch: each end is told from the others.
func TestWatch(t *testing.T) {
	crash := func(reason, exit string) ecs.StoppedTask {
		return ecs.StoppedTask{ID: "0123456789", Code: "EssentialContainerExited", Reason: reason, Exit: exit}
	}
	told := func(code, reason string) ecs.StoppedTask {
		return ecs.StoppedTask{ID: "0123456789", Code: code, Reason: reason}
	}
	const request = "ResourceInitializationError: unable to retrieve secret from asm: operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, RequestID: "
	for _, c := range []struct {
		name    string
		states  []any
		stopped []ecs.StoppedTask
		end     rollout.End
		says    string
	}{
		{"healthy", []any{going, going, service(own("PRIMARY", "COMPLETED"))}, nil, rollout.Deployed, "web:7 is what runs: 2 of 2 tasks"},
		{"completed, the old one still draining", []any{service(own("PRIMARY", "COMPLETED"), old)}, nil, rollout.Deployed, "web:7 is what runs"},
		{"one stop is no loop", []any{going, going, service(own("PRIMARY", "COMPLETED"))}, []ecs.StoppedTask{crash("x", "")}, rollout.Deployed, ""},
		{"two stops for one reason are none", []any{going, going, service(own("PRIMARY", "COMPLETED"))}, []ecs.StoppedTask{crash("x", ""), crash("x", "")}, rollout.Deployed, ""},
		{"two stops for different reasons", []any{going, going, service(own("PRIMARY", "COMPLETED"))}, []ecs.StoppedTask{crash("x", ""), crash("y", "")}, rollout.Deployed, ""},
		{"the breaker rolls back", []any{going, service(back, own("ACTIVE", "FAILED"))}, []ecs.StoppedTask{crash("x", "app: exit code 3")}, rollout.RolledBack, "ECS rolled it back: circuit breaker: tasks failed to start\ntask 01234567 stopped: x; app: exit code 3\nweb:6 is the service's deployment now: 2 of 2 tasks run"},
		{"after another's update the service is stable, and it is still no success", []any{going, service(stable)}, nil, rollout.Superseded, "another deployment took its place\nweb:9 is"},
		{"failed without a rollback", []any{going, service(own("PRIMARY", "FAILED"), old)}, nil, rollout.Failed, "ECS gave it up"},
		{"crash loop", []any{going}, []ecs.StoppedTask{crash("x", "app: exit code 1"), crash("x", "app: exit code 1"), crash("x", "app: exit code 1")}, rollout.CrashLoop, "its tasks stop again and again\ntask 01234567 stopped: x; app: exit code 1"},
		{"crash loop whose causes hold ids", []any{going}, []ecs.StoppedTask{
			told("TaskFailedToStart", request+"d45b80b7-6a19-4b4e-9f0e-0a8f6b1c2d3e, User: arn:aws:sts::1:assumed-role/r/0123456789abcdef0123456789abcdef"),
			told("TaskFailedToStart", request+"a56c91c8-7b2a-5c5f-8a1f-1b9a7c2d3e4f, User: arn:aws:sts::1:assumed-role/r/aedcba9876543210fedcba9876543210"),
			told("TaskFailedToStart", request+"e56c91c8-7b2a-5c5f-8a1f-1b9a7c2d3e4f, User: arn:aws:sts::1:assumed-role/r/fedcba9876543210fedcba9876543210"),
		}, rollout.CrashLoop, "its tasks stop again and again"},
		{"health checks that fail", []any{going}, []ecs.StoppedTask{
			told("ServiceSchedulerInitiated", "Task failed ELB health checks in (target-group arn:x)"), told("ServiceSchedulerInitiated", "Task failed ELB health checks in (target-group arn:x)"), told("ServiceSchedulerInitiated", "Task failed ELB health checks in (target-group arn:x)"),
		}, rollout.CrashLoop, "its tasks stop again and again"},
		{"scaling is no loop", []any{going, going, service(own("PRIMARY", "COMPLETED"))}, []ecs.StoppedTask{
			told("ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)"), told("ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)"),
		}, rollout.Deployed, ""},
		{"not told of at first", []any{service(old), going, service(own("PRIMARY", "COMPLETED"))}, nil, rollout.Deployed, ""},
		{"never told of", []any{service(stable)}, nil, rollout.Superseded, "another deployment took its place"},
		{"crash loop that ECS ends itself", []any{breaks(going), breaks(going), breaks(going), service(back, own("ACTIVE", "FAILED"))}, []ecs.StoppedTask{crash("x", "app: exit code 1"), crash("x", "app: exit code 1")}, rollout.RolledBack, "ECS rolled it back"},
		{"displaced", []any{going, service(other, own("ACTIVE", "IN_PROGRESS"))}, nil, rollout.Superseded, "another deployment took its place\nweb:8 is the service's deployment now: 0 of 2 tasks run"},
		{"failed, and then displaced", []any{going, service(other, own("ACTIVE", "FAILED"))}, nil, rollout.Superseded, "another deployment took its place\nweb:8 is"},
		{"displaced by the revision before", []any{going, service(back, own("ACTIVE", "IN_PROGRESS"))}, nil, rollout.Superseded, "another deployment took its place\nweb:6 is"},
		{"which is called failed late", []any{going, service(back, own("ACTIVE", "IN_PROGRESS")), service(back, own("ACTIVE", "FAILED"))}, nil, rollout.RolledBack, "ECS rolled it back"},
		{"completed, and then displaced by it", []any{going, service(back, own("ACTIVE", "COMPLETED"))}, nil, rollout.Superseded, "another deployment took its place\nweb:6 is"},
		{"deleted", []any{going, &ecs.NotFoundError{What: "service"}}, nil, rollout.Gone, "the service is not there any more"},
		{"stuck", []any{going}, nil, rollout.Stuck, "it is still under way, and nothing has moved for 15m0s"},
		{"slow", slow(), nil, rollout.TimedOut, "it is still under way\n"},
		{"rolled back and let go of", []any{going, service(back)}, nil, rollout.RolledBack, "it was rolled back"},
		{"throttled now and then", []any{errThrottled, going, errThrottled, errThrottled, service(own("PRIMARY", "COMPLETED"))}, nil, rollout.Deployed, ""},
		{"network gone", []any{going, errThrottled}, nil, rollout.Lost, "AWS can't be asked any more: ThrottlingException"},
		{"no rollout state", []any{service(own("PRIMARY", "")), service(own("PRIMARY", ""), old)}, nil, rollout.Deployed, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				seen := 0
				r, err := rollout.Watch(t.Context(), &script{states: c.states, stopped: c.stopped}, "own", rollout.Options{Before: "web:6", Seen: func(*ecs.Service, *ecs.Deployment) { seen++ }})
				if err != nil || r.End != c.end || seen == 0 {
					t.Errorf("%v, %v, seen %d times; want %v", r.End, err, seen, c.end)
				}
				if said := strings.Join(r.Explain(), "\n"); !strings.HasPrefix(said, c.says) {
					t.Errorf("said\n%s", said)
				}
			})
		})
	}
}

// TestWatchAgain: tasks that had stopped before are no new crash loop.
func TestWatchAgain(t *testing.T) {
	stop := func(id string) ecs.StoppedTask {
		return ecs.StoppedTask{ID: id, Code: "EssentialContainerExited", Exit: "app: exit code 1"}
	}
	for _, c := range []struct {
		again   bool
		stopped []ecs.StoppedTask
		end     rollout.End
	}{
		{false, []ecs.StoppedTask{stop("1"), stop("2"), stop("3")}, rollout.CrashLoop},
		{true, []ecs.StoppedTask{stop("1"), stop("2")}, rollout.Deployed},
		{true, []ecs.StoppedTask{stop("1"), stop("2"), stop("3"), stop("4")}, rollout.CrashLoop},
	} {
		synctest.Test(t, func(t *testing.T) {
			src := &script{states: []any{going, going, going, going, service(own("PRIMARY", "COMPLETED"))}, stopped: c.stopped}
			if r, err := rollout.Watch(t.Context(), src, "own", rollout.Options{Again: c.again}); err != nil || r.End != c.end {
				t.Errorf("again %v, %d stopped: %v, %v; want %v", c.again, len(c.stopped), r.End, err, c.end)
			}
		})
	}
}

// TestWatchRevision: the revision tells a rollback from somebody else's deployment of
// the same one, even if the watched deployment is never seen.
func TestWatchRevision(t *testing.T) {
	for _, c := range []struct {
		revision string
		end      rollout.End
	}{
		{"web:7", rollout.RolledBack},
		{"web:6", rollout.Superseded}, // a restart
	} {
		synctest.Test(t, func(t *testing.T) {
			r, err := rollout.Watch(t.Context(), &script{states: []any{service(back)}}, "own", rollout.Options{Revision: c.revision, Before: "web:6"})
			if err != nil || r.End != c.end {
				t.Errorf("%s: %v, %v; want %v", c.revision, r.End, err, c.end)
			}
		})
	}
}

func TestWatchInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
		defer cancel()
		src := &script{states: []any{going}}
		if _, err := rollout.Watch(ctx, src, "own", rollout.Options{}); !errors.Is(err, context.DeadlineExceeded) || src.asked != 3 {
			t.Errorf("%v after %d questions", err, src.asked)
		}
	})
}

// TestWatchManyTasks: some failures among many tasks, or before more of them run than
// ever, are no crash loop.
func TestWatchManyTasks(t *testing.T) {
	of := func(running, desired int) *ecs.Service {
		d := own("PRIMARY", "IN_PROGRESS")
		d.Running, d.Desired = running, desired
		return service(d)
	}
	done := service(own("PRIMARY", "COMPLETED"))
	fails := func(n int) []ecs.StoppedTask {
		var all []ecs.StoppedTask
		for i := range n {
			all = append(all, ecs.StoppedTask{ID: string(rune('a' + i)), Code: "TaskFailedToStart", Reason: "timeout pulling the image"})
		}
		return all
	}
	climbs := func(desired int) []any {
		var states []any
		for i := range desired {
			states = append(states, of(i, desired))
		}
		return append(states, done)
	}
	stays := func(n int, s *ecs.Service) []any {
		var states []any
		for range n {
			states = append(states, s)
		}
		return append(states, done)
	}
	for _, c := range []struct {
		name    string
		states  []any
		stopped []ecs.StoppedTask
		end     rollout.End
	}{
		{"two of twenty", stays(12, of(18, 20)), fails(2), rollout.Deployed},
		{"nine of twenty", stays(12, of(18, 20)), fails(9), rollout.Deployed},
		{"ten of twenty", stays(12, of(18, 20)), fails(10), rollout.CrashLoop},
		{"twelve while it grows", climbs(20), fails(12), rollout.Deployed},
		{"three of one", stays(6, of(0, 1)), fails(3), rollout.CrashLoop},
		{"two of one", stays(6, of(0, 1)), fails(2), rollout.Deployed},
	} {
		synctest.Test(t, func(t *testing.T) {
			r, err := rollout.Watch(t.Context(), &script{states: c.states, stopped: c.stopped}, "own", rollout.Options{})
			if err != nil || r.End != c.end {
				t.Errorf("%s: %v, %v; want %v", c.name, r.End, err, c.end)
			}
		})
	}
}

// TestWatchLoops: where ECS will end a crash loop, that is told once.
func TestWatchLoops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := own("PRIMARY", "IN_PROGRESS")
		d.Running, d.Desired = 0, 1
		states := []any{breaks(service(d)), breaks(service(d)), breaks(service(d)), service(own("PRIMARY", "FAILED"))}
		var stopped []ecs.StoppedTask
		for _, id := range []string{"a", "b", "c"} {
			stopped = append(stopped, ecs.StoppedTask{ID: id, Code: "TaskFailedToStart", Reason: "timeout pulling the image"})
		}
		told := 0
		r, err := rollout.Watch(t.Context(), &script{states: states, stopped: stopped}, "own", rollout.Options{Loops: func(all []ecs.StoppedTask) { told = len(all) }})
		if err != nil || r.End != rollout.Failed || told != 2 {
			t.Errorf("%v, %v, told at %d", r.End, err, told)
		}
	})
}

// TestWatchStages: each stage of a blue/green deployment has its own time, and the
// deployment is done when they are.
func TestWatchStages(t *testing.T) {
	staged := func(bake time.Duration, rollout string) *ecs.Service {
		s := service(own("PRIMARY", rollout), old)
		s.Strategy = &ecs.Strategy{Name: "BLUE_GREEN", Bake: bake}
		return s
	}
	many := func(n int, s *ecs.Service, last ...any) []any {
		var states []any
		for range n {
			states = append(states, s)
		}
		return append(states, last...)
	}
	stages := func(n int, names ...string) []*ecs.Stage {
		var all []*ecs.Stage
		for _, name := range names {
			for range n {
				all = append(all, &ecs.Stage{Status: "IN_PROGRESS", Name: name})
			}
		}
		return append(all, nil)
	}
	by := func(strategy ecs.Strategy, rollout string) *ecs.Service {
		s := staged(strategy.Bake, rollout)
		s.Strategy = &strategy
		return s
	}
	linear := ecs.Strategy{Name: "LINEAR", Shift: time.Hour, Bake: 20 * time.Minute}
	canary := ecs.Strategy{Name: "CANARY", Shift: 30 * time.Minute, Bake: 10 * time.Minute}
	failedHook := service(back, own("ACTIVE", "FAILED"))
	failedHook.Deployments[1].Reason = "ECS deployment failed: lifecycle hook POST_TEST_TRAFFIC_SHIFT failed; alarm"
	const perTen = 120 // questions in ten minutes
	for _, c := range []struct {
		name   string
		states []any
		stages []*ecs.Stage
		end    rollout.End
	}{
		{"linear: an hour of shifts, and then a bake time", many(8*perTen, by(linear, "IN_PROGRESS"), by(linear, "COMPLETED")),
			append(stages(6*perTen, ecs.ShiftStage)[:6*perTen], stages(2*perTen, ecs.BakeStage)...), rollout.Deployed},
		{"linear: complete, and still shifting", many(6*perTen, by(linear, "COMPLETED"), service(other)), stages(9*perTen, ecs.ShiftStage), rollout.Superseded},
		{"linear: a shift that has no end", many(12*perTen, by(linear, "IN_PROGRESS")), stages(12*perTen, ecs.ShiftStage), rollout.Stuck},
		{"canary: half an hour of it, and then a bake time", many(4*perTen, by(canary, "IN_PROGRESS"), by(canary, "COMPLETED")),
			append(stages(3*perTen, ecs.ShiftStage)[:3*perTen], stages(perTen, ecs.BakeStage)...), rollout.Deployed},
		{"canary: rolled back in the bake time", many(perTen, by(canary, "IN_PROGRESS"), service(back, own("ACTIVE", "FAILED"))), stages(2*perTen, ecs.BakeStage), rollout.RolledBack},
		{"a lifecycle hook takes its time at each stage", many(4*perTen, staged(0, "IN_PROGRESS"), staged(0, "COMPLETED")),
			stages(perTen, "PRE_SCALE_UP", "POST_SCALE_UP", "POST_TEST_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"), rollout.Deployed},
		{"a lifecycle hook fails", many(perTen, staged(0, "IN_PROGRESS"), failedHook), stages(2*perTen, "POST_TEST_TRAFFIC_SHIFT"), rollout.RolledBack},
		{"an hour of bake", many(6*perTen, staged(time.Hour, "IN_PROGRESS"), staged(time.Hour, "COMPLETED")), stages(6*perTen, ecs.BakeStage), rollout.Deployed},
		{"ten minutes each", many(3*perTen, staged(0, "IN_PROGRESS"), staged(0, "COMPLETED")), stages(perTen, "SCALE_UP", "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT"), rollout.Deployed},
		{"one stage without an end", many(4*perTen, staged(0, "IN_PROGRESS")), stages(4*perTen, "SCALE_UP"), rollout.Stuck},
		{"complete, and still baking", many(perTen, staged(time.Hour, "COMPLETED"), service(other, own("ACTIVE", "FAILED"))), stages(2*perTen, ecs.BakeStage), rollout.RolledBack},
	} {
		synctest.Test(t, func(t *testing.T) {
			said := map[string]bool{}
			r, err := rollout.Watch(t.Context(), &script{states: c.states, stages: c.stages}, "own", rollout.Options{Seen: func(s *ecs.Service, _ *ecs.Deployment) {
				if s.Stage != nil {
					said[s.Strategy.String()+" "+s.Stage.String()] = true
				}
			}})
			if err != nil || r.End != c.end {
				t.Errorf("%s: %v, %v; want %v", c.name, r.End, err, c.end)
			}
			for name, want := range map[string]string{
				"an hour of bake": "blue/green bake time until 01:00 UTC", "linear: an hour of shifts, and then a bake time": "linear production traffic shift until 01:00 UTC",
				"canary: half an hour of it, and then a bake time": "canary production traffic shift until 00:30 UTC", "a lifecycle hook takes its time at each stage": "blue/green post test traffic shift",
			} {
				if c.name == name && !said[want] {
					t.Errorf("%s: said %v", name, said)
				}
			}
		})
	}
}
