package module_test

import (
	"os"
	"slices"
	"testing"
	"testing/fstest"

	"hci/tfvars/module"
)

// TestSampleService reads from the sample project what a deployment needs.
func TestSampleService(t *testing.T) {
	m, err := module.Load(os.DirFS("../../testdata/project/infra"))
	if err != nil {
		t.Fatal(err)
	}
	ev, err := m.Evaluate(module.Inputs{Workspace: "staging", Values: inputs(t, "../../testdata/project/infra/tfvars/staging.tfvars")})
	if err != nil {
		t.Fatal(err)
	}
	if len(ev.Services) != 1 || len(ev.Repositories) != 1 || len(ev.Tasks) != 2 {
		t.Fatalf("%d services, %d repositories, %d task definitions", len(ev.Services), len(ev.Repositories), len(ev.Tasks))
	}
	s, r := ev.Services[0], ev.Repositories[0]
	if s.Name != "hci_service_staging" || s.Cluster != "hci_cluster_staging" || s.TaskDefinition != "aws_ecs_task_definition.hci_web" {
		t.Errorf("%+v", s)
	}
	if r.Address != "aws_ecr_repository.hci_registry" || r.Name != "hci_registry_staging" || r.Immutable || r.Line == 0 {
		t.Errorf("%+v", r)
	}
	for i, want := range []struct {
		family, container, prefix string
		command                   []string
	}{
		{"hci_migrate_staging", "migrate", "migrate", []string{"python", "-m", "django", "migrate", "--noinput"}},
		{"hci_web_staging", "web", "web", nil},
	} {
		task := ev.Tasks[i]
		c := task.Containers[0]
		if task.Family != want.family || c.Name != want.container || c.Log != (module.Log{Driver: "awslogs", Group: "/ecs/hci_staging", Prefix: want.prefix}) || !slices.Equal(c.Command, want.command) {
			t.Errorf("%+v", task)
		}
		if c.Image != "" || c.Repository != r.Address {
			t.Errorf("image %q in repository %q", c.Image, c.Repository)
		}
	}
}

func TestPlatformAndAccounts(t *testing.T) {
	ev, err := load(t, `
provider "aws" {
  allowed_account_ids = ["123456789012"]
}
resource "aws_ecr_repository" "app" {
  name                 = "app"
  image_tag_mutability = "IMMUTABLE"
}
resource "aws_ecs_task_definition" "web" {
  family = "web"
  runtime_platform {
    cpu_architecture        = "ARM64"
    operating_system_family = "LINUX"
  }
  container_definitions = jsonencode([{ name = "web", image = "nginx:1.29", entryPoint = ["/sh", "-c"], command = ["x", plantimestamp()] }])
}`)
	if err != nil {
		t.Fatal(err)
	}
	task := ev.Tasks[0]
	if task.Architecture != "ARM64" || task.System != "LINUX" || !slices.Equal(ev.Provider.Allowed, []string{"123456789012"}) || !ev.Repositories[0].Immutable {
		t.Errorf("%+v, %+v, %+v", task, ev.Provider, ev.Repositories)
	}
	if c := task.Containers[0]; c.Image != "nginx:1.29" || c.Repository != "" || c.Command != nil || !slices.Equal(c.EntryPoint, []string{"/sh", "-c"}) {
		t.Errorf("%+v", c)
	}
}

func TestFunctions(t *testing.T) {
	ev, err := load(t, `
variable "password" {
  sensitive = true
  default   = "p"
}
resource "aws_lb" "x" {}
resource "aws_lambda_function" "f" {
  function_name = "f-${terraform.workspace}"
  environment {
    variables = merge({ MODE = "batch", HOST = aws_lb.x.dns_name }, {
      PASSWORD = var.password
    })
  }
}
resource "aws_lambda_function" "bare" { for_each = toset(["a"]) }`)
	if err != nil {
		t.Fatal(err)
	}
	if len(ev.Functions) != 2 || ev.Functions[0].Address != `aws_lambda_function.bare["a"]` || ev.Functions[0].Environment != nil || ev.Functions[1].Name != "f-staging" {
		t.Fatalf("%+v", ev.Functions)
	}
	for i, want := range []struct {
		name             string
		known, sensitive bool
		line             int
	}{{"HOST", false, false, 10}, {"MODE", true, false, 10}, {"PASSWORD", true, true, 11}} {
		if e := ev.Functions[1].Environment[i]; e.Name != want.name || e.Known != want.known || e.Sensitive != want.sensitive || e.Line != want.line {
			t.Errorf("%+v, want %+v", e, want)
		}
	}
}

func load(t *testing.T, code string) (*module.Evaluated, error) {
	t.Helper()
	m, err := module.Load(fstest.MapFS{"main.tf": {Data: []byte(code)}})
	if err != nil {
		t.Fatal(err)
	}
	return m.Evaluate(module.Inputs{Workspace: "staging"})
}
