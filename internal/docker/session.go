package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hci/internal/child"
	"hci/internal/privatedir"
	"hci/sync/secret"
)

// Session runs docker with a configuration of its own: the user's, but for the
// registry's credentials, which go with it.
type Session struct {
	engine   *Engine
	registry string
	dir      *privatedir.Dir // nil for the user's own configuration
	environ  []string
	out      io.Writer
}

// OwnSession is docker with the user's own configuration, in which credentials
// stay. What docker shows is written to out.
func (e *Engine) OwnSession(registry string, out io.Writer) *Session {
	return &Session{engine: e, registry: registry, environ: e.environ, out: out}
}

// Session makes a private configuration for a registry. self is the path of the
// hci binary. Close removes it.
//
// It keeps the user's context, plugins, builders, proxies, and credentials for
// other registries, which base images may lie in. A helper that is not
// installed is left out: docker would fail on every pull.
func (e *Engine) Session(registry, self string, out io.Writer) (*Session, error) {
	dir, err := privatedir.New(self, e.getenv)
	if err != nil {
		return nil, err
	}
	s := &Session{engine: e, registry: registry, dir: dir, out: out}
	if err := s.configure(); err != nil {
		return nil, errors.Join(err, dir.Remove())
	}
	return s, nil
}

func (s *Session) configure() error {
	user := s.engine.user
	all := maps.Clone(user.all)
	auths, _ := all["auths"].(map[string]any)
	auths = maps.Clone(auths)
	maps.DeleteFunc(auths, func(server string, _ any) bool { return hostname(server) == s.registry })
	if auths != nil {
		all["auths"] = auths
	}
	helpers := map[string]string{}
	for host, helper := range user.helpers {
		if s.engine.helper(helper) == nil {
			helpers[host] = helper
		}
	}
	helpers[s.registry] = "" // its credentials go into this file
	all["credHelpers"] = helpers
	if s.engine.helper(user.store) != nil {
		delete(all, "credsStore")
	}
	plugins, _ := all["cliPluginsExtraDirs"].([]any)
	all["cliPluginsExtraDirs"] = append(slices.Clone(plugins), filepath.Join(user.dir, "cli-plugins"))
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.dir.Path, "config.json"), text, 0o600); err != nil {
		return err
	}
	drop := []string{"DOCKER_CONFIG=", "BUILDX_CONFIG=", "BUILDX_NO_DEFAULT_ATTESTATIONS="}
	for _, entry := range s.engine.environ {
		if !slices.ContainsFunc(drop, func(name string) bool { return strings.HasPrefix(entry, name) }) {
			s.environ = append(s.environ, entry)
		}
	}
	builders := s.engine.getenv("BUILDX_CONFIG")
	if builders == "" {
		builders = filepath.Join(user.dir, "buildx")
	}
	s.environ = append(s.environ, "DOCKER_CONFIG="+s.dir.Path, "BUILDX_CONFIG="+builders)
	if get := s.engine.getenv; get("DOCKER_CERT_PATH") == "" && get("DOCKER_TLS_VERIFY")+get("DOCKER_TLS") != "" {
		s.environ = append(s.environ, "DOCKER_CERT_PATH="+user.dir) // docker looks beside its configuration
	}
	if contexts := filepath.Join(user.dir, "contexts"); exists(contexts) && os.Symlink(contexts, filepath.Join(s.dir.Path, "contexts")) != nil {
		// No links here: name the engine itself.
		s.environ = append(s.environ, "DOCKER_HOST="+s.engine.Host, "DOCKER_CONTEXT=")
	}
	return nil
}

// hostname is that of a key of docker's "auths", which older versions wrote as
// URLs, and which docker still reads.
func hostname(server string) string {
	server = strings.TrimPrefix(strings.TrimPrefix(server, "https://"), "http://")
	host, _, _ := strings.Cut(server, "/")
	return host
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Close removes a private configuration.
func (s *Session) Close() error {
	if s.dir == nil {
		return nil
	}
	return s.dir.Remove()
}

// LoginError says that docker or the registry did not take the credentials.
type LoginError struct{ Registry, Detail string }

func (e *LoginError) Error() string { return "login to " + e.Registry + ": " + e.Detail }

// Login logs in to the session's registry. The password goes through a pipe.
func (s *Session) Login(ctx context.Context, user string, password secret.Value) error {
	_, err := output(ctx, s.environ, password.Reveal(), s.engine.program, "login", "--username", user, "--password-stdin", s.registry)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		text := err.Error()
		if password.Len() > 0 {
			text = strings.ReplaceAll(text, password.Reveal(), "…")
		}
		return &LoginError{Registry: s.registry, Detail: lastLine(text)}
	}
	return nil
}

// lastLine is where docker says what failed, after its warnings.
func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// Image is what is to be built.
type Image struct {
	Context    string // directory
	Dockerfile string // path
	Platform   string // linux/amd64
	Several    bool   // the same is built for other platforms, too
	Tags       []string
	Labels     map[string]string
}

// Labels are those of the OCI image specification.
//
// https://github.com/opencontainers/image-spec/blob/main/annotations.md
func Labels(revision, source string, created time.Time) map[string]string {
	labels := map[string]string{
		"org.opencontainers.image.revision": revision,
		"org.opencontainers.image.created":  created.UTC().Format(time.RFC3339),
	}
	if source != "" {
		labels["org.opencontainers.image.source"] = source
	}
	return labels
}

// Argv is the command line that builds an image.
func (e *Engine) Argv(i Image) []string {
	var argv []string
	switch e.Builder {
	case Buildx:
		argv = []string{e.program, "buildx", "build", "--provenance=false", "--load"}
	case Standalone:
		argv = []string{string(Standalone), "build", "--provenance=false", "--load"}
	default:
		argv = []string{e.program, "build"}
		if i.Several { // its cache may hold the layers for another platform
			argv = append(argv, "--no-cache")
		}
	}
	argv = append(argv, "--platform", i.Platform, "--file", i.Dockerfile)
	for _, tag := range i.Tags {
		argv = append(argv, "--tag", tag)
	}
	for _, name := range slices.Sorted(maps.Keys(i.Labels)) {
		argv = append(argv, "--label", name+"="+i.Labels[name])
	}
	return append(argv, i.Context)
}

// Build builds an image. What the builder shows is streamed; the error is a
// [*child.ExitError] if it failed.
func (s *Session) Build(ctx context.Context, i Image) error {
	environ := s.environ
	if s.engine.Builder == Classic {
		environ = append(slices.Clone(environ), "DOCKER_BUILDKIT=0")
	}
	return s.run(ctx, environ, s.out, s.engine.Argv(i))
}

// ErrExpired says that the registry takes the credentials no more.
var ErrExpired = errors.New("the registry takes the login no more")

// TakenError says that a tag of an immutable repository is there already.
type TakenError struct{ Image string }

func (e *TakenError) Error() string {
	return fmt.Sprintf("%s is there already, and its repository is immutable", e.Image)
}

// PushError says that docker could not push an image.
type PushError struct{ Image, Detail string }

func (e *PushError) Error() string { return "push of " + e.Image + ": " + e.Detail }

// Push pushes an image. What docker shows is streamed. It fails with
// [ErrExpired], a [*TakenError] or a [*PushError].
func (s *Session) Push(ctx context.Context, image string) error {
	said := &tail{to: s.out}
	err := s.run(ctx, s.environ, said, []string{s.engine.program, "push", image})
	var exit *child.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	return refusal(image, said.String())
}

// refusal is the error of a push that failed, from what docker showed: of its
// exit codes, one stands for all. That a login may not push is no expiry: another
// one would not help. Each text holds a blank, as no image's name does.
func refusal(image, shown string) error {
	text := strings.ToLower(shown)
	switch {
	case has(text, "token has expired", "no basic auth credentials", "authentication required", "401 unauthorized"):
		return fmt.Errorf("push of %s: %w", image, ErrExpired)
	case has(text, "cannot be overwritten because", "tag is immutable", "repository is immutable"):
		return &TakenError{Image: image}
	}
	return &PushError{Image: image, Detail: lastLine(shown)}
}

func has(text string, any ...string) bool {
	return slices.ContainsFunc(any, func(words string) bool { return strings.Contains(text, words) })
}

// tail passes on what is written, and keeps the end of it.
type tail struct {
	to   io.Writer
	kept []byte
}

const kept = 4096

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	t.kept = t.kept[max(0, len(t.kept)-kept):]
	return t.to.Write(p)
}

func (t *tail) String() string { return string(t.kept) }

// run runs a program to its end, with what it says on stderr kept with the rest.
func (s *Session) run(ctx context.Context, environ []string, out io.Writer, argv []string) error {
	stop := make(chan struct{})
	ended := context.AfterFunc(ctx, func() { close(stop) })
	defer ended()
	err := child.Command{Argv: argv, Env: environ, Out: out, Err: out, Terminal: true, Stop: stop, Grace: stopGrace}.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// stopGrace is how long docker may take to end after it was asked to.
const stopGrace = 5 * time.Second

// Found is what the engine says of an image it holds.
type Found struct {
	ID       string            // of its content, whatever it is named
	Platform string            // linux/amd64
	Digests  map[string]string // by repository, of images that were pushed or pulled
	Revision string            // the label org.opencontainers.image.revision
}

// NoImageError says that the engine has no such image.
type NoImageError struct{ Image string }

func (e *NoImageError) Error() string { return "there is no image " + e.Image + " here" }

// Inspect looks at an image that the engine holds. It fails with a
// [*NoImageError].
func (s *Session) Inspect(ctx context.Context, image string) (Found, error) {
	text, err := output(ctx, s.environ, "", s.engine.program, "image", "inspect", "--format", "{{json .}}", image)
	if err != nil && strings.Contains(strings.ToLower(err.Error()), "no such image") {
		return Found{}, &NoImageError{Image: image}
	}
	if err != nil {
		return Found{}, fmt.Errorf("image %s: %s", image, firstLine(err.Error()))
	}
	var out struct {
		ID               string `json:"Id"`
		Os, Architecture string
		RepoDigests      []string
		Config           struct{ Labels map[string]string }
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return Found{}, fmt.Errorf("image %s: %w", image, err)
	}
	f := Found{ID: out.ID, Platform: out.Os + "/" + out.Architecture, Digests: map[string]string{}, Revision: out.Config.Labels["org.opencontainers.image.revision"]}
	for _, entry := range out.RepoDigests {
		if repository, digest, ok := strings.Cut(entry, "@"); ok {
			f.Digests[repository] = digest
		}
	}
	return f, nil
}
