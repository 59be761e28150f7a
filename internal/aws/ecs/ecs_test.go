package ecs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"hci/internal/aws/ecs"
)

// fake answers as ECS documents it, from a table of operations.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/
type fake struct {
	mu      sync.Mutex
	answers map[string]func(in map[string]any) string
	asked   []string
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	f.asked = append(f.asked, op)
	body, _ := io.ReadAll(r.Body)
	var in map[string]any
	_ = json.Unmarshal(body, &in)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	answer, ok := f.answers[op]
	if !ok {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"ClientException","message":"not here"}`)
		return
	}
	_, _ = io.WriteString(w, answer(in))
}

func on(t *testing.T, answers map[string]func(map[string]any) string) (*ecs.On, *fake) {
	t.Helper()
	f := &fake{answers: answers}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	cfg := aws.Config{Region: "eu-central-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	return ecs.NewOn(cfg, "main", "web"), f
}

func text(s string) func(map[string]any) string { return func(map[string]any) string { return s } }

const arn = "arn:aws:ecs:eu-central-1:123456789012:"

func services(deployments string) string {
	return `{"services":[{"status":"ACTIVE","desiredCount":2,"runningCount":2,"pendingCount":0,"taskDefinition":"` + arn + `task-definition/web:7",
"deployments":[` + deployments + `],"events":[{"message":"m1"},{"message":"m2"},{"message":"m3"},{"message":"m4"},{"message":"m5"},{"message":"m6"}]}]}`
}

func deployment(id, status, rollout, revision string) string {
	return fmt.Sprintf(`{"id":%q,"status":%q,"rolloutState":%q,"taskDefinition":"%stask-definition/%s","desiredCount":2,"runningCount":2,"failedTasks":1}`, id, status, rollout, arn, revision)
}

func TestDescribe(t *testing.T) {
	o, _ := on(t, map[string]func(map[string]any) string{
		"DescribeServices":       text(services(deployment("d1", "ACTIVE", "COMPLETED", "web:6") + "," + deployment("d2", "PRIMARY", "IN_PROGRESS", "web:7"))),
		"DescribeTaskDefinition": text(`{"taskDefinition":{"registeredAt":1,"containerDefinitions":[{"name":"app","image":"repo/app:1a2b3c4-dirty"},{"name":"proxy","image":"nginx:1.29"}]}}`),
		"ListTasks":              text(`{"taskArns":["` + arn + `task/main/t1"]}`),
		"DescribeTasks":          text(`{"tasks":[{"taskArn":"` + arn + `task/main/t1","lastStatus":"RUNNING","taskDefinitionArn":"` + arn + `task-definition/web:7"}]}`),
	})
	s, err := o.Describe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if s.Primary().ID != "d2" || s.Deployments[0].ID != "d2" || s.Deployment("d1").Failed != 1 || s.Deployment("none") != nil || s.Steady() || len(s.Events) != 5 {
		t.Errorf("%+v", s)
	}
	if s.Revision.Name != "web:7" || s.Revision.Images[0].Commit != "1a2b3c4" || s.Revision.Images[1].Commit != "" || len(s.Tasks) != 1 || s.Tasks[0].ID != "t1" {
		t.Errorf("%+v", s)
	}
}

func TestNoService(t *testing.T) {
	for _, answer := range []string{`{"services":[],"failures":[{"reason":"MISSING"}]}`, `{"services":[{"status":"INACTIVE","taskDefinition":"x"}]}`} {
		o, _ := on(t, map[string]func(map[string]any) string{"DescribeServices": text(answer)})
		var missing *ecs.NotFoundError
		if _, err := o.Describe(context.Background()); !errors.As(err, &missing) {
			t.Errorf("%v", err)
		}
	}
}

// TestUpdate keeps the id of the deployment that the update starts, and takes
// nothing else for it.
func TestUpdate(t *testing.T) {
	for _, c := range []struct{ name, deployments, id string }{
		{"started", deployment("new", "PRIMARY", "IN_PROGRESS", "web:6") + "," + deployment("old", "ACTIVE", "COMPLETED", "web:7"), "new"},
		{"the primary is another revision's", deployment("other", "PRIMARY", "IN_PROGRESS", "web:8"), ""},
		{"none is named", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var given map[string]any
			o, _ := on(t, map[string]func(map[string]any) string{"UpdateService": func(in map[string]any) string {
				given = in
				return `{"service":{"deployments":[` + c.deployments + `]}}`
			}})
			id, err := o.Update(context.Background(), "web:6", false)
			if id != c.id || (err == nil) != (c.id != "") {
				t.Errorf("%q, %v", id, err)
			}
			if given["taskDefinition"] != "web:6" || given["cluster"] != "main" || given["service"] != "web" || len(given) != 3 {
				t.Errorf("asked for %v", given)
			}
		})
	}
}

func TestStopped(t *testing.T) {
	o, _ := on(t, map[string]func(map[string]any) string{
		"ListTasks": func(in map[string]any) string {
			if in["serviceName"] != "web" || in["desiredStatus"] != "STOPPED" || in["startedBy"] != nil {
				t.Errorf("asked for %v", in)
			}
			return `{"taskArns":["` + arn + `task/main/t1","` + arn + `task/main/t2","` + arn + `task/main/t3"]}`
		},
		"DescribeTasks": text(`{"tasks":[
{"taskArn":"` + arn + `task/main/t1","lastStatus":"STOPPED","startedBy":"d1","stoppedAt":1,"stopCode":"EssentialContainerExited","stoppedReason":"Essential container in task exited","containers":[{"name":"app","exitCode":3},{"name":"proxy","exitCode":0}]},
{"taskArn":"` + arn + `task/main/t2","lastStatus":"STOPPED","startedBy":"d1","stoppedAt":2,"stopCode":"TaskFailedToStart","stoppedReason":"CannotPullContainerError","containers":[{"name":"app","reason":"pull access denied"}]},
{"taskArn":"` + arn + `task/main/t3","lastStatus":"DEPROVISIONING","startedBy":"d1"},
{"taskArn":"` + arn + `task/main/t4","lastStatus":"STOPPED","startedBy":"d0","stoppedAt":3}]}`),
	})
	stopped, err := o.Stopped(context.Background(), "d1")
	if err != nil || len(stopped) != 2 {
		t.Fatalf("%+v, %v", stopped, err)
	}
	if got := stopped[0].Cause(); stopped[0].ID != "t2" || got != "CannotPullContainerError; app: pull access denied" {
		t.Errorf("%s: %s", stopped[0].ID, got)
	}
	if got := stopped[1].Cause(); got != "Essential container in task exited; app: exit code 3" {
		t.Error(got)
	}
}
