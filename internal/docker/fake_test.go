//go:build !windows

package docker

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hci/sync/secret"
)

// fakes makes shell scripts the only programs there are, and returns an
// environment for them, in which D is a directory to write to.
func fakes(t *testing.T, scripts map[string]string) []string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range scripts {
		write(t, filepath.Join(dir, name), "#!/bin/sh\n"+text)
	}
	t.Setenv("PATH", dir)
	home := t.TempDir()
	return []string{"PATH=/usr/bin:/bin", "HOME=" + home, "XDG_RUNTIME_DIR=" + t.TempDir(), "D=" + t.TempDir()}
}

// Answers of docker to its subcommands, in a shell's "case".
const (
	answers  = `version) echo '{"Version":"28.2.2","Os":"linux","Arch":"arm64"}' ;;` + "\n"
	place    = `context) echo 'default unix:///var/run/docker.sock' ;;` + "\n"
	noBuildx = `buildx) echo "docker: unknown command: docker buildx" >&2; exit 1 ;;` + "\n"
	buildx   = `buildx) echo "github.com/docker/buildx v0.24.0" ;;` + "\n"
)

func cases(branches ...string) string {
	return `case "$1" in` + "\n" + strings.Join(branches, "") + "esac\n"
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		name    string
		scripts map[string]string
		environ []string
		want    Engine
	}{
		{"buildx is a plugin", map[string]string{"docker": cases(answers, place, buildx), "docker-buildx": ""}, nil,
			Engine{Context: "default", Host: "unix:///var/run/docker.sock", Builder: Buildx}},
		{"buildx stands alone", map[string]string{"docker": cases(answers, place, noBuildx), "docker-buildx": ""}, nil,
			Engine{Context: "default", Host: "unix:///var/run/docker.sock", Builder: Standalone}},
		{"no buildx", map[string]string{"docker": cases(answers, place, noBuildx)}, nil,
			Engine{Context: "default", Host: "unix:///var/run/docker.sock", Builder: Classic}},
		{"a context", map[string]string{"docker": cases(answers, buildx, `context) echo "colima unix:///home/me/my files/.colima/default/docker.sock" ;;`)}, nil,
			Engine{Context: "colima", Host: "unix:///home/me/my files/.colima/default/docker.sock", Builder: Buildx}},
		{"the context is not known", map[string]string{"docker": cases(answers, buildx, "context) exit 1 ;;")}, nil,
			Engine{Builder: Buildx}},
		{"DOCKER_HOST goes before a context", map[string]string{"docker": cases(answers, place, buildx)}, []string{"DOCKER_HOST=tcp://e.example:2375"},
			Engine{Host: "tcp://e.example:2375", Builder: Buildx}},
		{"the environment is docker's", map[string]string{"docker": cases(answers, `context) echo "$DOCKER_CONTEXT unix:///s" ;;`, noBuildx)}, []string{"DOCKER_CONTEXT=far"},
			Engine{Context: "far", Host: "unix:///s", Builder: Classic}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, err := find(context.Background(), append(fakes(t, c.scripts), c.environ...), time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			if e.Context != c.want.Context || e.Host != c.want.Host || e.Builder != c.want.Builder || e.Version != "28.2.2" || e.Platform != "linux/arm64" {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestFindNoDocker(t *testing.T) {
	if _, err := Find(context.Background(), fakes(t, map[string]string{"docker-buildx": ""})); !errors.Is(err, ErrNotInstalled) {
		t.Errorf("%v", err)
	}
	environ := fakes(t, map[string]string{"docker": cases(answers, place, buildx)})
	write(t, filepath.Join(strings.TrimPrefix(environ[1], "HOME="), ".docker", "config.json"), "no JSON")
	var away *UnreachableError
	if _, err := Find(context.Background(), environ); err == nil || errors.Is(err, ErrNotInstalled) || errors.As(err, &away) {
		t.Errorf("a broken configuration: %v", err)
	}
}

func TestFindNoEngine(t *testing.T) {
	const colima = `context) echo "colima unix:///home/me/.colima/default/docker.sock" ;;` + "\n"
	for _, c := range []struct{ name, version, where, detail, next string }{
		{"colima does not run", `version) echo null; echo "Cannot connect to the Docker daemon at unix:///home/me/.colima/default/docker.sock. Is the docker daemon running?" >&2; exit 1 ;;` + "\n", colima,
			"Cannot connect to the Docker daemon at unix:///home/me/.colima/default/docker.sock. Is the docker daemon running?", "colima start"},
		{"not for this user", `version) echo "permission denied while trying to connect to the Docker daemon socket" >&2; echo more >&2; exit 1 ;;` + "\n", place,
			"permission denied while trying to connect to the Docker daemon socket", "group docker"},
		{"no words", "version) exit 7 ;;\n", place, "exit status 7", "start it"},
		{"no server", "version) echo null ;;\n", place, "it does not say what it is", "start it"},
		{"no JSON", "version) echo Docker ;;\n", place, "it does not say what it is", "start it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := find(context.Background(), fakes(t, map[string]string{"docker": cases(c.version, c.where, noBuildx)}), time.Minute)
			var away *UnreachableError
			if !errors.As(err, &away) || away.Detail != c.detail || away.Host == "" || !strings.Contains(away.Next(), c.next) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestFindHangs: an engine that does not answer is not waited for, and a question
// that was given up is not taken for an engine's silence.
func TestFindHangs(t *testing.T) {
	environ := fakes(t, map[string]string{"docker": cases("*) exec sleep 600 ;;\n")})
	var away *UnreachableError
	if _, err := find(context.Background(), environ, 50*time.Millisecond); !errors.As(err, &away) || away.Detail != "no answer within 50ms" {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := Find(ctx, environ); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// faked is a session, without an engine.
func faked(t *testing.T, docker string) *Session {
	t.Helper()
	environ := fakes(t, map[string]string{"docker": docker})
	e := &Engine{program: filepath.Join(os.Getenv("PATH"), "docker"), environ: environ, Builder: Classic, user: userConfig{all: map[string]any{}}}
	return e.OwnSession(registry, io.Discard)
}

// told is what a faked docker wrote to a file.
func (s *Session) told(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.engine.getenv("D"), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestLogin(t *testing.T) {
	s := faked(t, `printf '%s|' "$@" >$D/argv; cat >$D/in`)
	if err := s.Login(context.Background(), "AWS", secret.New("s3cr3t")); err != nil {
		t.Fatal(err)
	}
	if argv, in := s.told(t, "argv"), s.told(t, "in"); argv != "login|--username|AWS|--password-stdin|"+registry+"|" || in != "s3cr3t" {
		t.Errorf("%q with %d bytes", argv, len(in))
	}
}

// TestLoginFails: docker's words are the error, without the password.
func TestLoginFails(t *testing.T) {
	s := faked(t, `echo "WARNING! something" >&2; echo "Error: no login with '$(cat)'" >&2; exit 1`)
	for password, want := range map[string]string{"s3cr3t": "Error: no login with '…'", "": "Error: no login with ''"} {
		err := s.Login(context.Background(), "AWS", secret.New(password))
		var refused *LoginError
		if !errors.As(err, &refused) {
			t.Fatal("no LoginError")
		}
		if refused.Detail != want || refused.Registry != registry {
			t.Errorf("%q", strings.ReplaceAll(err.Error(), "s3cr3t", "PASSWORD"))
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Login(ctx, "AWS", secret.New("s3cr3t")); !errors.Is(err, context.Canceled) {
		t.Error("not given up")
	}
}

// TestBuildEnvironment: what the user set must not make the classic builder
// another one.
func TestBuildEnvironment(t *testing.T) {
	s := faked(t, `echo "$DOCKER_BUILDKIT"; echo err >&2`)
	s.environ = append(slices.Clone(s.environ), "DOCKER_BUILDKIT=1")
	for builder, want := range map[Builder]string{Classic: "0\nerr\n", Buildx: "1\nerr\n"} {
		var out bytes.Buffer
		s.out, s.engine.Builder = &out, builder
		if err := s.Build(context.Background(), Image{}); err != nil || out.String() != want {
			t.Errorf("%s: %q, %v", builder, out.String(), err)
		}
	}
}

func TestBuildGivenUp(t *testing.T) {
	s := faked(t, `echo started; exec sleep 600`)
	ctx, cancel := context.WithCancel(context.Background())
	s.out = writer(func(p []byte) { cancel() })
	if err := s.Build(ctx, Image{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}

// TestKill: a container that is still being made, or that does not run yet, is
// killed all the same.
func TestKill(t *testing.T) {
	s := faked(t, `case "$1" in
run)
	echo started
	n=0
	while [ ! -e $D/killed ]; do
		n=$((n+1))
		[ $n -lt 3000 ] || exit 1
		sleep 0.02
	done
	echo ended
	exit 137 ;;
kill)
	echo "$2" >>$D/kills
	case $(wc -l <$D/kills) in
	*1) echo "Error response from daemon: No such container: $2" >&2; exit 1 ;;
	*2) echo "Error response from daemon: Cannot kill container: $2: Container 1a is not running" >&2; exit 1 ;;
	esac
	: >$D/killed ;;
esac`)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var lines []string
	exit, err := s.Run(ctx, Container{Image: "a:1"}, func(line string) {
		lines = append(lines, line)
		cancel()
	})
	if exit != 137 || err != nil || !slices.Equal(lines, []string{"started", "ended"}) {
		t.Errorf("%d, %v, %q", exit, err, lines)
	}
	kills := strings.Fields(s.told(t, "kills"))
	if len(kills) < 3 || kills[0] != kills[2] || !strings.HasPrefix(kills[0], "hci-rehearsal-") {
		t.Errorf("%q", kills)
	}
}

func TestRunArgv(t *testing.T) {
	s := faked(t, `printf '%s\n' "$@"; echo "$A"`)
	var lines []string
	exit, err := s.Run(context.Background(), Container{Image: "a:1", EntryPoint: []string{"/sh", "-c"}, Command: []string{"x y", ""}, Environ: []string{"A=s3cr3t"}}, func(line string) { lines = append(lines, line) })
	if exit != 0 || err != nil || len(lines) < 4 {
		t.Fatalf("%d, %v, %q", exit, err, lines)
	}
	lines[3] = "NAME"
	want := []string{"run", "--rm", "--name", "NAME", "--label", "hci.registry=" + s.registry, "--network", "none", "--log-driver", "none", "--env", "A", "--entrypoint", "/sh", "a:1", "-c", "x y", "", "s3cr3t"}
	if !slices.Equal(lines, want) {
		t.Errorf("%q", lines)
	}
}

// TestRunIsRemembered: while a container runs, its name is in the private
// directory, for the process that outlives this one.
func TestRunIsRemembered(t *testing.T) {
	s := faked(t, `echo "$4"`)
	s, err := s.engine.Session(registry, os.Args[0], io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	left := func() []string {
		paths, err := filepath.Glob(filepath.Join(s.dir.Path, leftPrefix+"*"))
		if err != nil {
			t.Fatal(err)
		}
		return paths
	}
	if _, err := s.Run(context.Background(), Container{Image: "a:1"}, func(name string) {
		if paths := left(); len(paths) != 1 || filepath.Base(paths[0]) != leftPrefix+name {
			t.Errorf("%q", paths)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if paths := left(); len(paths) != 0 {
		t.Errorf("afterwards: %q", paths)
	}
}

func TestRemoveLeft(t *testing.T) {
	s := faked(t, `echo "$@ with $DOCKER_CONFIG" >>$D/asked; [ -e $D/$4 ] || { : >$D/$4; echo "No such container" >&2; exit 1; }; echo $4`)
	dir := t.TempDir()
	RemoveLeft(dir, s.environ)
	if _, err := os.Stat(filepath.Join(s.engine.getenv("D"), "asked")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("docker was asked, with nothing left: %v", err)
	}
	write(t, filepath.Join(dir, "config.json"), "{}")
	write(t, filepath.Join(dir, leftPrefix+"hci-rehearsal-1"), "")
	write(t, filepath.Join(dir, leftPrefix+"hci-rehearsal-2"), "")
	RemoveLeft(dir, append(slices.Clone(s.environ), "DOCKER_CONFIG=/users"))
	want := ""
	for _, name := range []string{"hci-rehearsal-1", "hci-rehearsal-2"} { // each is not there when it is removed first
		want += strings.Repeat("rm --force --volumes "+name+" with "+dir+"\n", 2)
	}
	if got := s.told(t, "asked"); got != want {
		t.Errorf("%q", got)
	}
}
