package deploy

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hci/internal/aws/ecr"
	"hci/internal/aws/ecs"
	"hci/internal/deploy/names"
	"hci/internal/deploy/preflight"
	"hci/internal/deploy/state"
	"hci/internal/docker"
)

// tagged is this commit's image by its tag.
func (j *Job) tagged() string { return j.Look.Repository.URI + ":" + j.Look.Tag }

// Choose chooses what is deployed, where that is not built or pushed first: this
// commit's image if the registry has it, else the deployed one. What was chosen
// once stays.
func (j *Job) Choose() {
	journal := j.Journal
	switch {
	case journal.Words != "" || journal.Built != "":
	case journal.Restart:
		journal.Words = "what it runs, with its tasks started again"
	case j.Look.Given != "":
		journal.Image, journal.Words = j.Look.Given, "the image "+j.Look.Given
	case j.Look.Pushed != "":
		journal.Image, journal.Words, journal.Own = j.Look.Repository.URI+"@"+j.Look.Pushed, j.inRegistry(), true
	case slices.Contains(journal.Steps, state.Push):
	default:
		journal.Image, journal.Words = j.Look.Deployed.One, "the deployed image"
	}
}

func (j *Job) inRegistry() string {
	if strings.HasSuffix(j.Look.Tag, names.DirtyTag) {
		return "the image " + j.Look.Tag + ", which is in the registry"
	}
	return "the image of commit " + j.Look.Commit.Short() + ", which is in the registry"
}

func (j *Job) build(ctx context.Context) (string, error) {
	if j.Journal.Own {
		return "not built: " + j.Journal.Image + " is in the registry", nil
	}
	dir, done, err := j.prepare(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	image := docker.Image{
		Context: filepath.Join(dir, j.Source.Context), Dockerfile: filepath.Join(dir, j.Source.Dockerfile), Platform: j.Look.Platform,
		Tags: []string{j.tagged()}, Labels: docker.Labels(j.Look.Commit.SHA, j.Look.Commit.Source, time.Now()),
	}
	if j.several() {
		return j.buildSeveral(ctx, image)
	}
	if j.Look.Moving != "" {
		image.Tags = append(image.Tags, j.Look.Repository.URI+":"+j.Look.Moving)
	}
	if err := j.Docker.Build(ctx, image); err != nil {
		return "", err
	}
	found, err := j.rightPlatform(ctx)
	if err != nil {
		return "", err
	}
	j.Journal.Built = found.ID
	return j.tagged() + " for " + j.Look.Platform, j.Journal.Save()
}

// PlatformError says that an image is built for other machines than the task's.
type PlatformError struct{ Image, Has, Wants string }

func (e *PlatformError) Error() string {
	return fmt.Sprintf("%s is an image for %s, and the task runs on %s", e.Image, e.Has, e.Wants)
}

func (j *Job) rightPlatform(ctx context.Context) (docker.Found, error) {
	found, err := j.Docker.Inspect(ctx, j.tagged())
	if err == nil && found.Platform != j.Look.Platform {
		err = &PlatformError{Image: j.tagged(), Has: found.Platform, Wants: j.Look.Platform}
	}
	return found, err
}

// OtherImageError says that a tag names here another image than was built.
type OtherImageError struct{ Image string }

func (e *OtherImageError) Error() string {
	return e.Image + " is here another image than the one that was built"
}

func (j *Job) push(ctx context.Context) (string, error) {
	if j.Journal.Own {
		return "not pushed: " + j.Journal.Image + " is in the registry", nil
	}
	if j.several() {
		return j.pushSeveral(ctx)
	}
	found, err := j.rightPlatform(ctx)
	if err != nil {
		return "", err
	}
	if j.Journal.Built != "" && found.ID != j.Journal.Built {
		return "", &OtherImageError{Image: j.tagged()}
	}
	if err := j.searched(ctx, j.tagged()); err != nil {
		return "", err
	}
	tags := []string{j.Look.Tag}
	if j.Look.Moving != "" && !slices.Contains(j.Journal.Steps, state.Update) { // else it is moved when the image serves
		tags = append(tags, j.Look.Moving)
	}
	for i, tag := range tags {
		if err := j.pushTag(ctx, tag, i == 0); err != nil {
			return "", err
		}
	}
	digest, _, err := j.digest(ctx)
	if err != nil {
		return "", err
	}
	j.Journal.Image, j.Journal.Words, j.Journal.Own = j.Look.Repository.URI+"@"+digest, "the image that was pushed", true
	return j.Journal.Image, j.Journal.Save()
}

// pushTag pushes one tag; a login that expired on the way is renewed once, if it
// is hci's. The moving tag may have become immutable.
func (j *Job) pushTag(ctx context.Context, tag string, own bool) error {
	image := j.Look.Repository.URI + ":" + tag
	if !own {
		if err := j.retag(ctx, image); err != nil {
			return err
		}
	}
	err := j.Docker.Push(ctx, image)
	if errors.Is(err, docker.ErrExpired) && slices.Contains(j.Steps, state.Login) {
		j.Talk.Say("the login has expired: logging in again")
		if _, err := j.logIn(ctx); err != nil {
			return err
		}
		err = j.Docker.Push(ctx, image)
	}
	var taken *docker.TakenError
	switch {
	case !errors.As(err, &taken):
		return err
	case !own:
		j.Talk.Say("%v: it stays where it is", err)
		return nil
	}
	if _, same, digestErr := j.digest(ctx); digestErr == nil && same { // an earlier run of this deployment pushed it
		return nil
	}
	return err
}

// retag looks whether the moving tag names this commit's image here: one of an
// earlier build must not be pushed under it.
func (j *Job) retag(ctx context.Context, image string) error {
	mine, err := j.Docker.Inspect(ctx, j.tagged())
	if err != nil {
		return err
	}
	moving, err := j.Docker.Inspect(ctx, image)
	if err != nil {
		return err
	}
	if moving.ID != mine.ID {
		return &OtherImageError{Image: image}
	}
	return nil
}

// DigestError says that the registry holds another image than was pushed.
type DigestError struct{ Image, Pushed, Holds string }

func (e *DigestError) Error() string {
	return fmt.Sprintf("%s: %s was pushed, and the registry holds %s: somebody else pushed meanwhile", e.Image, e.Pushed, e.Holds)
}

// seenTries is how often the registry is asked for an image that was pushed.
const seenTries = 5

// digest reads back from the registry what was pushed. same tells that the engine
// pushed just that; not every engine says what it pushed.
func (j *Job) digest(ctx context.Context) (digest string, same bool, err error) {
	for try := 1; ; try++ {
		digest, err = j.Registry.Digest(ctx, j.Look.Repository.Name, j.Look.Tag)
		var missing *ecr.NotFoundError
		if errors.As(err, &missing) && try < seenTries {
			if err := sleep(ctx, time.Duration(try)*time.Second); err != nil {
				return "", false, err
			}
			continue
		}
		if err != nil {
			return "", false, err
		}
		found, err := j.Docker.Inspect(ctx, j.tagged())
		if err != nil {
			return "", false, err
		}
		pushed := found.Digests[j.Look.Repository.URI]
		if pushed != "" && pushed != digest {
			return "", false, &DigestError{Image: j.tagged(), Pushed: pushed, Holds: digest}
		}
		return digest, pushed == digest, nil
	}
}

// image is what the migration and the update run, and which that is in words. It
// is "" until it is pushed, and where several are deployed.
func (j *Job) image() (image, words string) {
	if j.Journal.Words == "" {
		return "", "the image that is pushed"
	}
	return j.Journal.Image, j.Journal.Words
}

// moveTag makes the mutable tag name the image that serves, if it is one of the
// repository. That it can't be moved changes nothing of what serves.
func (j *Job) moveTag(ctx context.Context) {
	TagBack(ctx, j.Registry, j.Look.Repository, []ecs.Image{{Image: j.Journal.Image}}, j.Look.Moving, j.Talk.Say)
}

// TagBack makes a tag of a repository name the first of some images that lies in it
// and is known by its digest; "" is no tag.
func TagBack(ctx context.Context, registry preflight.Registry, in ecr.Repository, images []ecs.Image, tag string, say func(format string, args ...any)) {
	if tag == "" || in.URI == "" {
		return
	}
	for _, image := range images {
		if repository, digest, pinned := strings.Cut(image.Image, "@"); pinned && names.SameRepository(repository, in.URI) {
			moveTagTo(ctx, registry, in.Name, digest, tag, say)
			return
		}
	}
}

// moveTagTo makes a tag name the image with a digest, unless it does, and says so.
func moveTagTo(ctx context.Context, registry preflight.Registry, repository, digest, tag string, say func(format string, args ...any)) {
	if now, err := registry.Digest(ctx, repository, tag); err == nil && now == digest {
		return
	}
	if err := registry.Tag(ctx, repository, digest, tag); err != nil {
		say("warning: the tag %s of %s does not name the image that serves: %v", tag, repository, err)
		return
	}
	say("the tag %s of %s names the image that serves", tag, repository)
}
