package revisions_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"hci/internal/aws/ecs"
	"hci/internal/deploy/names"
	"hci/internal/deploy/revisions"
	"hci/internal/testing/fakeaws"
	"hci/internal/testing/scene"
)

// TestOf: of a family that environments share, only this environment's revisions count.
func TestOf(t *testing.T) {
	s := scene.New(t, fakeaws.Healthy)
	s.Registers("migrate", "production")
	skipped := ""
	own := revisions.OfSaying(s.Names, s.On, func(newest *ecs.Definition, what []string, own string) {
		skipped = newest.Name + " " + strings.Join(what, ",") + " " + own
	})
	if d, err := own.Definition(t.Context(), "migrate"); err != nil || d.Name != "migrate:1" || skipped != "migrate:2 HOST,KEY migrate:1" {
		t.Errorf("%+v, %v, skipped %q", d, err, skipped)
	}
	var missing *ecs.NotFoundError
	if _, err := own.Definition(t.Context(), "migrate:2"); !errors.As(err, &missing) {
		t.Error(err)
	}
	declared := s.Names
	declared.AsDeclared = true
	if d, err := revisions.Of(declared, s.On).Definition(t.Context(), "migrate"); err != nil || d.Name != "migrate:2" {
		t.Errorf("%+v, %v", d, err)
	}
	if d, err := revisions.Current(t.Context(), own, "migrate"); err != nil || d.Name != "migrate:1" {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestCompose: where no revision is this environment's, one is made of the code; what only
// AWS knows comes from what the service runs.
func TestCompose(t *testing.T) {
	s := scene.New(t, fakeaws.Healthy)
	running, err := s.On.Definition(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	other, err := s.On.Definition(t.Context(), s.Registers("migrate", "production"))
	if err != nil {
		t.Fatal(err)
	}
	made, err := revisions.Compose(s.Names, other, running)
	if err != nil || !slices.Equal(made.Taken, []string{"DB"}) || len(revisions.Contradictions(s.Names, made.Definition)) > 0 {
		t.Fatalf("%+v, %v", made, err)
	}
	c := made.Definition.Containers()[0]
	if c.Environment[0].Value.Reveal() != "staging" || !strings.Contains(c.Secrets[0].ValueFrom, "key_staging") {
		t.Errorf("%+v", c)
	}
	// Registered, it is this environment's.
	name, err := revisions.Register(t.Context(), s.Names, s.On, s.On, made.Definition, true)
	if err != nil || name != "migrate:3" {
		t.Errorf("%q, %v", name, err)
	}
	// What runs is another environment's: it is no witness.
	foreign, err := s.On.Definition(t.Context(), s.Registers("web", "production"))
	if err != nil {
		t.Fatal(err)
	}
	var lacks *revisions.UncomposedError
	if _, err := revisions.Compose(s.Names, other, foreign); !errors.As(err, &lacks) || lacks.Error() != "the code does not tell DB, KEY of migrate, nor does the running service" {
		t.Error(err)
	}
}

// TestForeign: none of a family's revisions is this environment's.
func TestForeign(t *testing.T) {
	s := scene.New(t, fakeaws.Healthy)
	production := scene.Resolve("production")
	production.Others = map[string]names.Names{"staging": scene.Resolve("staging")}
	var foreign *revisions.ForeignError
	_, err := revisions.Of(production, s.On).Definition(t.Context(), "migrate")
	if !errors.As(err, &foreign) || err.Error() != "no active revision of migrate is this environment's: in migrate:1, HOST, KEY, the image repository of container m contradict the Terraform code" {
		t.Error(err)
	}
}

// TestRunning: a tag may have moved since: the images that tasks run are told by digest.
func TestRunning(t *testing.T) {
	s := scene.New(t, fakeaws.Healthy)
	d, err := s.On.Definition(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	images, err := revisions.Running(t.Context(), s.On, d)
	if err != nil || !strings.HasPrefix(images["app"], s.Server.RepositoryURI()) {
		t.Errorf("%v, %v", images, err)
	}
	pinned := revisions.Pinned(d, map[string]string{"app": "sha256:1"})
	if got := pinned.Containers()[0].Image; got != s.Server.RepositoryURI()+"@sha256:1" {
		t.Error(got)
	}
}
