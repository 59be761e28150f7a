package revisions

import (
	"context"
	"slices"
	"strings"

	"hci/internal/aws/ecs"
	"hci/internal/deploy/names"
)

// Pinned is a revision with those of its images pinned that it names by a tag, to
// digests by container. A tag may have moved since.
func Pinned(d *ecs.Definition, digests map[string]string) *ecs.Definition {
	next := d
	for _, c := range d.Containers() {
		if digest := digests[c.Name]; digest != "" && !strings.Contains(c.Image, "@") {
			next = next.WithImage(names.RepositoryOf(c.Image)+"@"+digest, []string{c.Name})
		}
	}
	return next
}

// Running are the images of a revision's containers, by container. A tag may have
// moved since: what the tasks run counts, where AWS tells it.
func Running(ctx context.Context, cluster interface {
	Digests(ctx context.Context, revision string) (map[string]string, error)
}, d *ecs.Definition) (map[string]string, error) {
	tags := slices.ContainsFunc(d.Containers(), func(c ecs.Container) bool { return !strings.Contains(c.Image, "@") })
	var digests map[string]string
	var err error
	if tags {
		digests, err = cluster.Digests(ctx, d.Name)
	}
	images := map[string]string{}
	for _, c := range Pinned(d, digests).Containers() {
		images[c.Name] = c.Image
	}
	return images, err
}
