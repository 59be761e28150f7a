package names

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"hci/internal/aws/ecs"
	"hci/internal/deploy/state"
	"hci/internal/project"
	"hci/tfvars/module"
)

// tasks finds the task definition that the service runs, and the container in
// it whose image is deployed. Where the code doesn't tell them, AWS will.
func (r *resolver) tasks() {
	set := r.set("task_definition", &r.n.TaskDefinition)
	for i, t := range r.Evaluated.Tasks {
		if set && t.Family == r.n.TaskDefinition || !set && r.service != nil && t.Address == r.service.TaskDefinition && t.Address != "" {
			r.task = &r.Evaluated.Tasks[i]
		}
	}
	if !set && r.task != nil && r.task.Family != "" {
		r.take("task_definition", &r.n.TaskDefinition, r.task.Family, r.declared(r.task.File, r.task.Line, r.task.Address))
	}
	r.container()
	if r.task == nil {
		return
	}
	for _, c := range r.task.Containers {
		if c.Name == r.n.Container {
			r.n.image = c
		}
	}
}

// container finds the container whose image is deployed: the one that may run an
// image of the project's. Several that the code gives one image are as good as one.
func (r *resolver) container() {
	if len(r.n.Images) > 0 && r.task != nil {
		r.ofImage()
		return
	}
	if r.set("container", &r.n.Container) || r.task == nil {
		return
	}
	if own := r.Env.Container; own != "" {
		_, name, in := strings.Cut(own, "/")
		if !in {
			name = own
		}
		if slices.ContainsFunc(r.task.Containers, func(c module.Container) bool { return c.Name == name }) {
			r.take("container", &r.n.Container, name, "hci.hcl, container")
			return
		}
	}
	groups := builtOf(r.task)
	if len(groups) == 1 {
		group := groups[0]
		first := max(slices.IndexFunc(group, func(c module.Container) bool { return c.Essential }), 0)
		r.take("container", &r.n.Container, group[first].Name, r.declared(r.task.File, r.task.Line, r.task.Address))
		return
	}
	var names []string
	for _, group := range groups {
		names = append(names, group[0].Name)
	}
	if len(names) > 0 {
		r.lacks("container", fmt.Sprintf("%s has several, of several images", r.task.Address), names...)
	}
}

func (r *resolver) repository() {
	if r.n.Main != "" {
		return
	}
	if r.set("repository", &r.n.Repository) {
		if e, ok := ParseECR(r.n.Repository); ok {
			r.n.Repository, r.n.RegistryAccount, r.n.RegistryRegion = e.Name, e.Account, e.Region
		}
		return
	}
	image := r.n.image
	if r.task != nil && image.Name == "" {
		if at := slices.IndexFunc(r.task.Containers, func(c module.Container) bool { return c.Repository != "" }); at >= 0 {
			image = r.task.Containers[at]
		}
	}
	if e, ok := ParseECR(image.Image); ok {
		r.take("repository", &r.n.Repository, e.Name, r.declared(r.task.File, r.task.Line, r.task.Address))
		r.n.RegistryAccount, r.n.RegistryRegion = e.Account, e.Region
		return
	}
	var known []string
	for _, repo := range r.Evaluated.Repositories {
		if repo.Name == "" {
			continue
		}
		known = append(known, repo.Name)
		if repo.Address == image.Repository || image.Repository == "" && len(r.Evaluated.Repositories) == 1 {
			r.take("repository", &r.n.Repository, repo.Name, r.declared(repo.File, repo.Line, repo.Address))
			r.n.RegistryAccount = repo.Registry
			return
		}
	}
	why := "the Terraform code declares no ECR repository whose name is known"
	switch {
	case image.Repository != "":
		why = "the service's image lies in " + image.Repository + ", whose name is not known"
	case len(known) > 0:
		why = "the Terraform code declares several, and does not say which the service's image lies in"
	}
	r.lacks("repository", why, known...)
}

func (r *resolver) image() {
	for _, s := range []struct {
		key, value string
		to         *string
	}{{"image_tag", defaultTag, &r.n.ImageTag}, {"dockerfile", defaultDockerfile, &r.n.Dockerfile}, {"context", defaultContext, &r.n.Context}} {
		if *s.to == "" && !r.set(s.key, s.to) {
			r.take(s.key, s.to, s.value, "default")
		}
	}
	r.n.Dockerfile, r.n.Context = filepath.FromSlash(r.n.Dockerfile), filepath.FromSlash(r.n.Context)
	if r.set("platform", &r.n.Platform) {
		return
	}
	if r.task != nil && r.task.Architecture+r.task.System != "" {
		r.take("platform", &r.n.Platform, ecs.Platform(r.task.Architecture, r.task.System), r.declared(r.task.File, r.task.Line, r.task.Address)+", runtime_platform")
		return
	}
	r.take("platform", &r.n.Platform, ecs.Platform("", ""), defaultPlatform)
}

// When is when an environment's database is migrated: before the update, after it, or
// both.
func When(env project.Environment) string {
	if s, ok := env.Deploy["migrate"]; ok {
		return s.Value
	}
	if _, ok := env.Deploy["migrate_after_command"]; ok {
		return state.Both
	}
	return state.Before
}

// migration finds what migrates the database: a task definition of its own, or
// a command in the service's.
func (r *resolver) migration() {
	r.n.MigrateWhen = When(r.Env)
	r.n.from["migrate"] = "default"
	for _, key := range []string{"migrate", "migrate_after_command"} {
		if s, ok := r.Env.Deploy[key]; ok {
			r.n.from[key], r.n.from["migrate"] = r.at(s), r.at(s)
		}
	}
	r.n.MigrateAfterCommand = r.Env.Deploy["migrate_after_command"].List
	if s, ok := r.Env.Deploy["migrate_command"]; ok {
		r.n.MigrateCommand, r.n.from["migrate_command"] = s.List, r.at(s)
		r.n.MigrateTask, r.n.MigrateContainer = r.n.TaskDefinition, r.n.Container
		r.set("migrate_container", &r.n.MigrateContainer)
		return
	}
	task := r.migrateTask()
	if r.set("migrate_container", &r.n.MigrateContainer) || task == nil {
		return
	}
	var essential []string
	for _, c := range task.Containers {
		if c.Essential {
			essential = append(essential, c.Name)
		}
	}
	switch {
	case len(essential) == 1:
		r.take("migrate_container", &r.n.MigrateContainer, essential[0], r.declared(task.File, task.Line, task.Address))
	case len(essential) > 1:
		r.lacks("migrate_container", task.Address+" has several that are essential", essential...)
	}
}

func (r *resolver) migrateTask() *module.Task {
	set := r.set("migrate_task", &r.n.MigrateTask)
	var found []*module.Task
	for i, t := range r.Evaluated.Tasks {
		if set && t.Family == r.n.MigrateTask || !set && &r.Evaluated.Tasks[i] != r.task && t.Family != "" && migrates(t) {
			found = append(found, &r.Evaluated.Tasks[i])
		}
	}
	switch {
	case set && len(found) == 0:
		return nil // declared elsewhere; AWS tells its containers
	case len(found) == 1:
		if !set {
			r.take("migrate_task", &r.n.MigrateTask, found[0].Family, r.declared(found[0].File, found[0].Line, found[0].Address))
		}
		return found[0]
	}
	var names []string
	for _, t := range found {
		names = append(names, t.Family)
	}
	why := "no task definition is named for it; migrate_command runs one in the service's"
	if len(names) > 0 {
		why = "several task definitions are named for it"
	}
	r.lacks("migrate_task", why, names...)
	return nil
}

// migrates reports whether a task definition is named for migrating.
func migrates(t module.Task) bool {
	return strings.Contains(strings.ToLower(t.Address+" "+t.Family), "migrat")
}
