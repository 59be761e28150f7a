package names

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"hci/internal/project"
)

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

// RepositoryOf is an image's name without tag and digest.
func RepositoryOf(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
		image = image[:i]
	}
	return image
}

// dirtyTag ends the tag of an image that is built of more than a commit.
const DirtyTag = "-dirty"
