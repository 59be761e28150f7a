//go:build bench && !windows

package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"hci/internal/testing/fakeaws"
	"hci/internal/testing/interop"
)

// TestBenchDeployLook measures the preflight checks of a deployment, each request delayed
// by a round trip, and the AWS CLI asking the same one after the other.
func TestBenchDeployLook(t *testing.T) {
	hci := hciBinary(t)
	s := newStage(t, fakeaws.Healthy)
	s.held(s.commit())
	steps := "migrate,update"
	if exec.Command("docker", "version").Run() == nil {
		steps = "login,build,push,migrate,update"
	}
	s.on("before", func(string) { time.Sleep(roundTrip) })
	look := command(t, s.dir, s.environ, hci, "deploy", "staging", "--dry-run", "--yes", "--steps", steps)
	look()
	s.mu.Lock()
	requests := len(s.asked)
	s.mu.Unlock()
	cli, err := exec.LookPath("aws")
	if err != nil {
		figure("deploy look: the AWS CLI is not installed, nothing to compare with")
		return
	}
	environ := slices.DeleteFunc(slices.Clone(s.environ), func(entry string) bool { return entry == "AWS_PROFILE=" }) // which it would look for
	ask := func(args ...string) {
		command(t, s.dir, append(environ, "AWS_DEFAULT_REGION=eu-central-1"), cli, args...)()
	}
	if err := os.Unsetenv("AWS_PROFILE"); err != nil { // newStage has it set back
		t.Fatal(err)
	}
	mine, theirs, _ := turns(3, look, func() int64 {
		ask("sts", "get-caller-identity")
		ask("ecs", "describe-services", "--cluster", "hci_cluster_staging", "--services", "hci_service_staging")
		for _, family := range []string{"hci_web_staging", "hci_web_staging:1", "hci_migrate_staging"} {
			ask("ecs", "describe-task-definition", "--task-definition", family)
		}
		ask("ecs", "list-tasks", "--cluster", "hci_cluster_staging", "--family", "hci_migrate_staging")
		ask("ecr", "describe-repositories", "--repository-names", "hci_registry_staging")
		ask("ecr", "describe-images", "--repository-name", "hci_registry_staging", "--image-ids", "imageTag=git-"+s.git("rev-parse", "HEAD")[:12])
		ask("secretsmanager", "describe-secret", "--secret-id", "hci_stripe_api_key_staging")
		return 0
	})
	figure("deploy: preflight checks (%s), %v round trip, %d requests: hci %s (goal: under 300 ms), the AWS CLI asking nine of them %s, ratio %.2f",
		steps, roundTrip, requests, ms(mine), ms(theirs), float64(mine)/float64(theirs))
}

// TestBenchDeployServices measures the preflight checks of three services that share an
// image.
func TestBenchDeployServices(t *testing.T) {
	hci := hciBinary(t)
	s := newStage(t, fakeaws.Healthy, (*stage).services)
	s.held(s.commit())
	s.on("before", func(string) { time.Sleep(roundTrip) })
	look := command(t, s.dir, s.environ, hci, "deploy", "staging", "--dry-run", "--yes", "--steps", "migrate,update")
	look()
	s.mu.Lock()
	requests := len(s.asked)
	s.mu.Unlock()
	mine, _, _ := turns(5, look, func() int64 { return 0 })
	figure("deploy: preflight checks of three services, %v round trip, %d requests: hci %s (goal: under 300 ms)", roundTrip, requests, ms(mine))
}

// TestBenchRehearsal measures what hci itself does in a rehearsal: the time that
// its process computes, AWS and the registry included, which are its own there.
// Docker building and pushing the same by itself is the peer of the whole.
func TestBenchRehearsal(t *testing.T) {
	docker := peer(t, "docker")
	host := interop.Docker(t)
	s := newStage(t, fakeaws.Healthy)
	s.environ = append(s.environ, host)
	text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "demo", "app", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	s.write("Dockerfile", string(text))
	build := exec.Command("go", "build", "-o", filepath.Join(s.dir, "app-bin"), "./testdata/demo/app")
	build.Dir, build.Env = filepath.Join("..", ".."), append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.commit()
	registry := interop.Registry(t, "AWS", "password")
	images := []string{registry + "/app:git-1", registry + "/app:latest"}
	var computing []time.Duration
	mine, theirs, _ := turns(5, func() int64 {
		before := computed(t)
		var out, errOut bytes.Buffer
		if code := run(context.Background(), []string{"-C", s.dir, "deploy", "staging", "--rehearse", "--yes", "--steps", "login,build,push"}, streams{in: strings.NewReader(""), out: &out, err: &errOut}, s.environ); code != exitOK {
			t.Fatalf("exit code %d: %s", code, errOut.String())
		}
		computing = append(computing, computed(t)-before)
		return 0
	}, func() int64 {
		login := exec.Command(docker, "login", "--username", "AWS", "--password-stdin", registry)
		login.Stdin, login.Env = strings.NewReader("password"), s.environ
		if out, err := login.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		command(t, s.dir, s.environ, docker, "build", "--quiet", "--label", "a=1", "--label", "b=2", "--tag", images[0], "--tag", images[1], ".")()
		for _, image := range images {
			command(t, s.dir, s.environ, docker, "push", "--quiet", image)()
		}
		return 0
	})
	slices.Sort(computing)
	figure("deploy: login, build and push, rehearsed: %s, of which hci computes %s (goal: under 300 ms); docker alone doing that %s, ratio %.2f",
		ms(mine), ms(computing[len(computing)/2]), ms(theirs), float64(mine)/float64(theirs))
	before := computed(t)
	var out, errOut bytes.Buffer
	start := time.Now()
	if code := run(context.Background(), []string{"-C", s.dir, "deploy", "staging", "--rehearse", "--yes"}, streams{in: strings.NewReader(""), out: &out, err: &errOut}, s.environ); code != exitOK {
		t.Fatalf("exit code %d: %s", code, errOut.String())
	}
	figure("deploy: a whole rehearsal takes %s, of which hci computes %s (goal: under 300 ms)", ms(time.Since(start)), ms(computed(t)-before))
	command(t, s.dir, s.environ, docker, "image", "rm", "--force", images[0], images[1])()
}

// computed is the time that this process has computed, without its children.
func computed(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
