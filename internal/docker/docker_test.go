package docker

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"hci/internal/privatedir"
)

// The test binary is the reaper of private directories: it is started with
// privatedir.ReapCommand.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == privatedir.ReapCommand {
		if err := privatedir.Reap(os.Stdin, os.Args[2], func(string) {}); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	_ = os.Setenv("GORACE", "atexit_sleep_ms=0") // else each reaper takes a second to end
	os.Exit(m.Run())
}

// write writes a file that may be run.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
}

// helpersOnPath makes the credential helpers named the only programs there are.
func helpersOnPath(t *testing.T, names ...string) {
	t.Helper()
	dir, ext := t.TempDir(), ""
	if runtime.GOOS == "windows" {
		ext = ".exe"
	}
	for _, name := range names {
		write(t, filepath.Join(dir, "docker-credential-"+name+ext), "")
	}
	t.Setenv("PATH", dir)
}

func TestArgv(t *testing.T) {
	image := Image{
		Context: "/src/app", Dockerfile: "/src/app/Dockerfile", Platform: "linux/arm64", Tags: []string{"r.example/app:1", "r.example/app:latest"},
		Labels: map[string]string{"b": "two words", "a": "1"},
	}
	const rest = "--platform|linux/arm64|--file|/src/app/Dockerfile|--tag|r.example/app:1|--tag|r.example/app:latest|--label|a=1|--label|b=two words|/src/app"
	for builder, want := range map[Builder]string{
		Buildx:     "/bin/docker|buildx|build|--provenance=false|--load|",
		Standalone: "docker-buildx|build|--provenance=false|--load|",
		Classic:    "/bin/docker|build|",
	} {
		e := &Engine{Builder: builder, program: "/bin/docker"}
		if got := strings.Join(e.Argv(image), "|"); got != want+rest {
			t.Errorf("%s:\n%s\nwant\n%s", builder, got, want+rest)
		}
	}
}

func TestLabels(t *testing.T) {
	created := time.Date(2026, 3, 1, 1, 30, 0, 5, time.FixedZone("", 2*60*60))
	want := map[string]string{
		"org.opencontainers.image.revision": "1a2b3c4",
		"org.opencontainers.image.created":  "2026-02-28T23:30:00Z",
		"org.opencontainers.image.source":   "https://git.example/app",
	}
	if got := Labels("1a2b3c4", "https://git.example/app", created); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	if _, there := Labels("1a2b3c4", "", created)["org.opencontainers.image.source"]; there {
		t.Error("a source that is not known is labelled")
	}
}

func TestReadUserConfig(t *testing.T) {
	for _, c := range []struct {
		name, text, store string
		helpers           map[string]string
		members           int
		broken            bool
	}{
		{name: "no file"},
		{name: "an empty file", text: " \n"},
		{name: "null", text: "null\n"},
		{name: "a store", text: `{"credsStore":"desktop","currentContext":"colima"}`, store: "desktop", members: 2},
		{name: "helpers", text: `{"credHelpers":{"r.example":"ecr-login"}}`, helpers: map[string]string{"r.example": "ecr-login"}, members: 1},
		{name: "no JSON", text: `{"auths":{"r.example":{"auth":"s3cr3t"`, broken: true},
		{name: "no object", text: `["s3cr3t"]`, broken: true},
		{name: "a store that is no text", text: `{"credsStore":{"s3cr3t":1}}`, broken: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if c.text != "" {
				write(t, filepath.Join(dir, "config.json"), c.text)
			}
			got, err := readUserConfig([]string{"DOCKER_CONFIG=" + dir})
			if (err != nil) != c.broken {
				t.Fatalf("%v", err)
			}
			if err != nil {
				if text := err.Error(); strings.Contains(text, "s3cr3t") || !strings.Contains(text, dir) {
					t.Error(text)
				}
				return
			}
			if got.dir != dir || got.store != c.store || !reflect.DeepEqual(got.helpers, c.helpers) || got.all == nil || len(got.all) != c.members {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestUserConfigDirectory: the last entry of an environment counts, and a path is
// made absolute, since links to it are made elsewhere.
func TestUserConfigDirectory(t *testing.T) {
	home, own := t.TempDir(), t.TempDir()
	t.Chdir(home)
	for _, c := range []struct {
		environ []string
		want    string
	}{
		{[]string{"HOME=" + home, "USERPROFILE=" + home}, filepath.Join(home, ".docker")},
		{[]string{"HOME=" + home, "DOCKER_CONFIG=" + home, "DOCKER_CONFIG=" + own}, own},
		{[]string{"DOCKER_CONFIG=cfg"}, filepath.Join(home, "cfg")},
	} {
		got, err := readUserConfig(c.environ)
		if err != nil || !filepath.IsAbs(got.dir) || filepath.Base(got.dir) != filepath.Base(c.want) {
			t.Errorf("%v: %s, %v", c.environ, got.dir, err)
		}
	}
}

func TestHelper(t *testing.T) {
	helpersOnPath(t, "here")
	e := &Engine{user: userConfig{dir: "cfg", store: "gone", helpers: map[string]string{"a.example": "here", "b.example": "", "c.example": "lost"}}}
	for registry, missing := range map[string]string{"a.example": "", "b.example": "", "c.example": "lost", "d.example": "gone"} {
		err := e.Helper(registry)
		if missing == "" {
			if err != nil {
				t.Errorf("%s: %v", registry, err)
			}
			continue
		}
		var none *HelperError
		if !errors.As(err, &none) || none.Helper != missing || none.Config != filepath.Join("cfg", "config.json") || !strings.Contains(err.Error(), "docker-credential-"+missing) {
			t.Errorf("%s: %v", registry, err)
		}
	}
	if err := new(Engine).Helper("a.example"); err != nil {
		t.Errorf("no configuration: %v", err)
	}
}

func TestUnreachable(t *testing.T) {
	other := "start it, or name another with 'docker context use'"
	if runtime.GOOS == "linux" {
		other = "start it, for example with 'systemctl start docker', or name another with 'docker context use'"
	}
	for _, c := range []struct {
		e          UnreachableError
		text, next string
	}{
		{UnreachableError{}, "no Docker engine answers", other},
		{UnreachableError{Context: "default", Host: "unix:///var/run/docker.sock", Detail: "Is the docker daemon running?"}, "no Docker engine answers at unix:///var/run/docker.sock: Is the docker daemon running?", other},
		{UnreachableError{Context: "colima-work", Host: "unix:///s"}, `no Docker engine answers at unix:///s (context "colima-work")`, "start it with 'colima start'"},
		{UnreachableError{Host: "unix:///home/me/.colima/default/docker.sock"}, "no Docker engine answers at unix:///home/me/.colima/default/docker.sock", "start it with 'colima start'"},
		{UnreachableError{Context: "desktop-linux"}, `no Docker engine answers (context "desktop-linux")`, "start Docker Desktop"},
		{UnreachableError{Host: "unix:///home/me/.docker/run/docker.sock"}, "no Docker engine answers at unix:///home/me/.docker/run/docker.sock", "start Docker Desktop"},
		{UnreachableError{Detail: "dial unix /s: connect: permission denied"}, "no Docker engine answers: dial unix /s: connect: permission denied", "the engine is not yours to use: on Linux, its socket belongs to the group docker"},
		{UnreachableError{Context: "far", Host: "ssh://far.example"}, `no Docker engine answers at ssh://far.example (context "far")`, other},
	} {
		if got := c.e.Error(); got != c.text {
			t.Errorf("%q\nwant %q", got, c.text)
		}
		if got := c.e.Next(); got != c.next {
			t.Errorf("%q: next %q\nwant %q", c.text, got, c.next)
		}
	}
}
