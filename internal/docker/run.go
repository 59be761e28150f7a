package docker

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Container is one to be run, without a network.
type Container struct {
	Image               string
	EntryPoint, Command []string
	Environ             []string // NAME=value
}

// Pull fetches an image; the error is what docker says of it.
func (s *Session) Pull(ctx context.Context, image string) error {
	_, err := output(ctx, s.environ, "", s.engine.program, "pull", "--quiet", image)
	if err != nil && ctx.Err() == nil {
		return errors.New(lastLine(err.Error()))
	}
	return ctx.Err()
}

// notRun is docker's exit code for a container that it could not run.
//
// https://docs.docker.com/engine/containers/run/#exit-status
const notRun = 125

// Run runs a container to its end, and hands out what it writes, a line at a
// time. If ctx ends, the container is killed. The error is that it could not be
// run. Values of its environment are in no command line.
func (s *Session) Run(ctx context.Context, c Container, emit func(line string)) (exit int, err error) {
	name := "hci-rehearsal-" + strings.ToLower(rand.Text()[:12])
	argv := []string{"run", "--rm", "--name", name, "--network", "none", "--log-driver", "none"}
	environ, more, err := s.variables(c.Environ)
	if err != nil {
		return 0, err
	}
	argv = append(argv, more...)
	command := c.Command
	if len(c.EntryPoint) > 0 {
		argv = append(argv, "--entrypoint", c.EntryPoint[0])
		command = slices.Concat(c.EntryPoint[1:], c.Command)
	}
	cmd := exec.Command(s.engine.program, append(append(argv, c.Image), command...)...)
	cmd.Env = environ
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	lines := make(chan string, 1)
	go func() { lines <- scan(r, emit) }()
	killed := context.AfterFunc(ctx, func() { s.kill(name) })
	err = cmd.Run()
	killed()
	_ = w.Close()
	last := <-lines
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed) && failed.ExitCode() == notRun && ctx.Err() == nil:
		return 0, errors.New(last)
	case errors.As(err, &failed):
		return failed.ExitCode(), nil
	}
	return 0, err
}

// scan hands out lines, and returns the last one.
func scan(r io.Reader, emit func(string)) string {
	last := ""
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if text := strings.TrimRight(line, "\r\n"); text != "" || err == nil {
			emit(text)
			last = text
		}
		if err != nil {
			return last
		}
	}
}

// kill kills a container, which may be about to start.
func (s *Session) kill(name string) {
	const tries, pause = 20, 200 * time.Millisecond
	for range tries {
		if _, err := output(context.Background(), s.environ, "", s.engine.program, "kill", name); err == nil || !strings.Contains(err.Error(), "No such container") {
			return
		}
		time.Sleep(pause)
	}
}

// variables hands a container's environment to docker: by names, whose values
// docker takes from its own environment, and in a private file those that would
// change what docker itself does.
func (s *Session) variables(container []string) (environ, argv []string, err error) {
	environ = slices.Clone(s.environ)
	var file strings.Builder
	for _, entry := range container {
		name, value, _ := strings.Cut(entry, "=")
		if getenv(s.environ, name) == "" && !strings.HasPrefix(name, "DOCKER_") && !strings.HasPrefix(name, "BUILDX_") {
			environ = append(environ, entry)
			argv = append(argv, "--env", name)
			continue
		}
		if strings.ContainsAny(value, "\r\n") {
			return nil, nil, fmt.Errorf("the variable %s has a value of several lines, and a name that docker itself takes", name)
		}
		file.WriteString(entry + "\n")
	}
	if file.Len() == 0 || s.dir == nil {
		return environ, argv, nil
	}
	path := filepath.Join(s.dir.Path, "env-"+rand.Text())
	return environ, append(argv, "--env-file", path), os.WriteFile(path, []byte(file.String()), 0o600)
}

// RemoveImages removes the images of a registry from the engine.
func (s *Session) RemoveImages(ctx context.Context, registry string) error {
	text, err := output(ctx, s.environ, "", s.engine.program, "image", "ls", "--format", "{{.Repository}}:{{.Tag}} {{.Repository}}@{{.Digest}}", "--digests")
	if err != nil {
		return err
	}
	var names []string
	for _, name := range strings.Fields(text) {
		if strings.HasPrefix(name, registry+"/") && !strings.Contains(name, "<none>") && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	_, err = output(ctx, s.environ, "", s.engine.program, append([]string{"image", "rm", "--force"}, names...)...)
	return err
}
