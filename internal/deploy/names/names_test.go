package names_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"hci/internal/deploy/names"
	"hci/internal/project"
	"hci/tfvars/module"
)

const placeholder = "<AWS_ACCOUNT_ID>.dkr.ecr.eu-north-1.amazonaws.com/<ECR_NAME>:latest"

// container is one whose image the code writes out.
func container(name, image string) module.Container {
	return module.Container{Name: name, Essential: true, Image: image, Reference: image}
}

// of is one whose image lies in a declared repository.
func of(name, repository, tag string) module.Container {
	return module.Container{Name: name, Essential: true, Repository: repository, Reference: "${" + repository + ".repository_url}:" + tag}
}

func task(label, family string, containers ...module.Container) module.Task {
	return module.Task{Address: "aws_ecs_task_definition." + label, Family: family, Containers: containers}
}

func runs(line int, label, name, task string) module.Service {
	return module.Service{Address: "aws_ecs_service." + label, Name: name, Cluster: "main", TaskDefinition: "aws_ecs_task_definition." + task, File: "ecs.tf", Line: line}
}

// TestResolve: which service, container, repository and migration are meant, by what
// the code says of their images.
func TestResolve(t *testing.T) {
	repositories := []module.Repository{{Address: "aws_ecr_repository.app", Name: "app"}, {Address: "aws_ecr_repository.web", Name: "web"}}
	const app, web = "aws_ecr_repository.app", "aws_ecr_repository.web"
	for _, c := range []struct {
		name    string
		ev      module.Evaluated
		deploy  map[string]string
		service string
		want    string // service, container, repository, migration, others, account and region of the registry
		lacks   []string
	}{
		{name: "a placeholder", ev: module.Evaluated{
			Services: []module.Service{runs(1, "web", "web_staging", "web")}, Repositories: repositories[:1],
			Tasks: []module.Task{task("web", "web", container("web", placeholder)), task("migrate", "migrate", container("m", placeholder))},
		}, want: "web_staging web app migrate []  "},
		{name: "sidecars", ev: module.Evaluated{
			Services: []module.Service{runs(1, "web", "web", "web")}, Repositories: repositories,
			Tasks: []module.Task{task("web", "web", container("nginx", "nginx:1"), of("app", app, "latest"), of("worker", app, "latest"))},
		}, want: "web app app  []  ", lacks: []string{"migrate_task"}},
		{name: "two images in one task", ev: module.Evaluated{
			Services: []module.Service{runs(1, "web", "web", "web")}, Repositories: repositories,
			Tasks: []module.Task{task("web", "web", of("a", app, "latest"), of("b", web, "latest"))},
		}, want: "web  app  []  ", lacks: []string{"container", "migrate_task"}},
		{name: "a registry elsewhere", ev: module.Evaluated{
			Services: []module.Service{runs(1, "web", "web", "web")}, Repositories: repositories[:1],
			Tasks: []module.Task{task("web", "web", container("web", "444455556666.dkr.ecr.us-east-1.amazonaws.com/shared/app:1"))},
		}, want: "web web shared/app  [] 444455556666 us-east-1", lacks: []string{"migrate_task"}},
		{name: "a data source's", ev: module.Evaluated{
			Services: []module.Service{runs(1, "web", "web", "web")}, Repositories: []module.Repository{{Address: "data.aws_ecr_repository.app", Name: "shared", Registry: "444455556666"}},
			Tasks: []module.Task{task("web", "web", of("web", "data.aws_ecr_repository.app", "1"))},
		}, want: "web web shared  [] 444455556666 ", lacks: []string{"migrate_task"}},
		{name: "services of one image, in the order of the code", ev: module.Evaluated{
			Services: []module.Service{runs(9, "beat", "beat_s", "beat"), runs(1, "web", "web_s", "web"), runs(20, "cache", "cache_s", "cache")}, Repositories: repositories,
			Tasks: []module.Task{task("web", "web", of("web", app, "1")), task("beat", "beat", of("beat", app, "1")), task("cache", "cache", container("redis", "redis:7"))},
		}, want: "web_s web app  [beat_s]  ", lacks: []string{"migrate_task"}},
		{name: "one of them, by its block", service: "beat", ev: module.Evaluated{
			Services: []module.Service{runs(1, "web", "web_s", "web"), runs(9, "beat", "beat_s", "beat")}, Repositories: repositories,
			Tasks: []module.Task{task("web", "web", of("web", app, "1")), task("beat", "beat", of("beat", app, "1"))},
		}, want: "beat_s beat app  [web_s]  ", lacks: []string{"migrate_task"}},
		{name: "services of several images", ev: module.Evaluated{
			Services: []module.Service{runs(1, "web", "web", "web"), runs(9, "app", "app", "app")}, Repositories: repositories,
			Tasks: []module.Task{task("web", "web", of("web", web, "1")), task("app", "app", of("app", app, "1"))},
		}, want: "    []  ", lacks: []string{"migrate_task", "repository", "service"}},
		{name: "which hci.hcl tells apart by the block", deploy: map[string]string{"service": "app"}, ev: module.Evaluated{
			Services: []module.Service{runs(1, "web", "web_s", "web"), runs(9, "app", "app_s", "app")}, Repositories: repositories,
			Tasks: []module.Task{task("web", "web", of("web", web, "1")), task("app", "app", of("app", app, "1"))},
		}, want: "app_s app app  []  ", lacks: []string{"migrate_task"}},
	} {
		settings := map[string]project.DeploySetting{}
		for key, value := range c.deploy {
			settings[key] = project.DeploySetting{Value: value}
		}
		n, missing := names.Resolve(names.Sources{
			Env: project.Environment{Name: "staging", Deploy: settings}, Evaluated: &c.ev, Service: c.service,
			Place: func(file string, line int) string { return fmt.Sprint(file, ":", line) },
		})
		got := fmt.Sprintf("%s %s %s %s %v %s %s", n.Service, n.Container, n.Repository, n.MigrateTask, n.Sharing, n.RegistryAccount, n.RegistryRegion)
		var lacks []string
		for _, m := range missing {
			lacks = append(lacks, m.Key)
		}
		slices.Sort(lacks)
		if got != c.want || !slices.Equal(lacks, c.lacks) {
			t.Errorf("%s: %q, lacks %q; want %q, %q", c.name, got, lacks, c.want, c.lacks)
		}
	}
}

// TestCommitTags: what an image of a commit may be tagged, the likeliest first.
func TestCommitTags(t *testing.T) {
	const sha = "0123456789abcdef0123456789abcdef01234567"
	got := names.CommitTags(project.Commit{SHA: sha})
	want := []string{
		"git-" + sha[:12], "sha-" + sha[:12], sha[:12], "git-" + sha, "sha-" + sha, sha,
		"git-" + sha[:7], "sha-" + sha[:7], sha[:7], "git-" + sha[:8], "sha-" + sha[:8], sha[:8],
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s", strings.Join(got, " "))
	}
}
