package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hci/internal/testing/fakeaws"
)

// services adds two services with the image of the first one: a worker and a beat.
func (s *stage) services() {
	s.t.Helper()
	path := filepath.Join(s.dir, "infra", "ecs.tf")
	text, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, name := range []string{"worker", "beat"} {
		text = fmt.Appendf(text, `
resource "aws_ecs_task_definition" "%[1]s" {
  family       = "hci_%[1]s_${terraform.workspace}"
  network_mode = "awsvpc"
  container_definitions = jsonencode([
    { name = "%[1]s", image = local.hci_image, command = ["%[1]s"] },
    { name = "sidecar", image = "public.ecr.aws/nginx/nginx:1", essential = false, command = ["sidecar"] },
  ])
}

resource "aws_ecs_service" "%[1]s" {
  name            = "hci_%[1]s_${terraform.workspace}"
  cluster         = aws_ecs_cluster.hci_cluster.id
  task_definition = aws_ecs_task_definition.%[1]s.arn
}
`, name)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

var allServices = []string{"hci_service_staging", "hci_worker_staging", "hci_beat_staging"}

// images are what the services run.
func (s *stage) images() []string {
	s.t.Helper()
	var all []string
	for _, service := range allServices {
		_, image := s.serviceRuns(service)
		all = append(all, image)
	}
	return all
}

// TestDeployServices: services that share the image are deployed in one go, with one
// migration, and nothing else gets the image.
func TestDeployServices(t *testing.T) {
	s := newStage(t, fakeaws.Healthy, (*stage).services)
	commit := s.commit()
	s.held(commit)
	p := s.run(deployStaging()...)
	p.is(t, 0, "service hci_worker_staging in cluster hci_cluster_staging, likewise", "service hci_beat_staging in cluster hci_cluster_staging, likewise",
		"~ containers.worker.image: ", "hci_worker_staging: deployment ecs-svc/", "hci: service hci_service_staging: deployed\n", "hci: service hci_worker_staging: deployed\n", "hci: service hci_beat_staging: deployed\n", "hci: deployed\n")
	want := s.server.RepositoryURI() + "@" + s.digest("git-"+commit)
	if got := s.images(); !slices.Equal(got, []string{want, want, want}) || !slices.Equal(s.player.migrated(), []string{want}) {
		t.Errorf("%q run, migrated in %q, want %s", got, s.player.migrated(), want)
	}
	if strings.Contains(p.out, "sidecar") {
		t.Errorf("the sidecar is changed:\n%s", p.out)
	}
	s.run("deploy", "status", "staging").is(t, 0, "service     hci_service_staging", "service     hci_worker_staging", "service     hci_beat_staging")
	s.run("deploy", "status", "staging", "--service", "worker", "--json").is(t, 0, `"name": "hci_worker_staging"`)
	s.run("deploy", "history", "staging").is(t, 0, "* hci_web_staging:2", "* hci_worker_staging:2")
	s.run("deploy", "rollback", "staging", "--to", "1", "--yes").is(t, 1, "--to names a revision of one service: name that with --service")
	s.run("deploy", "rollback", "staging", "--service", "worker,beat", "--yes", "--poll", "10ms").is(t, 0, "hci_worker_staging:1 is what runs", "hci_beat_staging:1 is what runs")
	if got := s.images(); got[0] != want || got[1] == want || got[2] == want {
		t.Errorf("%q run", got)
	}
}

// TestDeployServiceNamed: a service that is not named stays as it is, which is said.
func TestDeployServiceNamed(t *testing.T) {
	s := newStage(t, fakeaws.Healthy, (*stage).services)
	commit := s.commit()
	s.held(commit)
	want := s.server.RepositoryURI() + "@" + s.digest("git-"+commit)
	s.run(deployStaging("--service", "worker")...).is(t, 0, "warning: service: hci_service_staging runs the same image, and stays as it is: --service does not name it", "hci_worker_staging:2 is what runs", "hci: deployed\n")
	if got := s.images(); got[0] == want || got[1] != want || got[2] == want {
		t.Errorf("%q run", got)
	}
	s.run(deployStaging("--service", "nope")...).is(t, 1, `the Terraform code declares none that goes by "nope"`)
	// One that hci.hcl names is the first, and the others still go along.
	s.write("hci.hcl", "deploy {\n  service = \"hci_service\"\n}\n")
	s.held(s.commit())
	s.run(deployStaging()...).is(t, 0, "hci: service hci_service_staging: deployed\n", "hci: service hci_worker_staging: deployed\n")
}

// TestDeployServiceFails: one fails, the others are told, and the way back is.
func TestDeployServiceFails(t *testing.T) {
	s := newStage(t, fakeaws.Healthy, (*stage).services, func(s *stage) { s.failing = "hci_worker_staging" })
	commit := s.commit()
	s.held(commit)
	want := s.server.RepositoryURI() + "@" + s.digest("git-"+commit)
	p := s.run(deployStaging()...)
	p.is(t, 1, "hci: service hci_worker_staging:\n", "not deployed: rolled back", "hci: service hci_service_staging: deployed\n", "hci: service hci_beat_staging: deployed\n",
		"'hci deploy rollback staging --service hci_service_staging,hci_beat_staging' makes what changed run what it ran before")
	if strings.Contains(p.err, "hci: deployed\n") {
		t.Errorf("it says deployed:\n%s", p.err)
	}
	if got := s.images(); got[0] != want || got[1] == want || got[2] != want {
		t.Errorf("%q run", got)
	}
	s.run("deploy", "staging", "--resume", "--yes", goOn).is(t, 1, "still to do: update", "not deployed: rolled back")
	if n := len(s.player.migrated()); n != 1 {
		t.Errorf("migrated %d times", n)
	}
}

// TestDeployServicesInOrder: what is deployed after another waits for that, and is not
// touched if it fails.
func TestDeployServicesInOrder(t *testing.T) {
	order := func(s *stage) {
		s.services()
		s.write("hci.hcl", "deploy {\n  service \"worker\" {\n    after = \"hci_service\"\n  }\n  service \"beat\" {\n    after = \"worker\"\n  }\n}\n")
	}
	s := newStage(t, fakeaws.Healthy, order)
	s.held(s.commit())
	var asked []string
	s.mu.Lock()
	s.request = func(operation string, in map[string]any) {
		if operation == "UpdateService" {
			asked = append(asked, in["service"].(string))
		}
	}
	s.mu.Unlock()
	s.run(deployStaging()...).is(t, 0, "hci: deployed\n")
	if !slices.Equal(asked, allServices) {
		t.Errorf("updated in the order %q", asked)
	}
	failing := newStage(t, fakeaws.Healthy, order, func(s *stage) { s.failing = "hci_worker_staging" })
	failing.held(failing.commit())
	failing.run(deployStaging()...).is(t, 1, "hci_beat_staging was not touched: it is deployed after hci_worker_staging, which was not deployed")
	if runs, _ := failing.serviceRuns("hci_beat_staging"); runs != "hci_beat_staging:1" {
		t.Errorf("%s runs", runs)
	}
}

// TestDeployStepSummary: what a step of GitHub Actions shows: from what to what, with
// links.
func TestDeployStepSummary(t *testing.T) {
	s := newStage(t, fakeaws.Healthy, (*stage).services, func(s *stage) { s.failing = "hci_worker_staging" })
	commit := s.commit()
	s.held(commit)
	s.git("remote", "add", "origin", "git@github.com:team/app.git")
	path := filepath.Join(t.TempDir(), "summary.md")
	s.environ = append(s.environ, "GITHUB_STEP_SUMMARY="+path)
	s.run(deployStaging()...).is(t, 1)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"### hci deploy staging: failed\n", "Account 123456789012, eu-central-1, cluster hci_cluster_staging\n", "Commit 000000000000 → [" + commit + "](https://github.com/team/app/commit/" + commit, "@sha256:", "| service | ran | runs | end |",
		"| [hci_service_staging](https://eu-central-1.console.aws.amazon.com/ecs/v2/clusters/hci_cluster_staging/services/hci_service_staging?region=eu-central-1) | hci_web_staging:1 | hci_web_staging:2 | deployed |",
		"| hci_worker_staging:1 | hci_worker_staging:1 | update: not deployed: rolled back |", "| migrate | 0s | task ",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}
