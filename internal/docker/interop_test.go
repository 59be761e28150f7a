//go:build interop

package docker

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hci/internal/child"
	"hci/internal/testing/interop"
)

// app is the program in the images.
const app = `package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

func main() {
	switch os.Args[1] {
	case "exit":
		fmt.Fprintln(os.Stderr, "going")
		code, _ := strconv.Atoi(os.Args[2])
		os.Exit(code)
	case "env":
		for _, name := range os.Args[2:] {
			fmt.Printf("%s=%q\n", name, os.Getenv(name))
		}
	case "sleep":
		fmt.Println("up")
		time.Sleep(time.Minute)
	}
}
`

// source is a directory to build images from, with a Dockerfile.
func source(t *testing.T, dockerfile string) string {
	t.Helper()
	dir, from := t.TempDir(), t.TempDir()
	write(t, filepath.Join(dir, "Dockerfile"), dockerfile)
	write(t, filepath.Join(from, "go.mod"), "module app\n")
	write(t, filepath.Join(from, "main.go"), app)
	cmd := exec.Command(interop.Need(t, "go"), "build", "-ldflags=-s -w", "-o", filepath.Join(dir, "app"), ".")
	cmd.Dir = from
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=", "GOOS=linux")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}

const dockerfile = "FROM scratch\nCOPY app /app\nENTRYPOINT [\"/app\"]\n"

// person is the environment of a user who has a home, and a configuration of
// docker if config is not "", and whose private directories lie in that home.
func person(t *testing.T, config string, more ...string) []string {
	t.Helper()
	home := t.TempDir()
	for _, dir := range []string{"run", "tmp"} {
		if err := os.Mkdir(filepath.Join(home, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if config != "" {
		write(t, filepath.Join(home, ".docker", "config.json"), config)
	}
	return append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_RUNTIME_DIR=" + filepath.Join(home, "run"), "TMPDIR=" + filepath.Join(home, "tmp")}, more...)
}

// engine is the real one.
func engine(t *testing.T, environ []string) *Engine {
	t.Helper()
	e, err := find(context.Background(), environ, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// open is a private session whose images are removed at the end.
func open(t *testing.T, e *Engine, registry string, out io.Writer) *Session {
	t.Helper()
	s, err := e.Session(registry, os.Args[0], out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(e.OwnSession(registry, io.Discard).RemoveImages(context.Background(), registry), s.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// nowhere is the host of a registry that is not.
func nowhere() string { return strings.ToLower(rand.Text()) + ".invalid" }

// docker asks the real one.
func (s *Session) docker(t *testing.T, args ...string) string {
	t.Helper()
	text, err := output(context.Background(), s.environ, "", s.engine.program, args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(text)
}

// build builds an image for the engine's own platform.
func build(t *testing.T, s *Session, dir string, tags ...string) {
	t.Helper()
	var out bytes.Buffer
	old := s.out
	s.out = &out
	defer func() { s.out = old }()
	err := s.Build(context.Background(), Image{Context: dir, Dockerfile: filepath.Join(dir, "Dockerfile"), Platform: s.engine.Platform, Tags: tags})
	if err != nil {
		t.Fatalf("%v: %s", err, &out)
	}
}

// builders calls test with an engine for each builder, which is that of a context
// of a user's, and none that the environment names.
func builders(t *testing.T, config string, test func(*testing.T, *Engine)) {
	host := engine(t, person(t, "", interop.Docker(t))).Host
	for _, builder := range []Builder{Classic, Buildx, Standalone} {
		t.Run(string(builder), func(t *testing.T) {
			var buildx string
			if builder != Classic {
				buildx = interop.Need(t, "docker-buildx")
			}
			environ := person(t, config)
			if plugins := filepath.Join(getenv(environ, "HOME"), ".docker", "cli-plugins"); builder == Buildx {
				if err := errors.Join(os.MkdirAll(plugins, 0o700), os.Symlink(buildx, filepath.Join(plugins, "docker-buildx"))); err != nil {
					t.Fatal(err)
				}
			}
			own := (&Engine{program: interop.Need(t, "docker"), environ: environ}).OwnSession("", io.Discard)
			own.docker(t, "context", "create", "far", "--docker", "host="+host)
			own.docker(t, "context", "use", "far")
			e := engine(t, environ)
			if e.Context != "far" || e.Host != host || builder == Buildx && e.Builder != Buildx {
				t.Errorf("%+v", e)
			}
			e.Builder = builder // the machine may have others
			test(t, e)
		})
	}
}

func TestInteropBuild(t *testing.T) {
	dir := source(t, dockerfile)
	// Another file, since the classic builder of Docker 20.10 takes the same one out
	// of its cache whatever the platform.
	foreign := source(t, strings.Replace(dockerfile, "/app\n", "/foreign\n", 1))
	builders(t, "", func(t *testing.T, e *Engine) {
		var out bytes.Buffer
		host := nowhere()
		s := open(t, e, host, &out)
		labels := Labels("1a2b3c4", "https://git.example/app", time.Now())
		image := Image{Context: dir, Dockerfile: filepath.Join(dir, "Dockerfile"), Platform: e.Platform, Tags: []string{host + "/a:1", host + "/a:moving"}, Labels: labels}
		if err := s.Build(context.Background(), image); err != nil {
			t.Fatalf("%v: %s", err, &out)
		}
		if !strings.Contains(out.String(), "COPY app /app") {
			t.Errorf("shown: %s", &out)
		}
		for _, tag := range image.Tags {
			found, err := s.Inspect(context.Background(), tag)
			if err != nil || found.ID != s.docker(t, "image", "inspect", "--format", "{{.Id}}", image.Tags[0]) || found.Platform != e.Platform || found.Revision != "1a2b3c4" || len(found.Digests) != 0 {
				t.Errorf("%+v, %v", found, err)
			}
			var got map[string]string
			if text := s.docker(t, "image", "inspect", "--format", "{{json .Config.Labels}}", tag); json.Unmarshal([]byte(text), &got) != nil || !maps.Equal(got, labels) {
				t.Errorf("%s", text)
			}
		}
		other := map[string]string{"linux/amd64": "linux/arm64"}[e.Platform]
		if other == "" {
			other = "linux/amd64"
		}
		image.Platform, image.Tags = other, []string{host + "/a:other"}
		image.Context, image.Dockerfile = foreign, filepath.Join(foreign, "Dockerfile")
		if err := s.Build(context.Background(), image); err != nil {
			t.Fatalf("%v: %s", err, &out)
		}
		if found, err := s.Inspect(context.Background(), host+"/a:other"); err != nil || found.Platform != other {
			t.Errorf("built for %s: %+v, %v", other, found, err)
		}
		var none *NoImageError
		if _, err := s.Inspect(context.Background(), host+"/a:none"); !errors.As(err, &none) {
			t.Errorf("%v", err)
		}
	})
}

// TestInteropBuildFails: the error is docker's exit code, and what it said is
// shown.
func TestInteropBuildFails(t *testing.T) {
	builders(t, "", func(t *testing.T, e *Engine) {
		for _, c := range []struct{ name, dockerfile, says string }{
			{"no instruction", "FROM scratch\nFRIM scratch\n", "FRIM"},
			{"no file to copy", "FROM scratch\nCOPY missing-file /\n", "missing-file"},
			{"no Dockerfile", "", "Dockerfile"},
		} {
			t.Run(c.name, func(t *testing.T) {
				dir, host := t.TempDir(), nowhere()
				if c.dockerfile != "" {
					write(t, filepath.Join(dir, "Dockerfile"), c.dockerfile)
				}
				var out bytes.Buffer
				s := open(t, e, host, &out)
				image := Image{Context: dir, Dockerfile: filepath.Join(dir, "Dockerfile"), Platform: e.Platform, Tags: []string{host + "/a:1"}}
				argv := e.Argv(image)
				real := exec.Command(argv[0], argv[1:]...)
				real.Env = append(slices.Clone(s.environ), "DOCKER_BUILDKIT=0")
				_ = real.Run()
				err := s.Build(context.Background(), image)
				var exit *child.ExitError
				if !errors.As(err, &exit) || exit.Code == 0 || exit.Code != real.ProcessState.ExitCode() {
					t.Errorf("%v, docker's exit code is %d", err, real.ProcessState.ExitCode())
				}
				if !strings.Contains(out.String(), c.says) {
					t.Errorf("%s", &out)
				}
			})
		}
	})
}

// TestInteropNoEngine: a context whose engine is not there.
func TestInteropNoEngine(t *testing.T) {
	interop.Docker(t)
	environ := person(t, "")
	own := (&Engine{program: interop.Need(t, "docker"), environ: environ}).OwnSession("", io.Discard)
	host := "unix://" + filepath.Join(getenv(environ, "HOME"), ".colima", "default", "docker.sock")
	own.docker(t, "context", "create", "colima", "--docker", "host="+host)
	for _, more := range [][]string{{"DOCKER_CONTEXT=colima"}, {"DOCKER_HOST=" + host}} {
		_, err := find(context.Background(), append(slices.Clone(environ), more...), time.Minute)
		var away *UnreachableError
		if !errors.As(err, &away) || away.Host != host || away.Next() != "start it with 'colima start'" || away.Detail == "" {
			t.Errorf("%v", err)
		}
	}
}

// TestInteropConfigurations: docker takes those that hci takes.
func TestInteropConfigurations(t *testing.T) {
	host := interop.Docker(t)
	for i, config := range []string{"\n", "null", "{}", `{"credsStore":"no-such-helper"}`, `{"credHelpers":{"r.example":"no-such-helper"},"new":1}`} {
		environ := person(t, config, host)
		e := engine(t, environ)
		s := open(t, e, fmt.Sprintf("r%d.invalid", i), io.Discard)
		if version := s.docker(t, "version", "--format", "{{.Server.Version}}"); version != e.Version {
			t.Errorf("%s: %q", config, version)
		}
	}
}
