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
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
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

// Label is on every container that [Session.Run] runs: the session's registry.
const Label = "hci.registry"

// Run runs a container to its end, and hands out what it writes, a line at a
// time. If ctx ends, the container is killed. The error is that it could not be
// run. Values of its environment are in no command line.
func (s *Session) Run(ctx context.Context, c Container, emit func(line string)) (exit int, err error) {
	name := "hci-rehearsal-" + strings.ToLower(rand.Text()[:12])
	argv := []string{"run", "--rm", "--name", name, "--label", Label + "=" + s.registry, "--network", "none", "--log-driver", "none"}
	environ, more, err := s.variables(c.Environ)
	if err != nil {
		return 0, err
	}
	left, err := s.remember(name)
	if err != nil {
		return 0, err
	}
	defer left()
	argv = append(argv, more...)
	command := c.Command
	if len(c.EntryPoint) > 0 {
		argv = append(argv, "--entrypoint", c.EntryPoint[0])
		command = slices.Concat(c.EntryPoint[1:], c.Command)
	}
	cmd := exec.Command(s.engine.program, append(append(argv, c.Image), command...)...)
	cmd.Env, cmd.SysProcAttr = environ, ownGroup()
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	lines := make(chan string, 1)
	go func() { lines <- scan(r, emit) }()
	ended := make(chan struct{})
	forget := context.AfterFunc(ctx, func() { s.kill(name, ended) })
	err = cmd.Run()
	close(ended)
	forget()
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

// ownWords start the line in which "docker run" says what went wrong. A hint at
// its help may follow.
const ownWords = "docker: "

// leftPrefix begins the names of files that stand for containers.
const leftPrefix = "container-"

// envPrefix begins the names of files that hold a container's environment.
const envPrefix = "env-"

// leftTimeout bounds the removing of what was left, by a Docker Engine that may
// not answer.
const leftTimeout = 20 * time.Second

// leftTries is how often a container is removed that is not there, with a pause
// between.
const (
	leftTries = 10
	leftPause = 300 * time.Millisecond
)

// remember notes in the private configuration that a container runs, so that
// [RemoveLeft] finds it if this process is killed: its environment holds secrets.
func (s *Session) remember(name string) (forget func(), err error) {
	if s.dir == nil {
		return func() {}, nil
	}
	path := filepath.Join(s.dir.Path, leftPrefix+name)
	return func() { _ = os.Remove(path) }, os.WriteFile(path, nil, 0o600)
}

// RemoveLeft removes the containers that a session with a private configuration
// left behind, whose process was killed.
func RemoveLeft(dir string, environ []string) {
	paths, err := filepath.Glob(filepath.Join(dir, leftPrefix+"*"))
	if err != nil || len(paths) == 0 {
		return
	}
	files, _ := filepath.Glob(filepath.Join(dir, envPrefix+"*")) // the pattern is a good one
	for _, path := range files {
		_ = os.Remove(path) // the directory is removed in any case
	}
	environ = append(slices.Clone(environ), "DOCKER_CONFIG="+dir)
	ctx, cancel := context.WithTimeout(context.Background(), leftTimeout) // the login lies in dir until then
	defer cancel()
	for _, path := range paths {
		name := strings.TrimPrefix(filepath.Base(path), leftPrefix)
		for range leftTries { // it may be about to be made
			removed, _ := output(ctx, environ, "", "docker", "rm", "--force", "--volumes", name) // nobody is there to be told
			if strings.TrimSpace(removed) == name || ctx.Err() != nil {
				break
			}
			time.Sleep(leftPause)
		}
	}
}

// scan hands out lines, and returns the last one: of docker's own words, if
// there are any.
func scan(r io.Reader, emit func(string)) string {
	last := ""
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if text := strings.TrimRight(line, "\r\n"); text != "" || err == nil {
			emit(text)
			if strings.HasPrefix(text, ownWords) || text != "" && !strings.HasPrefix(last, ownWords) {
				last = text
			}
		}
		if err != nil {
			return last
		}
	}
}

// kill kills a container, which may be about to be made or to start, until it
// has ended.
func (s *Session) kill(name string, ended <-chan struct{}) {
	const pause = 200 * time.Millisecond
	for {
		_, _ = output(context.Background(), s.environ, "", s.engine.program, "kill", name)
		select {
		case <-ended:
			return
		case <-time.After(pause):
		}
	}
}

// dockers are variables that docker, the loader that starts it, or its language
// take.
var dockers = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(DOCKER_|BUILDX_|LD_|DYLD_|GODEBUG$)|(?i)^(https?|all|no)_proxy$`)
})

// variables hands a container's environment to docker: by names, whose values
// docker takes from its own environment, and in a private file those that would
// change what docker itself does.
func (s *Session) variables(container []string) (environ, argv []string, err error) {
	environ = slices.Clone(s.environ)
	var file strings.Builder
	for _, entry := range container {
		name, value, _ := strings.Cut(entry, "=")
		if getenv(s.environ, name) == "" && !dockers().MatchString(name) {
			environ = append(environ, entry)
			argv = append(argv, "--env", name)
			continue
		}
		if strings.ContainsAny(value, "\r\n") || !utf8.ValidString(value) {
			return nil, nil, fmt.Errorf("the variable %s has a value of several lines, or of no text, and a name that docker itself takes", name)
		}
		if s.dir == nil {
			return nil, nil, fmt.Errorf("the variable %s has a name that docker itself takes", name)
		}
		file.WriteString(entry + "\n")
	}
	if file.Len() == 0 {
		return environ, argv, nil
	}
	path := filepath.Join(s.dir.Path, envPrefix+rand.Text())
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
