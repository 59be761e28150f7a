package fakeaws_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"hci/internal/testing/fakeaws"
)

const runTask = `{"cluster":"main","taskDefinition":"web:1","clientToken":"TOKEN","startedBy":"hci/ann","launchType":"FARGATE",
"networkConfiguration":{"awsvpcConfiguration":{"subnets":["s"]}},"overrides":{"containerOverrides":[{"name":"app","command":["migrate"]}]}}`

// run starts a one-off task.
func (a *aws) run(token string) (arn string) {
	a.t.Helper()
	out := a.do(ecs+"RunTask", strings.Replace(runTask, "TOKEN", token, 1))
	tasks := objects(out, "tasks")
	if len(tasks) != 1 || len(objects(out, "failures")) != 0 {
		a.t.Fatalf("%v", out)
	}
	return tasks[0]["taskArn"].(string)
}

func (a *aws) task(arn string) object {
	a.t.Helper()
	return objects(a.do(ecs+"DescribeTasks", `{"cluster":"main","tasks":["`+arn+`"]}`), "tasks")[0]
}

// end waits for a task's end.
func (a *aws) end(arn string) object {
	a.t.Helper()
	until(a.t, "the task stops", func() bool { return a.task(arn)["lastStatus"] == "STOPPED" })
	return a.task(arn)
}

// TestRunTask: a one-off task ends differently in each scenario.
func TestRunTask(t *testing.T) {
	for _, c := range []struct {
		scenario             fakeaws.Scenario
		code, reason, exited string
	}{
		{fakeaws.Healthy, "EssentialContainerExited", "Essential container in task exited", "0"},
		{fakeaws.MigrationFails, "EssentialContainerExited", "Essential container in task exited", "3"},
		{fakeaws.NoExitCode, "TaskFailedToStart", "CannotPullContainerError: manifest unknown", "<nil>"},
		{fakeaws.CrashLoop, "EssentialContainerExited", "Essential container in task exited", "0"}, // which the service's tasks do
		{fakeaws.PullFailure, "EssentialContainerExited", "Essential container in task exited", "0"},
	} {
		t.Run(string(c.scenario), func(t *testing.T) {
			a := begin(t, c.scenario)
			arn := a.run("one")
			task := a.end(arn)
			container := objects(task, "containers")[0]
			if task["stopCode"] != c.code || task["stoppedReason"] != c.reason || fmt.Sprint(container["exitCode"]) != c.exited || container["name"] != "app" {
				t.Errorf("%v", task)
			}
			if task["startedBy"] != "hci/ann" || task["group"] != "family:web" || task["desiredStatus"] != "STOPPED" || (task["startedAt"] == nil) != (c.scenario == fakeaws.NoExitCode) {
				t.Errorf("%v", task)
			}
			if d := a.primary(); d["failedTasks"] != 0.0 || len(objects(a.state(), "deployments")) != 1 {
				t.Errorf("the service is concerned: %v", d)
			}
		})
	}
}

// TestRunTaskTwice: the same token is the same task.
func TestRunTaskTwice(t *testing.T) {
	a := begin(t, fakeaws.Healthy)
	first := a.run("one")
	if again := a.run("one"); again != first {
		t.Errorf("%s, then %s", first, again)
	}
	if other := a.run("two"); other == first {
		t.Error("another token is the same task")
	}
	a.end(first)
	if again := a.run("one"); again != first {
		t.Error("it is another task after its end")
	}
	a.do(ecs+"RegisterTaskDefinition", definition)
	a.refuses(ecs+"RunTask", strings.NewReplacer("TOKEN", "one", "web:1", "web:2").Replace(runTask), "ConflictException")
}

func TestRunTaskRefused(t *testing.T) {
	a := begin(t, fakeaws.Healthy)
	a.refuses(ecs+"RunTask", strings.Replace(runTask, "web:1", "web:9", 1), "ClientException")
	a.refuses(ecs+"RunTask", strings.Replace(runTask, "networkConfiguration", "other", 1), "InvalidParameterException")
	a.refuses(ecs+"RunTask", strings.Replace(runTask, `"main"`, `"other"`, 1), "ClusterNotFoundException")
	out := a.do(ecs+"DescribeTasks", `{"cluster":"main","tasks":["none"]}`)
	if failures := objects(out, "failures"); len(objects(out, "tasks")) != 0 || len(failures) != 1 || failures[0]["reason"] != "MISSING" {
		t.Errorf("%v", out)
	}
}

func TestListTasks(t *testing.T) {
	a := begin(t, fakeaws.Healthy)
	one := a.end(a.run("one"))["taskArn"]
	for _, c := range []struct {
		in    string
		found int
	}{
		{`"serviceName":"web"`, 1}, {`"family":"web"`, 1}, {`"family":"other"`, 0}, {``, 1},
		{`"desiredStatus":"STOPPED"`, 1}, {`"desiredStatus":"STOPPED","serviceName":"web"`, 0}, {`"desiredStatus":"STOPPED","startedBy":"hci/ann"`, 1},
	} {
		arns := a.do(ecs+"ListTasks", `{"cluster":"main"`+strings.TrimSuffix(","+c.in, ",")+`}`)["taskArns"].([]any)
		if len(arns) != c.found || strings.Contains(c.in, "STOPPED") && c.found == 1 && arns[0] != one {
			t.Errorf("%s: %v", c.in, arns)
		}
	}
}

// TestStopTask: one that was just started is stopped as well, and stays so.
func TestStopTask(t *testing.T) {
	a := begin(t, fakeaws.Healthy)
	serve := strings.Replace(runTask, `["migrate"]`, `["serve"]`, 1)
	for i := range 20 {
		out := a.do(ecs+"RunTask", strings.Replace(serve, "TOKEN", fmt.Sprint(i), 1))
		arn := objects(out, "tasks")[0]["taskArn"].(string)
		a.do(ecs+"StopTask", `{"cluster":"main","task":"`+arn+`","reason":"enough"}`)
		if task := a.end(arn); task["stopCode"] != "UserInitiated" || task["stoppedReason"] != "enough" {
			t.Errorf("%v", task)
		}
	}
	until(t, "no container runs", func() bool {
		return len(a.do(ecs+"ListTasks", `{"cluster":"main","family":"web"}`)["taskArns"].([]any)) == 1 // the service's
	})
	a.refuses(ecs+"StopTask", `{"cluster":"main","task":"none"}`, "InvalidParameterException")
}

// log reads a page of a task's log; ok is false if it is not there.
func (a *aws) log(arn, more string) (texts []string, forward string, ok bool) {
	a.t.Helper()
	id := arn[strings.LastIndexByte(arn, '/')+1:]
	out, code, err := a.ask(logs+"GetLogEvents", `{"logGroupName":"/web","logStreamName":"ecs/app/`+id+`"`+more+`}`)
	if err != nil || code != "" && code != "ResourceNotFoundException" {
		a.t.Fatalf("%s, %v", code, err)
	}
	for _, e := range objects(out, "events") {
		texts = append(texts, e["message"].(string))
	}
	forward, _ = out["nextForwardToken"].(string)
	return texts, forward, code == ""
}

func TestLogs(t *testing.T) {
	a := begin(t, fakeaws.Healthy)
	if _, _, ok := a.log("none", ""); ok {
		t.Error("a stream is there before its task")
	}
	arn := a.run("one")
	a.end(arn)
	for _, c := range []struct{ more, want string }{
		{`,"startFromHead":true`, "begun done"}, {``, "begun done"}, {`,"limit":1`, "done"}, {`,"limit":1,"startFromHead":true`, "begun"},
	} {
		if texts, _, _ := a.log(arn, c.more); strings.Join(texts, " ") != c.want {
			t.Errorf("%s: %q", c.more, texts)
		}
	}
	_, first, _ := a.log(arn, `,"limit":1,"startFromHead":true`)
	texts, second, _ := a.log(arn, `,"nextToken":"`+first+`"`)
	if strings.Join(texts, " ") != "done" || second == first {
		t.Errorf("%q, %q then %q", texts, first, second)
	}
	if texts, third, _ := a.log(arn, `,"nextToken":"`+second+`"`); len(texts) != 0 || third != second {
		t.Errorf("%q, the end is %q then %q", texts, second, third)
	}
	a.refuses(logs+"GetLogEvents", `{"logGroupName":"/web","logStreamName":"ecs/app/`+arn[strings.LastIndexByte(arn, '/')+1:]+`","nextToken":"x"}`, "InvalidParameterException")
}

// TestFilterLogEvents reads all tasks of a container, in the order of time.
func TestFilterLogEvents(t *testing.T) {
	a := begin(t, fakeaws.Healthy)
	const tasks = 8
	for i := range tasks {
		a.end(a.run(fmt.Sprint(i)))
	}
	filter := func(more string) []object {
		return objects(a.do(logs+"FilterLogEvents", `{"logGroupName":"/web"`+more+`}`), "events")
	}
	all := filter(`,"logStreamNamePrefix":"ecs/app/"`)
	ids, at := map[any]bool{}, 0.0
	for _, e := range all {
		if e["timestamp"].(float64) < at {
			t.Errorf("%v is late", e)
		}
		at, ids[e["eventId"]] = e["timestamp"].(float64), true
	}
	if len(all) != 2*tasks || len(ids) != len(all) {
		t.Errorf("%d events with %d ids", len(all), len(ids))
	}
	future := time.Now().Add(time.Hour).UnixMilli()
	for _, more := range []string{`,"logStreamNamePrefix":"ecs/other/"`, fmt.Sprintf(`,"startTime":%d`, future)} {
		if n := len(filter(more)); n != 0 {
			t.Errorf("%s: %d events", more, n)
		}
	}
}

// TestSlowLogs: lines come after their task has ended.
func TestSlowLogs(t *testing.T) {
	a := begin(t, fakeaws.SlowLogs)
	start := time.Now()
	arn := a.run("one")
	a.end(arn)
	if _, _, ok := a.log(arn, ""); ok && time.Since(start) < time.Second {
		t.Error("the lines are there at once")
	}
	until(t, "the lines are there", func() bool { texts, _, _ := a.log(arn, ""); return len(texts) == 2 })
}
