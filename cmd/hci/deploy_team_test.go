package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hci/internal/testing/fakeaws"
)

// team makes the stage a repository of the shape that hci exists for: aliased
// providers only, an image that is a placeholder until a script replaces it, one-off
// task families that both environments share.
func (s *stage) team() {
	s.t.Helper()
	if err := os.RemoveAll(s.dir); err != nil {
		s.t.Fatal(err)
	}
	if err := os.CopyFS(s.dir, os.DirFS(filepath.Join("testdata", "team"))); err != nil {
		s.t.Fatal(err)
	}
	for _, env := range []string{"staging", "production"} {
		s.write("infra/tfvars/"+env+"_secrets.tfvars", fmt.Sprintf("fern_secret_key = \"k-%s\"\nfern_admin_password = \"a-%s\"\nfern_db_password = \"p w %s\"\n", env, env, env))
	}
	s.run("secrets", "encrypt").is(s.t, 0)
	for _, env := range []string{"staging", "production"} {
		s.remove("infra/tfvars/" + env + "_secrets.tfvars")
	}
}

// registers is what an apply does: a revision of a family with other values, by name,
// in its first container.
func (s *stage) registers(family, image string, values map[string]string) string {
	s.t.Helper()
	d := s.call("ecs", "DescribeTaskDefinition", map[string]any{"taskDefinition": family})["taskDefinition"].(map[string]any)
	for _, key := range registeredMembers {
		delete(d, key)
	}
	c := d["containerDefinitions"].([]any)[0].(map[string]any)
	for _, item := range c["environment"].([]any) {
		e := item.(map[string]any)
		if value, ok := values[e["name"].(string)]; ok {
			e["value"] = value
		}
	}
	if image != "" {
		c["image"] = image
	}
	registered := s.call("ecs", "RegisterTaskDefinition", d)["taskDefinition"].(map[string]any)["taskDefinitionArn"].(string)
	return registered[strings.LastIndexByte(registered, '/')+1:]
}

// ran are the values of a variable in the tasks of a family that were run.
func (s *stage) ran(family, variable string) []string {
	s.t.Helper()
	var all []string
	for _, status := range []string{"RUNNING", "STOPPED"} {
		list := s.call("ecs", "ListTasks", map[string]any{"cluster": s.names.Cluster, "family": family, "desiredStatus": status})
		arns := list["taskArns"].([]any)
		if len(arns) == 0 {
			continue
		}
		for _, item := range s.call("ecs", "DescribeTasks", map[string]any{"cluster": s.names.Cluster, "tasks": arns})["tasks"].([]any) {
			definition := item.(map[string]any)["taskDefinitionArn"].(string)
			all = append(all, s.valueIn(definition, variable))
		}
	}
	return all
}

// valueIn is a variable's value in a revision.
func (s *stage) valueIn(definition, variable string) string {
	s.t.Helper()
	d := s.call("ecs", "DescribeTaskDefinition", map[string]any{"taskDefinition": definition})["taskDefinition"].(map[string]any)
	for _, item := range d["containerDefinitions"].([]any)[0].(map[string]any)["environment"].([]any) {
		if e := item.(map[string]any); e["name"] == variable {
			return e["value"].(string)
		}
	}
	return ""
}

// productions are the values that production's apply gives the shared families.
var productions = map[string]string{"FERN_HOST": "production", "DB_NAME": "fern_production", "DB_HOST": "db.production.example", "DB_PASSWORD": "p w production"}

// TestDeployTeam: the team's repository is deployed as it is, in its five questions and
// in single steps, with nothing but a region and a profile.
func TestDeployTeam(t *testing.T) {
	s := newStage(t, fakeaws.Healthy, (*stage).team)
	s.held(s.commit())
	s.run(deployStaging()...).is(t, 0, "service fern_service_staging in cluster fern_cluster_staging", "hci: deployed\n",
		"warning: terraform: staging and production share the task definition family fern_create_admin_task, fern_db_migration_task")
	_, image := s.runs()
	if want := s.server.RepositoryURI() + "@"; !strings.HasPrefix(image, want) || !slices.Equal(s.player.migrated(), []string{image}) {
		t.Errorf("%s runs, migrated in %q", image, s.player.migrated())
	}
	s.run("deploy", "task", "staging", "create_admin", "--yes", "--poll", "10ms").is(t, 0, "with the deployed image "+image, "ended with exit code 0")
}

// TestDeploySharedFamily: what another environment has registered in a family that it
// shares is not run, nor copied.
func TestDeploySharedFamily(t *testing.T) {
	const migration = "fern_db_migration_task"
	for _, c := range []struct {
		name  string
		make  func(s *stage)
		args  []string
		code  int
		says  []string
		hosts []string
	}{
		{"an older one is the environment's", func(s *stage) { s.registers(migration, "", productions) }, nil, 0,
			[]string{migration + ":2 is production's: it contradicts the Terraform code of staging (DB_NAME, FERN_HOST)", "the newest revision of staging is " + migration + ":1", "hci: deployed\n"}, []string{"staging"}},
		{"in a registry of production's", func(s *stage) {
			s.registers(migration, "123456789012.dkr.ecr.eu-central-1.amazonaws.com/fern_registry_production:latest", nil)
		}, nil, 0,
			[]string{migration + ":2 contradicts the Terraform code of staging (the image repository of container fern_db_migration_container)", "hci: deployed\n"}, []string{"staging"}},
		{"none is, and the code and the service tell it", func(s *stage) {
			s.registers(migration, "", productions)
			s.withdraws(migration + ":1")
			s.restarts(s.registers("fern_staging", "", map[string]string{"DB_HOST": "db.staging.example"}))
			s.steady()
		}, nil, 0,
			[]string{"no revision of the family is staging's: what the code declares is registered and run; DB_HOST from fern_staging:2", "hci: deployed\n"}, []string{"staging"}},
		{"none is, and the service does not tell it", func(s *stage) {
			s.registers(migration, "", productions)
			s.withdraws(migration + ":1")
			s.registers("fern_staging", "", productions)
			s.restarts("fern_staging:2")
			s.steady()
		}, nil, 1,
			[]string{"the code does not tell DB_HOST of " + migration + ", nor does the running service", "--as-declared"}, nil},
		{"the user's word", func(s *stage) { s.registers(migration, "", productions) }, []string{"--as-declared"}, 0,
			[]string{"warning: service: " + migration + ":2 is production's", "hci: deployed\n"}, []string{"production"}},
		{"one whose values are in no environment's code", func(s *stage) { s.registers(migration, "", map[string]string{"FERN_HOST": "other"}) }, nil, 0,
			[]string{migration + ":2 contradicts the Terraform code of staging (FERN_HOST)", "hci: deployed\n"}, []string{"staging"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, fakeaws.Healthy, (*stage).team)
			s.hidden = append(s.hidden, slices.Collect(maps.Values(map[string]string{"1": "p w production", "2": "db.production.example", "3": "db.staging.example"}))...)
			c.make(s)
			s.held(s.commit())
			before := len(s.changed())
			s.run(deployStaging(c.args...)...).is(t, c.code, c.says...)
			if got := s.ran(migration, "FERN_HOST"); !slices.Equal(got, c.hosts) {
				t.Errorf("migrations of %q ran, want %q", got, c.hosts)
			}
			if c.code != 0 && len(s.changed()) != before {
				t.Errorf("asked for %q", s.changed()[before:])
			}
		})
	}
}

// TestDeploySharedTask: a one-off task of a shared family is the environment's, too.
func TestDeploySharedTask(t *testing.T) {
	const admin = "fern_create_admin_task"
	task := []string{"deploy", "task", "staging", "create_admin", "--yes", "--poll", "10ms"}
	s := newStage(t, fakeaws.Healthy, (*stage).team)
	s.registers(admin, "", map[string]string{"FERN_HOST": "production", "ADMIN_PASSWORD": "a-production"})
	s.run(task...).is(t, 0, admin+":2 contradicts the Terraform code of staging in FERN_HOST: it looks like production's: the newest revision of staging is "+admin+":1", "ended with exit code 0")
	s.run(append(task, "--as-declared")...).is(t, 0, admin+":2 contradicts the Terraform code of staging in FERN_HOST: it looks like production's", "run "+admin+":2 as it is declared")
	s.withdraws(admin + ":1")
	s.run(task...).is(t, 0, "what the code declares for staging is registered and run", "registered "+admin+":3", "ended with exit code 0")
	if got := s.valueIn(admin+":3", "ADMIN_PASSWORD"); got != "a-staging" {
		t.Error("the administrator's password is another environment's")
	}
	if got := s.ran(admin, "FERN_HOST"); !slices.Equal(got, []string{"staging", "production", "staging"}) {
		t.Errorf("tasks of %q ran", got)
	}
}

// sharesService makes the service's family one that both environments share.
func (s *stage) sharesService() {
	s.t.Helper()
	s.team()
	s.edit("infra/ecs.tf", `family                   = "fern_${terraform.workspace}"`, `family                   = "fern"`)
}

// edit changes a text of a file once.
func (s *stage) edit(name, from, to string) {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil || !strings.Contains(string(text), from) {
		s.t.Fatalf("%s: %v", name, err)
	}
	s.write(name, strings.Replace(string(text), from, to, 1))
}

// TestDeploySharedService: a new revision of the service is not made of another
// environment's, though that is the newest of the family.
func TestDeploySharedService(t *testing.T) {
	s := newStage(t, fakeaws.Healthy, (*stage).sharesService)
	s.registers("fern", "", productions)
	s.held(s.commit())
	s.run(deployStaging()...).is(t, 0, "fern:2 is production's: it contradicts the Terraform code of staging (DB_NAME, FERN_HOST); the newest revision of staging is fern:1, which is taken", "hci: deployed\n")
	if runs, _ := s.runs(); runs != "fern:3" || s.valueIn(runs, "FERN_HOST") != "staging" || s.valueIn(runs, "DB_HOST") == productions["DB_HOST"] {
		t.Errorf("%s runs, of %s", runs, s.valueIn(runs, "FERN_HOST"))
	}
	// Where the service runs another environment's already, staging's own is what the next
	// revision is made from.
	s.restarts("fern:2")
	s.until("fern:2")
	s.write("changed", "since")
	s.held(s.commit())
	s.run(deployStaging()...).is(t, 0, "fern:2 is production's", "the new revision is made from fern:3", "hci: deployed\n")
	if runs, _ := s.runs(); s.valueIn(runs, "FERN_HOST") != "staging" {
		t.Errorf("%s runs, of %s", runs, s.valueIn(runs, "FERN_HOST"))
	}
	s.run("deploy", "rollback", "staging", "--to", "2", "--yes").is(t, 1, "fern:2 looks like production's")
}
