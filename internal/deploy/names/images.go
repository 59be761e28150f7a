package names

import (
	"path/filepath"
	"slices"

	"hci/internal/aws/ecs"
	"hci/internal/project"
	"hci/tfvars/module"
)

// Image is one of several that are built, of a block in hci.hcl.
type Image struct {
	Name                            string // of the block
	Repository                      string
	RegistryAccount, RegistryRegion string
	Dockerfile, Context             string
	reference                       module.Container // one that runs it, as the code has it
}

// blocks reads the image blocks of hci.hcl. The code's own names for a repository do: its
// address and that of its block, which hold for every environment.
func (r *resolver) blocks() {
	for _, name := range project.Images(r.Env.Deploy) {
		at := func(setting, otherwise string) string {
			if s, ok := r.Env.Deploy[project.ImageKey(name, setting)]; ok {
				return s.Value
			}
			return otherwise
		}
		i := Image{
			Name: name, Repository: at("repository", ""),
			Dockerfile: filepath.FromSlash(at("dockerfile", defaultDockerfile)), Context: filepath.FromSlash(at("context", defaultContext)),
		}
		for _, declared := range r.Evaluated.Repositories {
			if i.Repository == declared.Address && declared.Name != "" {
				i.Repository, i.RegistryAccount = declared.Name, declared.Registry
			}
		}
		if e, ok := ParseECR(i.Repository); ok {
			i.Repository, i.RegistryAccount, i.RegistryRegion = e.Name, e.Account, e.Region
		}
		for _, t := range r.Evaluated.Tasks {
			for _, c := range t.Containers {
				if i.reference.Name == "" && r.liesIn(c, i.Repository) {
					i.reference = c
				}
			}
		}
		r.n.Images = append(r.n.Images, i)
	}
}

// liesIn reports whether the code gives a container an image of a repository.
func (r *resolver) liesIn(c module.Container, repository string) bool {
	if name := r.n.Repositories[c.Repository]; name != "" {
		return name == repository
	}
	if e, ok := ParseECR(c.Image); ok {
		return e.Name == repository
	}
	return false
}

// runs is the first of the images that a task definition runs, nil if it runs none.
func (r *resolver) runs(t *module.Task) *Image {
	for i := range r.n.Images {
		if t != nil && r.n.Images[i].reference.Name != "" && len(sameImage(t, r.n.Images[i].reference)) > 0 {
			return &r.n.Images[i]
		}
	}
	return nil
}

// ofImage chooses the container, and what there is to say of the image, by the image
// block that is the first which the service runs.
func (r *resolver) ofImage() {
	i := r.runs(r.task)
	if i == nil {
		r.lacks("container", "no container of the service runs an image of hci.hcl's image blocks")
		return
	}
	from := "hci.hcl, image " + i.Name
	for _, c := range r.task.Containers {
		if slices.Contains(sameImage(r.task, i.reference), c.Name) && (r.n.Container == "" || c.Essential && !r.essential(r.n.Container)) {
			r.take("container", &r.n.Container, c.Name, from)
		}
	}
	r.n.Main = i.Name
	r.take("repository", &r.n.Repository, i.Repository, from)
	r.n.RegistryAccount, r.n.RegistryRegion = i.RegistryAccount, i.RegistryRegion
	r.take("dockerfile", &r.n.Dockerfile, i.Dockerfile, from)
	r.take("context", &r.n.Context, i.Context, from)
}

func (r *resolver) essential(container string) bool {
	return slices.ContainsFunc(r.task.Containers, func(c module.Container) bool { return c.Name == container && c.Essential })
}

// Others are the images beside the one that the names are about.
func (n Names) OtherImages() []Image {
	return slices.DeleteFunc(slices.Clone(n.Images), func(i Image) bool { return i.Name == n.Main })
}

// For returns the names as they are about another image of the blocks.
func (n Names) For(i Image) Names {
	n.Main, n.Repository, n.RegistryAccount, n.RegistryRegion = i.Name, i.Repository, i.RegistryAccount, i.RegistryRegion
	n.Dockerfile, n.Context, n.image, n.Container = i.Dockerfile, i.Context, i.reference, ""
	return n
}

// TakersOf lists the containers of a revision that get another image of the blocks.
func (n Names) TakersOf(i Image, d *ecs.Definition, repository string) []string {
	return n.For(i).Takers(d, repository)
}
