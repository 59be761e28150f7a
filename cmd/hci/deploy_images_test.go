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

// imagesCode declares a second repository, a service whose containers run one image of
// each, and one that runs the second only.
const imagesCode = `
resource "aws_ecr_repository" "edge" {
  name = "hci_edge_${terraform.workspace}"
}

resource "aws_ecs_task_definition" "both" {
  family       = "hci_both_${terraform.workspace}"
  network_mode = "awsvpc"
  container_definitions = jsonencode([
    { name = "app", image = local.hci_image, command = ["app"] },
    { name = "edge", image = "${aws_ecr_repository.edge.repository_url}:latest", command = ["edge"] },
    { name = "agent", image = "public.ecr.aws/team/agent:1", essential = false, command = ["agent"] },
  ])
}

resource "aws_ecs_service" "both" {
  name            = "hci_both_${terraform.workspace}"
  cluster         = aws_ecs_cluster.hci_cluster.id
  task_definition = aws_ecs_task_definition.both.arn
}

resource "aws_ecs_task_definition" "edge" {
  family       = "hci_edge_${terraform.workspace}"
  network_mode = "awsvpc"
  container_definitions = jsonencode([{ name = "edge", image = "${aws_ecr_repository.edge.repository_url}:latest", command = ["edge"] }])
}

resource "aws_ecs_service" "edge" {
  name            = "hci_edge_${terraform.workspace}"
  cluster         = aws_ecs_cluster.hci_cluster.id
  task_definition = aws_ecs_task_definition.edge.arn
}
`

const imageBlocks = `deploy {
  image "app" {
    repository = "aws_ecr_repository.hci_registry"
  }
  image "edge" {
    repository = "aws_ecr_repository.edge"
    dockerfile = "edge/Dockerfile"
    context    = "edge"
  }
}
`

// twoImages gives the project two images.
func (s *stage) twoImages() {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, "infra", "images.tf"), []byte(imagesCode), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.write("hci.hcl", imageBlocks)
	s.repositories = []string{"hci_edge_staging"}
}

// containersOf are the images of what a service runs.
func (s *stage) containersOf(service string) map[string]string {
	s.t.Helper()
	revision, _ := s.serviceRuns(service)
	d := s.call("ecs", "DescribeTaskDefinition", map[string]any{"taskDefinition": revision})["taskDefinition"].(map[string]any)
	all := map[string]string{}
	for _, item := range d["containerDefinitions"].([]any) {
		c := item.(map[string]any)
		all[c["name"].(string)] = strings.TrimPrefix(c["image"].(string), s.host+"/")
	}
	return all
}

func (s *stage) heldEdge(tag, name, architecture string) (digest string) {
	s.t.Helper()
	if err := s.server.HoldIn("hci_edge_staging", tag, name, architecture); err != nil {
		s.t.Fatal(err)
	}
	out := s.call("ecr", "DescribeImages", map[string]any{"repositoryName": "hci_edge_staging", "imageIds": []any{map[string]any{"imageTag": tag}}})
	return out["imageDetails"].([]any)[0].(map[string]any)["imageDigest"].(string)
}

// TestDeployImages: each container gets the image of its repository, in one deployment
// of all services that run one of them.
func TestDeployImages(t *testing.T) {
	s := newStage(t, fakeaws.Healthy, (*stage).twoImages)
	commit := s.commit()
	s.held(commit)
	edge := s.heldEdge("git-"+commit, "edge", "amd64")
	app := s.digest("git-" + commit)
	s.run(deployStaging("--dry-run")...).is(t, 0, "image edge: ", "/hci_edge_staging@"+edge[:19]+", which is in the registry",
		"service hci_both_staging in cluster hci_cluster_staging, likewise", "service hci_edge_staging in cluster hci_cluster_staging, likewise", "~ containers.edge.image: ")
	s.run(deployStaging()...).is(t, 0, "hci: deployed\n")
	for service, want := range map[string]map[string]string{
		"hci_service_staging": {"web": "hci_registry_staging@" + app},
		"hci_both_staging":    {"app": "hci_registry_staging@" + app, "edge": "hci_edge_staging@" + edge, "agent": "public.ecr.aws/team/agent:1"},
		"hci_edge_staging":    {"edge": "hci_edge_staging@" + edge},
	} {
		if got := s.containersOf(service); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s runs %v, want %v", service, got, want)
		}
	}
	if got := s.player.migrated(); !slices.Equal(got, []string{s.server.RepositoryURI() + "@" + app}) {
		t.Errorf("migrated in %q", got)
	}
	if moved := s.heldEdgeTag("latest"); moved != edge {
		t.Errorf("latest names %s", moved)
	}
	s.run("deploy", "staging", "--explain").is(t, 0, "hci.hcl, image app")
}

// heldEdgeTag is the digest that a tag names.
func (s *stage) heldEdgeTag(tag string) string {
	s.t.Helper()
	out, status := s.callOnce("ecr", "DescribeImages", map[string]any{"repositoryName": "hci_edge_staging", "imageIds": []any{map[string]any{"imageTag": tag}}})
	if status != 200 {
		return ""
	}
	return out["imageDetails"].([]any)[0].(map[string]any)["imageDigest"].(string)
}

// TestDeployImagesLacking: an image that is not there, or for other machines, is a problem
// before anything is done, and what can't be meant is refused.
func TestDeployImagesLacking(t *testing.T) {
	s := newStage(t, fakeaws.Healthy, (*stage).twoImages)
	commit := s.commit()
	s.held(commit)
	s.run(deployStaging()...).is(t, 1, "problem: image edge: the registry has none of commit "+commit+" in hci_edge_staging", "nothing was done")
	s.heldEdge("git-"+commit, "edge", "arm64")
	s.run(deployStaging()...).is(t, 1, "problem: image edge: hci_web_staging:1 runs on linux/amd64, and the image in the registry is for linux/arm64", "nothing was done")
	s.run(deployStaging("--image", s.server.RepositoryURI()+":git-"+commit)...).is(t, 1, "--image names one image, and hci.hcl has several")
	if changed := s.changed(); len(changed) > 0 {
		t.Errorf("asked for %q", changed)
	}
	if err := s.server.Hold("v1", "v1"); err != nil {
		t.Fatal(err)
	}
	edge := s.heldEdge("v1", "edge v1", "amd64")
	s.run(deployStaging("--tag", "v1")...).is(t, 0, "hci: deployed\n")
	if got := s.containersOf("hci_both_staging"); got["edge"] != "hci_edge_staging@"+edge || got["app"] != "hci_registry_staging@"+s.digest("v1") {
		t.Errorf("it runs %v", got)
	}
	before := s.containersOf("hci_both_staging")
	s.run(deployStaging("--image", "deployed")...).is(t, 0, "hci: deployed\n")
	if got := s.containersOf("hci_both_staging"); fmt.Sprint(got) != fmt.Sprint(before) {
		t.Errorf("it runs %v, and ran %v", got, before)
	}
	for config, want := range map[string]string{
		"deploy {\n  image \"a\" {\n    dockerfile = \"x\"\n  }\n}\n":                         "an image block needs repository",
		"deploy {\n  dockerfile = \"x\"\n  image \"a\" {\n    repository = \"x\"\n  }\n}\n":   "a deploy block has dockerfile, or image blocks that say it for each image; not both",
		"deploy {\n  image {\n    repository = \"x\"\n  }\n}\n":                               `an image block takes one name: image "web"`,
		"deploy {\n  image \"a\" {\n    repositori = \"x\"\n    repository = \"x\"\n  }\n}\n": `did you mean "repository"`,
		"deploy {\n  image \"a\" {\n    repository = \"nothing_runs_it\"\n  }\n}\n":           "no service of the Terraform code runs image a of hci.hcl",
	} {
		s.write("hci.hcl", config)
		s.run("deploy", "staging", "--dry-run", "--steps", "update", "--image", "deployed").is(t, 1, want)
	}
}
