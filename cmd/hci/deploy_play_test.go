package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hci/internal/testing/fakeaws"
)

// steps of a deployment that needs no Docker: the image is in the registry.
var pushed = []string{"--steps", "migrate,update", "--poll", "10ms", "--yes"}

func deployStaging(more ...string) []string {
	return slices.Concat([]string{"deploy", "staging"}, pushed, more)
}

// TestDeployScenarios: each end is told from the others, with what runs and what
// to do next.
func TestDeployScenarios(t *testing.T) {
	for _, c := range []struct {
		scenario fakeaws.Scenario
		code     int
		says     []string
		changed  []string
		runs     string // revision afterwards; "" for a service that can't be asked
	}{
		{fakeaws.Healthy, 0, []string{"hci: deployed\n", "hci_web_staging:2 is what runs: 1 of 1 tasks", "migrate | Operations to perform:"},
			[]string{"RegisterTaskDefinition", "RunTask", "RegisterTaskDefinition", "UpdateService"}, "hci_web_staging:2"},
		{fakeaws.CrashLoop, 1, []string{"its tasks stop again and again", "rolling back to hci_web_staging:1", "not deployed: rolled back",
			"web: exit code 137", "| web: serving", "hci_web_staging:1 is the service's deployment now: 1 of 1 tasks run", "fix the cause, commit it and 'hci deploy staging'"},
			[]string{"RegisterTaskDefinition", "RunTask", "RegisterTaskDefinition", "UpdateService", "StopServiceDeployment"}, "hci_web_staging:1"},
		{fakeaws.Breaker, 1, []string{"ECS rolled it back: ECS deployment circuit breaker: tasks failed to start"},
			[]string{"RegisterTaskDefinition", "RunTask", "RegisterTaskDefinition", "UpdateService"}, "hci_web_staging:1"},
		{fakeaws.MissingSecret, 1, []string{"ResourceInitializationError: unable to pull secrets", "not deployed: rolled back"}, nil, "hci_web_staging:1"},
		{fakeaws.MigrationFails, 1, []string{"ended with exit code 3", "stopped: EssentialContainerExited", "| Operations to perform:",
			"the service was not touched: it runs hci_web_staging:1", "'hci deploy --resume staging' goes on from here"},
			[]string{"RegisterTaskDefinition", "RunTask"}, "hci_web_staging:1"},
		{fakeaws.BlueGreen, 0, []string{"blue/green: bake time until ", "hci_web_staging:2 is what runs: 1 of 1 tasks", "hci: deployed\n"}, nil, "hci_web_staging:2"},
		{fakeaws.Throttling, 0, []string{"hci: deployed\n"}, nil, "hci_web_staging:2"},
		{fakeaws.SlowLogs, 0, []string{"hci: deployed\n"}, nil, "hci_web_staging:2"},
		{fakeaws.Displaced, 5, []string{"not deployed: superseded", "another deployment took its place", "hci_web_staging:3 is the service's deployment now",
			"'hci deploy status staging' shows what runs"}, nil, "hci_web_staging:3"},
		{fakeaws.Deleted, 1, []string{"not deployed: service deleted", "'hci tf staging apply' makes what Terraform declares"}, nil, ""},
		{fakeaws.InProgress, 5, []string{"conflict: service: another deployment is under way: hci_web_staging:1, since 20", "registered by arn:aws:sts::123456789012:assumed-role/terraform/rehearsal",
			"--force takes its place", "nothing was done"}, []string{}, "hci_web_staging:1"},
		{fakeaws.ExpiredSession, 1, []string{"ExpiredToken", "'aws sso login --profile hci-staging' logs in", "nothing was done"}, []string{}, ""},
	} {
		t.Run(string(c.scenario), func(t *testing.T) {
			s := newStage(t, c.scenario)
			s.held(s.commit())
			args := deployStaging()
			if c.scenario == fakeaws.BlueGreen { // the bake time takes longer
				args = append(args, "--timeout", "150ms")
			}
			s.run(args...).is(t, c.code, c.says...)
			if changed := s.changed(); c.changed != nil && !slices.Equal(changed, c.changed) {
				t.Errorf("asked for %q, want %q", changed, c.changed)
			}
			if c.runs == "" {
				return
			}
			if runs, _ := s.runs(); runs != c.runs {
				t.Errorf("the service is to run %s, want %s", runs, c.runs)
			}
		})
	}
}

// TestDeployImage: what the migration and the update run, and that hci says which.
func TestDeployImage(t *testing.T) {
	t.Run("this commit's", func(t *testing.T) {
		s := newStage(t, fakeaws.Healthy)
		commit := s.commit()
		s.held(commit)
		s.run(deployStaging()...).is(t, 0, "the image of commit "+commit+", which is in the registry")
		_, image := s.runs()
		if got := s.player.migrated(); len(got) != 1 || got[0] != image || !strings.HasPrefix(image, s.server.RepositoryURI()+"@sha256:") {
			t.Errorf("migrated in %q, runs %s", got, image)
		}
	})
	t.Run("the deployed one", func(t *testing.T) {
		s := newStage(t, fakeaws.Healthy)
		commit := s.commit()
		s.run(deployStaging()...).is(t, 1, "problem: image: the registry has no image of commit "+commit, "--image deployed deploys the deployed image once more", "nothing was done")
		if changed := s.changed(); len(changed) > 0 {
			t.Errorf("asked for %q", changed)
		}
		s.run(deployStaging("--image", "deployed")...).is(t, 0, "commit "+commit+", of which no image is in the registry", "in the deployed image", "nothing of hci_web_staging:1 differs: its tasks are restarted", "hci: deployed\n")
		if got := s.player.migrated(); len(got) != 1 || !strings.HasSuffix(got[0], ":"+fakeaws.Before) {
			t.Errorf("migrated in %q", got)
		}
	})
}

// TestDeployDryRun looks for real and changes nothing.
func TestDeployDryRun(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	p := s.run("deploy", "staging", "--steps", "migrate,update", "--dry-run", "--verbose")
	p.is(t, 0, "account 123456789012, eu-central-1\nservice hci_service_staging in cluster hci_cluster_staging\n",
		"1. migrate  run hci_migrate_staging in the image of commit", "before the update, so that a failure leaves the service as it is",
		"2. update   make the service run", "~ containers.web.image: ")
	if changed := s.changed(); len(changed) > 0 || len(s.player.migrated()) > 0 {
		t.Errorf("asked for %q", changed)
	}
	if _, err := os.Stat(filepath.Join(s.state(), "deploy")); err == nil {
		t.Error("a dry run leaves a journal")
	}
}

// TestDeployQuestions asks all of them before anything runs, in the team's order.
func TestDeployQuestions(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	ask := func(in string, more ...string) played {
		return s.runWith(context.Background(), in, append([]string{"deploy", "staging", "--poll", "10ms", "--ask-from-stdin"}, more...)...)
	}
	ask("n\nn\nn\nn\nn\n").is(t, 1, "Migrate the database? n", "nothing was done")
	ask("y\nn\nn\nn\ny\nn\n").is(t, 1, "1. migrate", "2. update", "Proceed? n", "nothing was done")
	ask("maybe\n").is(t, 1, `standard input answers "Migrate the database?" with something else than y or n`)
	ask("y\n").is(t, 1, `standard input ends before the answer to "Authenticate to the registry?"`)
	if changed := s.changed(); len(changed) > 0 {
		t.Errorf("asked for %q", changed)
	}
	p := ask("y\nn\nn\nn\ny\ny\n")
	p.is(t, 0, "hci: deployed\n")
	at := 0
	for _, text := range []string{"Migrate the database?", "Authenticate to the registry?", "Build the image?", "Push the image?", "Update the service?", "Proceed? y", "hci: migrate\n", "hci: update\n"} {
		i := strings.Index(p.err[at:], text)
		if i < 0 {
			t.Fatalf("%q does not come in its place:\n%s", text, p.err)
		}
		at += i
	}
	s.run("deploy", "staging").is(t, 1, "--yes answers with yes, --ask-from-stdin takes the answers from standard input")
	s.run("deploy", "stagign", "--yes").is(t, 1, `did you mean "staging"?`)
	s.run("deploy", "staging", "--yes", "--steps", "biuld").is(t, 1, `there is no step "biuld": login, build, push, migrate, update`)
	s.run("deploy", "staging", "--yes", "--steps", "migrate", "--skip", "migrate").is(t, 1, "every step is skipped")
	s.run("deploy", "--yes").is(t, 1, "production, staging") // never one that was not named
}

// TestDeployRestart starts the tasks again and changes nothing else, although the
// registry has this commit's image.
func TestDeployRestart(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	s.registersSecret()
	before := len(s.changed())
	s.run("deploy", "update", "staging", "--restart", "--yes", "--poll", "10ms").is(t, 0, "make the service run what it runs, with its tasks started again", "are restarted", "hci: deployed\n")
	if changed := s.changed()[before:]; !slices.Equal(changed, []string{"UpdateService"}) {
		t.Errorf("asked for %q", changed)
	}
	if runs, _ := s.runs(); runs != "hci_web_staging:1" {
		t.Errorf("%s runs", runs)
	}
}

// TestDeployDirtyImage: the image of a dirty tree, pushed step by step, is the one
// that is deployed.
func TestDeployDirtyImage(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	commit := s.commit()
	s.write("new.txt", "x")
	if err := s.server.Hold("git-"+commit+"-dirty", "dirty"); err != nil {
		t.Fatal(err)
	}
	s.run("deploy", "update", "staging", "--yes", "--dirty", "--poll", "10ms").is(t, 0, "the image git-"+commit+"-dirty, which is in the registry", "hci: deployed\n")
	if _, image := s.runs(); image != s.server.RepositoryURI()+"@"+s.digest("git-"+commit+"-dirty") {
		t.Errorf("%s runs", image)
	}
}

// TestDeployRenamedContainer: "the deployed image" is the one that runs, whatever a
// newer revision says.
func TestDeployRenamedContainer(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	d := s.call("ecs", "DescribeTaskDefinition", map[string]any{"taskDefinition": "hci_web_staging"})["taskDefinition"].(map[string]any)
	for _, key := range registeredMembers {
		delete(d, key)
	}
	c := d["containerDefinitions"].([]any)[0].(map[string]any)
	_, deployed := s.runs()
	c["name"], c["image"] = "app", s.server.RepositoryURI()+":latest"
	s.call("ecs", "RegisterTaskDefinition", d)
	path := filepath.Join(s.dir, "infra", "ecs.tf")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), `name         = "web"`, `name         = "app"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	s.run("deploy", "update", "staging", "--yes", "--poll", "10ms", "--image", "deployed").is(t, 0, "the deployed image", "hci: deployed\n")
	if _, image := s.runs(); image != deployed {
		t.Errorf("%s runs, and %s was deployed", image, deployed)
	}
}

// withdraws is what Terraform does to a revision that it replaces.
func (s *stage) withdraws(revision string) {
	s.t.Helper()
	s.call("ecs", "DeregisterTaskDefinition", map[string]any{"taskDefinition": revision})
}

// TestDeployWithdrawn: a revision that Terraform has replaced, and withdrawn, is run by
// a copy, wherever it is to be run.
func TestDeployWithdrawn(t *testing.T) {
	replaced := func(t *testing.T) *stage {
		s := newStage(t, fakeaws.Healthy)
		s.registersSecret()
		s.withdraws("hci_web_staging:1")
		return s
	}
	rollback := []string{"deploy", "rollback", "staging", "--yes", "--poll", "10ms"}
	t.Run("rollback", func(t *testing.T) {
		s := replaced(t)
		_, before := s.runs()
		s.held(s.commit())
		s.run(deployStaging()...).is(t, 0, "hci: deployed\n")
		s.run(rollback...).is(t, 0, "+ hci_web_staging:1, registered", "(registered again: it was inactive)", "registered hci_web_staging:4", "hci_web_staging:4 is what runs")
		if _, image := s.runs(); s.hasNew() || image != before {
			t.Errorf("%s runs, the new secret: %v", image, s.hasNew())
		}
		s.write("changed", "since")
		s.held(s.commit())
		s.run(deployStaging()...).is(t, 0, "is newer than what hci_web_staging:4 was made from", "hci: deployed\n")
		if !s.hasNew() {
			t.Error("the new secret is not what runs")
		}
		s.withdraws("hci_web_staging:5")
		s.run(slices.Concat(rollback, []string{"--dry-run"})...).is(t, 0, "- hci_web_staging:5, registered 20", "+ hci_web_staging:4, registered 20")
		s.run("deploy", "history", "staging").is(t, 0, "* hci_web_staging:5 (inactive)")
	})
	for _, c := range []struct {
		name string
		args []string
	}{
		{"restart", []string{"deploy", "update", "staging", "--restart", "--yes", goOn}},
		{"nothing differs", []string{"deploy", "update", "staging", "--base", "running", "--image", "deployed", "--yes", goOn}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := replaced(t)
			s.commit()
			_, before := s.runs()
			s.run(c.args...).is(t, 0, "registered hci_web_staging:3", "hci: deployed\n")
			if _, image := s.runs(); s.hasNew() || image != before {
				t.Errorf("%s runs, the new secret: %v", image, s.hasNew())
			}
			s.run(deployStaging("--image", "deployed")...).is(t, 0, "is newer than what hci_web_staging:3 was made from", "hci: deployed\n")
			if !s.hasNew() {
				t.Error("the new secret is not what runs")
			}
		})
	}
	t.Run("migrate command", func(t *testing.T) {
		s := newStage(t, fakeaws.Healthy)
		s.write("hci.hcl", migrateCommand)
		s.commit()
		s.withdraws("hci_web_staging:1")
		s.run(deployStaging("--base", "running", "--image", "deployed")...).is(t, 0, "registered hci_web_staging:2", "of hci_web_staging:2 ended with exit code 0", "hci: deployed\n")
	})
	t.Run("left", func(t *testing.T) {
		s := newStage(t, fakeaws.Healthy)
		s.held(s.commit())
		s.killed(3, "instead") // of UpdateService
		s.withdraws("hci_web_staging:2")
		s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 0, "registered hci_web_staging:3", "hci: deployed\n")
		if _, image := s.runs(); !slices.Equal(s.player.migrated(), []string{image}) {
			t.Errorf("%s runs, migrated in %q", image, s.player.migrated())
		}
	})
}

// TestDeployRollbackPinned: what served is gone back to, whatever the tag names by then.
func TestDeployRollbackPinned(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	if err := s.server.Hold("latest", "old"); err != nil {
		t.Fatal(err)
	}
	served := s.digest("latest")
	d := s.call("ecs", "DescribeTaskDefinition", map[string]any{"taskDefinition": "hci_web_staging"})["taskDefinition"].(map[string]any)
	for _, key := range registeredMembers {
		delete(d, key)
	}
	d["containerDefinitions"].([]any)[0].(map[string]any)["image"] = s.server.RepositoryURI() + ":latest"
	s.call("ecs", "RegisterTaskDefinition", d)
	s.restarts("hci_web_staging:2") // Terraform's
	s.until("hci_web_staging:2")
	s.held(s.commit())
	s.run(deployStaging()...).is(t, 0)
	if err := s.server.Hold("latest", "new"); err != nil { // by the push
		t.Fatal(err)
	}
	s.run("deploy", "rollback", "staging", "--yes", "--poll", "10ms").is(t, 0, "+ hci_web_staging:2, registered", "@"+served, "(registered again, with the images that served)", "hci_web_staging:4 is what runs")
	if _, image := s.runs(); image != s.server.RepositoryURI()+"@"+served {
		t.Errorf("%s runs", image)
	}
	// Where AWS does not tell, that is said.
	s.refuses("DescribeServiceRevisions")
	s.run("deploy", "rollback", "staging", "--to", "2", "--dry-run").is(t, 0, "which revisions have served is not known", "warning: container web of hci_web_staging:2 runs "+s.server.RepositoryURI()+":latest by its tag, and AWS does not tell which image that was")
}

// TestDeployRollback goes back to what served before; a deployment that runs on
// this machine is not gone over, and one that was left is what is rolled back.
func TestDeployRollback(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	s.run(deployStaging()...).is(t, 0)
	s.registersSecret() // a revision that never served
	s.held(s.commit())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	hold := make(chan struct{})
	s.player.set(func(p *player) { p.hold = hold })
	s.onceAfter("UpdateService", func() {
		s.run("deploy", "rollback", "staging", "--yes").is(t, 5, "another 'hci deploy' of staging is under way here since 20")
		time.AfterFunc(stageTick, cancel)
	})
	s.runWith(ctx, "", "deploy", "update", "staging", "--yes", "--poll", "10ms", "--base", "running").is(t, 130, "watches it again")
	close(hold)
	s.run("deploy", "rollback", "staging", "--yes", "--poll", "10ms").is(t, 0, "- hci_web_staging:4", "+ hci_web_staging:2", "hci_web_staging:2 is what runs")
}

// TestDeployWithoutWaiting: a rollout that is only started is not called deployed.
func TestDeployWithoutWaiting(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	hold := make(chan struct{})
	s.player.set(func(p *player) { p.hold = hold })
	p := s.run("deploy", "update", "staging", "--yes", "--wait=false", "--poll", "10ms")
	p.is(t, 0, "and do not wait: how it ends is not known then", "was started, and is not waited for", "hci: started\n", "'hci deploy status staging' shows how it ends")
	if strings.Contains(p.err, "hci: deployed\n") {
		t.Error("it is called deployed")
	}
	close(hold)
	s.until("hci_web_staging:2")
	s.run("deploy", "staging", "--resume", "--yes").is(t, 1, "no deployment was left unfinished")
}
