package names

import (
	"slices"
	"strings"

	"hci/internal/aws/ecs"
	"hci/tfvars/module"
)

// repositoryPart is what tells the repository in the image that the code gives a
// container: a declared repository's address, the text without its tag, or what
// the image depends on. It is "" if nothing is known.
func repositoryPart(c module.Container) string {
	if c.Repository != "" {
		return c.Repository
	}
	return RepositoryOf(c.Reference)
}

// sameImage lists the containers of a declared task definition that run the image
// of a container: those with its reference or else, since one-off tasks may name
// another tag, those with its repository.
func sameImage(t *module.Task, of module.Container) []string {
	if t == nil || of.Reference == "" {
		return nil
	}
	var same, near []string
	for _, c := range t.Containers {
		switch {
		case c.Name == "":
		case c.Reference == of.Reference:
			same = append(same, c.Name)
		case repositoryPart(c) == repositoryPart(of):
			near = append(near, c.Name)
		}
	}
	if len(same) > 0 {
		return same
	}
	return near
}

// ours reports whether an image may be one that the project builds: it lies in a
// repository of ECR, is a placeholder, or is not written out.
func ours(c module.Container) bool {
	host, _, _ := strings.Cut(c.Reference, "/")
	return c.Repository != "" || strings.HasPrefix(c.Reference, "${") || strings.Contains(c.Reference, "<") || strings.Contains(host, ".dkr.ecr")
}

// builtOf are the containers of a declared task definition that may run the image
// that is built, by their references, in the order of the code.
func builtOf(t *module.Task) [][]module.Container {
	groups := func(take func(module.Container) bool) [][]module.Container {
		var all [][]module.Container
		for _, c := range t.Containers {
			if c.Name == "" || !take(c) {
				continue
			}
			at := slices.IndexFunc(all, func(g []module.Container) bool { return g[0].Reference == c.Reference && c.Reference != "" })
			if at < 0 {
				all = append(all, []module.Container{c})
			} else {
				all[at] = append(all[at], c)
			}
		}
		return all
	}
	for _, take := range []func(module.Container) bool{
		func(c module.Container) bool { return c.Repository != "" }, ours, func(module.Container) bool { return true },
	} {
		if found := groups(take); len(found) > 0 {
			return found
		}
	}
	return nil
}

// declared is a task definition that the code declares, nil if it declares none of
// the family.
func (n Names) Declared(family string) *module.Task {
	at := slices.IndexFunc(n.tasks, func(t module.Task) bool { return t.Family == family && family != "" })
	if at < 0 {
		return nil
	}
	return &n.tasks[at]
}

// Takers lists the containers of a revision that get the image which is deployed.
// What the code says of a container decides; one that the code doesn't declare gets
// it if its image lies in the repository, which is given as images name it.
func (n Names) Takers(d *ecs.Definition, repository string) []string {
	t := n.Declared(d.Family())
	byCode := sameImage(t, n.image)
	var all []string
	for _, c := range d.Containers() {
		known := len(byCode) > 0 && slices.ContainsFunc(t.Containers, func(of module.Container) bool { return of.Name == c.Name })
		switch {
		case known:
			if slices.Contains(byCode, c.Name) {
				all = append(all, c.Name)
			}
		case repository != "" && SameRepository(c.Image, repository):
			all = append(all, c.Name)
		}
	}
	return all
}

// Deploys reports whether a declared container runs the image that is deployed.
func (n Names) Deploys(t module.Task, c module.Container) bool {
	return slices.Contains(sameImage(&t, n.image), c.Name)
}
