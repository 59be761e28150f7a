// Package docker builds and pushes images with the Docker command line that is
// installed: with buildx where there is one, against the engine that the user's
// context names, and with credentials in a private configuration that does not
// outlive the run.
package docker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"hci/internal/atomicfile"
	"hci/internal/child"
)

// ErrNotInstalled says that there is no docker program.
var ErrNotInstalled = errors.New("docker is not installed")

// OtherProgramError says that the program "docker" is another one.
type OtherProgramError struct{ Name string }

func (e *OtherProgramError) Error() string {
	return fmt.Sprintf("the program docker is %s here, which does not answer as Docker does", e.Name)
}

// Next says what to do about it.
func (e *OtherProgramError) Next() string {
	return "install Docker's own command line; with DOCKER_HOST it also works with the API of " + e.Name
}

// UnreachableError says that no engine answers.
type UnreachableError struct {
	Context, Host string
	Detail        string // docker's own words
}

func (e *UnreachableError) Error() string {
	text := "no Docker engine answers"
	if e.Host != "" {
		text += " at " + e.Host
	}
	if e.Context != "" && e.Context != "default" {
		text += fmt.Sprintf(" (context %q)", e.Context)
	}
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// Next says what to do about it.
func (e *UnreachableError) Next() string {
	switch {
	case strings.HasPrefix(e.Context, "colima"), strings.Contains(e.Host, "/.colima/"):
		return "start it with 'colima start'"
	case e.Context == "desktop-linux", strings.Contains(e.Host, "/.docker/"):
		return "start Docker Desktop"
	case strings.Contains(e.Detail, "permission denied"):
		return "the engine is not yours to use: on Linux, its socket belongs to the group docker"
	case runtime.GOOS == "linux":
		return "start it, for example with 'systemctl start docker', or name another with 'docker context use'"
	}
	return "start it, or name another with 'docker context use'"
}

// Builder is what builds images.
type Builder string

// The builders, in the order in which they are preferred.
const (
	Buildx     Builder = "docker buildx"
	Standalone Builder = "docker-buildx" // Homebrew's, without the plugin
	Classic    Builder = "docker build"
)

// Engine is the Docker engine that the user's configuration names.
type Engine struct {
	Context, Host string
	Version       string
	Platform      string // of the machine it runs on: linux/amd64
	Builder       Builder

	program string
	environ []string
	user    userConfig
}

// lookTimeout bounds the questions to an engine that may not be there.
const lookTimeout = 8 * time.Second

// Find looks for docker and its engine. It fails with [ErrNotInstalled] or an
// [*UnreachableError]. environ is the environment of the programs it runs.
func Find(ctx context.Context, environ []string) (*Engine, error) {
	return find(ctx, environ, lookTimeout)
}

func find(outer context.Context, environ []string, within time.Duration) (*Engine, error) {
	ctx, cancel := context.WithTimeout(outer, within)
	defer cancel()
	program, err := exec.LookPath("docker")
	if err != nil {
		return nil, ErrNotInstalled
	}
	e := &Engine{program: program, environ: child.Environ(child.Docker, environ)}
	if e.user, err = readUserConfig(environ); err != nil {
		return nil, err
	}
	var group sync.WaitGroup
	var version string
	var versionErr error
	group.Go(func() { version, versionErr = e.ask(ctx, "version", "--format", "{{json .Server}}") })
	group.Go(func() { e.Builder = e.builder(ctx) })
	group.Go(func() { e.place(ctx) })
	group.Wait()
	if outer.Err() != nil {
		return nil, outer.Err()
	}
	if ctx.Err() != nil && versionErr != nil {
		versionErr = fmt.Errorf("no answer within %v", within)
	}
	var server struct{ Version, Os, Arch string }
	if versionErr == nil && (json.Unmarshal([]byte(version), &server) != nil || server.Os == "") {
		versionErr = errors.New("it does not say what it is")
	}
	if versionErr != nil {
		if ctx.Err() == nil {
			if name := e.otherProgram(outer); name != "" {
				return nil, &OtherProgramError{Name: name}
			}
		}
		return nil, &UnreachableError{Context: e.Context, Host: e.Host, Detail: firstLine(versionErr.Error())}
	}
	e.Version, e.Platform = server.Version, server.Os+"/"+server.Arch
	return e, nil
}

// otherProgram is the name of the program, "" if it is Docker's own.
func (e *Engine) otherProgram(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	text, err := e.ask(ctx, "--version") // "Docker version 29.0.1, build …", "podman version 5.4.0"
	name, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	if err != nil || name == "" || strings.EqualFold(name, "docker") {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// place finds the context in use, and its host.
func (e *Engine) place(ctx context.Context) {
	e.Host = e.getenv("DOCKER_HOST")
	if e.Host != "" {
		return
	}
	text, err := e.ask(ctx, "context", "inspect", "--format", `{{.Name}} {{.Endpoints.docker.Host}}`)
	if err == nil {
		e.Context, e.Host, _ = strings.Cut(strings.TrimSpace(text), " ")
	}
}

func (e *Engine) builder(ctx context.Context) Builder {
	if _, err := e.ask(ctx, "buildx", "version"); err == nil {
		return Buildx
	}
	if _, err := exec.LookPath(string(Standalone)); err == nil {
		return Standalone
	}
	return Classic
}

func (e *Engine) getenv(name string) string { return getenv(e.environ, name) }

func getenv(environ []string, name string) string {
	for _, entry := range slices.Backward(environ) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// ask runs docker and returns what it prints; the error is what it says went
// wrong.
func (e *Engine) ask(ctx context.Context, args ...string) (string, error) {
	return output(ctx, e.environ, "", e.program, args...)
}

func output(ctx context.Context, environ []string, input, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = environ
	cmd.WaitDelay = time.Second
	if input != "" {
		cmd.Stdin = strings.NewReader(input)
	}
	var errOut strings.Builder
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if err != nil && strings.TrimSpace(errOut.String()) != "" {
		err = errors.New(strings.TrimSpace(errOut.String()))
	}
	return string(out), err
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// userConfig is the user's own configuration of docker.
//
// https://docs.docker.com/reference/cli/docker/#docker-cli-configuration-file-configjson-properties
type userConfig struct {
	dir     string
	all     map[string]any
	store   string
	helpers map[string]string
}

func readUserConfig(environ []string) (userConfig, error) {
	c := userConfig{dir: getenv(environ, "DOCKER_CONFIG"), all: map[string]any{}}
	if c.dir == "" {
		home := getenv(environ, "HOME")
		if runtime.GOOS == "windows" {
			home = getenv(environ, "USERPROFILE")
		}
		c.dir = filepath.Join(home, ".docker")
	}
	var err error
	if c.dir, err = filepath.Abs(c.dir); err != nil { // a link to it lies elsewhere
		return c, err
	}
	path := filepath.Join(c.dir, "config.json")
	text, err := atomicfile.Read(path, 1<<20)
	if errors.Is(err, os.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	if text = bytes.TrimSpace(text); len(text) == 0 || string(text) == "null" {
		return c, nil // docker takes that for no configuration
	}
	var known struct {
		CredsStore  string            `json:"credsStore"`
		CredHelpers map[string]string `json:"credHelpers"`
	}
	if json.Unmarshal(text, &c.all) != nil || json.Unmarshal(text, &known) != nil {
		return c, fmt.Errorf("%s can't be read: it is no JSON that docker takes", path) // it may hold credentials
	}
	c.store, c.helpers = known.CredsStore, known.CredHelpers
	return c, nil
}

// HelperError says that docker's configuration names a program to keep
// credentials in that is not there.
type HelperError struct{ Config, Helper string }

func (e *HelperError) Error() string {
	return fmt.Sprintf("%s keeps credentials with %q, but there is no program docker-credential-%s", e.Config, e.Helper, e.Helper)
}

// Helper looks whether the program is there that docker would keep the
// credentials of a registry with. The error is a [*HelperError].
func (e *Engine) Helper(registry string) error {
	helper, own := e.user.helpers[registry]
	if !own {
		helper = e.user.store
	}
	return e.helper(helper)
}

func (e *Engine) helper(name string) error {
	if name == "" {
		return nil
	}
	if _, err := exec.LookPath("docker-credential-" + name); err != nil {
		return &HelperError{Config: filepath.Join(e.user.dir, "config.json"), Helper: name}
	}
	return nil
}
