//go:build interop

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"hci/internal/docker"
	"hci/internal/testing/fakeaws"
	"hci/internal/testing/interop"
)

// demoApp is the program, and its Dockerfile, that stand for the sample's where
// there is no network. It is found before anything changes the directory.
var demoApp, _ = filepath.Abs("../../testdata/demo/app")

// dockerized makes the stage's image one that can be built here, and its tasks
// real containers. It returns what the environment of its programs has more.
func (s *stage) dockerized() {
	s.t.Helper()
	host := interop.Docker(s.t)
	interop.Need(s.t, "git")
	build := exec.Command(interop.Need(s.t, "go"), "build", "-o", filepath.Join(s.dir, "app-bin"), ".")
	build.Dir = demoApp
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := build.CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	s.write("Dockerfile", s.dockerfile())
	private := s.t.TempDir()
	if err := os.Chmod(private, 0o700); err != nil {
		s.t.Fatal(err)
	}
	s.environ = append(s.environ, host, "XDG_RUNTIME_DIR="+private, "TMPDIR="+private, "DOCKER_CONFIG=")
}

// dockerfile is the demo's.
func (s *stage) dockerfile() string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(demoApp, "Dockerfile"))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// private is where the stage's programs put what must not stay.
func (s *stage) private() string { return newApp(streams{}, s.environ).getenv("TMPDIR") }

// dockerCLI runs the docker command line and returns what it prints.
func (s *stage) dockerCLI(args ...string) string {
	s.t.Helper()
	cmd := exec.Command("docker", args...)
	cmd.Env = s.environ
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("docker %q: %v: %s", args, err, out)
	}
	return string(out)
}

// play runs hci as a process.
func (s *stage) play(args ...string) played {
	s.t.Helper()
	cmd := s.process(args...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	_ = cmd.Run() // the exit code tells
	p := played{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
	s.shown(p)
	return p
}

// shown fails the test if a secret is shown. Docker's own progress may hold escape
// sequences.
func (s *stage) shown(p played) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range append(slices.Clone(s.hidden), stagePhrase) {
		if secret != "" && strings.Contains(p.out+p.err, secret) {
			s.t.Error("a secret is shown")
		}
	}
}

// place finds where a rehearsal's AWS is, in what it says.
var place = regexp.MustCompile(`AWS is hci's own, at (127\.0\.0\.1:\d+);`)

// at is the host of a rehearsal.
func at(t *testing.T, said string) string {
	t.Helper()
	m := place.FindStringSubmatch(said)
	if m == nil {
		t.Fatalf("where its AWS is, is not said:\n%s", said)
	}
	return m[1]
}

// containers are those of a rehearsal.
func (s *stage) containers(host string) string {
	s.t.Helper()
	return s.dockerCLI("ps", "--all", "--quiet", "--filter", "label="+docker.Label+"="+host)
}

// nothingLeft looks for containers and images of a rehearsal, and for files of any.
func (s *stage) nothingLeft(host string) {
	s.t.Helper()
	if left := s.containers(host); left != "" {
		s.t.Errorf("containers are left: %s", left)
	}
	if images := s.dockerCLI("image", "ls", "--format", "{{.Repository}}"); strings.Contains(images, host+"/") {
		s.t.Errorf("images are left: %s", images)
	}
}

// noFiles looks for files that are left.
func (s *stage) noFiles() {
	s.t.Helper()
	entries, err := os.ReadDir(s.private())
	if err != nil || len(entries) > 0 {
		s.t.Errorf("files are left: %v, %v", entries, err)
	}
}

// TestInteropRehearse performs every scenario with the real Docker, in a rehearsal those
// that one can show: what is built is pushed, pulled and run.
func TestInteropRehearse(t *testing.T) {
	base := newStage(t, fakeaws.Healthy)
	base.dockerized()
	base.commit()
	for _, c := range []struct {
		scenario fakeaws.Scenario
		code     int
		says     []string
	}{
		{fakeaws.Healthy, 0, []string{"migrate | Operations to perform:", "  Applying shop.0003_invoices... OK", "hci_web_staging:2 is what runs: 1 of 1 tasks", "rehearsed: nothing in AWS was touched"}},
		{fakeaws.CrashLoop, 1, []string{"web: exit code 137", "| web: serving on 0.0.0.0:8000", "rolling back to hci_web_staging:1", "not deployed: rolled back"}},
		{fakeaws.Breaker, 1, []string{"not deployed: rolled back", "ECS rolled it back"}},
		{fakeaws.PullFailure, 1, []string{"CannotPullContainerError", "not deployed: rolled back"}},
		{fakeaws.MissingSecret, 1, []string{"ResourceInitializationError: unable to pull secrets", "not deployed: rolled back"}},
		{fakeaws.NoExitCode, 1, []string{"the migration failed: the container of task", "never ended by itself", "CannotPullContainerError", "the service was not touched"}},
		{fakeaws.MigrationFails, 1, []string{"ended with exit code 3", "| Operations to perform:", "the service was not touched", "for real: if the code has to change"}},
		{fakeaws.Throttling, 0, []string{"hci_web_staging:2 is what runs"}},
		{fakeaws.SlowLogs, 0, []string{"migrate |   Applying shop.0003_invoices... OK", "hci_web_staging:2 is what runs"}},
		{fakeaws.Displaced, 5, []string{"not deployed: superseded", "hci_web_staging:3 is the service's deployment now"}},
		{fakeaws.Deleted, 1, []string{"not deployed: service deleted"}},
		{fakeaws.InProgress, 5, []string{"another deployment is under way", "nothing was done"}},
		{fakeaws.ExpiredToken, 0, []string{"the login has expired: logging in again", "hci_web_staging:2 is what runs"}},
		{fakeaws.ImmutableTags, 0, []string{"is immutable, so the tag latest, which is there, stays where it is", "hci_web_staging:2 is what runs"}},
		{fakeaws.ExpiredSession, 1, []string{"'aws sso login --profile hci-staging' logs in", "nothing was done"}},
		{fakeaws.NetworkGone, 1, []string{"not deployed: connection lost", "was the service's deployment when AWS last answered", "the deployment goes on at AWS"}},
	} {
		t.Run(string(c.scenario), func(t *testing.T) {
			if !slices.Contains(fakeaws.Scenarios, c.scenario) { // for tests: no rehearsal shows it
				s := newStage(t, c.scenario, (*stage).dockerized, (*stage).realTasks)
				s.commit()
				if c.scenario == fakeaws.ImmutableTags {
					if err := s.server.Hold(s.names.ImageTag, "before"); err != nil {
						t.Fatal(err)
					}
				}
				s.play("deploy", "staging", "--yes", "--poll", "50ms").is(t, c.code, c.says...)
				return
			}
			s := &stage{t: t, dir: base.dir, environ: base.environ, hidden: base.hidden}
			p := s.play("deploy", "staging", "--rehearse", "--scenario", string(c.scenario), "--yes")
			p.is(t, c.code, c.says...)
			s.nothingLeft(at(t, p.err))
		})
	}
	t.Cleanup(base.noFiles)
}

// TestInteropRehearseKilled: kill -9 leaves no container with secrets in its
// environment, and no file.
func TestInteropRehearseKilled(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.dockerized()
	s.commit()
	cmd := s.process("deploy", "staging", "--rehearse", "--yes", "--skip", "migrate", "--poll", "1h")
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	host := ""
	for lines := bufio.NewScanner(said); lines.Scan() && !strings.Contains(lines.Text(), "is under way"); {
		if m := place.FindStringSubmatch(lines.Text()); m != nil {
			host = m[1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, said) }()
	until(t, "a container", func() bool { return s.containers(host) != "" })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	until(t, "the end of what is left", func() bool {
		entries, err := os.ReadDir(s.private())
		return err == nil && len(entries) == 0
	})
	if left := s.containers(host); left != "" {
		t.Errorf("containers are left: %s", left)
	}
	s.dockerCLI("image", "rm", "--force", host+"/hci_registry_staging:latest", host+"/hci_registry_staging:git-"+s.git("rev-parse", "HEAD")[:12])
}

// until waits for what comes sooner or later.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s is awaited in vain", what)
		}
	}
}

// TestInteropDeploy does a whole deployment with the real Docker: build, push,
// digest, migration and service in containers of the image. No secret and no
// token is in what is shown, in a process list, or in a file that is left.
func TestInteropDeploy(t *testing.T) {
	s := newStage(t, fakeaws.Healthy, (*stage).dockerized, (*stage).realTasks)
	commit := s.commit()
	seen := make(chan []string)
	done := make(chan struct{})
	go func() { seen <- processes(done) }()
	p := s.play("deploy", "staging", "--yes", "--poll", "50ms")
	close(done)
	p.is(t, 0, "Operations to perform:", "hci: deployed\n", "push     ")
	_, image := s.runs()
	if want := s.server.RepositoryURI() + "@" + s.digest("git-"+commit); image != want {
		t.Errorf("%s runs, and the registry holds %s", image, want)
	}
	labels := s.dockerCLI("image", "inspect", "--format", "{{json .Config.Labels}} {{.Os}}/{{.Architecture}}", s.server.RepositoryURI()+":git-"+commit)
	for _, want := range []string{`"org.opencontainers.image.revision":"` + s.git("rev-parse", "HEAD") + `"`, `"org.opencontainers.image.created":"20`, "linux/amd64"} {
		if !strings.Contains(labels, want) {
			t.Errorf("%s is not in %s", want, labels)
		}
	}
	s.secretNowhere(<-seen, s.private(), newApp(streams{}, s.environ).getenv("HOME"), filepath.Join(s.dir, ".git"))
	// The same commit again: nothing is built or pushed.
	s.play("deploy", "staging", "--yes", "--poll", "50ms", "--skip", "migrate").is(t, 0, "not built: ", "not pushed: ", "are restarted", "hci: deployed\n")
	s.dockerCLI("image", "rm", "--force", s.server.RepositoryURI()+":git-"+commit, s.server.RepositoryURI()+":latest")
}

// realTasks makes the stage's tasks containers, and notes the tokens it hands out.
func (s *stage) realTasks() {
	s.t.Helper()
	r := &rehearsal{a: newApp(streams{}, s.environ), host: s.host}
	s.docker = r
	s.t.Cleanup(func() {
		if r.session != nil {
			_ = r.session.RemoveImages(context.Background(), s.host)
			_ = r.session.Close()
		}
	})
	s.watch = func(operation string, answer []byte) {
		if operation != "GetAuthorizationToken" {
			return
		}
		var out struct {
			Data []struct {
				Token string `json:"authorizationToken"`
			} `json:"authorizationData"`
		}
		if json.Unmarshal(answer, &out) == nil && len(out.Data) == 1 {
			text, _ := base64.StdEncoding.DecodeString(out.Data[0].Token)
			_, password, _ := strings.Cut(string(text), ":")
			s.mu.Lock()
			defer s.mu.Unlock()
			s.hidden = append(s.hidden, out.Data[0].Token, password)
		}
	}
}

// processes collects the command lines of all processes until done is closed.
func processes(done <-chan struct{}) []string {
	seen := map[string]bool{}
	for {
		paths, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, path := range paths {
			if text, err := os.ReadFile(path); err == nil {
				seen[string(text)] = true
			}
		}
		select {
		case <-done:
			var all []string
			for line := range seen {
				all = append(all, line)
			}
			return all
		default:
		}
	}
}

// secretNowhere looks for secrets and tokens in command lines and files.
func (s *stage) secretNowhere(lines []string, dirs ...string) {
	s.t.Helper()
	// The login is over in a moment; a build or a push is not.
	docker := func(l string) bool {
		return strings.Contains(l, "docker") && (strings.Contains(l, "--password-stdin") || strings.Contains(l, "\x00build") || strings.Contains(l, "\x00push"))
	}
	if runtime.GOOS == "linux" && !slices.ContainsFunc(lines, docker) {
		s.t.Error("no command of Docker was among the processes")
	}
	s.mu.Lock()
	hidden := slices.Clone(s.hidden)
	s.mu.Unlock()
	if len(hidden) < 4 {
		s.t.Error("no token was noted")
	}
	for _, secret := range hidden {
		if secret != "" && slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, secret) }) {
			s.t.Error("a secret is in a process list")
		}
	}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			text, err := os.ReadFile(path)
			for _, secret := range hidden {
				if secret != "" && bytes.Contains(text, []byte(secret)) {
					s.t.Errorf("%s holds a secret", path)
				}
			}
			return err
		})
		if err != nil {
			s.t.Error(err)
		}
	}
}

// TestInteropDeployFails: builds that fail, and what is in the way of one.
func TestInteropDeployFails(t *testing.T) {
	s := newStage(t, fakeaws.Healthy)
	s.dockerized()
	all := []string{"deploy", "staging", "--yes", "--dirty", "--poll", "50ms", "--skip", "migrate"}
	s.play(all...).is(t, 1, "problem: git: there is no git commit here", "commit what is to be deployed")
	commit := s.commit()
	for _, c := range []struct {
		name, dockerfile string
		says             []string
	}{
		{"syntax error", "FROM scratch\nCOPPY app-bin /\n", []string{"COPPY", "build: ", "ended with exit code 1", "what it said stands above", "the service was not touched: it runs hci_web_staging:1", "'hci deploy --resume staging' goes on from here"}},
		{"a file that is not there", "FROM scratch\nCOPY none /\n", []string{"none", "ended with exit code 1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.write("Dockerfile", c.dockerfile)
			s.play(all...).is(t, 1, c.says...)
		})
	}
	s.remove("Dockerfile")
	s.play(all...).is(t, 1, "problem: image: there is no Dockerfile", "dockerfile, in the deploy block of hci.hcl")
	s.write("Dockerfile", s.dockerfile())
	// The lone steps, with the user's own login.
	s.play("deploy", "build", "staging").is(t, 0)
	s.play("deploy", "push", "staging").is(t, 1, "the registry takes the login no more", "'hci deploy login staging' logs in")
	s.play("deploy", "login", "staging").is(t, 0, "login ")
	s.play("deploy", "push", "staging").is(t, 0, "@sha256:")
	// An image for another machine under this commit's tag.
	image := s.server.RepositoryURI() + ":git-" + s.commit()
	s.dockerCLI("build", "--quiet", "--no-cache", "--platform", "linux/arm64", "--tag", image, s.dir)
	s.play("deploy", "push", "staging").is(t, 1, image+" is an image for linux/arm64, and the task runs on linux/amd64", "'hci deploy build staging'")
	s.dockerCLI("image", "rm", "--force", image, s.server.RepositoryURI()+":git-"+commit, s.server.RepositoryURI()+":latest")
	// A credential helper that is not installed.
	config := filepath.Join(newApp(streams{}, s.environ).getenv("HOME"), ".docker", "config.json")
	if err := os.WriteFile(config, []byte(`{"credsStore": "none-such"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	s.play("deploy", "login", "staging").is(t, 1, `keeps credentials with "none-such", but there is no program docker-credential-none-such`, "install it, or take credsStore out of that file")
	s.play(append(all, "--dry-run")...).is(t, 0, `warning: docker: `, `but there is no program docker-credential-none-such`)
	s.environ = append(s.environ, "DOCKER_HOST=unix://"+filepath.Join(s.private(), "none"))
	s.play(all...).is(t, 1, "problem: docker: no Docker engine answers at unix://", "systemctl start docker")
}

// TestInteropDeployImages builds two images of their own Dockerfiles and contexts, pushes
// each to its repository, and looks through each for secrets.
func TestInteropDeployImages(t *testing.T) {
	s := newStage(t, fakeaws.Healthy, (*stage).twoImages)
	s.dockerized()
	if err := os.MkdirAll(filepath.Join(s.dir, "edge"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.write("edge/Dockerfile", "FROM scratch\nCOPY of-the-edge /\n")
	s.write("edge/of-the-edge", "x")
	s.commit()
	args := []string{"deploy", "staging", "--yes", "--poll", "20ms", "--allow-drift"}
	s.play(args...).is(t, 0, "image edge: ", "built from edge/Dockerfile and pushed", "build edge", "push edge", "hci: deployed\n")
	got := s.containersOf("hci_both_staging")
	if !strings.HasPrefix(got["edge"], "hci_edge_staging@sha256:") || !strings.HasPrefix(got["app"], "hci_registry_staging@sha256:") || "hci_edge_staging@"+s.heldEdgeTag("latest") != got["edge"] {
		t.Errorf("it runs %v, and latest names %s", got, s.heldEdgeTag("latest"))
	}
	s.play(args...).is(t, 0, "which is in the registry", "hci: deployed\n")
	s.write("edge/.env", "A=1\n")
	s.write("edge/Dockerfile", "FROM scratch\nCOPY . /\n")
	s.git("add", "-A", "-f")
	s.git("commit", "-q", "-m", "a leak")
	s.play(args...).is(t, 1, "image edge: build: ", ".env", "the service was not touched")
}

// TestInteropDeployPlatforms builds an image for two platforms, and the registry's list of
// both is what runs.
func TestInteropDeployPlatforms(t *testing.T) {
	s := newStage(t, fakeaws.Healthy, (*stage).dockerized)
	s.wants(`platform = ["linux/amd64", "linux/arm64"]`)
	commit := s.commit()
	s.play("deploy", "staging", "--yes", "--poll", "20ms", "--allow-drift").is(t, 0, "for linux/amd64 and linux/arm64", "hci: deployed\n")
	_, image := s.runs()
	if want := s.server.RepositoryURI() + "@" + s.digest("git-"+commit); image != want || s.digest("latest") != s.digest("git-"+commit) || s.digest("git-"+commit+"-arm64") == s.digest("git-"+commit+"-amd64") {
		t.Errorf("%s runs, and the registry holds %s", image, want)
	}
	s.write("more", "x")
	s.play("deploy", "staging", "--yes", "--poll", "20ms", "--allow-drift").is(t, 0, "which is in the registry", "hci: deployed\n")
}
