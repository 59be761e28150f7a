package fakeaws_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	"hci/internal/testing/fakeaws"
)

type object = map[string]any

const (
	ecs  = "AmazonEC2ContainerServiceV20141113."
	ecr  = "AmazonEC2ContainerRegistry_V20150921."
	logs = "Logs_20140328."
)

// tick is the scheduler's pace. Tests wait for what happens, never for a time.
const tick = 5 * time.Millisecond

// runner stands for Docker. A container with the command "migrate" writes two
// lines and ends with exit code 0; any other runs until it is ended.
type runner struct {
	mu  sync.Mutex
	ran []fakeaws.Container
}

var errPull = errors.New("manifest unknown")

func (r *runner) Pull(_ context.Context, image string) error {
	if strings.HasSuffix(image, "@sha256:"+strings.Repeat("0", 64)) {
		return errPull
	}
	return nil
}

func (r *runner) Run(ctx context.Context, c fakeaws.Container, emit func(string)) (int, error) {
	r.mu.Lock()
	r.ran = append(r.ran, c)
	r.mu.Unlock()
	if slices.Contains(c.Command, "migrate") {
		emit("begun")
		emit("done")
		return 0, nil
	}
	<-ctx.Done()
	const killed = 137
	return killed, nil
}

func (r *runner) containers() []fakeaws.Container {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.ran)
}

// secrets are there until they are lost.
type secrets struct {
	mu   sync.Mutex
	lost bool
}

func (s *secrets) Value(from string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost {
		return "", errors.New("ResourceNotFoundException: Secrets Manager can't find the specified secret value")
	}
	return "value of " + from, nil
}

func (s *secrets) lose() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = true
}

// aws is a rehearsal's AWS that is asked over HTTP.
type aws struct {
	*fakeaws.Server
	t      *testing.T
	url    string
	runner *runner
}

const definition = `{"family":"web","networkMode":"awsvpc","containerDefinitions":[{"name":"app","image":"IMAGE","essential":true,"command":["serve"],
"environment":[{"name":"MODE","value":"production"}],"secrets":[{"name":"KEY","valueFrom":"arn:key"}],
"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/web","awslogs-stream-prefix":"ecs"}}}]}`

func begin(t *testing.T, scenario fakeaws.Scenario) *aws {
	t.Helper()
	return beginWith(t, fakeaws.Options{Scenario: scenario})
}

func beginWith(t *testing.T, o fakeaws.Options) *aws {
	t.Helper()
	web := httptest.NewUnstartedServer(nil)
	web.Config.ErrorLog = log.New(io.Discard, "", 0)
	held := &secrets{}
	a := &aws{t: t, runner: &runner{}}
	o.Account, o.Region, o.Cluster, o.Service, o.Family, o.Repository = "123456789012", "eu-central-1", "main", "web", "web", "team/app"
	o.Definitions = map[string]map[string]any{"web": decode(t, definition)}
	o.Registry, o.Tick = registry.New(registry.Logger(log.New(io.Discard, "", 0))), tick
	o.Runner, o.Secrets, o.LoseSecret = a.runner, held, held.lose
	a.Server = fakeaws.New(web.Listener.Addr().String(), o)
	web.Config.Handler = a.Server
	web.Start()
	t.Cleanup(func() { web.Close(); a.Close() })
	a.url = web.URL
	return a
}

func decode(t *testing.T, text string) object {
	t.Helper()
	var o object
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return o
}

// ask sends a request; code is that of an answer which says that it failed.
func (a *aws) ask(operation, in string) (out object, code string, err error) {
	r, err := http.NewRequest(http.MethodPost, a.url, strings.NewReader(in))
	if err != nil {
		return nil, "", err
	}
	r.Header.Set("X-Amz-Target", operation)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		return nil, "", err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, out["__type"].(string), nil
	}
	return out, "", nil
}

// do sends a request that succeeds.
func (a *aws) do(operation, in string) object {
	a.t.Helper()
	out, code, err := a.ask(operation, in)
	if code != "" || err != nil {
		a.t.Fatalf("%s: %s, %v", operation, code, err)
	}
	return out
}

// refuses sends a request that fails.
func (a *aws) refuses(operation, in, code string) {
	a.t.Helper()
	if out, got, err := a.ask(operation, in); got != code || err != nil {
		a.t.Errorf("%s: %q, %v, %v; want %q", operation, got, out, err, code)
	}
}

// objects are the items of a list.
func objects(in object, key string) []object {
	items, _ := in[key].([]any)
	var all []object
	for _, item := range items {
		all = append(all, item.(object))
	}
	return all
}

// until waits for something to be so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !so(); time.Sleep(tick) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func TestScenarioNames(t *testing.T) {
	for _, s := range fakeaws.Scenarios {
		if got, err := fakeaws.ParseScenario(string(s)); got != s || err != nil {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	if got, err := fakeaws.ParseScenario(""); got != fakeaws.Healthy || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := fakeaws.ParseScenario("other"); err == nil || !strings.Contains(err.Error(), "crash-loop") {
		t.Error(err)
	}
}

func TestUnknown(t *testing.T) {
	a := begin(t, fakeaws.Healthy)
	for _, operation := range []string{ecs + "DeleteService", logs + "PutLogEvents", "secretsmanager.GetSecretValue", "AmazonSSM.GetParameter", ecs, "x"} {
		a.refuses(operation, `{}`, "UnknownOperationException")
	}
	a.refuses(ecs+"DescribeServices", `no JSON`, "SerializationException")
	a.refuses(ecs+"DescribeServices", `{"cluster":"other","services":["web"]}`, "ClusterNotFoundException")
	a.refuses(ecs+"DescribeTaskDefinition", `{"taskDefinition":"web:2"}`, "ClientException")
	a.refuses(ecs+"UpdateService", `{"cluster":"main","service":"other"}`, "ServiceNotFoundException")
	a.refuses(ecs+"UpdateService", `{"cluster":"main","service":"web","taskDefinition":"web:9"}`, "ClientException")
	out := a.do(ecs+"DescribeServices", `{"cluster":"main","services":["other"]}`)
	if failures := objects(out, "failures"); len(objects(out, "services")) != 0 || len(failures) != 1 || failures[0]["reason"] != "MISSING" {
		t.Errorf("%v", out)
	}
}

// TestRegister: what AWS refuses is refused, so that a copy which sends too much
// is noticed.
func TestRegister(t *testing.T) {
	a := begin(t, fakeaws.Healthy)
	for name, in := range map[string]string{
		"an answered member": strings.Replace(definition, "{", `{"revision":1,`, 1),
		"empty tags":         strings.Replace(definition, "{", `{"tags":[],`, 1),
		"no containers":      `{"family":"web","containerDefinitions":[]}`,
		"no family":          strings.Replace(definition, `"family":"web",`, "", 1),
	} {
		t.Run(name, func(*testing.T) { a.refuses(ecs+"RegisterTaskDefinition", in, "ClientException") })
	}
	a.do(ecs+"RegisterTaskDefinition", strings.Replace(definition, "{", `{"tags":[{"key":"a","value":"b"}],`, 1))
	out := a.do(ecs+"DescribeTaskDefinition", `{"taskDefinition":"web","include":["TAGS"]}`)
	d := out["taskDefinition"].(object)
	if d["taskDefinitionArn"] != "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:2" || d["revision"] != 2.0 || len(objects(out, "tags")) != 1 || d["tags"] != nil {
		t.Errorf("%v", out)
	}
	if out := a.do(ecs+"DescribeTaskDefinition", `{"taskDefinition":"web:2"}`); out["tags"] != nil {
		t.Errorf("%v", out)
	}
	if out := a.do(ecs+"ListTaskDefinitions", `{"familyPrefix":"web","sort":"DESC"}`); !strings.HasSuffix(out["taskDefinitionArns"].([]any)[0].(string), "web:2") {
		t.Errorf("%v", out)
	}
}

func TestThrottling(t *testing.T) {
	a := begin(t, fakeaws.Throttling)
	for i := range 9 {
		_, code, err := a.ask(ecs+"ListTaskDefinitions", `{"familyPrefix":"web"}`)
		if want := map[bool]string{true: "ThrottlingException"}[i%3 == 2]; code != want || err != nil {
			t.Errorf("request %d: %q, %v", i, code, err)
		}
	}
}

func whoAmI(t *testing.T, a *aws, body string) (int, string) {
	t.Helper()
	resp, err := http.Post(a.url, "application/x-www-form-urlencoded", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func TestSTS(t *testing.T) {
	a := begin(t, fakeaws.Healthy)
	if status, text := whoAmI(t, a, "Action=GetCallerIdentity&Version=2011-06-15"); status != 200 || !strings.Contains(text, "<Account>123456789012</Account>") {
		t.Errorf("%d %s", status, text)
	}
	if status, text := whoAmI(t, a, "Action=AssumeRole"); status != 400 || !strings.Contains(text, "<Code>InvalidAction</Code>") {
		t.Errorf("%d %s", status, text)
	}
}

func TestExpiredSession(t *testing.T) {
	a := begin(t, fakeaws.ExpiredSession)
	if status, text := whoAmI(t, a, "Action=GetCallerIdentity"); status != 403 || !strings.Contains(text, "<Code>ExpiredToken</Code>") {
		t.Errorf("%d %s", status, text)
	}
	a.refuses(ecs+"DescribeServices", `{"cluster":"main","services":["web"]}`, "ExpiredTokenException")
	a.refuses(ecr+"GetAuthorizationToken", `{}`, "ExpiredTokenException")
}

// TestSecretsManager: its requests go to the one that is given.
func TestSecretsManager(t *testing.T) {
	asked := make(chan string, 1)
	a := beginWith(t, fakeaws.Options{SecretsManager: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		asked <- r.Header.Get("X-Amz-Target") + body.String()
		_, _ = io.WriteString(w, `{"Name":"x"}`)
	})})
	if out := a.do("secretsmanager.DescribeSecret", `{"SecretId":"x"}`); out["Name"] != "x" || <-asked != `secretsmanager.DescribeSecret{"SecretId":"x"}` {
		t.Errorf("%v", out)
	}
}
