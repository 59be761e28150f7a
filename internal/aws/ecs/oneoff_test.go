package ecs_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"hci/internal/aws/client"
	"hci/internal/aws/ecs"
)

func serviceWith(members string) string {
	return `{"services":[{"status":"ACTIVE","taskDefinition":"` + arn + `task-definition/web:7","deployments":[]` + members + `}]}`
}

const network = `{"awsvpcConfiguration":{"subnets":["s-1","s-2"],"securityGroups":["g-1"],"assignPublicIp":"DISABLED"}}`

// TestRunTask: a one-off task runs as the service's tasks do.
func TestRunTask(t *testing.T) {
	const always = `"clientToken":"token","cluster":"main","count":1,"startedBy":"hci/ann","taskDefinition":"web:8"`
	const command = `"overrides":{"containerOverrides":[{"command":["migrate","--all"],"name":"app"}]}`
	for _, c := range []struct {
		name, service string
		command       []string
		want          string
	}{
		{"Fargate", `,"launchType":"FARGATE","platformVersion":"LATEST","networkConfiguration":` + network, nil, always + `,"launchType":"FARGATE","platformVersion":"LATEST","networkConfiguration":` + network},
		{"EC2", `,"launchType":"EC2"`, nil, always + `,"launchType":"EC2"`},
		{"neither", ``, nil, always},
		{"nothing of it", `,"launchType":"EC2","networkConfiguration":null,"capacityProviderStrategy":null,"platformVersion":null`, nil, always + `,"launchType":"EC2"`},
		{"empty", `,"launchType":"EC2","networkConfiguration":{},"capacityProviderStrategy":[]`, nil, always + `,"launchType":"EC2"`},
		{"capacity providers", `,"capacityProviderStrategy":[{"capacityProvider":"FARGATE_SPOT","weight":1,"base":0}],"platformVersion":"1.4.0"`, nil,
			always + `,"launchType":"FARGATE","platformVersion":"1.4.0"`},
		{"on Spot, as asked", `,"capacityProviderStrategy":[{"capacityProvider":"FARGATE_SPOT","weight":1,"base":0}],"platformVersion":"1.4.0"`, nil,
			always + `,"capacityProviderStrategy":[{"capacityProvider":"FARGATE_SPOT","weight":1,"base":0}],"platformVersion":"1.4.0"`},
		{"without Spot", `,"capacityProviderStrategy":[{"capacityProvider":"FARGATE","weight":1}]`, nil, always + `,"capacityProviderStrategy":[{"capacityProvider":"FARGATE","weight":1}]`},
		{"capacity providers go before the launch type: both are refused", `,"launchType":"FARGATE","capacityProviderStrategy":[{"capacityProvider":"x"}]`, nil, always + `,"capacityProviderStrategy":[{"capacityProvider":"x"}]`},
		{"a command", `,"launchType":"EC2"`, []string{"migrate", "--all"}, always + `,"launchType":"EC2",` + command},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, s := play(t, replies{"DescribeServices": {serviceWith(c.service)}, "RunTask": {`{"tasks":[{"taskArn":"` + arn + `task/main/t1"}],"failures":[]}`}})
			task, err := o.RunTask(t.Context(), ecs.Run{Revision: "web:8", Container: "app", Command: c.command, Token: "token", StartedBy: "hci/ann", Spot: c.name == "on Spot, as asked"})
			if err != nil || task != arn+"task/main/t1" {
				t.Fatalf("%q, %v", task, err)
			}
			if got, want := s.asked["RunTask"][0], exact([]byte("{"+c.want+"}")); !reflect.DeepEqual(got, want) {
				t.Errorf("asked for %s", mustJSON(t, got))
			}
		})
	}
}

// TestRunTaskRefused: that ECS took the request does not say that it started a
// task.
func TestRunTaskRefused(t *testing.T) {
	for _, c := range []struct{ name, reply, reason string }{
		{"failures", `{"tasks":[],"failures":[{"arn":"x","reason":"RESOURCE:MEMORY","detail":"none has 2 GiB"},{"reason":"AGENT"}]}`, "RESOURCE:MEMORY: none has 2 GiB; AGENT"},
		{"a failure", `{"failures":[{"reason":"Capacity is unavailable at this time"}]}`, "Capacity is unavailable at this time"},
		{"neither", `{"tasks":[],"failures":[]}`, "it does not say why"},
		{"refused", "!InvalidParameterException: no subnet", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, _ := play(t, replies{"DescribeServices": {serviceWith("")}, "RunTask": {c.reply}})
			task, err := o.RunTask(t.Context(), ecs.Run{Revision: "web:8"})
			var refused *ecs.RefusedError
			switch is := errors.As(err, &refused); {
			case err == nil || task != "" || !strings.Contains(err.Error(), "web:8"):
				t.Errorf("%q, %v", task, err)
			case is != (c.reason != "") || is && refused.Reason != c.reason:
				t.Error(err)
			}
		})
	}
	o, s := play(t, replies{"DescribeServices": {`{"services":[]}`}})
	var missing *ecs.NotFoundError
	if _, err := o.RunTask(t.Context(), ecs.Run{}); !errors.As(err, &missing) || s.asked["RunTask"] != nil {
		t.Error(err)
	}
}

func TestOneOff(t *testing.T) {
	task := func(members string) string {
		return `{"tasks":[{"taskArn":"` + arn + `task/main/t1","taskDefinitionArn":"` + arn + `task-definition/web:8",` + members + `}],"failures":[]}`
	}
	zero, three := 0, 3
	for _, c := range []struct {
		name, reply string
		want        ecs.OneOff
	}{
		{"starts", task(`"lastStatus":"PROVISIONING","containers":[{"name":"app"}]`), ecs.OneOff{Status: "PROVISIONING"}},
		{"ended well", task(`"lastStatus":"STOPPED","stopCode":"EssentialContainerExited","stoppedReason":"Essential container in task exited","containers":[{"name":"app","exitCode":0},{"name":"proxy","exitCode":137}]`),
			ecs.OneOff{Status: "STOPPED", Stopped: true, Code: "EssentialContainerExited", Reason: "Essential container in task exited", Exit: &zero, Failed: "proxy: exit code 137", Others: []ecs.Ended{{Name: "proxy", Exit: ptr(137)}}}},
		{"failed", task(`"lastStatus":"STOPPED","containers":[{"name":"proxy","exitCode":0},{"name":"app","exitCode":3,"reason":null}]`),
			ecs.OneOff{Status: "STOPPED", Stopped: true, Exit: &three, Failed: "app: exit code 3", Others: []ecs.Ended{{Name: "proxy", Exit: &zero}}}},
		{"never started", task(`"lastStatus":"STOPPED","stopCode":"TaskFailedToStart","stoppedReason":"CannotPullContainerError: x","containers":[{"name":"app","exitCode":null,"reason":"CannotPullContainerError: x"}]`),
			ecs.OneOff{Status: "STOPPED", Stopped: true, Code: "TaskFailedToStart", Reason: "CannotPullContainerError: x"}},
		{"out of memory", task(`"lastStatus":"STOPPED","containers":[{"name":"app","exitCode":137,"reason":"OutOfMemoryError: Container killed due to memory usage"}]`),
			ecs.OneOff{Status: "STOPPED", Stopped: true, Exit: ptr(137), Failed: "app: OutOfMemoryError: Container killed due to memory usage"}},
		{"stops", task(`"lastStatus":"DEPROVISIONING","containers":[{"name":"app","exitCode":0}]`), ecs.OneOff{Status: "DEPROVISIONING", Exit: &zero}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, _ := play(t, replies{"DescribeTasks": {c.reply}})
			got, err := o.OneOff(t.Context(), arn+"task/main/t1", "app")
			if err != nil {
				t.Fatal(err)
			}
			c.want.ID, c.want.Revision = "t1", "web:8"
			if !reflect.DeepEqual(*got, c.want) {
				t.Errorf("%s\nwant\n%s", mustJSON(t, got), mustJSON(t, c.want))
			}
		})
	}
	o, _ := play(t, replies{"DescribeTasks": {`{"tasks":[],"failures":[{"arn":"x","reason":"MISSING"}]}`}})
	var missing *ecs.NotFoundError
	if _, err := o.OneOff(t.Context(), arn+"task/main/t1", "app"); !errors.As(err, &missing) || err.Error() != "task t1 is not there" {
		t.Error(err)
	}
}

func ptr(n int) *int { return &n }

// TestRunning: a service's own tasks are no one-off tasks, nor are those that
// have stopped meanwhile.
func TestRunning(t *testing.T) {
	one := func(id, status, by, more string) string {
		return `{"taskArn":"` + arn + `task/main/` + id + `","taskDefinitionArn":"` + arn + `task-definition/web:7","lastStatus":"` + status + `","startedBy":"` + by + `"` + more + `}`
	}
	o, s := play(t, replies{
		"ListTasks": {`{"taskArns":["1","2","3","4"]}`},
		"DescribeTasks": {`{"tasks":[` + strings.Join([]string{
			one("t1", "RUNNING", "ecs-svc/1", ""), one("t2", "RUNNING", "hci/ann", `,"createdAt":1,"startedAt":2`),
			one("t3", "STOPPED", "hci/ann", ""), one("t4", "PENDING", "", ""),
		}, ",") + `]}`},
	})
	got, err := o.Running(t.Context(), "web")
	since := time.UnixMilli(1000).UTC()
	want := []ecs.Runs{{ID: "t2", Revision: "web:7", StartedBy: "hci/ann", Since: &since}, {ID: "t4", Revision: "web:7"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s, %v", mustJSON(t, got), err)
	}
	if in := mustJSON(t, s.asked["ListTasks"][0]); in != `{"cluster":"main","desiredStatus":"RUNNING","family":"web"}` {
		t.Error(in)
	}
	o, s = play(t, replies{"ListTasks": {`{"taskArns":[]}`}})
	if got, err := o.Running(t.Context(), "web"); err != nil || got != nil || s.asked["DescribeTasks"] != nil {
		t.Errorf("%v, %v", got, err)
	}
}

// logged is a log of a container whose output goes to CloudWatch Logs.
func logged(t *testing.T, script replies) (*ecs.TaskLog, *scripted) {
	t.Helper()
	d := container(t, `"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/web","awslogs-stream-prefix":"ecs","awslogs-region":"eu-central-1"}}`)
	o, s := play(t, script)
	log, err := o.TaskLog(d, "app", "t1")
	if err != nil {
		t.Fatal(err)
	}
	return log, s
}

// TestTaskLog reads to the end: the stream comes late, and a token that stays is
// the end.
func TestTaskLog(t *testing.T) {
	log, s := logged(t, replies{"GetLogEvents": {
		"!ResourceNotFoundException: The specified log stream does not exist.",
		`{"events":[],"nextForwardToken":"f/0"}`,
		`{"events":[{"timestamp":1000,"message":"one"},{"timestamp":2000,"message":"two"}],"nextForwardToken":"f/2"}`,
		`{"events":[],"nextForwardToken":"f/2"}`,
		`{"events":[{"timestamp":3000,"message":"three"}],"nextForwardToken":"f/3"}`,
		`{"events":[],"nextForwardToken":"f/3"}`,
	}})
	var texts []string
	for i := range 6 {
		lines, more, err := log.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if i != 1 && more != (len(lines) > 0) { // the second is an empty page before the end
			t.Errorf("call %d: more is %v", i, more)
		}
		for _, line := range lines {
			texts = append(texts, line.Text)
			if line.Container != "app" || line.Task != "t1" || line.At.IsZero() {
				t.Errorf("%+v", line)
			}
		}
	}
	if got := strings.Join(texts, " "); got != "one two three" {
		t.Error(got)
	}
	var tokens []any
	for _, in := range s.asked["GetLogEvents"] {
		tokens = append(tokens, in["nextToken"])
		if in["logGroupName"] != "/web" || in["logStreamName"] != "ecs/app/t1" || in["startFromHead"] != true {
			t.Errorf("asked for %v", in)
		}
	}
	if want := []any{nil, nil, "f/0", "f/2", "f/2", "f/3"}; !reflect.DeepEqual(tokens, want) {
		t.Errorf("%v", tokens)
	}
}

func TestTaskLogFails(t *testing.T) {
	log, _ := logged(t, replies{"GetLogEvents": {"!AccessDeniedException: no"}})
	if _, _, err := log.Next(t.Context()); client.Code(err) != "AccessDeniedException" {
		t.Error(err)
	}
	if _, err := log.Last(t.Context(), 3); client.Code(err) != "AccessDeniedException" {
		t.Error(err)
	}
}

func TestTaskLogLast(t *testing.T) {
	log, s := logged(t, replies{"GetLogEvents": {
		"!ResourceNotFoundException: The specified log stream does not exist.",
		`{"events":[{"timestamp":1,"message":"one"},{"timestamp":2,"message":"two"},{"timestamp":3,"message":"three"}],"nextForwardToken":"f/2"}`,
	}})
	if lines, err := log.Last(t.Context(), 2); err != nil || lines != nil {
		t.Errorf("%v, %v", lines, err)
	}
	lines, err := log.Last(t.Context(), 2) // an emulator may answer more
	if err != nil || len(lines) != 2 || lines[0].Text != "two" || lines[1].Text != "three" {
		t.Errorf("%v, %v", lines, err)
	}
	if in := mustJSON(t, s.asked["GetLogEvents"][1]); in != `{"limit":2,"logGroupName":"/web","logStreamName":"ecs/app/t1","startFromHead":false}` {
		t.Error(in)
	}
}

func TestNoTaskLog(t *testing.T) {
	o, _ := play(t, nil)
	for _, c := range []struct{ members, driver string }{
		{`"image":"a"`, "none"}, {`"logConfiguration":{"logDriver":"awsfirelens"}`, "awsfirelens"},
	} {
		var elsewhere *ecs.NoLogsError
		if _, err := o.TaskLog(container(t, c.members), "app", "t1"); !errors.As(err, &elsewhere) || elsewhere.Driver != c.driver || elsewhere.Container != "app" {
			t.Errorf("%s: %v", c.members, err)
		}
	}
	var missing *ecs.NotFoundError
	if _, err := o.TaskLog(container(t, `"image":"a"`), "other", "t1"); !errors.As(err, &missing) {
		t.Error(err)
	}
}

// TestCrashed: a container that was told to stop did not crash.
func TestCrashed(t *testing.T) {
	for _, c := range []struct {
		ended   ecs.Ended
		crashed bool
	}{
		{ecs.Ended{}, false}, {ecs.Ended{Exit: ptr(0)}, false}, {ecs.Ended{Exit: ptr(143)}, false}, {ecs.Ended{Exit: ptr(137)}, false},
		{ecs.Ended{Exit: ptr(1)}, true}, {ecs.Ended{Exit: ptr(139)}, true}, {ecs.Ended{Reason: "CannotStartContainerError"}, true},
		{ecs.Ended{Exit: ptr(137), Reason: "OutOfMemoryError: Container killed due to memory usage"}, true},
	} {
		if c.ended.Crashed() != c.crashed {
			t.Errorf("%s: %v", mustJSON(t, c.ended), !c.crashed)
		}
	}
}

// TestUnderWay: of the deployments under way, the latest of the revision is found,
// and none of another.
func TestUnderWay(t *testing.T) {
	const service = arn + "service-"
	one := func(id string, created int) string {
		return fmt.Sprintf(`{"serviceDeploymentArn":"%[1]sdeployment/main/web/%[2]s","targetServiceRevisionArn":"%[1]srevision/main/web/%[2]s","createdAt":%[3]d}`, service, id, created)
	}
	revision := func(id, runs string) string {
		return fmt.Sprintf(`{"serviceRevisionArn":"%srevision/main/web/%s","taskDefinition":"%stask-definition/%s"}`, service, id, arn, runs)
	}
	o, s := play(t, replies{
		"ListServiceDeployments":   {`{"serviceDeployments":[` + one("d1", 1) + "," + one("d2", 2) + "," + one("d3", 3) + `]}`},
		"DescribeServiceRevisions": {`{"serviceRevisions":[` + revision("d3", "web:9") + "," + revision("d1", "web:8") + "," + revision("d2", "web:8") + `]}`},
	})
	if got, err := o.UnderWay(t.Context(), "web:8"); err != nil || got != service+"deployment/main/web/d2" {
		t.Errorf("%s, %v", got, err)
	}
	if in := mustJSON(t, s.asked["ListServiceDeployments"][0]); in != `{"cluster":"main","service":"web","status":["PENDING","IN_PROGRESS"]}` {
		t.Error(in)
	}
	if _, err := o.UnderWay(t.Context(), "web:7"); !errors.Is(err, ecs.ErrNothingToStop) {
		t.Error(err)
	}
	o, s = play(t, replies{"ListServiceDeployments": {`{"serviceDeployments":[]}`}})
	if _, err := o.UnderWay(t.Context(), "web:8"); !errors.Is(err, ecs.ErrNothingToStop) || s.asked["DescribeServiceRevisions"] != nil {
		t.Error(err)
	}
}

func TestStopDeployment(t *testing.T) {
	const d1 = arn + "service-deployment/main/web/d1"
	o, s := play(t, replies{"StopServiceDeployment": {`{"serviceDeploymentArn":"x"}`, "!ConflictException: it is done"}})
	if err := o.StopDeployment(t.Context(), d1); err != nil {
		t.Fatal(err)
	}
	if in := mustJSON(t, s.asked["StopServiceDeployment"][0]); in != `{"serviceDeploymentArn":"`+d1+`","stopType":"ROLLBACK"}` {
		t.Error(in)
	}
	if err := o.StopDeployment(t.Context(), d1); client.Code(err) != "ConflictException" {
		t.Error(err)
	}
}
