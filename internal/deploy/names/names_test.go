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

// TestFindTask: a task definition goes by its family, its address, the name of its block,
// or a part that no other has.
func TestFindTask(t *testing.T) {
	ev := &module.Evaluated{Tasks: []module.Task{task("create_admin", "app_create_admin_staging"), task("migrate", "app_migrate_staging"), task("unnamed", "")}}
	for name, want := range map[string]string{
		"app_create_admin_staging": "app_create_admin_staging", "aws_ecs_task_definition.migrate": "app_migrate_staging", "create_admin": "app_create_admin_staging",
		"admin": "app_create_admin_staging", "app": "", "unnamed": "", "": "",
	} {
		found, err := names.FindTask(ev, name)
		if found.Family != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", name, found.Family, err, want)
		}
	}
	if _, err := names.FindTask(&module.Evaluated{}, "x"); err == nil || err.Error() != "the Terraform code declares no task definition whose family is known" {
		t.Error(err)
	}
}

// TestList: what is known is listed with where it is from; what is not says why, and what
// there is to choose from.
func TestList(t *testing.T) {
	n, missing := names.Resolve(names.Sources{
		Env: project.Environment{Name: "staging", Profile: "team", Deploy: map[string]project.DeploySetting{"account": {Value: "123456789012"}, "platform": {Value: "linux/arm64", File: "hci.hcl", Line: 3}}},
		Evaluated: &module.Evaluated{Services: []module.Service{runs(1, "a", "a", "a"), runs(2, "b", "b", "b")}, Tasks: []module.Task{
			task("a", "a", container("a", "123456789012.dkr.ecr.eu-central-1.amazonaws.com/a:1")), task("b", "b", container("b", "123456789012.dkr.ecr.eu-central-1.amazonaws.com/b:1")),
		}},
		Place: func(file string, line int) string { return fmt.Sprintf("%s:%d", file, line) }, Region: "eu-central-1",
	})
	var all []string
	for _, one := range n.List() {
		all = append(all, one.Key+"="+one.Value+" ("+one.From+")")
	}
	for _, want := range []string{"account=123456789012 (typed)", "region=eu-central-1 (the AWS configuration of this machine)", "profile=team (hci.hcl)", "platform=linux/arm64 (hci.hcl:3)", "image_tag=latest (default)"} {
		if !slices.Contains(all, want) {
			t.Errorf("%q is not listed in %q", want, all)
		}
	}
	err := &names.MissingError{Names: missing}
	if text := err.Error(); !strings.Contains(text, "service is not known: the Terraform code declares several, of several images (a, b)") {
		t.Error(text)
	}
	if !n.PlatformKnown() {
		t.Error("hci.hcl says the platform")
	}
	n.SetAccount("999999999999", "AWS")
	if n.Account != "999999999999" {
		t.Error(n.Account)
	}
}

// TestSameRepository: ECR's registries have several host names.
func TestSameRepository(t *testing.T) {
	const uri = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app"
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{uri + ":latest", uri + "@sha256:1", true},
		{"123456789012.dkr-ecr.eu-central-1.on.aws/app:1", uri, true},
		{"123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/app", "123456789012.dkr.ecr.us-gov-west-1.amazonaws.com/app", true},
		{"123456789013.dkr.ecr.eu-central-1.amazonaws.com/app", uri, false},
		{"123456789012.dkr.ecr.eu-north-1.amazonaws.com/app", uri, false},
		{"app", "app:latest", true},
		{"127.0.0.1:5000/app:1", "127.0.0.1:5001/app:1", false},
	} {
		if got := names.SameRepository(c.a, c.b); got != c.same {
			t.Errorf("%s and %s: %v", c.a, c.b, got)
		}
	}
}

func TestLabel(t *testing.T) {
	for address, want := range map[string]string{
		"aws_ecs_service.web":                   `web`,
		"aws_ecs_service.web[0]":                `web`,
		`aws_ecs_service.web["a.b[0]"]`:         `web`,
		`module.app["x.y"].aws_ecs_service.web`: `web`,
	} {
		if got := names.Label(address); got != want {
			t.Errorf("%s: %q", address, got)
		}
	}
}
