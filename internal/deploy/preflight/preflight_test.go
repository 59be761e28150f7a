package preflight_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hci/internal/aws/client"
	"hci/internal/aws/ecs"
	"hci/internal/deploy/names"
	"hci/internal/deploy/preflight"
	"hci/internal/deploy/state"
	"hci/internal/docker"
	"hci/internal/project"
	"hci/internal/testing/fakeaws"
	"hci/internal/testing/scene"
)

var whole = []state.Step{state.Migrate, state.Update}

// TestLook: what stands in the way of a deployment is found, and graded.
func TestLook(t *testing.T) {
	engine := func(e docker.Engine, err error) func(context.Context) (*docker.Engine, error) {
		return func(context.Context) (*docker.Engine, error) { return &e, err }
	}
	all := []state.Step{state.Login, state.Build, state.Push, state.Migrate, state.Update}
	for _, c := range []struct {
		name  string
		steps []state.Step
		set   func(s *scene.Scene, p *preflight.Preflight)
		finds []string // level: about: the beginning of the text
	}{
		{"healthy", whole, func(*scene.Scene, *preflight.Preflight) {}, nil},
		{"no image of this commit", whole, func(_ *scene.Scene, p *preflight.Preflight) {
			p.Commit = func(context.Context) (project.Commit, error) {
				return project.Commit{SHA: strings.Repeat("f", 40), Pushed: true}, nil
			}
		}, []string{"problem: image: the registry has no image of commit ffffffffffff"}},
		{"no image of this commit, and somebody is asked", whole, func(_ *scene.Scene, p *preflight.Preflight) {
			p.Yes = false
			p.Commit = func(context.Context) (project.Commit, error) {
				return project.Commit{SHA: strings.Repeat("f", 40), Pushed: true}, nil
			}
		}, []string{"warning: image: the registry has no image of commit ffffffffffff"}},
		{"no commit, nothing is built", whole, func(_ *scene.Scene, p *preflight.Preflight) {
			p.Commit = func(context.Context) (project.Commit, error) { return project.Commit{}, errors.New("no git") }
		}, []string{"problem: image: there is no commit to find an image by"}},
		{"no commit to build", all, func(_ *scene.Scene, p *preflight.Preflight) {
			p.Docker = engine(docker.Engine{Platform: "linux/amd64"}, nil)
			p.Commit = func(context.Context) (project.Commit, error) { return project.Commit{}, errors.New("no git") }
		}, []string{"problem: git: no git, and images are named by their commit", "problem: image: there is no Dockerfile"}},
		{"not pushed, and not as committed", whole, func(_ *scene.Scene, p *preflight.Preflight) {
			p.Commit = func(context.Context) (project.Commit, error) {
				return project.Commit{SHA: scene.Commit, Remotes: true, Dirty: []string{"a", "b"}}, nil
			}
		}, []string{"warning: git: commit 0123456789ab is on no remote branch"}},
		{"a secret without a value", whole, func(_ *scene.Scene, p *preflight.Preflight) {
			p.Secret = func(context.Context, ecs.SecretRef) error { return errors.New("there is none") }
		}, []string{"problem: secrets: KEY of container app: there is none", "problem: secrets: KEY of container m: there is none"}},
		{"a secret that can't be seen", whole, func(_ *scene.Scene, p *preflight.Preflight) {
			p.Secret = func(context.Context, ecs.SecretRef) error { return preflight.ErrUnseen }
		}, []string{"warning: secrets: KEY of container app", "warning: secrets: KEY of container m"}},
		{"another account", whole, func(_ *scene.Scene, p *preflight.Preflight) { p.Names.Account = "999999999999" },
			[]string{"problem: aws: the credentials are those of account 123456789012"}},
		{"expired credentials", whole, func(_ *scene.Scene, p *preflight.Preflight) {
			p.Names.Profile = "team"
			p.WhoAmI = func(context.Context) (client.Identity, error) { return client.Identity{}, client.ErrCredentials }
		}, []string{"problem: aws: "}},
		{"no such service", whole, func(_ *scene.Scene, p *preflight.Preflight) {
			on := *p.Cluster.(*ecs.On)
			on.Service = "other"
			p.Cluster = &on
		}, []string{`problem: service: service "other" in cluster "main" is not there`}},
		{"no such repository", all, func(_ *scene.Scene, p *preflight.Preflight) {
			p.Docker = engine(docker.Engine{Platform: "linux/arm64"}, docker.ErrNotInstalled)
			p.Names.Repository = "other"
		}, []string{"problem: docker: ", `problem: image: repository "other" is not there`}},
		{"no such migration", whole, func(_ *scene.Scene, p *preflight.Preflight) { p.Names.MigrateTask = "other" },
			[]string{`problem: service: task definition "other" is not there`}},
		{"no such container", whole, func(_ *scene.Scene, p *preflight.Preflight) { p.Names.MigrateContainer = "other" },
			[]string{`problem: service: migrate:1 has no container "other"`}},
		{"a tag that is there", whole, func(_ *scene.Scene, p *preflight.Preflight) { p.Wanted.ImageTag = scene.Tag }, nil},
		{"a tag that is not there", whole, func(_ *scene.Scene, p *preflight.Preflight) { p.Wanted.ImageTag = "v2" }, []string{"problem: image: "}},
		{"an image elsewhere, by its tag", whole, func(_ *scene.Scene, p *preflight.Preflight) { p.Wanted.Image = "ghcr.io/team/app:1" },
			[]string{"warning: image: ghcr.io/team/app:1 is named by a tag"}},
		{"an image of ECR without a tag", whole, func(_ *scene.Scene, p *preflight.Preflight) {
			p.Wanted.Image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app"
		}, []string{"problem: image: "}},
		{"the service is another environment's", whole, func(s *scene.Scene, _ *preflight.Preflight) {
			s.Registers("web", "production")
		}, []string{"warning: service: web:2 is production's: it contradicts the Terraform code of staging (HOST"}},
		{"the migration is another environment's", whole, func(s *scene.Scene, _ *preflight.Preflight) { s.Registers("migrate", "production") },
			[]string{"warning: service: migrate:2 is production's: it contradicts the Terraform code of staging (HOST"}},
		{"no migration is this environment's, and none can be made", whole, func(_ *scene.Scene, p *preflight.Preflight) {
			p.Env, p.Names = "production", scene.Resolve("production")
			p.Names.Others = map[string]names.Names{"staging": scene.Resolve("staging")}
		}, []string{"problem: service: migrate:1 is staging's: it contradicts the Terraform code of production (HOST, KEY", "problem: service: web:1 is staging's"}},
		{"as declared", whole, func(s *scene.Scene, p *preflight.Preflight) {
			s.Registers("migrate", "production")
			p.Names.AsDeclared = true
		}, []string{"warning: service: migrate:2 is production's: it contradicts the Terraform code of staging (HOST, KEY); --as-declared runs it as it is"}},
		{"somebody is at it", whole, func(s *scene.Scene, _ *preflight.Preflight) {
			s.Hold = true
			name := s.Registers("web", "staging")
			if _, err := s.On.Update(context.Background(), name, false); err != nil {
				panic(err)
			}
		}, []string{"conflict: service: another deployment is under way: web:2"}},
		{"somebody is at it, and --force", whole, func(s *scene.Scene, p *preflight.Preflight) {
			s.Hold, p.Force = true, true
			name := s.Registers("web", "staging")
			if _, err := s.On.Update(context.Background(), name, false); err != nil {
				panic(err)
			}
		}, []string{"warning: service: another deployment is under way: web:2"}},
		{"AWS is away", whole, func(_ *scene.Scene, p *preflight.Preflight) {
			p.WhoAmI = func(context.Context) (client.Identity, error) { return client.Identity{}, errors.New("no") }
		}, []string{"problem: aws: no"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := scene.New(t, fakeaws.Healthy)
			s.Held()
			p := s.Preflight(state.Unkept("staging", c.steps), c.steps...)
			c.set(s, &p)
			look, err := p.Look(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, f := range look.Findings {
				if !strings.Contains(f.Text, "share the") { // which both environments do throughout
					found = append(found, f.Level.String()+": "+f.About+": "+f.Text)
				}
			}
			for _, want := range c.finds {
				if !slices.ContainsFunc(found, func(f string) bool { return strings.HasPrefix(f, want) }) {
					t.Errorf("%q is not found in\n%s", want, strings.Join(found, "\n"))
				}
			}
			if c.finds == nil && len(found) > 0 {
				t.Errorf("found\n%s", strings.Join(found, "\n"))
			}
		})
	}
}

// TestLookShared: what two environments share is told.
func TestLookShared(t *testing.T) {
	s := scene.New(t, fakeaws.Healthy)
	s.Held()
	look, err := s.Preflight(state.Unkept("staging", whole), whole...).Look(t.Context())
	if err != nil || !slices.ContainsFunc(look.Findings, func(f preflight.Finding) bool {
		return f.Level == preflight.Warning && strings.HasPrefix(f.Text, "staging and production share the task definition family web, migrate")
	}) {
		t.Errorf("%+v, %v", look.Findings, err)
	}
	if look.Pushed == "" || look.Tag != scene.Tag || !slices.Equal(look.Containers, []string{"app"}) || look.MigrateContainer != "m" || look.Base.Name != "web:1" {
		t.Errorf("%+v", look)
	}
}

// TestLookBuild: an image that is to be built needs an engine, a Dockerfile and a commit
// that has it.
func TestLookBuild(t *testing.T) {
	steps := []state.Step{state.Build}
	for _, c := range []struct {
		name   string
		dirty  []string
		of     bool // build from the work tree
		engine docker.Engine
		err    error
		finds  []string
	}{
		{"emulated", nil, false, docker.Engine{Platform: "linux/arm64", Builder: docker.Classic}, nil, []string{"warning: docker: the engine runs on linux/arm64", "note: docker: there is no buildx"}},
		{"a Dockerfile that is not committed", []string{"Dockerfile"}, false, docker.Engine{Platform: "linux/amd64"}, nil, []string{"warning: git: Dockerfile differs from the commit's"}},
		{"the work tree differs", []string{"a.py"}, false, docker.Engine{Platform: "linux/amd64"}, nil, []string{"warning: git: the work tree differs from the commit (a.py): the image is built from the commit"}},
		{"and is built", []string{"a.py"}, true, docker.Engine{Platform: "linux/amd64"}, nil, []string{"warning: git: the work tree differs from the commit (a.py), so the image is tagged git-0123456789ab-dirty"}},
		{"no engine answers", nil, false, docker.Engine{}, &docker.UnreachableError{}, []string{"problem: docker: "}},
		{"another program", nil, false, docker.Engine{}, &docker.OtherProgramError{}, []string{"problem: docker: "}},
		{"something else", nil, false, docker.Engine{}, errors.New("broken"), []string{"problem: docker: broken"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := scene.New(t, fakeaws.Healthy)
			if err := os.WriteFile(filepath.Join(s.Dir, "Dockerfile"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			journal := state.Unkept("staging", steps)
			journal.Dirty = c.of
			p := s.Preflight(journal, steps...)
			p.Commit = func(context.Context) (project.Commit, error) {
				return project.Commit{SHA: scene.Commit, Dirty: c.dirty}, nil
			}
			p.Docker = func(context.Context) (*docker.Engine, error) { return &c.engine, c.err }
			look, err := p.Look(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range c.finds {
				if !slices.ContainsFunc(look.Findings, func(f preflight.Finding) bool {
					return strings.HasPrefix(f.Level.String()+": "+f.About+": "+f.Text, want)
				}) {
					t.Errorf("%q is not found in %+v", want, look.Findings)
				}
			}
		})
	}
}

// TestLookResumed: what an earlier run began is looked for, and watched if it is under way;
// somebody else's deployment is not gone over.
func TestLookResumed(t *testing.T) {
	update := []state.Step{state.Update}
	for _, c := range []struct {
		name  string
		phase state.Phase
		set   func(j *state.Journal, before, mine *ecs.Deployment)
		force bool
		watch bool
		finds string
	}{
		{"its answer was lost", state.Updating, func(j *state.Journal, before, _ *ecs.Deployment) { j.Seen = before.ID }, false, true, ""},
		{"under way", state.RollingOut, func(j *state.Journal, before, mine *ecs.Deployment) { j.Seen, j.Deployment = before.ID, mine.ID }, false, true, ""},
		{"superseded", state.RollingOut, func(j *state.Journal, before, _ *ecs.Deployment) { j.Seen, j.Deployment = before.ID, "gone" }, false, true, ""},
		{"superseded, and --force", state.RollingOut, func(j *state.Journal, before, _ *ecs.Deployment) { j.Seen, j.Deployment = before.ID, "gone" }, true, false, "warning: service: somebody else has deployed web:2 since"},
		{"nothing was asked for, and somebody else deployed", state.Prepared, func(j *state.Journal, before, _ *ecs.Deployment) { j.Seen = before.ID }, false, false, "conflict: service: somebody else has deployed web:2 since"},
		{"told to stop", state.GoingBack, func(j *state.Journal, before, mine *ecs.Deployment) { j.Seen, j.Deployment = before.ID, mine.ID }, false, false, "conflict: service: this deployment's own rollout, of web:2, was told to stop"},
		{"ended, and the service has gone back", state.Ended, func(j *state.Journal, _, _ *ecs.Deployment) {
			j.Seen, j.Deployment, j.Before = "earlier", "gone", "web:2"
		}, false, false, "conflict: service: either ECS has rolled this deployment back, or somebody else has deployed web:2 since"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := scene.New(t, fakeaws.Healthy)
			s.Held()
			s.Hold = true
			was, err := s.On.State(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			name := s.Registers("web", "staging")
			if _, err := s.On.Update(t.Context(), name, false); err != nil {
				t.Fatal(err)
			}
			is, err := s.On.State(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			j := state.Unkept("staging", update)
			j.Phase, j.Region, j.Revision, j.Before, j.Words = c.phase, scene.Region, name, "web:1", "an image"
			c.set(j, was.Primary(), is.Primary())
			p := s.Preflight(j, update...)
			p.Force = c.force
			look, err := p.Look(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if look.Watch != c.watch {
				t.Errorf("watch: %v", look.Watch)
			}
			blocked := preflight.Blocking(look.Findings)
			if c.watch && blocked != nil {
				t.Errorf("%+v stands in the way", look.Findings)
			}
			if c.finds != "" && !slices.ContainsFunc(look.Findings, func(f preflight.Finding) bool {
				return strings.HasPrefix(f.Level.String()+": "+f.About+": "+f.Text, c.finds)
			}) {
				t.Errorf("%q is not found in %+v", c.finds, look.Findings)
			}
		})
	}
}

// TestLookAtRest: before a rollback only a deployment that is under way is looked for.
func TestLookAtRest(t *testing.T) {
	s := scene.New(t, fakeaws.Healthy)
	p := s.Preflight(state.Unkept("staging", nil))
	p.AtRest = true
	look, err := p.Look(t.Context())
	if err != nil || preflight.Blocking(look.Findings) != nil {
		t.Errorf("%+v, %v", look.Findings, err)
	}
	s.Hold = true
	if _, err := s.On.Update(t.Context(), s.Registers("web", "staging"), false); err != nil {
		t.Fatal(err)
	}
	look, err = p.Look(t.Context())
	var found *preflight.FoundError
	if err != nil || !errors.As(preflight.Blocking(look.Findings), &found) || !found.Conflict() {
		t.Errorf("%+v, %v", look.Findings, err)
	}
}
