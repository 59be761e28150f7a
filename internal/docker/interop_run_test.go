//go:build interop

package docker

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hci/internal/testing/interop"
)

// lines runs a container and returns what it writes.
func lines(t *testing.T, ctx context.Context, s *Session, c Container, also func(string)) (int, []string) {
	t.Helper()
	var all []string
	exit, err := s.Run(ctx, c, func(line string) {
		all = append(all, line)
		also(line)
	})
	if err != nil {
		t.Fatal(err)
	}
	return exit, all
}

func TestInteropRun(t *testing.T) {
	e := engine(t, person(t, "", interop.Docker(t)))
	host := nowhere()
	image := host + "/a:1"
	s := open(t, e, host, io.Discard)
	build(t, s, source(t, dockerfile), image)
	nothing := func(string) {}
	ctx := context.Background()
	for _, c := range []struct {
		name string
		c    Container
		exit int
		says []string
	}{
		{"it ends well", Container{Image: image, Command: []string{"exit", "0"}}, 0, []string{"going"}},
		{"its exit code", Container{Image: image, Command: []string{"exit", "3"}}, 3, []string{"going"}},
		{"another entry point", Container{Image: image, EntryPoint: []string{"/app", "exit"}, Command: []string{"7"}}, 7, []string{"going"}},
		{"its environment", Container{Image: image, Command: []string{"env", "A", "PATH", "DOCKER_HOST", "LD_PRELOAD", "TWO", "NONE"},
			Environ: []string{"A= a #b\"'", "PATH=/theirs", "DOCKER_HOST=tcp://theirs.invalid:1", "LD_PRELOAD=/no/such.so", "TWO=1\n2"}}, 0,
			[]string{`A=" a #b\"'"`, `PATH="/theirs"`, `DOCKER_HOST="tcp://theirs.invalid:1"`, `LD_PRELOAD="/no/such.so"`, `TWO="1\n2"`, `NONE=""`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if exit, all := lines(t, ctx, s, c.c, nothing); exit != c.exit || !slices.Equal(all, c.says) {
				t.Errorf("%d, %q", exit, all)
			}
		})
	}
	t.Run("it could not be run", func(t *testing.T) {
		for image, want := range map[string]string{"127.0.0.1:1/none:1": "127.0.0.1:1", host + "/A:1": "must be lowercase"} {
			exit, err := s.Run(ctx, Container{Image: image}, nothing)
			if err == nil || exit != 0 || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %d, %v", image, exit, err)
			}
		}
		if exit, all := lines(t, ctx, s, Container{Image: image, EntryPoint: []string{"/no-such-file"}}, nothing); exit != 127 || !strings.Contains(strings.Join(all, "\n"), "no-such-file") {
			t.Errorf("%d, %q", exit, all)
		}
	})
	if left := s.docker(t, "ps", "--all", "--quiet", "--filter", "ancestor="+image); left != "" {
		t.Errorf("containers are left: %s", left)
	}
}

// TestInteropRunKilled: when the context ends, the container does, and also one
// that is only about to start.
func TestInteropRunKilled(t *testing.T) {
	e := engine(t, person(t, "", interop.Docker(t)))
	host := nowhere()
	image := host + "/a:1"
	s := open(t, e, host, io.Discard)
	build(t, s, source(t, dockerfile), image)
	for _, when := range []string{"before", "up"} {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if when == "before" {
			cancel()
		}
		exit, _ := lines(t, ctx, s, Container{Image: image, Command: []string{"sleep"}}, func(line string) {
			if line == when {
				cancel()
			}
		})
		if exit == 0 {
			t.Errorf("%s: exit code 0", when)
		}
		if left := s.docker(t, "ps", "--all", "--quiet", "--filter", "ancestor="+image); left != "" {
			t.Errorf("%s: containers are left: %s", when, left)
		}
	}
}

// TestInteropRemoveLeft removes a container that runs, as the process does that
// outlives a killed one.
func TestInteropRemoveLeft(t *testing.T) {
	e := engine(t, person(t, "", interop.Docker(t)))
	host := nowhere()
	image := host + "/a:1"
	s := open(t, e, host, io.Discard)
	build(t, s, source(t, dockerfile), image)
	exit, _ := lines(t, context.Background(), s, Container{Image: image, Command: []string{"sleep"}}, func(line string) {
		if line == "up" {
			RemoveLeft(s.dir.Path, e.environ)
		}
	})
	if exit == 0 {
		t.Error("exit code 0")
	}
	if left := s.docker(t, "ps", "--all", "--quiet", "--filter", "ancestor="+image); left != "" {
		t.Errorf("containers are left: %s", left)
	}
}

// TestInteropRunHidesValues: no value of a container's environment is in a command
// line, and the file that holds some of them goes with the session.
func TestInteropRunHidesValues(t *testing.T) {
	e := engine(t, person(t, "", interop.Docker(t)))
	host := nowhere()
	image := host + "/a:1"
	s := open(t, e, host, io.Discard)
	build(t, s, source(t, dockerfile), image)
	const value = "s3cr3t-of-the-container"
	argv := recordArgv(t, e)
	stop := watch(t, value)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	lines(t, ctx, s, Container{Image: image, Command: []string{"sleep"}, Environ: []string{"A=" + value, "HOME=" + value}}, func(string) { cancel() })
	stop()
	if text := argv(); !strings.Contains(text, "run\n") || strings.Contains(text, value) {
		t.Error("the command line of docker holds the value, or was not seen")
	}
	if held := holding(t, e, value); len(held) != 1 || !strings.HasPrefix(held[0], s.dir.Path) {
		t.Errorf("while the session is open: %q", held)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if held := holding(t, e, value); len(held) != 0 {
		t.Errorf("left: %q", held)
	}
}

func TestInteropRemoveImages(t *testing.T) {
	e := engine(t, person(t, "", interop.Docker(t)))
	one, other := nowhere(), nowhere()
	s := open(t, e, one, io.Discard)
	open(t, e, other, io.Discard)
	build(t, s, source(t, dockerfile), one+"/a:1", one+"/b/c:2", other+"/a:1", other+"/"+one+"/a:1")
	for range 2 { // then there are none
		if err := s.RemoveImages(context.Background(), one); err != nil {
			t.Fatal(err)
		}
	}
	for tag, there := range map[string]bool{one + "/a:1": false, one + "/b/c:2": false, other + "/a:1": true, other + "/" + one + "/a:1": true} {
		if _, err := s.Inspect(context.Background(), tag); (err == nil) != there {
			t.Errorf("%s: %v", tag, err)
		}
	}
}

// recordArgv makes an engine's docker a script that records its arguments before
// it becomes the real one; the function returns them.
func recordArgv(t *testing.T, e *Engine) func() string {
	t.Helper()
	dir := t.TempDir()
	script := filepath.Join(dir, "docker")
	write(t, script, "#!/bin/sh\nprintf '%s\\n' \"$@\" >>'"+dir+"/argv'\nexec '"+e.program+"' \"$@\"\n")
	e.program = script
	return func() string {
		text, err := os.ReadFile(filepath.Join(dir, "argv"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
}

// watch looks at the command lines of all processes, where there is /proc, until
// the function that it returns is called: none may hold the text.
func watch(t *testing.T, text string) (stop func()) {
	stopped, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
			for _, path := range all {
				if argv, err := os.ReadFile(path); err == nil && bytes.Contains(argv, []byte(text)) {
					t.Error("a command line holds the secret")
				}
			}
			select {
			case <-stopped:
				return
			default:
			}
		}
	}()
	return func() {
		close(stopped)
		<-done
	}
}

// holding lists the files of a user that hold one of some texts, private
// directories included.
func holding(t *testing.T, e *Engine, texts ...string) (found []string) {
	t.Helper()
	dirs, err := filepath.Glob("/dev/shm/hci-private-*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range append(dirs, e.getenv("HOME")) { // XDG_RUNTIME_DIR and TMPDIR lie in it
		_ = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return nil // it may be another process's, and gone
			}
			content, _ := os.ReadFile(path)
			if slices.ContainsFunc(texts, func(text string) bool { return bytes.Contains(content, []byte(text)) }) {
				found = append(found, path)
			}
			return nil
		})
	}
	return found
}
