package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hci/internal/deploy/state"
	"hci/internal/docker"
)

// An image for several platforms is built for each of them by itself, looked through and
// pushed with a tag of its own; a list in the registry, which has the commit's tag, joins
// them. So what holds for one image holds for each, whichever builder there is.

// several reports whether the image is for more than one platform.
func (j *Job) several() bool { return len(j.platforms()) > 1 }

// platforms are those that the image is built for.
func (j *Job) platforms() []string { return strings.Split(j.Look.Platform, ",") }

// partTag is the tag of the image for one of several platforms.
func (j *Job) partTag(platform string) string {
	return j.Look.Tag + "-" + strings.ReplaceAll(platform[strings.IndexByte(platform, '/')+1:], "/", "-")
}

func (j *Job) part(platform string) string {
	return j.Look.Repository.URI + ":" + j.partTag(platform)
}

// buildSeveral builds an image for each platform.
func (j *Job) buildSeveral(ctx context.Context, image docker.Image) (string, error) {
	var built []string
	image.Several = true
	for _, platform := range j.platforms() {
		image.Platform, image.Tags = platform, []string{j.part(platform)}
		if err := j.Docker.Build(ctx, image); err != nil {
			return "", err
		}
		found, err := j.isFor(ctx, platform)
		if err != nil {
			return "", err
		}
		built = append(built, found.ID)
	}
	j.Journal.Built = strings.Join(built, ",")
	return fmt.Sprintf("%s for %s", j.tagged(), strings.Join(j.platforms(), " and ")), j.Journal.Save()
}

// isFor is the image for one of several platforms, which must be for that.
func (j *Job) isFor(ctx context.Context, platform string) (docker.Found, error) {
	found, err := j.Docker.Inspect(ctx, j.part(platform))
	if err == nil && found.Platform != platform {
		err = &PlatformError{Image: j.part(platform), Has: found.Platform, Wants: platform}
	}
	return found, err
}

// pushSeveral pushes the image for each platform, and joins them by a list.
func (j *Job) pushSeveral(ctx context.Context) (string, error) {
	var digests []string
	built := strings.Split(j.Journal.Built, ",")
	for i, platform := range j.platforms() {
		found, err := j.isFor(ctx, platform)
		if err != nil {
			return "", err
		}
		if j.Journal.Built != "" && (i >= len(built) || found.ID != built[i]) {
			return "", &OtherImageError{Image: j.part(platform)}
		}
		if err := j.searched(ctx, j.part(platform)); err != nil {
			return "", err
		}
		digest, err := j.pushPart(ctx, platform)
		if err != nil {
			return "", err
		}
		digests = append(digests, digest)
	}
	digest, err := j.Registry.Join(ctx, j.Look.Repository.Name, j.Look.Tag, digests, j.platforms())
	if err != nil {
		return "", err
	}
	if j.Look.Moving != "" && !slices.Contains(j.Journal.Steps, state.Update) { // else it is moved when the image serves
		moveTagTo(ctx, j.Registry, j.Look.Repository.Name, digest, j.Look.Moving, j.Talk.Say)
	}
	j.Journal.Image, j.Journal.Words, j.Journal.Own = j.Look.Repository.URI+"@"+digest, "the image that was pushed", true
	return j.Journal.Image, j.Journal.Save()
}

// pushPart pushes the image for one platform, unless an earlier run of this deployment
// has, and reads its digest back.
func (j *Job) pushPart(ctx context.Context, platform string) (digest string, err error) {
	pushErr := j.pushTag(ctx, j.partTag(platform), true)
	var taken *docker.TakenError
	if pushErr != nil && !errors.As(pushErr, &taken) {
		return "", pushErr
	}
	if digest, err = j.Registry.Digest(ctx, j.Look.Repository.Name, j.partTag(platform)); err != nil {
		return "", errors.Join(pushErr, err)
	}
	found, err := j.Docker.Inspect(ctx, j.part(platform))
	if err != nil {
		return "", err
	}
	switch pushed := found.Digests[j.Look.Repository.URI]; {
	case pushErr != nil && pushed != digest:
		return "", pushErr
	case pushed != "" && pushed != digest:
		return "", &DigestError{Image: j.part(platform), Pushed: pushed, Holds: digest}
	}
	return digest, nil
}
