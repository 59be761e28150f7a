package preflight

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"hci/internal/aws/ecr"
	"hci/internal/deploy/names"
	"hci/internal/deploy/state"
)

// Wanted is the image that the user names, in place of this commit's.
type Wanted struct {
	Image    string // a reference; DeployedImage for what the service runs
	ImageTag string // of the repository
}

// DeployedImage is the word for the image that the service runs.
const DeployedImage = "deployed"

// Given reports whether an image is named.
func (w Wanted) Given() bool { return w.Image+w.ImageTag != "" }

// search begins to look for this commit's image under the tags that it may have. The tag
// that is found is "" if the registry has none, or none is wanted.
func (l *looker) search(ctx context.Context) (found func() (tag, digest string, err error)) {
	if l.Names.Repository == "" || l.look.Tag == "" || l.Wanted.Given() || l.Follows {
		return func() (string, string, error) { return "", "", nil }
	}
	tags := []string{l.look.Tag}
	if !strings.HasSuffix(l.look.Tag, names.DirtyTag) && !l.State.Rebuild {
		tags = names.CommitTags(l.look.Commit)
	}
	digests, errs := make([]string, len(tags)), make([]error, len(tags))
	var group sync.WaitGroup
	for i, tag := range tags {
		group.Go(func() { digests[i], errs[i] = l.Registry.Digest(ctx, l.Names.Repository, tag) })
	}
	return func() (string, string, error) {
		group.Wait()
		return firstFound(tags, digests, errs)
	}
}

// firstFound is the first tag that the registry has.
func firstFound(tags, digests []string, errs []error) (tag, digest string, err error) {
	for i, tag := range tags {
		var missing *ecr.NotFoundError
		switch {
		case errors.As(errs[i], &missing):
		case errs[i] != nil:
			return "", "", errs[i]
		default:
			return tag, digests[i], nil
		}
	}
	return "", "", nil
}

// wanted looks for the image that the user names.
func (l *looker) wanted(ctx context.Context) {
	image := l.Wanted.Image
	if image == DeployedImage {
		return
	}
	if image == "" {
		if l.look.Repository.URI == "" {
			l.found(Problem, "image", "'hci deploy "+l.Env+" --explain' shows the names; --image names the image as a whole", "no repository is known that would have the tag %s", l.Wanted.ImageTag)
			return
		}
		image = l.look.Repository.URI + ":" + l.Wanted.ImageTag
	}
	e, inECR := names.ParseECR(image)
	registry, name := l.Registry, e.Name
	if inECR && l.RegistryOf != nil {
		registry = l.RegistryOf(e.Account, e.Region)
	}
	if uri := l.look.Repository.URI; uri != "" && names.SameRepository(image, uri) { // the one that is known
		registry, name, inECR = l.Registry, l.look.Repository.Name, true
		e.Reference = strings.TrimLeft(strings.TrimPrefix(image, names.RepositoryOf(image)), ":@")
	}
	if !inECR {
		if !strings.Contains(image, "@") {
			l.found(Warning, "image", "", "%s is named by a tag in a registry that is not asked: the tasks run what it names by then", image)
		}
		l.look.Given = image
		return
	}
	if e.Reference == "" {
		l.found(Problem, "image", "name one: REPOSITORY:TAG or REPOSITORY@DIGEST", "%s has neither a tag nor a digest", image)
		return
	}
	digest, err := registry.Digest(ctx, name, e.Reference)
	var missing *ecr.NotFoundError
	switch {
	case errors.As(err, &missing):
		l.found(Problem, "image", "", "%s is not in the registry", image)
	case err != nil:
		l.failed("image", err)
	default:
		l.look.Given = names.RepositoryOf(image) + "@" + digest
		l.platforms(ctx, registry, name, digest)
	}
}

// noImage tells that the deployed image would be deployed again, since the registry
// has none of this commit. With --yes nobody sees that: it is a problem.
func (l *looker) noImage() {
	if l.Follows || l.Wanted.Given() || l.State.Restart || l.State.Words != "" || l.AtRest || l.look.Pushed != "" || l.needs(state.Push) || !l.needs(state.Migrate, state.Update, state.MigrateAfter) || l.look.Running == nil {
		return
	}
	what := "there is no commit to find an image by"
	if sha := l.look.Commit.Short(); sha != "" {
		what = "the registry has no image of commit " + sha
	}
	if l.look.Repository.URI == "" && l.look.Commit.SHA != "" {
		what = "whether the registry has an image of commit " + l.look.Commit.Short() + " is not known"
	}
	level := Warning
	if l.Yes {
		level = Problem
	}
	l.found(level, "image", fmt.Sprintf("build and push it, or name one: --tag TAG, --image REFERENCE; --image %s deploys the deployed image once more", DeployedImage), "%s", what)
}
