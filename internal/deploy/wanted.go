package deploy

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"hci/internal/aws/ecr"
	"hci/internal/project"
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

// CommitTags are the tags by which an image may be a commit's, the likeliest first:
// hci's own, and those of the usual build systems, with the commit whole and
// abbreviated.
//
// https://github.com/docker/metadata-action#typesha
func CommitTags(c project.Commit) []string {
	const least = 7 // digits, as git and build systems abbreviate
	var all []string
	for _, n := range []int{len(c.Short()), len(c.SHA), least, least + 1} {
		for _, prefix := range []string{"git-", "sha-", ""} {
			if tag := prefix + c.SHA[:min(n, len(c.SHA))]; !slices.Contains(all, tag) {
				all = append(all, tag)
			}
		}
	}
	return all
}

// ECRImage is a reference to an image in Amazon ECR, taken apart.
type ECRImage struct {
	Account, Region, Host, Name string
	Reference                   string // tag, or digest
}

var ecrHost = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.[a-z0-9.-]+$`)
})

// ParseECR takes a reference apart; ok is false if it does not name a registry of
// Amazon ECR.
//
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html
func ParseECR(image string) (e ECRImage, ok bool) {
	repository := RepositoryOf(image)
	host, name, found := strings.Cut(repository, "/")
	m := ecrHost().FindStringSubmatch(host)
	if !found || m == nil {
		return e, false
	}
	return ECRImage{Account: m[1], Region: m[2], Host: host, Name: name, Reference: strings.TrimLeft(strings.TrimPrefix(image, repository), ":@")}, true
}

// SameRepository reports whether two images lie in one repository, whichever of its
// registry's host names they are named by: ECR has others for dual-stack and FIPS.
func SameRepository(a, b string) bool {
	if RepositoryOf(a) == RepositoryOf(b) {
		return true
	}
	one, ok := ParseECR(a)
	other, also := ParseECR(b)
	return ok && also && one.Account == other.Account && one.Region == other.Region && one.Name == other.Name
}

// commitImage looks for this commit's image under the tags that it may have. The tag
// is "" if the registry has none.
func (l *looker) commitImage(ctx context.Context, repository ecr.Repository, tags []string) (tag, digest string, err error) {
	digests, errs := make([]string, len(tags)), make([]error, len(tags))
	var group sync.WaitGroup
	for i, tag := range tags {
		group.Go(func() { digests[i], errs[i] = l.Registry.Digest(ctx, repository.Name, tag) })
	}
	group.Wait()
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
	e, inECR := ParseECR(image)
	registry, name := l.Registry, e.Name
	if inECR && l.RegistryOf != nil {
		registry = l.RegistryOf(e.Account, e.Region)
	}
	if uri := l.look.Repository.URI; uri != "" && SameRepository(image, uri) { // the one that is known
		registry, name, inECR = l.Registry, l.look.Repository.Name, true
		e.Reference = strings.TrimLeft(strings.TrimPrefix(image, RepositoryOf(image)), ":@")
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
		l.look.Given = RepositoryOf(image) + "@" + digest
	}
}

// noImage tells that the deployed image would be deployed again, since the registry
// has none of this commit. With --yes nobody sees that: it is a problem.
func (l *looker) noImage() {
	if l.Follows || l.Wanted.Given() || l.Restart || l.Own.Chosen || l.AtRest || l.look.Pushed != "" || l.needs(Push) || !l.needs(Migrate, Update) || l.look.Running == nil {
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
