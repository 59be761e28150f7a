//go:build interop

package ecs_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	"hci/internal/aws/client"
	"hci/internal/aws/ecs"
	"hci/internal/testing/fakeaws"
	"hci/internal/testing/interop"
)

// seeded is the task definition that both begin with. moto runs no task whose
// containers have no memory of their own.
const seeded = `{"family":"web","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"cpu":"256","memory":"512","executionRoleArn":"arn:aws:iam::123456789012:role/web","tags":[{"key":"team","value":"web"}],
"containerDefinitions":[{"name":"app","image":"repo/app:git-1a2b3c4","memory":512,"essential":true,"command":["serve"],"environment":[{"name":"MODE","value":"production"}],"secrets":[{"name":"KEY","valueFrom":"arn:aws:secretsmanager:eu-central-1:123456789012:secret:key"}],
"portMappings":[{"containerPort":8080,"hostPort":8080,"protocol":"tcp"}],"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/web","awslogs-region":"eu-central-1","awslogs-stream-prefix":"ecs"}}}]}`

// place is an AWS that tests ask: cluster main with service web, repository
// team/app with the image git-1a2b3c4, and the log of a task.
type place struct {
	url    string
	cfg    client.Config
	logged string // a task that wrote "begun" and "done"
	moto   bool
}

func (p place) on() *ecs.On { return ecs.NewOn(p.cfg, "main", "web") }

// python returns python3, which has boto3 and so the models of AWS's services.
func python(t *testing.T) string {
	t.Helper()
	path := interop.Need(t, "python3")
	if err := exec.Command(path, "-c", "import boto3").Run(); err != nil {
		interop.Missing(t, "boto3", "python3 can't import it")
	}
	return path
}

// moto is moto with all that.
func moto(t *testing.T) place {
	t.Helper()
	path := python(t)
	url := interop.Moto(t)
	cmd := exec.Command(path, "testdata/moto_seed.py", url, seeded)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	var made struct{ Logged string }
	if err != nil || json.Unmarshal(out, &made) != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return place{url: url, cfg: config(url), logged: made.Logged, moto: true}
}

// fakeRunner stands for Docker: a container with the command "migrate" ends
// well, any other runs until it is ended.
type fakeRunner struct{}

func (fakeRunner) Pull(_ context.Context, image string) error {
	if strings.HasSuffix(image, strings.Repeat("0", 64)) {
		return errors.New("manifest unknown")
	}
	return nil
}

func (fakeRunner) Run(ctx context.Context, c fakeaws.Container, emit func(string)) (int, error) {
	if strings.Join(c.Command, " ") == "migrate" {
		emit("begun")
		emit("done")
		return 0, nil
	}
	<-ctx.Done()
	const killed = 137
	return killed, nil
}

func (fakeRunner) Value(string) (string, error) { return "value", nil }

// rehearsal is hci's own AWS with all that; wrap may see what is asked and
// answered, even before.
func rehearsal(t *testing.T, scenario fakeaws.Scenario, wrap func(http.Handler) http.Handler) place {
	t.Helper()
	web := httptest.NewUnstartedServer(nil)
	definition := exact([]byte(seeded))
	delete(definition, "tags")
	server := fakeaws.New(web.Listener.Addr().String(), fakeaws.Options{
		Account: "123456789012", Region: "eu-central-1", Cluster: "main", Service: "web", Family: "web", Repository: "team/app",
		Definitions: map[string]map[string]any{"web": definition}, Registry: registry.New(registry.Logger(log.New(io.Discard, "", 0))),
		Scenario: scenario, Runner: fakeRunner{}, Secrets: fakeRunner{}, Tick: 5 * time.Millisecond,
	})
	web.Config.Handler = server
	if wrap != nil {
		web.Config.Handler = wrap(server)
	}
	web.Start()
	t.Cleanup(func() { web.Close(); server.Close() })
	if err := server.Hold("git-1a2b3c4", "one"); err != nil {
		t.Fatal(err)
	}
	p := place{url: web.URL, cfg: config(web.URL)}
	if scenario == fakeaws.Healthy {
		p.logged = ended(t, p, ecs.Run{Revision: "web:1", Container: "app", Command: []string{"migrate"}, Token: "seed"}).ID
	}
	return p
}

// ended runs a one-off task to its end.
func ended(t *testing.T, p place, r ecs.Run) *ecs.OneOff {
	t.Helper()
	arn, err := p.on().RunTask(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		task, err := p.on().OneOff(t.Context(), arn, r.Container)
		if err != nil {
			t.Fatal(err)
		}
		if task.Stopped {
			return task
		}
		if time.Now().After(deadline) {
			t.Fatalf("the task does not stop: %+v", task)
		}
	}
}
