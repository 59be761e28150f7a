package fakeaws_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"syscall"
	"testing"

	"hci/internal/testing/fakeaws"
)

// state is how the service stands; nil if there is none.
func (a *aws) state() object {
	a.t.Helper()
	all := objects(a.do(ecs+"DescribeServices", `{"cluster":"main","services":["web"]}`), "services")
	if len(all) == 0 {
		return nil
	}
	return all[0]
}

// deployment is the one with an id, nil if it is not there.
func (a *aws) deployment(id string) object {
	a.t.Helper()
	for _, d := range objects(a.state(), "deployments") {
		if d["id"] == id {
			return d
		}
	}
	return nil
}

// primary is the deployment that the service is to run.
func (a *aws) primary() object {
	a.t.Helper()
	return objects(a.state(), "deployments")[0]
}

// deploy registers a revision with an image and makes the service run it.
func (a *aws) deploy() (id string) {
	a.t.Helper()
	a.do(ecs+"RegisterTaskDefinition", strings.Replace(definition, "IMAGE", a.RepositoryURI()+"@sha256:"+strings.Repeat("1", 64), 1))
	return a.update(`"taskDefinition":"web:2"`)
}

func (a *aws) update(members string) (id string) {
	a.t.Helper()
	out := a.do(ecs+"UpdateService", `{"cluster":"main","service":"web",`+members+`}`)
	return objects(out["service"].(object), "deployments")[0]["id"].(string)
}

// stopped are the service's tasks that have stopped.
func (a *aws) stopped(by string) []object {
	a.t.Helper()
	arns := a.do(ecs+"ListTasks", `{"cluster":"main","serviceName":"web","desiredStatus":"STOPPED"}`)["taskArns"].([]any)
	if len(arns) == 0 {
		return nil
	}
	var quoted []string
	for _, arn := range arns {
		quoted = append(quoted, `"`+arn.(string)+`"`)
	}
	all := objects(a.do(ecs+"DescribeTasks", `{"cluster":"main","tasks":[`+strings.Join(quoted, ",")+`]}`), "tasks")
	return slices.DeleteFunc(all, func(t object) bool { return t["startedBy"] != by })
}

// is reports whether a deployment is there with a status and a state.
func is(d object, status, rollout string) bool {
	return d != nil && d["status"] == status && d["rolloutState"] == rollout
}

func revision(d object) string {
	arn, _ := d["taskDefinition"].(string)
	return arn[strings.LastIndexByte(arn, '/')+1:]
}

func TestBegin(t *testing.T) {
	a := begin(t, fakeaws.Healthy)
	s, d := a.state(), a.primary()
	if s["runningCount"] != 1.0 || s["desiredCount"] != 1.0 || s["status"] != "ACTIVE" || !is(d, "PRIMARY", "COMPLETED") || revision(d) != "web:1" || revision(s) != "web:1" {
		t.Errorf("%v", s)
	}
	if len(a.runner.containers()) != 0 {
		t.Error("the revision before has no image, and a container")
	}
}

func TestHealthy(t *testing.T) {
	a := begin(t, fakeaws.Healthy)
	old := a.primary()["id"].(string)
	id := a.deploy()
	if d := a.deployment(id); d["status"] != "PRIMARY" || id == old || !strings.HasPrefix(id, "ecs-svc/") {
		t.Errorf("%v", d)
	}
	until(t, "completed", func() bool { return is(a.deployment(id), "PRIMARY", "COMPLETED") })
	until(t, "the old one is retired", func() bool { return a.deployment(old) == nil })
	if s := a.state(); s["runningCount"] != 1.0 || revision(s) != "web:2" || len(objects(s, "deployments")) != 1 || len(objects(s, "events")) < 2 {
		t.Errorf("%v", s)
	}
	if tasks := a.stopped(old); len(tasks) != 1 || tasks[0]["stopCode"] != "ServiceSchedulerInitiated" {
		t.Errorf("%v", tasks)
	}
	ran := a.runner.containers()
	if len(ran) != 1 || ran[0].Name != "app" || !strings.HasPrefix(ran[0].Image, a.RepositoryURI()+"@sha256:11") ||
		!slices.Equal(ran[0].Command, []string{"serve"}) || !slices.Equal(ran[0].Environ, []string{"MODE=production", "KEY=value of arn:key"}) {
		t.Errorf("%+v", ran)
	}
}

// TestUpdateAgain: the same revision starts a deployment with force only.
func TestUpdateAgain(t *testing.T) {
	a := begin(t, fakeaws.Healthy)
	old := a.primary()["id"]
	if id := a.update(`"taskDefinition":"web:1"`); id != old {
		t.Errorf("%s started", id)
	}
	id := a.update(`"taskDefinition":"web:1","forceNewDeployment":true`)
	if id == old {
		t.Error("nothing started")
	}
	until(t, "completed", func() bool { return is(a.deployment(id), "PRIMARY", "COMPLETED") })
}

func TestCrashLoop(t *testing.T) {
	a := begin(t, fakeaws.CrashLoop)
	id := a.deploy()
	until(t, "four tasks failed", func() bool {
		d := a.deployment(id)
		if !is(d, "PRIMARY", "IN_PROGRESS") {
			t.Fatalf("%v", d)
		}
		return d["failedTasks"].(float64) >= 4
	})
	tasks := a.stopped(id)
	if len(tasks) < 4 {
		t.Fatalf("%d tasks stopped", len(tasks))
	}
	for _, task := range tasks {
		c := objects(task, "containers")
		if task["stopCode"] != "EssentialContainerExited" || len(c) != 1 || c[0]["exitCode"] != 137.0 || task["stoppedAt"] == nil || task["startedAt"] == nil {
			t.Errorf("%v", task)
		}
	}
	if n := len(objects(a.state(), "deployments")); n != 2 {
		t.Errorf("%d deployments", n)
	}
}

func TestBreaker(t *testing.T) {
	a := begin(t, fakeaws.Breaker)
	if breaker := a.state()["deploymentConfiguration"].(object)["deploymentCircuitBreaker"].(object); breaker["enable"] != true || breaker["rollback"] != true {
		t.Errorf("%v", breaker)
	}
	id := a.deploy()
	until(t, "rolled back", func() bool {
		d, p := a.deployment(id), a.primary()
		if is(d, "PRIMARY", "COMPLETED") {
			t.Fatalf("%v", d)
		}
		return p["id"] != id && is(p, "PRIMARY", "COMPLETED") && revision(p) == "web:1"
	})
	if n := len(a.stopped(id)); n != 3 { // AWS's least threshold
		t.Errorf("rolled back after %d tasks", n)
	}
	if texts := events(a); !strings.Contains(texts, "circuit breaker") {
		t.Error(texts)
	}
}

func events(a *aws) string {
	var all []string
	for _, e := range objects(a.state(), "events") {
		all = append(all, e["message"].(string))
	}
	return strings.Join(all, "\n")
}

// TestFailedToStart: neither the image nor the secret of the service's tasks is
// there.
func TestFailedToStart(t *testing.T) {
	for _, c := range []struct {
		scenario           fakeaws.Scenario
		reason, ofContaner string
	}{
		{fakeaws.PullFailure, "CannotPullContainerError: manifest unknown", "CannotPullContainerError: manifest unknown"},
		{fakeaws.MissingSecret, "ResourceInitializationError: unable to pull secrets", ""},
	} {
		t.Run(string(c.scenario), func(t *testing.T) {
			a := begin(t, c.scenario)
			id := a.deploy()
			until(t, "two tasks failed", func() bool { return len(a.stopped(id)) >= 2 })
			task := a.stopped(id)[0]
			of := objects(task, "containers")[0]
			said, _ := of["reason"].(string)
			if task["stopCode"] != "TaskFailedToStart" || !strings.HasPrefix(task["stoppedReason"].(string), c.reason) || of["exitCode"] != nil || said != c.ofContaner || task["startedAt"] != nil {
				t.Errorf("%v", task)
			}
			if d := a.deployment(id); !is(d, "PRIMARY", "IN_PROGRESS") {
				t.Errorf("%v", d)
			}
		})
	}
}

func TestDisplaced(t *testing.T) {
	a := begin(t, fakeaws.Displaced)
	id := a.deploy()
	until(t, "somebody else's deployment is done", func() bool {
		p := a.primary()
		return p["id"] != id && p["rolloutState"] == "COMPLETED" && revision(p) == "web:3"
	})
	out := a.do(ecs+"DescribeTaskDefinition", `{"taskDefinition":"web"}`)["taskDefinition"].(object)
	if by := out["registeredBy"].(string); !strings.HasSuffix(by, "/somebody-else") {
		t.Error(by)
	}
	if id := a.update(`"taskDefinition":"web:2"`); a.primary()["id"] != id { // it happens once
		t.Errorf("%v", a.primary())
	}
}

func TestDeleted(t *testing.T) {
	a := begin(t, fakeaws.Deleted)
	a.deploy()
	until(t, "deleted", func() bool { return a.state() == nil })
	a.refuses(ecs+"UpdateService", `{"cluster":"main","service":"web"}`, "ServiceNotFoundException")
}

func TestInProgress(t *testing.T) {
	a := begin(t, fakeaws.InProgress)
	old := a.primary()
	if !is(old, "PRIMARY", "IN_PROGRESS") {
		t.Errorf("%v", old)
	}
	if n := len(underWay(a)); n != 1 {
		t.Errorf("%d deployments are under way", n)
	}
	id := a.deploy()
	until(t, "completed", func() bool {
		return is(a.deployment(id), "PRIMARY", "COMPLETED") && a.deployment(old["id"].(string)) == nil
	})
}

func TestNetworkGone(t *testing.T) {
	a := begin(t, fakeaws.NetworkGone)
	a.deploy()
	until(t, "no answer", func() bool {
		_, _, err := a.ask(ecs+"DescribeServices", `{"cluster":"main","services":["web"]}`)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
			t.Fatal(err)
		}
		return err != nil
	})
}

// underWay are the ARNs of the deployments that can be stopped.
func underWay(a *aws) []string {
	a.t.Helper()
	out := a.do(ecs+"ListServiceDeployments", `{"cluster":"main","service":"web","status":["PENDING","IN_PROGRESS"]}`)
	var arns []string
	for _, d := range objects(out, "serviceDeployments") {
		arns = append(arns, d["serviceDeploymentArn"].(string))
	}
	return arns
}

// TestStopServiceDeployment ends a crash loop without a circuit breaker.
func TestStopServiceDeployment(t *testing.T) {
	a := begin(t, fakeaws.CrashLoop)
	if arns := underWay(a); len(arns) != 0 {
		t.Errorf("%v", arns)
	}
	id := a.deploy()
	arns := underWay(a)
	if len(arns) != 1 || !strings.HasSuffix(arns[0], strings.TrimPrefix(id, "ecs-svc/")) {
		t.Fatalf("%v", arns)
	}
	stop := `{"serviceDeploymentArn":"` + arns[0] + `","stopType":"ROLLBACK"}`
	a.do(ecs+"StopServiceDeployment", stop)
	until(t, "rolled back", func() bool {
		p := a.primary()
		return p["id"] != id && is(p, "PRIMARY", "COMPLETED") && revision(p) == "web:1"
	})
	until(t, "the stopped one is retired", func() bool { return a.deployment(id) == nil })
	a.refuses(ecs+"StopServiceDeployment", stop, "ServiceDeploymentNotFoundException")
	if arns := underWay(a); len(arns) != 0 {
		t.Errorf("%v", arns)
	}
}
