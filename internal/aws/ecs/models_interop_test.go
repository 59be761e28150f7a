//go:build interop

package ecs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hci/internal/aws/client"
	"hci/internal/aws/ecr"
	"hci/internal/aws/ecs"
	"hci/internal/testing/fakeaws"
)

// call is a request with its answer.
type call struct {
	Service   string          `json:"service"`
	Operation string          `json:"operation"`
	In        json.RawMessage `json:"in,omitempty"`
	Out       json.RawMessage `json:"out,omitempty"`
	Fault     string          `json:"fault,omitempty"`
}

// recorder keeps the requests that are made, and the answers.
type recorder struct {
	mu    sync.Mutex
	calls []call
}

func (r *recorder) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		service, operation, ok := strings.Cut(req.Header.Get("X-Amz-Target"), ".")
		if !ok {
			next.ServeHTTP(w, req)
			return
		}
		body, _ := io.ReadAll(req.Body)
		req.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, req)
		one := call{Service: service, Operation: operation, In: body}
		if answer.Code == http.StatusOK {
			one.Out = answer.Body.Bytes()
		} else {
			one.Fault, _ = exact(answer.Body.Bytes())["__type"].(string)
		}
		r.mu.Lock()
		r.calls = append(r.calls, one)
		r.mu.Unlock()
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}

// wrong is what AWS's models do not know of calls, for each of them.
func wrong(t *testing.T, calls []call) [][]string {
	t.Helper()
	path := python(t)
	var in bytes.Buffer
	for _, one := range calls {
		if err := json.NewEncoder(&in).Encode(one); err != nil {
			t.Fatalf("%v in %s", err, one.Operation)
		}
	}
	cmd := exec.Command(path, "testdata/modelled.py", "check")
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	out, err := cmd.Output()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if last := lines[len(lines)-1]; err != nil || last != fmt.Sprintf("looked at %d", len(calls)) {
		t.Fatalf("%v: %s", err, last)
	}
	all := make([][]string, len(calls))
	for _, line := range lines[:len(lines)-1] {
		number, text, _ := strings.Cut(line, " ")
		i, err := strconv.Atoi(number)
		if err != nil {
			t.Fatal(line)
		}
		all[i] = append(all[i], text)
	}
	return all
}

// modelled fails the test for what AWS's models do not know of calls.
func modelled(t *testing.T, calls []call) {
	t.Helper()
	said := map[string]bool{}
	for _, lines := range wrong(t, calls) {
		for _, line := range lines {
			if !said[line] {
				t.Error(line)
			}
			said[line] = true
		}
	}
}

// TestInteropModels records what hci asks, and what its own AWS answers, in a run
// of everything it does, and lets AWS's models look at it.
func TestInteropModels(t *testing.T) {
	r := &recorder{}
	for scenario, run := range map[fakeaws.Scenario]func(*testing.T, place){
		fakeaws.Healthy: runHealthy, fakeaws.CrashLoop: runCrashLoop, fakeaws.Breaker: runFailing,
		fakeaws.PullFailure: runFailing, fakeaws.NoExitCode: runNoExitCode, fakeaws.ExpiredSession: runExpired,
	} {
		run(t, rehearsal(t, scenario, r.wrap))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := map[string]bool{}
	for _, one := range r.calls {
		if one.Out != nil {
			seen[one.Operation] = true
		}
	}
	want := []string{
		"DescribeImages", "DescribeRepositories", "DescribeServiceRevisions", "DescribeServices", "DescribeTaskDefinition", "DescribeTasks", "FilterLogEvents",
		"GetAuthorizationToken", "GetLogEvents", "ListServiceDeployments", "ListTaskDefinitions", "ListTasks",
		"RegisterTaskDefinition", "RunTask", "StopServiceDeployment", "StopTask", "UpdateService",
	}
	if got := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, want) {
		t.Errorf("recorded %v", got)
	}
	modelled(t, r.calls)
}

// do fails the test with the first error.
func do(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// err2 is the error of a call whose answer does not matter.
func err2[T any](_ T, err error) error { return err }

// registered registers web:1 anew with an image in ECR, and returns its name.
func registered(t *testing.T, p place) string {
	t.Helper()
	d, err := p.on().Definition(t.Context(), "web:1")
	do(t, err)
	digest, err := ecr.New(p.cfg, "123456789012").Digest(t.Context(), "team/app", "git-1a2b3c4")
	do(t, err)
	name, err := p.on().Register(t.Context(), d.WithImage("123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/app@"+digest, []string{"app"}))
	do(t, err)
	return name
}

// settled waits until what a deployment needs is so.
func settled(t *testing.T, p place, so func(*ecs.Service) bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		s, err := p.on().State(t.Context())
		do(t, err)
		if so(s) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %+v", s)
		}
	}
}

func runHealthy(t *testing.T, p place) {
	ctx, o := t.Context(), p.on()
	repo, err := ecr.New(p.cfg, "").Repository(ctx, "team/app")
	do(t, err, err2(ecr.New(p.cfg, repo.Account).Token(ctx)))
	name := registered(t, p)
	task := ended(t, p, ecs.Run{Revision: name, Container: "app", Command: []string{"migrate"}, Token: "one", StartedBy: "hci/ann"})
	log := taskLog(t, p, task.ID)
	for range 3 {
		_, _, err := log.Next(ctx)
		do(t, err)
	}
	do(t, err2(log.Last(ctx, 2)), err2(o.Running(ctx, "web")))
	do(t, o.Logs(ctx, ecs.Tail{Since: time.Now().Add(-time.Hour)}, func(ecs.LogLine) error { return nil }))
	id, err := o.Update(ctx, name, false)
	do(t, err)
	settled(t, p, func(s *ecs.Service) bool { d := s.Primary(); return d.ID == id && d.Rollout == ecs.RolloutCompleted })
	do(t, err2(o.Update(ctx, name, true)), err2(o.Stopped(ctx, id)), err2(o.Describe(ctx)), err2(o.Environment(ctx, "app")))
	_, _, err = o.History(ctx, 3)
	do(t, err)
	arn, err := o.RunTask(ctx, ecs.Run{Revision: name, Token: "two"})
	do(t, err)
	service := client.Service{Host: "ecs", Name: "ecs", Target: "AmazonEC2ContainerServiceV20141113"}
	do(t, client.New(p.cfg, service).Call(ctx, "StopTask", map[string]string{"cluster": "main", "task": arn, "reason": "enough"}, &struct{}{}))
	// What is not there.
	_, _ = ecs.NewOn(p.cfg, "main", "other").State(ctx)
	_, _ = ecs.NewOn(p.cfg, "other", "web").State(ctx)
	_, _ = ecs.NewOn(p.cfg, "main", "other").Update(ctx, name, false)
	_, _ = o.Definition(ctx, "other")
	_, _ = o.OneOff(ctx, arn+"0", "app")
	_, _ = o.RunTask(ctx, ecs.Run{Revision: "web:1", Token: "two"})
	_, _ = ecr.New(p.cfg, "").Repository(ctx, "other")
	_, _ = ecr.New(p.cfg, "").Digest(ctx, "team/app", "other")
	_, _, _ = taskLog(t, p, "none").Next(ctx)
	_, _ = o.UnderWay(ctx, name) // none may be
	_ = o.StopDeployment(ctx, "arn:aws:ecs:eu-central-1:123456789012:service-deployment/main/web/0")
}

// runCrashLoop deploys what crashes, looks why, and stops it.
func runCrashLoop(t *testing.T, p place) {
	ctx, o := t.Context(), p.on()
	name := registered(t, p)
	id, err := o.Update(ctx, name, false)
	do(t, err)
	settled(t, p, func(s *ecs.Service) bool { return s.Deployment(id).Failed >= 2 })
	stopped, err := o.Stopped(ctx, id)
	do(t, err)
	o.LastLines(ctx, &stopped[0])
	under, err := o.UnderWay(ctx, name)
	do(t, err)
	do(t, o.StopDeployment(ctx, under))
	settled(t, p, func(s *ecs.Service) bool { return s.Primary().ID != id && s.Primary().Rollout == ecs.RolloutCompleted })
}

// runFailing deploys what does not start, or is rolled back.
func runFailing(t *testing.T, p place) {
	id, err := p.on().Update(t.Context(), registered(t, p), false)
	do(t, err)
	settled(t, p, func(s *ecs.Service) bool {
		d := s.Deployment(id)
		return d == nil || d.Failed >= 2
	})
	do(t, err2(p.on().Stopped(t.Context(), id)), err2(p.on().Describe(t.Context())))
}

func runNoExitCode(t *testing.T, p place) {
	if task := ended(t, p, ecs.Run{Revision: "web:1", Container: "app", Token: "one"}); task.Exit != nil {
		t.Errorf("%+v", task)
	}
}

func runExpired(t *testing.T, p place) {
	if _, err := p.on().State(t.Context()); client.Code(err) != "ExpiredTokenException" {
		t.Error(err)
	}
}

// TestInteropModelsRefuse: the look at documents finds what is wrong with them.
func TestInteropModelsRefuse(t *testing.T) {
	const service, registry = "AmazonEC2ContainerServiceV20141113", "AmazonEC2ContainerRegistry_V20150921"
	cases := []struct{ service, operation, in, out, fault, found string }{
		{service, "DescribeServices", `{"services":["web"]}`, `{"services":[],"failures":[]}`, "ClusterNotFoundException", ""},
		{service, "DescribeServices", `{}`, "", "", "in lacks services"},
		{service, "DescribeServices", `{"services":["web"],"service":"web"}`, "", "", "in has no member service"},
		{service, "DescribeServices", `{"services":"web"}`, "", "", "in.services is no list but str"},
		{service, "DescribeServices", `{"services":["web"],"include":["ALL"]}`, "", "", "in.include[0] is 'ALL', which is none of TAGS"},
		{service, "DescribeServices", "", `{"services":[{"desiredCount":"1"}]}`, "", "out.services[0].desiredCount is no integer but str"},
		{service, "DescribeServices", "", `{"services":[{"deployments":[{"rolloutState":"DONE"}]}]}`, "", "rolloutState is 'DONE'"},
		{service, "DescribeServices", "", `{"services":[{"events":null}]}`, "", "events is no list but NoneType"},
		{service, "DescribeServices", "", `{"services":[{"events":[{"createdAt":"now"}]}]}`, "", "createdAt is no timestamp but str"},
		{service, "DescribeServices", "", `{"services":[{"enableExecuteCommand":1}]}`, "", "no boolean but int"},
		{service, "DescribeServices", "", `{"services":[{"desiredCount":true}]}`, "", "no integer but bool"},
		{service, "DescribeServices", "", "", "ImageNotFoundException", "fault ImageNotFoundException is none of this operation's"},
		{service, "RunTask", `{"taskDefinition":"web:1","overrides":{"containerOverrides":[{"entryPoint":["x"]}]}}`, "", "", "containerOverrides[0] has no member entryPoint"},
		{registry, "DescribeImages", `{"repositoryName":"x"}`, "", "", "Invalid length for parameter repositoryName"},
	}
	var calls []call
	for _, c := range cases {
		calls = append(calls, call{Service: c.service, Operation: c.operation, In: json.RawMessage(c.in), Out: json.RawMessage(c.out), Fault: c.fault})
	}
	found := wrong(t, calls)
	for i, c := range cases {
		if got := strings.Join(found[i], "\n"); !strings.Contains(got, c.found) || c.found == "" && got != "" {
			t.Errorf("%s %s%s%s: found %q", c.operation, c.in, c.out, c.fault, got)
		}
	}
}

// TestInteropFullCopy registers a task definition that has every member of AWS's
// model, and lets hci copy it: all members are as they were, but the image.
func TestInteropFullCopy(t *testing.T) {
	out, err := exec.Command(python(t), "testdata/modelled.py", "full", "RegisterTaskDefinition").Output()
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{}
	p := rehearsal(t, fakeaws.Healthy, r.wrap)
	service := client.Service{Host: "ecs", Name: "ecs", Target: "AmazonEC2ContainerServiceV20141113"}
	do(t, client.New(p.cfg, service).Call(t.Context(), "RegisterTaskDefinition", json.RawMessage(out), &struct{}{}))
	original := exact(out)
	family := original["family"].(string)
	d, err := p.on().Definition(t.Context(), family)
	do(t, err)
	name, err := p.on().Register(t.Context(), d.WithImage(pinned, []string{"name"}))
	do(t, err)
	if name != family+":2" {
		t.Errorf("registered %s", name)
	}
	sent := exact(r.calls[len(r.calls)-1].In)
	of := original["containerDefinitions"].([]any)[0].(map[string]any)
	if of["image"] == pinned || len(original) < 18 || len(of) < 38 {
		t.Fatalf("%d members, %d of a container", len(original), len(of))
	}
	of["image"] = pinned
	for _, key := range slices.Sorted(maps.Keys(original)) {
		if !reflect.DeepEqual(sent[key], original[key]) {
			t.Errorf("%s: %v, in the original %v", key, sent[key], original[key])
		}
	}
	for key := range sent {
		if _, there := original[key]; !there {
			t.Errorf("%s is not the original's", key)
		}
	}
	modelled(t, r.calls)
	// And so it is described again.
	described, err := p.on().Definition(t.Context(), name)
	do(t, err)
	if got := said(ecs.Compare(d, described)); got != "containers.name.image: image → "+pinned {
		t.Errorf("differs in\n%s", got)
	}
}
