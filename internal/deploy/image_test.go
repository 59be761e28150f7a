package deploy_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hci/internal/aws/ecr"
	"hci/internal/aws/ecs"
	"hci/internal/deploy"
	"hci/internal/deploy/preflight"
	"hci/internal/deploy/rollout"
	"hci/internal/deploy/state"
	"hci/internal/docker"
	"hci/internal/project"
	"hci/sync/secret"
)

const (
	uri      = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app"
	platform = "linux/amd64"
)

// engine is a Docker Engine and a registry in memory. An image is its content; its
// digest is made from that.
type engine struct {
	images   map[string]string // by name
	pushed   map[string]string // digest by tag
	builds   int
	context  string
	platform string
	labels   map[string]string // revision by name
	logins   int
	expire   int // pushes that fail so
	taken    []string
	steps    []string
	failPush error
	built    map[string]string // platform by name, where it does
}

func newEngine() *engine {
	return &engine{images: map[string]string{}, pushed: map[string]string{}, labels: map[string]string{}, platform: platform}
}

func (e *engine) Login(context.Context, string, secret.Value) error { e.logins++; return nil }

func (e *engine) Build(_ context.Context, i docker.Image) error {
	e.builds++
	e.context = i.Context
	e.steps = append(e.steps, "build")
	for _, tag := range i.Tags {
		if e.built != nil {
			e.built[tag] = i.Platform
		}
		e.images[tag], e.labels[tag] = fmt.Sprintf("built-%d", e.builds), i.Labels["org.opencontainers.image.revision"]
	}
	return nil
}

func (e *engine) Push(_ context.Context, image string) error {
	e.steps = append(e.steps, "push "+tag(image))
	if e.expire > 0 {
		e.expire--
		return docker.ErrExpired
	}
	if e.failPush != nil {
		return e.failPush
	}
	for _, t := range e.taken {
		if t == tag(image) {
			return &docker.TakenError{Image: image}
		}
	}
	e.pushed[tag(image)] = "sha256:" + e.images[image]
	return nil
}

func tag(image string) string { return image[strings.LastIndexByte(image, ':')+1:] }

func (e *engine) Inspect(_ context.Context, image string) (docker.Found, error) {
	content, ok := e.images[image]
	if !ok {
		return docker.Found{}, &docker.NoImageError{Image: image}
	}
	f := docker.Found{ID: content, Platform: e.platform, Digests: map[string]string{}, Revision: e.labels[image]}
	if of := e.built[image]; of != "" {
		f.Platform = of
	}
	for _, digest := range e.pushed {
		if digest == "sha256:"+content {
			f.Digests[uri] = digest
		}
	}
	return f, nil
}

func (e *engine) Scan(_ context.Context, image string, _ int, find func(string, []byte) []string) ([]string, error) {
	return find("app/settings.py", []byte(e.images[image])), nil
}

func (e *engine) Repository(context.Context, string) (ecr.Repository, error) {
	return ecr.Repository{Name: "app", URI: uri}, nil
}

func (e *engine) Digest(_ context.Context, _, tag string) (string, error) {
	if digest := e.pushed[tag]; digest != "" {
		return digest, nil
	}
	return "", &ecr.NotFoundError{What: "image"}
}

// Join's digest is made from those of the images.
func (e *engine) Join(_ context.Context, _, tag string, digests, platforms []string) (string, error) {
	e.steps = append(e.steps, "join "+tag)
	e.pushed[tag] = "sha256:list-of-" + strings.ReplaceAll(strings.Join(digests, "-"), "sha256:", "") + "-for-" + strings.Join(platforms, "-")
	return e.pushed[tag], nil
}

func (e *engine) Platforms(context.Context, string, string) ([]string, error) { return nil, nil }
func (e *engine) Tag(_ context.Context, _, digest, tag string) error {
	e.steps, e.pushed[tag] = append(e.steps, "tag "+tag), digest
	return nil
}

func (e *engine) Token(context.Context) (ecr.Token, error) {
	return ecr.Token{User: "AWS", Password: secret.New("hunter2"), Expires: time.Unix(0, 0)}, nil
}

// quiet is a view that shows nothing.
type quiet struct{ said []string }

func (q *quiet) Say(format string, args ...any) {
	q.said = append(q.said, fmt.Sprintf(format, args...))
}
func (q *quiet) Log(ecs.LogLine)                           {}
func (q *quiet) Seen(*ecs.Service, *ecs.Deployment)        {}
func (q *quiet) Stopped(ecs.StoppedTask)                   {}
func (q *quiet) Now(string)                                {}
func (q *quiet) Begin(state.Step)                          {}
func (q *quiet) End(deploy.Done, error)                    {}
func (q *quiet) Decide(rollout.Result, bool) deploy.Choice { return deploy.Leave }

const sha = "0123456789abcdef0123456789abcdef01234567"

func imageJob(e *engine, j *state.Journal, steps ...state.Step) *deploy.Job {
	return &deploy.Job{
		Env: "staging", Journal: j, Steps: steps, Docker: e, Registry: e, Talk: &quiet{},
		Look: &preflight.Look{
			Repository: ecr.Repository{Name: "app", URI: uri}, Commit: project.Commit{SHA: sha}, Tag: "git-" + sha[:12], Moving: "latest", Platform: platform,
		},
	}
}

var imageSteps = []state.Step{state.Login, state.Build, state.Push}

func TestBuildAndPush(t *testing.T) {
	e := newEngine()
	journal := state.NewJournal(t.TempDir(), "staging", imageSteps)
	job := imageJob(e, journal, imageSteps...)
	done, err := job.Run(t.Context())
	if err != nil || len(done) != 3 {
		t.Fatalf("%v, %v", done, err)
	}
	if want := uri + "@sha256:built-1"; journal.Image != want || done[2].Words != want {
		t.Errorf("pushed %q, journal %q, want %q", done[2].Words, journal.Image, want)
	}
	if got := strings.Join(e.steps, ", "); got != "build, push git-"+sha[:12]+", push latest" || e.logins != 1 {
		t.Errorf("did %s with %d logins", got, e.logins)
	}
}

// TestSeveralPlatforms: an image is built and pushed for each, and a list joins them.
func TestSeveralPlatforms(t *testing.T) {
	e := newEngine()
	e.built = map[string]string{}
	journal := state.NewJournal(t.TempDir(), "staging", imageSteps)
	job := imageJob(e, journal, imageSteps...)
	job.Look.Platform = "linux/amd64,linux/arm64"
	if _, err := job.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	tag := "git-" + sha[:12]
	if got, want := strings.Join(e.steps, ", "), "build, build, push "+tag+"-amd64, push "+tag+"-arm64, join "+tag+", tag latest"; got != want {
		t.Errorf("did %s, want %s", got, want)
	}
	if want := uri + "@sha256:list-of-built-1-built-2-for-linux/amd64-linux/arm64"; journal.Image != want {
		t.Errorf("pushed %s, want %s", journal.Image, want)
	}
	// A builder that ignores the platform is told of, and nothing is pushed.
	e = newEngine()
	job = imageJob(e, state.NewJournal(t.TempDir(), "staging", imageSteps), imageSteps...)
	job.Look.Platform = "linux/amd64,linux/arm64"
	_, err := job.Run(t.Context())
	var wrong *deploy.PlatformError
	if !errors.As(err, &wrong) || wrong.Wants != "linux/arm64" || len(e.pushed) > 0 {
		t.Errorf("%v, pushed %v", err, e.pushed)
	}
	// What was built is what is pushed.
	e = newEngine()
	e.built = map[string]string{}
	journal = state.NewJournal(t.TempDir(), "staging", imageSteps)
	job = imageJob(e, journal, state.Build)
	job.Look.Platform = "linux/amd64,linux/arm64"
	if _, err := job.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.images[uri+":"+tag+"-arm64"] = "another"
	job.Steps = []state.Step{state.Push}
	_, err = job.Run(t.Context())
	var other *deploy.OtherImageError
	if !errors.As(err, &other) || other.Image != uri+":"+tag+"-arm64" {
		t.Errorf("%v", err)
	}
}

// TestPush: what can happen to a push.
func TestPush(t *testing.T) {
	built := "git-" + sha[:12]
	for _, c := range []struct {
		name  string
		set   func(e *engine, j *deploy.Job)
		fails any // target of errors.As, or a sentinel
		image string
		did   string
	}{
		{"the login expires on the way", func(e *engine, _ *deploy.Job) { e.expire = 1 }, nil, "built-1", "build, push " + built + ", push " + built + ", push latest"},
		{"and again", func(e *engine, _ *deploy.Job) { e.expire = 2 }, docker.ErrExpired, "", ""},
		{"it is the user's", func(e *engine, j *deploy.Job) { e.expire = 1; j.Steps = []state.Step{state.Build, state.Push} }, docker.ErrExpired, "", ""},
		{"the moving tag is immutable", func(e *engine, _ *deploy.Job) { e.taken = []string{"latest"} }, nil, "built-1", "build, push " + built + ", push latest"},
		{"the own tag is taken by another image", func(e *engine, _ *deploy.Job) { e.taken, e.pushed[built] = []string{built}, "sha256:other" }, new(*docker.TakenError), "", ""},
		{"the image is for another machine", func(e *engine, _ *deploy.Job) { e.platform = "linux/arm64" }, new(*deploy.PlatformError), "", "build"},
		{"no moving tag", func(_ *engine, j *deploy.Job) { j.Look.Moving = "" }, nil, "built-1", "build, push " + built},
		{"the registry has the commit's image", func(_ *engine, j *deploy.Job) { j.Look.Pushed = "sha256:there" }, nil, "there", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEngine()
			journal := state.Unkept("staging", imageSteps)
			job := imageJob(e, journal, imageSteps...)
			c.set(e, job)
			job.Choose()
			_, err := job.Run(t.Context())
			sentinel, is := c.fails.(error)
			switch {
			case c.fails == nil && err != nil, is && !errors.Is(err, sentinel), c.fails != nil && !is && !errors.As(err, c.fails):
				t.Fatalf("%v, want %T", err, c.fails)
			case c.image != "" && journal.Image != uri+"@sha256:"+c.image:
				t.Errorf("deploys %s, want %s", journal.Image, c.image)
			case c.did != "" && strings.Join(e.steps, ", ") != c.did:
				t.Errorf("did %q, want %q", e.steps, c.did)
			}
		})
	}
}

// TestResumeImage: a deployment that is resumed deploys the image that it built,
// whatever the registry and the engine hold by then.
func TestResumeImage(t *testing.T) {
	dir := t.TempDir()
	e := newEngine()
	e.failPush = errors.New("network gone")
	journal := state.NewJournal(dir, "staging", imageSteps)
	journal.Rebuild = true
	if _, err := imageJob(e, journal, imageSteps...).Run(t.Context()); !errors.Is(err, e.failPush) {
		t.Fatal(err)
	}
	e.failPush = nil
	again, err := state.OpenJournal(dir, "staging")
	if err != nil {
		t.Fatal(err)
	}
	job := imageJob(e, again, again.Left()...)
	job.Look.Pushed = "sha256:older" // the same commit's, built before
	job.Choose()
	if _, err := job.Run(t.Context()); err != nil || again.Image != uri+"@sha256:built-1" {
		t.Errorf("deploys %s, %v", again.Image, err)
	}
	// Killed between the note of the image and that of the step: what is checked out
	// by then makes no difference.
	again.Done = []state.Step{state.Login, state.Build}
	other := imageJob(e, again, again.Left()...)
	other.Look.Pushed, other.Look.Commit.SHA = "sha256:other", strings.Repeat("f", 40)
	other.Choose()
	if _, err := other.Run(t.Context()); err != nil || again.Image != uri+"@sha256:built-1" {
		t.Errorf("deploys %s, %v", again.Image, err)
	}
}

// TestResumeOtherImage: the tag names another image by then.
func TestResumeOtherImage(t *testing.T) {
	e := newEngine()
	e.failPush = errors.New("network gone")
	journal := state.NewJournal(t.TempDir(), "staging", imageSteps)
	_, _ = imageJob(e, journal, imageSteps...).Run(t.Context()) // fails so
	e.failPush = nil
	e.images[uri+":git-"+sha[:12]] = "built by somebody else"
	var other *deploy.OtherImageError
	if _, err := imageJob(e, journal, journal.Left()...).Run(t.Context()); !errors.As(err, &other) || len(e.pushed) > 0 {
		t.Errorf("%v, pushed %v", err, e.pushed)
	}
	delete(e.images, uri+":git-"+sha[:12])
	var none *docker.NoImageError
	if _, err := imageJob(e, journal, journal.Left()...).Run(t.Context()); !errors.As(err, &none) {
		t.Error(err)
	}
}

// TestPushOtherMovingTag: the moving tag names another build of the same commit.
func TestPushOtherMovingTag(t *testing.T) {
	e := newEngine()
	e.images[uri+":git-"+sha[:12]], e.images[uri+":latest"] = "clean", "dirty"
	var other *deploy.OtherImageError
	if _, err := imageJob(e, state.Unkept("staging", []state.Step{state.Push}), state.Push).Run(t.Context()); !errors.As(err, &other) || e.pushed["latest"] != "" {
		t.Errorf("%v, pushed %v", err, e.pushed)
	}
}

// TestBuildAlone: what is built and not pushed is built all the same.
func TestBuildAlone(t *testing.T) {
	e := newEngine()
	job := imageJob(e, state.Unkept("staging", []state.Step{state.Build, state.Update}), state.Build)
	job.Look.Deployed.One = uri + "@sha256:old"
	job.Choose()
	if _, err := job.Run(t.Context()); err != nil || e.builds != 1 {
		t.Errorf("%d builds, %v", e.builds, err)
	}
}

// TestPushedMeanwhile: somebody else pushes under the same tag before the digest
// is read back.
func TestPushedMeanwhile(t *testing.T) {
	e := &overtaken{newEngine()}
	job := imageJob(e.engine, state.Unkept("staging", imageSteps), imageSteps...)
	job.Docker, job.Registry = e, e
	var other *deploy.DigestError
	if _, err := job.Run(t.Context()); !errors.As(err, &other) {
		t.Error(err)
	}
}

type overtaken struct{ *engine }

func (o *overtaken) Digest(context.Context, string, string) (string, error) {
	return "sha256:other", nil
}

// TestChoose: what is deployed if nothing is pushed, and that it stays.
func TestChoose(t *testing.T) {
	steps := []state.Step{state.Migrate, state.Update}
	for _, c := range []struct{ pushed, deployed, image, words string }{
		{"sha256:there", uri + "@sha256:old", uri + "@sha256:there", "the image of commit 0123456789ab, which is in the registry"},
		{"", uri + "@sha256:old", uri + "@sha256:old", "the deployed image"},
		{"", "", "", "the deployed image"},
	} {
		journal := state.Unkept("staging", steps)
		job := imageJob(newEngine(), journal, steps...)
		job.Look.Pushed, job.Look.Deployed.One = c.pushed, c.deployed
		job.Choose()
		if journal.Image != c.image || journal.Words != c.words {
			t.Errorf("%q, %q; want %q, %q", journal.Image, journal.Words, c.image, c.words)
		}
		if c.image == "" {
			continue
		}
		job.Look.Pushed, job.Look.Deployed.One = "sha256:later", "later"
		job.Choose()
		if journal.Image != c.image {
			t.Errorf("another was chosen later: %q", journal.Image)
		}
	}
}

// TestBuildOfCommit: the image is built of the commit's files, unless secrets would go
// along; nothing is built then.
func TestBuildOfCommit(t *testing.T) {
	build := func(t *testing.T, change func(dir string, j *deploy.Job)) (*engine, error, bool) {
		dir, removed := t.TempDir(), false
		for name, text := range map[string]string{"Dockerfile": "FROM scratch", "app/settings.py": "KEY = 'hunter22'", ".env": "A=1", ".dockerignore": "**/.env\n"} {
			path := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		e := newEngine()
		job := imageJob(e, state.NewJournal(t.TempDir(), "staging", imageSteps), state.Build)
		job.Source = deploy.Source{
			Root: t.TempDir(), Context: ".", Dockerfile: "Dockerfile",
			Checkout: func(context.Context) (string, func(), error) { return dir, func() { removed = true }, nil },
			Leaks: func(path string, piece []byte) []string {
				if path == ".env" {
					return []string{"a .env file"}
				}
				return nil
			},
		}
		change(dir, job)
		_, err := job.Run(t.Context())
		if err == nil && e.context != dir {
			t.Errorf("built of %s", e.context)
		}
		return e, err, removed
	}
	if e, err, removed := build(t, func(string, *deploy.Job) {}); err != nil || e.builds != 1 || !removed {
		t.Errorf("%v, built %d times, removed: %v", err, e.builds, removed)
	}
	var leak *deploy.LeakError
	e, err, removed := build(t, func(dir string, _ *deploy.Job) {
		if err := os.Remove(filepath.Join(dir, ".dockerignore")); err != nil {
			t.Fatal(err)
		}
	})
	if !errors.As(err, &leak) || e.builds != 0 || !removed || leak.Error() != "the build's context holds secrets: .env (a .env file)" || !strings.Contains(leak.Next(), ".dockerignore") {
		t.Errorf("%v, built %d times, removed: %v", err, e.builds, removed)
	}
	e, err, _ = build(t, func(_ string, j *deploy.Job) {
		j.Source.Leaks = func(_ string, piece []byte) []string {
			if strings.Contains(string(piece), "hunter22") {
				return []string{"the value of key of staging"}
			}
			return nil
		}
	})
	if !errors.As(err, &leak) || e.builds != 0 || !strings.HasSuffix(leak.Error(), "app/settings.py (the value of key of staging)") || strings.Contains(leak.Error(), "hunter22") {
		t.Errorf("%v, built %d times", err, e.builds)
	}
}

// TestPushOfSecret: an image in whose layers a secret value stands is not pushed.
func TestPushOfSecret(t *testing.T) {
	e := newEngine()
	job := imageJob(e, state.NewJournal(t.TempDir(), "staging", imageSteps), imageSteps...)
	job.Source.Values = func(path string, piece []byte) []string {
		if strings.Contains(string(piece), "built-1") {
			return []string{"the value of db_password of staging"}
		}
		return nil
	}
	_, err := job.Run(t.Context())
	var leak *deploy.LeakError
	if !errors.As(err, &leak) || len(e.pushed) != 0 || !strings.HasSuffix(leak.Error(), ":git-0123456789ab holds secrets: app/settings.py (the value of db_password of staging)") {
		t.Errorf("%v, pushed %v", err, e.pushed)
	}
}
