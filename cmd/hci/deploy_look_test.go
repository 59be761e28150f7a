package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hci/internal/testing/fakeaws"
	"hci/sync/secret"
)

// TestDeployLook: what the look before a deployment finds, all at once, and that
// nothing is changed then.
func TestDeployLook(t *testing.T) {
	look := []string{"deploy", "staging", "--steps", "migrate,update", "--poll", "10ms"}
	for _, c := range []struct {
		name string
		make func(s *stage)
		args []string
		code int
		says []string
	}{
		{"drift", func(s *stage) { s.overwrite("hci_rds_password_staging") }, nil, 1,
			[]string{"problem: secrets: Secrets Manager does not hold what the file says: hci_rds_password_staging", "'hci secrets diff staging' shows how they differ", "nothing was done"}},
		{"drift that is allowed", func(s *stage) { s.overwrite("hci_rds_password_staging") }, []string{"--allow-drift", "--dry-run"}, 0,
			[]string{"warning: secrets: Secrets Manager does not hold", "1. migrate"}},
		{"no passphrase", func(s *stage) { s.environ = append(s.environ, "HCI_PASSPHRASE=") }, nil, 1,
			[]string{"--allow-drift deploys without comparing the secrets", "HCI_PASSPHRASE is set but empty"}},
		{"another account", func(s *stage) { s.write("hci.hcl", "deploy {\n  account = \"999999999999\"\n}\n") }, nil, 1,
			[]string{"problem: aws: the credentials are those of account 123456789012 (arn:aws:sts::123456789012:assumed-role/rehearsal/hci), and staging lies in 999999999999", "'aws sso login --profile hci-staging' logs in"}},
		{"no such service", func(s *stage) {
			s.write("hci.hcl", "deploy {\n  service = \"web\"\n  cluster = \"hci_cluster_staging\"\n}\n")
		}, nil, 1,
			[]string{`problem: service: service "web" in cluster "hci_cluster_staging" is not there`, "'hci tf staging apply' makes what Terraform declares"}},
		{"a migration is under way", func(s *stage) { s.migrates() }, nil, 5,
			[]string{"conflict: service: a one-off task of hci_migrate_staging:1 is under way since 20", "started by somebody/else", "nothing was done"}},
		{"a migration is under way, and nothing migrates here", func(s *stage) { s.migrates() }, []string{"--steps", "update", "--dry-run", "--image", "deployed"}, 0,
			[]string{"warning: service: a one-off task of hci_migrate_staging:1 is under way since 20"}},
		{"a newer revision of Terraform's", func(s *stage) { s.registersSecret() }, []string{"--dry-run"}, 0,
			[]string{"warning: service: hci_web_staging:2, registered 20", "is newer than hci_web_staging:1 (containers.web.secrets.HCI_NEW added): the new revision is made from it", "--base running keeps what runs", "~ containers.web.secrets.HCI_NEW: arn:aws:secretsmanager:eu-central-1:123456789012:secret:hci_django_secret_key_staging added"}},
		{"which is left out", func(s *stage) { s.registersSecret() }, []string{"--dry-run", "--base", "running"}, 0, []string{"1. migrate"}},
		{"a secret without a value", func(s *stage) { s.registersSecretOf("none_such") }, nil, 1,
			[]string{`problem: secrets: HCI_NEW of container web: secret "none_such" is not there`}},
		{"a dirty tree, and a commit that is not pushed", func(s *stage) {
			s.commit()
			s.git("remote", "add", "origin", "https://git.example/app.git")
			s.write("new.txt", "x")
		}, []string{"--dry-run", "--steps", "login,build,push,migrate,update"}, 1,
			[]string{"warning: git: the work tree differs from the commit (new.txt): the image is built from the commit, without that; --dirty builds from the work tree", "is on no remote branch", "problem: docker: "}},
		{"a dirty tree that is wanted", func(s *stage) { s.commit(); s.write("new.txt", "x") }, []string{"--dry-run", "--dirty", "--steps", "login,build,push,migrate,update"}, 1,
			[]string{"warning: git: the work tree differs from the commit (new.txt), so the image is tagged git-", "-dirty"}},
		{"no Dockerfile", func(s *stage) { s.commit(); s.remove("Dockerfile") }, []string{"--steps", "build"}, 1, []string{"problem: docker: "}},
		{"terraform has changes", func(s *stage) { s.terraform("echo plan >&2; exit 2") }, []string{"--check-infra", "--dry-run"}, 0,
			[]string{"warning: terraform: there are changes that were not applied", "'hci tf staging plan' shows it"}},
		{"terraform has none", func(s *stage) { s.terraform("exit 0") }, []string{"--check-infra", "--dry-run"}, 0, []string{"1. migrate"}},
		{"terraform fails", func(s *stage) { s.terraform("exit 1") }, []string{"--check-infra", "--dry-run"}, 0,
			[]string{"warning: terraform: whether there are changes that were not applied is not known"}},
		{"no such base", func(s *stage) {}, []string{"--base", "7"}, 1, []string{`--base is running or newest, and not "7"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, fakeaws.Healthy)
			s.environ = append(s.environ, "PATH="+withoutDocker(t))
			c.make(s)
			before := len(s.changed())
			args := slices.Concat(look, []string{"--yes"}, c.args)
			if !slices.Contains(c.args, "--steps") {
				args = append(args, "--image", "deployed")
			}
			s.run(args...).is(t, c.code, c.says...)
			if changed := s.changed()[before:]; len(changed) > 0 {
				t.Errorf("asked for %q", changed)
			}
		})
	}
}

// withoutDocker makes this process find no docker, whatever is installed here.
func withoutDocker(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for entry := range strings.SplitSeq(os.Getenv("PATH"), string(os.PathListSeparator)) {
		for _, name := range []string{"git", "git.exe", "sh"} {
			if path := filepath.Join(entry, name); isThere(path) && !isThere(filepath.Join(dir, name)) {
				if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
					t.Skip("no symbolic links here")
				}
			}
		}
	}
	t.Setenv("PATH", dir)
	return dir
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// terraform puts a program in terraform's place. That hci runs the real one is
// tested with -tags interop.
func (s *stage) terraform(script string) {
	s.t.Helper()
	path := filepath.Join(os.Getenv("PATH"), "terraform")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n[ \"$1\" = plan ] || { [ \"$1\" = workspace ] && echo staging; exit 0; }\n"+script+"\n"), 0o700); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) remove(name string) {
	s.t.Helper()
	if err := os.Remove(filepath.Join(s.dir, name)); err != nil {
		s.t.Fatal(err)
	}
}

// overwrite is what a teammate does in the console.
func (s *stage) overwrite(name string) {
	s.t.Helper()
	if err := s.secrets.Put(name, secret.New("another")); err != nil {
		s.t.Fatal(err)
	}
}

// migrates lets somebody else's migration run until the test ends.
func (s *stage) migrates() {
	s.t.Helper()
	done := make(chan struct{})
	s.t.Cleanup(func() { close(done) })
	s.player.set(func(p *player) { p.wait = func() { <-done } })
	s.call("ecs", "RunTask", map[string]any{
		"cluster": s.names.Cluster, "taskDefinition": "hci_migrate_staging", "startedBy": "somebody/else",
		"networkConfiguration": map[string]any{"awsvpcConfiguration": map[string]any{"subnets": []string{"subnet-1"}}},
	})
}

// registeredMembers are those of a definition that registering one does not take.
var registeredMembers = []string{"compatibilities", "taskDefinitionArn", "requiresAttributes", "revision", "status", "registeredAt", "registeredBy"}

// registersSecret is what an apply does that adds a secret to the container.
func (s *stage) registersSecret() { s.registersSecretOf("hci_django_secret_key_staging") }

func (s *stage) registersSecretOf(name string) {
	s.t.Helper()
	d := s.call("ecs", "DescribeTaskDefinition", map[string]any{"taskDefinition": "hci_web_staging"})["taskDefinition"].(map[string]any)
	for _, key := range registeredMembers {
		delete(d, key)
	}
	c := d["containerDefinitions"].([]any)[0].(map[string]any)
	c["secrets"] = append(c["secrets"].([]any), map[string]any{"name": "HCI_NEW", "valueFrom": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:" + name})
	s.call("ecs", "RegisterTaskDefinition", d)
}

// TestDeployExplain: every name, and where it comes from.
func TestDeployExplain(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	p := s.run("deploy", "staging", "--explain")
	p.is(t, 0,
		"account            123456789012          the AWS credentials, arn:aws:sts::123456789012:assumed-role/rehearsal/hci",
		"cluster            hci_cluster_staging   infra/ecs.tf:", "aws_ecs_service.hci_service",
		"migrate_task       hci_migrate_staging   infra/ecs.tf:", "platform           linux/amd64           ECS's default",
		"profile            hci-staging           infra/main.tf:")
	s.write("hci.hcl", "deploy {\n  cluster  = \"other\"\n  platform = \"linux/arm64\"\n  migrate_command = [\"python\", \"manage.py\", \"migrate\"]\n}\n")
	var report struct {
		Schema int
		Names  []struct{ Name, Value, From string }
	}
	if err := json.Unmarshal([]byte(s.run("deploy", "staging", "--explain", "--json").out), &report); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, n := range report.Names {
		got[n.Name] = n.Value + " " + n.From
	}
	for name, want := range map[string]string{"cluster": "other hci.hcl:2", "platform": "linux/arm64 hci.hcl:3", "migrate_command": "python manage.py migrate hci.hcl:4"} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
	s.write("hci.hcl", "deploy {\n  clustre = \"other\"\n}\n")
	s.run("deploy", "staging", "--explain").is(t, 1, `"clustre"`, `did you mean "cluster"`)
}

// TestDeployUnknownNames: what the code doesn't tell is asked for, or named with
// the setting.
func TestDeployUnknownNames(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.forgetService()
	s.run(deployStaging()...).is(t, 1, "service is not known: the Terraform code declares no ECS service whose name is known", `say it in hci.hcl: deploy { service = "…" }`)
	s.run("deploy", "staging", "--explain").is(t, 0, "service in the deploy block of hci.hcl sets it")
	s.write("hci.hcl", "deploy {\n  service = \"hci_service_staging\"\n  cluster = \"hci_cluster_staging\"\n  task_definition = \"hci_web_staging\"\n}\n")
	s.run(deployStaging("--dry-run", "--image", "deployed")...).is(t, 0, "service hci_service_staging in cluster hci_cluster_staging")
}

// forgetService makes the service's name one that only an apply can tell.
func (s *stage) forgetService() {
	s.t.Helper()
	path := filepath.Join(s.dir, "infra", "ecs.tf")
	text, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	changed := strings.Replace(string(text), `name            = "hci_service_${terraform.workspace}"`, `name            = "s_${aws_db_instance.hci_rds.id}"`, 1)
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil || changed == string(text) {
		s.t.Fatal(err)
	}
}

// TestDeployMigrateCommand runs a command in the service's own task definition, on
// exactly the revision that is deployed.
func TestDeployMigrateCommand(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.write("hci.hcl", "deploy {\n  migrate_command = [\"python\", \"manage.py\", \"migrate\"]\n}\n")
	s.held(s.commit())
	s.run(deployStaging()...).is(t, 0, "run the migrate command in hci_web_staging", "hci: deployed\n")
	_, image := s.runs()
	if got := s.player.migrated(); !slices.Equal(got, []string{image}) {
		t.Errorf("migrated in %q, runs %s", got, image)
	}
	if changed := s.changed(); !slices.Equal(changed, []string{"RegisterTaskDefinition", "RunTask", "UpdateService"}) {
		t.Errorf("asked for %q", changed)
	}
}

// TestDeployFirst: a service whose image is not pushed yet is under way for ever, and
// how its first deployment begins is said.
func TestDeployFirst(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	s.setRewrite(func(operation string, answer []byte) []byte {
		var out map[string][]map[string]any
		if operation != "DescribeServices" || json.Unmarshal(answer, &out) != nil || !strings.HasSuffix(out["services"][0]["taskDefinition"].(string), ":1") {
			return answer
		}
		out["services"][0]["runningCount"] = 0
		d := out["services"][0]["deployments"].([]any)[0].(map[string]any)
		d["rolloutState"], d["failedTasks"], d["runningCount"] = "IN_PROGRESS", 7, 0
		answer, err := json.Marshal(out)
		if err != nil {
			panic(err)
		}
		return answer
	})
	s.run(deployStaging()...).is(t, 5, "another deployment is under way: hci_web_staging:1", "nothing of the service has run yet: for its first deployment, --force takes its place")
	s.run(deployStaging("--force")...).is(t, 0, "hci: deployed\n")
}

// TestDeployTask runs a declared task with the deployed image.
func TestDeployTask(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.run("deploy", "task", "staging", "migrate", "--yes", "--poll", "10ms").is(t, 0, "run hci_migrate_staging:1 with the deployed image", "migrate | Operations to perform:", "ended with exit code 0")
	s.run("deploy", "task", "staging", "none", "--yes").is(t, 1, `no one task definition goes by "none"; there are hci_migrate_staging, hci_web_staging`)
	s.run("deploy", "task", "staging", "migrate").is(t, 1)
	s.player.set(func(p *player) { p.exit = 4 })
	s.run("deploy", "task", "staging", "hci_migrate_staging", "--yes", "--poll", "10ms").is(t, 1, "the task failed", "ended with exit code 4", "| Operations to perform:")
	if n := len(s.player.migrated()); n != 2 {
		t.Errorf("%d tasks ran", n)
	}
	// What somebody registers meanwhile is not left out; what hci registers is not what
	// Terraform declares.
	s.player.set(func(p *player) { p.exit = 0 })
	task := []string{"deploy", "task", "staging", "migrate", "--yes", "--poll", "10ms"}
	s.once("DescribeServices", s.addsProxy)
	s.run(task...).is(t, 5, "hci_migrate_staging:2, registered 20", "is newer than hci_migrate_staging:1 (", "run this again to take it")
	s.run(task...).is(t, 0, "of hci_migrate_staging:2 ended with exit code 0")
	s.held(s.commit())
	s.run("deploy", "migrate", "staging", "--yes", "--poll", "10ms").is(t, 0, "registered hci_migrate_staging:3")
	s.run(append(task, "--as-declared")...).is(t, 0, "run hci_migrate_staging:2 as it is declared", "of hci_migrate_staging:2 ended with exit code 0")
}

// TestDeployOneStep: migrate and update alone.
func TestDeployOneStep(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	s.run("deploy", "migrate", "staging", "--yes", "--poll", "10ms").is(t, 0, "ended with exit code 0")
	if runs, _ := s.runs(); runs != "hci_web_staging:1" || len(s.player.migrated()) != 1 {
		t.Errorf("%s runs after the migration alone, of %d", runs, len(s.player.migrated()))
	}
	s.run("deploy", "update", "staging", "--yes", "--poll", "10ms").is(t, 0, "hci: deployed\n")
	s.run("deploy", "rollback", "staging", "--yes", "--poll", "10ms").is(t, 0, "hci_web_staging:1 is what runs")
	s.run("deploy", "update", "staging", "--poll", "10ms").is(t, 1, "--yes answers with yes")
	if runs, _ := s.runs(); runs != "hci_web_staging:1" || len(s.player.migrated()) != 1 {
		t.Errorf("%s runs after the rollback, %d migrations", runs, len(s.player.migrated()))
	}
}
