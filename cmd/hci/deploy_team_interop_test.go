//go:build interop

package main

import (
	"slices"
	"strings"
	"testing"

	"hci/internal/testing/fakeaws"
)

// teamDockerized makes the stage the team's repository, with an image that can be built
// here and runs what the task definitions say, and nothing of AWS in its environment but
// the region and the profile that the team sets.
func (s *stage) teamDockerized() {
	s.t.Helper()
	s.team()
	s.dockerized()
	s.write("Dockerfile", "FROM scratch\nCOPY app-bin /run\nCOPY app-bin /usr/bin/gunicorn\nCOPY . /app\nENV PATH=/usr/bin HCI_STRIPE_API_KEY=none\nCMD [\"gunicorn\"]\n")
	s.write(".gitignore", "*_secrets.tfvars\n.env\n")
}

// asTheTeam leaves of AWS's variables those that the team sets.
func (s *stage) asTheTeam() {
	s.environ = slices.DeleteFunc(s.environ, func(entry string) bool { return strings.HasPrefix(entry, "AWS_") })
	s.environ = append(s.environ, "AWS_REGION=eu-north-1", "AWS_PROFILE=fern", "AWS_EC2_METADATA_DISABLED=true")
}

// TestInteropDeployTeam: the team's repository is deployed as it is, in a rehearsal with
// the real Docker, with nothing but a region and a profile: all steps, steps by their
// names, and the ends that a person should see once.
func TestInteropDeployTeam(t *testing.T) {
	s := newStage(t, fakeaws.Healthy, (*stage).teamDockerized)
	s.commit()
	s.asTheTeam()
	for _, c := range []struct {
		args []string
		code int
		says []string
	}{
		{nil, 0, []string{"its log driver is \"none\": what it writes is not shown", "account 123456789012, eu-north-1", "service fern_service_staging in cluster fern_cluster_staging", "fern_staging:2 is what runs: 1 of 1 tasks", "rehearsed: nothing in AWS was touched"}},
		{[]string{"--steps", "build,push,login,update"}, 0, []string{"fern_staging:2 is what runs: 1 of 1 tasks"}},
		{[]string{"--scenario", "migration-fails"}, 1, []string{"ended with exit code 3", "the service was not touched"}},
		{[]string{"--scenario", "crash-loop"}, 1, []string{"not deployed: rolled back"}},
		{[]string{"--scenario", "blue-green"}, 0, []string{"bake time until", "fern_staging:2 is what runs"}},
	} {
		p := s.play(append([]string{"deploy", "stag", "--rehearse", "--yes"}, c.args...)...)
		p.is(t, c.code, c.says...)
		s.nothingLeft(at(t, p.err))
	}
	s.noFiles()
}

// TestInteropDeployDotenv: a .env file is in no image: not of a clean build, not of one of
// the work tree, and not in one that somebody else built.
func TestInteropDeployDotenv(t *testing.T) {
	s := newStage(t, fakeaws.Healthy, (*stage).teamDockerized)
	commit := s.commit()
	s.write(".env", "FERN_SECRET_KEY=\"k-staging\"\nDB_PASSWORD=\"p w staging\"\n")
	s.hidden = append(s.hidden, "k-staging", "p w staging")
	image := s.server.RepositoryURI() + ":git-" + commit
	// A build of the commit does not have it.
	s.play("deploy", "build", "staging", "--yes").is(t, 0)
	s.dockerCLI("create", "--name", "hci-dotenv", image)
	files := s.dockerCLI("export", "hci-dotenv")
	s.dockerCLI("rm", "hci-dotenv")
	if !strings.Contains(files, "app/infra/ecs.tf") || strings.Contains(strings.ReplaceAll(files, "app/.env.template", ""), "app/.env") {
		t.Error("the image has other files than the commit")
	}
	// One of the work tree would.
	s.play("deploy", "build", "staging", "--dirty", "--yes").is(t, 1, "the build's context holds secrets: .env (", "put them into .dockerignore")
	// One that was built by hand has it, and is not pushed.
	s.dockerCLI("build", "--quiet", "--tag", image, s.dir)
	p := s.play("deploy", "--yes", "staging", "--steps", "login,push")
	p.is(t, 1, image+" holds secrets: ", "app/.env (")
	if tags := s.call("ecr", "DescribeImages", map[string]any{"repositoryName": s.names.Repository})["imageDetails"].([]any); len(tags) > 1 { // the one that was there
		t.Errorf("it was pushed: %v", tags)
	}
	s.dockerCLI("image", "rm", "--force", image)
}
