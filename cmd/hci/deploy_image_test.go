package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"hci/internal/testing/fakeaws"
)

// TestDeployBuiltElsewhere: an image that another system built is found by the usual
// tags, or named.
func TestDeployBuiltElsewhere(t *testing.T) {
	full := func(s *stage) string { return s.git("rev-parse", "HEAD") }
	for _, c := range []struct {
		name string
		tag  func(s *stage) string // under which it is pushed
		args []string
		code int
		says []string
	}{
		{"the full commit", full, nil, 0, []string{", image ", "which is in the registry", "hci: deployed\n"}},
		{"sha- and the full commit", func(s *stage) string { return "sha-" + full(s) }, nil, 0, []string{"which is in the registry", "hci: deployed\n"}},
		{"sha- and seven digits", func(s *stage) string { return "sha-" + full(s)[:7] }, nil, 0, []string{"which is in the registry", "hci: deployed\n"}},
		{"a tag", func(*stage) string { return "v1.2" }, []string{"--tag", "v1.2"}, 0, []string{"hci: deployed\n"}},
		{"a tag that is not there", func(*stage) string { return "v1.2" }, []string{"--tag", "v1.3"}, 1, []string{"problem: image: ", ":v1.3 is not in the registry", "nothing was done"}},
		{"another commit's", func(*stage) string { return "git-0123456789ab" }, nil, 1, []string{"problem: image: the registry has no image of commit "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, fakeaws.Healthy)
			s.commit()
			tag := c.tag(s)
			if err := s.server.Hold(tag, tag); err != nil {
				t.Fatal(err)
			}
			s.run(deployStaging(c.args...)...).is(t, c.code, c.says...)
			_, image := s.runs()
			want := s.server.RepositoryURI() + "@" + s.digest(tag)
			if c.code == 0 && (image != want || !slices.Equal(s.player.migrated(), []string{want})) {
				t.Errorf("%s runs, migrated in %q, want %s", image, s.player.migrated(), want)
			}
			if c.code != 0 && len(s.changed()) > 0 {
				t.Errorf("asked for %q", s.changed())
			}
		})
	}
	t.Run("a reference", func(t *testing.T) {
		s := newStage(t, fakeaws.Healthy)
		s.commit()
		if err := s.server.Hold("v1", "v1"); err != nil {
			t.Fatal(err)
		}
		want := s.server.RepositoryURI() + "@" + s.digest("v1")
		s.run(deployStaging("--image", s.server.RepositoryURI()+":v1", "--verbose")...).is(t, 0, "image "+want, "hci: deployed\n")
		s.run("deploy", "staging", "--tag", "v1", "--steps", "build,update", "--yes").is(t, 1, "--image and --tag name an image that is there: the step build does not go with them")
		s.run("deploy", "staging", "--image", "ghcr.io/team/app:v1", "--steps", "update", "--yes", "--dry-run").is(t, 0, "warning: image: ghcr.io/team/app:v1 is named by a tag in a registry that is not asked")
	})
	t.Run("a team that never builds here", func(t *testing.T) {
		s := newStage(t, fakeaws.Healthy)
		s.write("hci.hcl", "deploy {\n  build = false\n}\n")
		s.held(s.commit())
		s.run("deploy", "staging", "--yes", "--poll", "10ms").is(t, 0, "1. migrate", "2. update", "hci: deployed\n")
		s.write("hci.hcl", "deploy {\n  build = \"no\"\n}\n")
		s.run("deploy", "staging", "--yes").is(t, 1, `"build" must be true or false`)
	})
}

// TestDeployOtherRegistry: the registry is the one that the code's image names, in its
// account; that it has no image is no reason to deploy another one.
func TestDeployOtherRegistry(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.edit("infra/ecs.tf", `hci_image = "${aws_ecr_repository.hci_registry.repository_url}:${var.hci_image_tag}"`, `hci_image = "444455556666.dkr.ecr.us-east-1.amazonaws.com/shared/app:latest"`)
	var asked []map[string]any
	s.mu.Lock()
	s.request = func(operation string, in map[string]any) {
		if operation == "DescribeRepositories" {
			asked = append(asked, in)
		}
	}
	s.mu.Unlock()
	s.commit()
	s.run(deployStaging()...).is(t, 1, "whether the registry has an image of commit", "nothing was done")
	text, err := json.Marshal(asked)
	if err != nil || !strings.Contains(string(text), `"registryId":"444455556666"`) || !strings.Contains(string(text), `"shared/app"`) {
		t.Errorf("asked for %s", text)
	}
}

// TestDeployMutableTag: the mutable tag names what serves: a new image once that does,
// not one that failed, and the earlier one after a rollback.
func TestDeployMutableTag(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	if err := s.server.Hold("latest", "old"); err != nil {
		t.Fatal(err)
	}
	first := s.commit()
	s.held(first)
	s.run(deployStaging()...).is(t, 0, "then the tag latest names that image", "the tag latest of hci_registry_staging names the image that serves")
	if s.digest("latest") != s.digest("git-"+first) {
		t.Error("latest does not name what serves")
	}
	second := s.commit()
	s.held(second)
	s.run(deployStaging()...).is(t, 0)
	if s.digest("latest") != s.digest("git-"+second) {
		t.Error("latest does not name what serves")
	}
	s.run("deploy", "rollback", "staging", "--yes", "--poll", "10ms").is(t, 0, "the tag latest of hci_registry_staging names the image that serves")
	if s.digest("latest") != s.digest("git-"+first) {
		t.Error("latest names what does not serve any more")
	}

	failing := newStage(t, fakeaws.CrashLoop)
	if err := failing.server.Hold("latest", "old"); err != nil {
		t.Fatal(err)
	}
	old := failing.digest("latest")
	failing.held(failing.commit())
	failing.run(deployStaging()...).is(t, 1, "not deployed: rolled back")
	if failing.digest("latest") != old {
		t.Error("latest names an image that never served")
	}
}

// TestDeployRollbackImageGone: a revision whose image the registry has let go of would
// start no task.
func TestDeployRollbackImageGone(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.restarts(s.registers("hci_web_staging", s.server.RepositoryURI()+"@sha256:"+strings.Repeat("0", 64), nil))
	s.held(s.commit())
	s.run("deploy", "update", "staging", "--yes", "--poll", "10ms", "--force").is(t, 0, "hci: deployed\n")
	before := len(s.changed())
	s.run("deploy", "rollback", "staging", "--to", "2", "--yes").is(t, 1, "which the registry does not have any more: no task of it would start; --to names another revision")
	if changed := s.changed(); len(changed) != before {
		t.Errorf("asked for %q", changed[before:])
	}
}

// TestDeployAWSAway: one line that is lost is one problem.
func TestDeployAWSAway(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	p := s.run(deployStaging("--allow-drift")...)
	p.is(t, 1, "problem: aws: AWS can't be reached: ", "nothing was done")
	if n := strings.Count(p.err, "problem: "); n != 1 {
		t.Errorf("%d problems:\n%s", n, p.err)
	}
}
