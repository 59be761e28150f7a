//go:build interop

package ecs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hci/internal/aws/ecr"
	"hci/internal/aws/ecs"
	"hci/internal/testing/fakeaws"
	"hci/internal/testing/interop"
)

// question is one that an SDK asks, with what it must read in the answer, by
// paths.
type question struct {
	service, operation, arguments string
	want                          map[string]string
}

// isNow stands for a time of this hour.
const isNow = "(now)"

// questions are those of a deployment.
func questions(t *testing.T, p place) []question {
	digest, err := ecr.New(p.cfg, "").Digest(t.Context(), "team/app", "git-1a2b3c4")
	do(t, err)
	host := strings.TrimPrefix(p.url, "http://")
	const run = `{"cluster":"main","taskDefinition":"web:1","clientToken":"sdk","startedBy":"sdk","launchType":"FARGATE","networkConfiguration":{"awsvpcConfiguration":{"subnets":["s-1"]}},"overrides":{"containerOverrides":[{"name":"app","command":["migrate"]}]}}`
	task := arn + "task/main/" + p.logged
	log := `"logGroupName":"/web",`
	stream := "ecs/app/" + p.logged
	return []question{
		{"sts", "GetCallerIdentity", `{}`, map[string]string{"Account": "123456789012", "Arn": "arn:aws:sts::123456789012:assumed-role/rehearsal/hci", "UserId": "AROAREHEARSAL:hci"}},
		{"ecs", "DescribeServices", `{"cluster":"main","services":["web","other"]}`, map[string]string{
			"services.0.serviceName": "web", "services.0.status": "ACTIVE", "services.0.runningCount": "1", "services.0.taskDefinition": arn + "task-definition/web:1",
			"services.0.deployments.0.rolloutState": "COMPLETED", "services.0.networkConfiguration.awsvpcConfiguration.subnets.0": "subnet-rehearsal",
			"services.0.deploymentConfiguration.deploymentCircuitBreaker.enable": "false", "services.0.deployments.0.updatedAt": "(time)", "failures.0.reason": "MISSING",
		}},
		{"ecs", "DescribeTaskDefinition", `{"taskDefinition":"web","include":["TAGS"]}`, map[string]string{
			"taskDefinition.revision": "1", "taskDefinition.family": "web", "taskDefinition.containerDefinitions.0.image": "repo/app:git-1a2b3c4", "taskDefinition.containerDefinitions.0.memory": "512",
			"taskDefinition.containerDefinitions.0.logConfiguration.options.awslogs-group": "/web", "taskDefinition.registeredAt": isNow, "taskDefinition.status": "ACTIVE",
		}},
		{"ecs", "ListTasks", `{"cluster":"main","family":"web","desiredStatus":"STOPPED"}`, map[string]string{"taskArns.0": task}},
		{"ecs", "DescribeTasks", `{"cluster":"main","tasks":["` + task + `","other"]}`, map[string]string{
			"tasks.0.taskArn": task, "tasks.0.lastStatus": "STOPPED", "tasks.0.stopCode": "EssentialContainerExited", "tasks.0.containers.0.exitCode": "0", "tasks.0.containers.0.name": "app",
			"tasks.0.createdAt": isNow, "tasks.0.startedAt": isNow, "tasks.0.stoppedAt": isNow, "failures.0.reason": "MISSING",
		}},
		{"ecs", "RunTask", run, map[string]string{"tasks.0.startedBy": "sdk", "tasks.0.taskDefinitionArn": arn + "task-definition/web:1", "tasks.0.createdAt": isNow}},
		{"logs", "GetLogEvents", `{` + log + `"logStreamName":"` + stream + `","startFromHead":true}`, map[string]string{"events.0.message": "begun", "events.1.message": "done", "nextForwardToken": "f/2"}},
		{"logs", "FilterLogEvents", `{` + log + `"logStreamNamePrefix":"` + stream + `"}`, map[string]string{"events.0.message": "begun", "events.1.message": "done", "events.1.logStreamName": stream}},
		{"ecr", "DescribeRepositories", `{"repositoryNames":["team/app"]}`, map[string]string{"repositories.0.repositoryUri": host + "/team/app", "repositories.0.imageTagMutability": "MUTABLE", "repositories.0.registryId": "123456789012"}},
		{"ecr", "DescribeImages", `{"repositoryName":"team/app","imageIds":[{"imageTag":"git-1a2b3c4"}]}`, map[string]string{"imageDetails.0.imageDigest": digest, "imageDetails.0.imageTags.0": "git-1a2b3c4"}},
		{"ecr", "DescribeImages", `{"repositoryName":"team/app","imageIds":[{"imageDigest":"` + digest + `"}]}`, map[string]string{"imageDetails.0.imageDigest": digest}},
		{"ecr", "GetAuthorizationToken", `{}`, map[string]string{"authorizationData.0.proxyEndpoint": p.url, "authorizationData.0.expiresAt": "(time)"}},
	}
}

// at is the value at a path, in words.
func at(v any, path string) string {
	for key := range strings.SplitSeq(path, ".") {
		switch of := v.(type) {
		case map[string]any:
			v = of[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(of) {
				return "(none)"
			}
			v = of[i]
		}
	}
	return fmt.Sprint(v)
}

// reads compares an answer, as an SDK read it, with what it must be.
func (q question) reads(t *testing.T, answer any) {
	t.Helper()
	if q.operation == "GetAuthorizationToken" && len(at(answer, "authorizationData.0.authorizationToken")) < 20 {
		t.Error("there is no token")
	}
	for path, want := range q.want {
		got := at(answer, path)
		if want == isNow || want == "(time)" {
			when, err := time.Parse(time.RFC3339, got)
			if seconds, failed := strconv.ParseFloat(got, 64); failed == nil { // the CLI's first version
				when, err = time.UnixMilli(int64(seconds*1000)), nil
			}
			if age := time.Since(when); err != nil || want == isNow && (age < -time.Minute || age > time.Hour) {
				t.Errorf("%s: %s is %q", q.operation, path, got)
			}
			continue
		}
		if got != want {
			t.Errorf("%s: %s is %q, want %q", q.operation, path, got, want)
		}
	}
}

// sdkEnviron is this process's environment without anything of AWS, and with
// what leads to a place.
func sdkEnviron(t *testing.T, p place) []string {
	t.Helper()
	kept := slices.DeleteFunc(os.Environ(), func(kv string) bool {
		return strings.HasPrefix(kv, "AWS_") || strings.HasPrefix(kv, "HOME=")
	})
	return append(kept, "HOME="+t.TempDir(), "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=", "AWS_REGION=eu-central-1", "AWS_DEFAULT_REGION=eu-central-1",
		"AWS_ENDPOINT_URL="+p.url, "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b")
}

// TestInteropBoto3 lets boto3 read the answers of the rehearsal's AWS.
func TestInteropBoto3(t *testing.T) {
	path := python(t)
	p := rehearsal(t, fakeaws.Healthy, nil)
	all := questions(t, p)
	asked := [][3]any{}
	for _, q := range all {
		asked = append(asked, [3]any{q.service, q.operation, json.RawMessage(q.arguments)})
	}
	cmd := exec.Command(path, "testdata/boto3_calls.py")
	cmd.Env, cmd.Stdin, cmd.Stderr = sdkEnviron(t, p), strings.NewReader(mustJSON(t, asked)), os.Stderr
	out, err := cmd.Output()
	var answers []any
	if err != nil || json.Unmarshal(out, &answers) != nil || len(answers) != len(all) {
		t.Fatalf("%v, %d answers", err, len(answers))
	}
	for i, q := range all {
		q.reads(t, answers[i])
	}
}

var capital = regexp.MustCompile(`[A-Z][a-z]+`)

// kebab is the CLI's spelling of an operation.
func kebab(name string) string {
	return strings.ToLower(strings.TrimPrefix(capital.ReplaceAllString(name, "-$0"), "-"))
}

// TestInteropAWSCLI lets the AWS CLI read them.
func TestInteropAWSCLI(t *testing.T) {
	aws := interop.Need(t, "aws")
	p := rehearsal(t, fakeaws.Healthy, nil)
	env := sdkEnviron(t, p)
	for _, q := range questions(t, p) {
		t.Run(q.operation, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(aws, q.service, kebab(q.operation), "--cli-input-json", q.arguments, "--output", "json")
			var stderr bytes.Buffer
			cmd.Env, cmd.Stderr = env, &stderr
			out, err := cmd.Output()
			var answer any
			if err != nil || json.Unmarshal(out, &answer) != nil {
				t.Fatalf("%v: %s", err, stderr.String())
			}
			q.reads(t, answer)
		})
	}
}

// TestInteropSDKFaults: what the rehearsal's AWS refuses reaches an SDK as AWS's
// own exceptions.
func TestInteropSDKFaults(t *testing.T) {
	path := python(t)
	for _, c := range []struct {
		scenario                                 fakeaws.Scenario
		service, operation, arguments, exception string
	}{
		{fakeaws.Healthy, "ecs", "DescribeServices", `{"cluster":"other","services":["web"]}`, "ClusterNotFoundException"},
		{fakeaws.Healthy, "ecs", "UpdateService", `{"cluster":"main","service":"other"}`, "ServiceNotFoundException"},
		{fakeaws.Healthy, "ecr", "DescribeImages", `{"repositoryName":"team/app","imageIds":[{"imageTag":"other"}]}`, "ImageNotFoundException"},
		{fakeaws.Healthy, "logs", "GetLogEvents", `{"logGroupName":"/web","logStreamName":"other"}`, "ResourceNotFoundException"},
		{fakeaws.ExpiredSession, "sts", "GetCallerIdentity", `{}`, "ExpiredToken"},
		{fakeaws.ExpiredSession, "ecs", "ListTasks", `{}`, "ExpiredTokenException"},
	} {
		t.Run(c.exception, func(t *testing.T) {
			p := rehearsal(t, c.scenario, nil)
			cmd := exec.Command(path, "testdata/boto3_calls.py")
			var stderr bytes.Buffer
			cmd.Env, cmd.Stdin, cmd.Stderr = sdkEnviron(t, p), strings.NewReader(`[["`+c.service+`","`+c.operation+`",`+c.arguments+`]]`), &stderr
			if err := cmd.Run(); err == nil || !strings.Contains(stderr.String(), "An error occurred ("+c.exception+") when calling the "+c.operation+" operation") {
				t.Errorf("%v: %s", err, stderr.String())
			}
		})
	}
}

// TestInteropThrottling: hci and boto3 alike get through where every third
// request is refused.
func TestInteropThrottling(t *testing.T) {
	path := python(t)
	p := rehearsal(t, fakeaws.Throttling, nil)
	for range 4 {
		if _, err := p.on().State(t.Context()); err != nil {
			t.Error(err)
		}
	}
	one := `["ecs","ListTasks",{"cluster":"main"}]`
	cmd := exec.Command(path, "testdata/boto3_calls.py")
	cmd.Env, cmd.Stdin, cmd.Stderr = sdkEnviron(t, p), strings.NewReader("["+one+","+one+","+one+"]"), os.Stderr
	if err := cmd.Run(); err != nil {
		t.Error(err)
	}
	if _, err := ecs.NewOn(p.cfg, "main", "web").Describe(t.Context()); err != nil {
		t.Error(err)
	}
}
