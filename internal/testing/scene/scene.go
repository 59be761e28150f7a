// Package scene is a service at an AWS of this process, with the Terraform code that
// declares it, for tests of what deploys it.
// The AWS is hci/internal/testing/fakeaws; whole commands are tested in hci/cmd/hci.
package scene

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-containerregistry/pkg/registry"

	"hci/internal/aws/client"
	"hci/internal/aws/ecr"
	"hci/internal/aws/ecs"
	"hci/internal/deploy/names"
	"hci/internal/deploy/preflight"
	"hci/internal/deploy/state"
	"hci/internal/project"
	"hci/internal/testing/fakeaws"
	"hci/sync/secret"
	"hci/tfvars/module"
)

// What the scene declares for staging.
const (
	Account = "123456789012"
	Region  = "eu-central-1"
	Commit  = "0123456789abcdef0123456789abcdef01234567"
	Tag     = "git-0123456789ab"
	Poll    = 5 * time.Millisecond
)

// Scene is one.
type Scene struct {
	Server   *fakeaws.Server
	On       *ecs.On
	Registry *ecr.Registry
	Names    names.Names
	Dir      string // of journals
	Exit     int    // of one-off tasks
	Hold     bool   // tasks do not start

	t      testing.TB
	mu     sync.Mutex
	before func(operation string) // called before an operation is served; may be nil
	refuse []string               // operations that are denied
	asked  []string
}

// New makes one.
func New(t testing.TB, scenario fakeaws.Scenario) *Scene {
	t.Helper()
	s := &Scene{t: t, Dir: t.TempDir()}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	host := strings.TrimPrefix(web.URL, "http://")
	evaluated := Declared("staging")
	definitions := map[string]map[string]any{}
	for _, task := range evaluated.Tasks {
		definitions[task.Family] = fakeaws.Definition(task, func(module.Task, module.Container) string { return host + "/app_staging:" + fakeaws.Before }, func(name string) string {
			return "arn:aws:secretsmanager:" + Region + ":" + Account + ":secret:" + name + "-a1b2c3"
		})
	}
	s.Server = fakeaws.New(host, fakeaws.Options{
		Account: Account, Region: Region, Cluster: "main", Service: "web_staging", Family: "web", Definitions: definitions, Repository: "app_staging",
		Registry: registry.New(registry.Logger(log.New(io.Discard, "", 0))), Scenario: scenario, Runner: s, Secrets: s, Tick: Poll / 2,
	})
	t.Cleanup(s.Server.Close)
	cfg := aws.Config{Region: Region, BaseEndpoint: &web.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	s.On, s.Registry = ecs.NewOn(cfg, "main", "web_staging"), ecr.New(cfg, Account)
	s.Names = Resolve("staging")
	s.Names.Others = map[string]names.Names{"production": Resolve("production")}
	return s
}

// Declared is what the code says for an environment: a service, and a migration whose
// family both environments share.
func Declared(env string) *module.Evaluated {
	container := func(name string, command ...string) module.Container {
		return module.Container{
			Name: name, Essential: true, Repository: "aws_ecr_repository.app", Reference: "${aws_ecr_repository.app.repository_url}:latest", Command: command,
			Environment: []module.EnvEntry{{Name: "HOST", Value: secret.New(env), Known: true}, {Name: "DB", Awaits: []string{"aws_db_instance.db.address"}}},
			Secrets:     []module.SecretRef{{Name: "KEY", SecretName: "key_" + env}},
		}
	}
	return &module.Evaluated{
		Services: []module.Service{{Address: "aws_ecs_service.web", Name: "web_" + env, Cluster: "main", TaskDefinition: "aws_ecs_task_definition.web"}},
		Tasks: []module.Task{
			{Address: "aws_ecs_task_definition.web", Family: "web", Containers: []module.Container{container("app")}},
			{Address: "aws_ecs_task_definition.migrate", Family: "migrate", Containers: []module.Container{container("m", "migrate")}},
		},
		Repositories: []module.Repository{{Address: "aws_ecr_repository.app", Name: "app_" + env}},
	}
}

// Resolve are an environment's names.
func Resolve(env string) names.Names {
	n, _ := names.Resolve(names.Sources{Env: project.Environment{Name: env}, Evaluated: Declared(env), Region: Region, Place: func(file string, line int) string { return fmt.Sprintf("%s:%d", file, line) }})
	return n
}

// Preflight are checks of steps, with this commit's image in the registry if it is held.
func (s *Scene) Preflight(journal *state.Journal, steps ...state.Step) preflight.Preflight {
	return preflight.Preflight{
		Env: "staging", Root: s.Dir, Names: s.Names, Steps: steps, State: journal, Yes: true, Cluster: s.On, Registry: s.Registry,
		RegistryOf: func(string, string) preflight.Registry { return s.Registry },
		WhoAmI:     func(context.Context) (client.Identity, error) { return client.Identity{Account: Account}, nil },
		Commit:     func(context.Context) (project.Commit, error) { return project.Commit{SHA: Commit, Pushed: true}, nil },
		Secret:     func(context.Context, ecs.SecretRef) error { return nil },
	}
}

// Held puts this commit's image into the registry.
func (s *Scene) Held() {
	s.t.Helper()
	if err := s.Server.Hold(Tag, Tag); err != nil {
		s.t.Fatal(err)
	}
}

// Registers registers what a family's newest revision says, with the host and the secret
// of another environment, as an apply of that does. It returns its name.
func (s *Scene) Registers(family, host string) string {
	s.t.Helper()
	d, err := s.On.Definition(context.Background(), family)
	if err != nil {
		s.t.Fatal(err)
	}
	f := ecs.Fields{Containers: map[string]ecs.ContainerFields{}}
	f.TaskRole, f.ExecutionRole = d.Roles()
	for _, c := range d.Containers() {
		fields := ecs.ContainerFields{Environment: slices.Clone(c.Environment), LogGroup: c.LogGroup}
		for i, e := range fields.Environment {
			if e.Name == "HOST" {
				fields.Environment[i].Value = secret.New(host)
			}
		}
		for _, ref := range c.Secrets {
			ref.ValueFrom = strings.ReplaceAll(ref.ValueFrom, "key_staging", "key_"+host)
			fields.Secrets = append(fields.Secrets, ref)
		}
		f.Containers[c.Name] = fields
	}
	name, err := s.On.Register(context.Background(), d.With(f))
	if err != nil {
		s.t.Fatal(err)
	}
	return name
}

// Before sets what is called before each operation is served.
func (s *Scene) Before(f func(operation string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = f
}

// Refuses sets the operations that are denied.
func (s *Scene) Refuses(operations ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = operations
}

// Asked counts how often an operation was asked for.
func (s *Scene) Asked(operation string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, one := range s.asked {
		if one == operation {
			n++
		}
	}
	return n
}

// ServeHTTP is the AWS.
func (s *Scene) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	s.mu.Lock()
	before, refused := s.before, slices.Contains(s.refuse, operation)
	s.asked = append(s.asked, operation)
	s.mu.Unlock()
	if before != nil {
		before(operation)
	}
	if refused {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": "AccessDeniedException", "message": "not authorized"})
		return
	}
	s.Server.ServeHTTP(w, r)
}

// Pull fetches an image for a task.
func (s *Scene) Pull(ctx context.Context, _ string) error {
	s.mu.Lock()
	hold := s.Hold
	s.mu.Unlock()
	if hold {
		<-ctx.Done()
	}
	return nil
}

// Run is a container: one that migrates ends, others serve.
func (s *Scene) Run(ctx context.Context, c fakeaws.Container, emit func(line string)) (int, error) {
	if slices.Contains(c.Command, "migrate") {
		emit("Operations to perform:")
		return s.Exit, nil
	}
	<-ctx.Done()
	return 137, nil
}

// Value is what a secret holds.
func (s *Scene) Value(string) (string, error) { return "value", nil }
