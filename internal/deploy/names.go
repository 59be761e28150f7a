package deploy

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"hci/internal/aws/ecs"
	"hci/internal/project"
	"hci/tfvars/module"
)

// Name is one that a deployment needs, and where it came from.
type Name struct {
	Key   string `json:"name"` // as hci.hcl's deploy block has it
	Value string `json:"value"`
	From  string `json:"from"`
}

// Names are those of an environment's service, its image and its migration.
// Account, TaskDefinition and Container may be empty: AWS tells then.
type Names struct {
	Region, Profile, Account                string
	Cluster, Service                        string
	TaskDefinition, Container               string // family, and the container whose image is deployed
	Repository                              string
	RegistryAccount, RegistryRegion         string // of the repository; "" for the service's
	ImageTag, Dockerfile, Context, Platform string // paths start from the project's root
	MigrateTask, MigrateContainer           string // family
	MigrateCommand                          []string
	from                                    map[string]string
	tasks                                   []module.Task     // that the code declares
	image                                   module.Container  // as the code gives the container whose image is deployed
	repositories                            map[string]string // that the code declares: names by address
	services, secrets                       []string          // names that the code declares
	Sharing                                 []string          // other services whose containers run the image that is deployed
	unnamed                                 []string          // addresses of those whose name is not known
	others                                  map[string]Names  // of the project's other environments
	asDeclared                              bool              // the newest revision of a family is run as it is
}

// Missing is a name that neither the Terraform code nor hci.hcl tells.
type Missing struct {
	Key     string
	Why     string
	Choices []string
}

// MissingError lists the names that are not known.
type MissingError struct{ Names []Missing }

func (e *MissingError) Error() string {
	var all []string
	for _, m := range e.Names {
		all = append(all, m.String())
	}
	return strings.Join(all, "; ")
}

// String says what is not known and why.
func (m Missing) String() string {
	text := fmt.Sprintf("%s is not known: %s", strings.ReplaceAll(m.Key, "_", " "), m.Why)
	if len(m.Choices) > 0 {
		text += " (" + strings.Join(m.Choices, ", ") + ")"
	}
	return text
}

// Defaults of what Terraform says nothing about.
const (
	defaultTag        = "latest"
	defaultDockerfile = "Dockerfile"
	defaultContext    = "."
)

// Sources is what names are resolved from.
type Sources struct {
	Env       project.Environment
	Evaluated *module.Evaluated
	// Place shows where something is declared; Region is what the SDK takes if
	// nothing else says so.
	Place  func(file string, line int) string
	Region string
	// Service is the one that is meant where there are several: its name, its address,
	// or the name of its block. "" chooses.
	Service string
}

// resolver fills in names.
type resolver struct {
	Sources
	n       Names
	missing []Missing
	service *module.Service
	task    *module.Task
}

// Resolve finds the names: hci.hcl goes before the Terraform code. What is not
// known is listed for each key; which of it is needed depends on what is to be
// done, see [Needs].
func Resolve(in Sources) (Names, []Missing) {
	sorted := *in.Evaluated
	sorted.Services = slices.SortedStableFunc(slices.Values(in.Evaluated.Services), func(a, b module.Service) int { // as the code has them
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	in.Evaluated = &sorted
	r := &resolver{Sources: in}
	r.n.from = map[string]string{}
	r.declares()
	r.place()
	r.services()
	r.tasks()
	r.sharing()
	r.repository()
	r.image()
	r.migration()
	return r.n, r.missing
}

// declares notes what the code declares.
func (r *resolver) declares() {
	r.n.tasks, r.n.repositories = r.Evaluated.Tasks, map[string]string{}
	for _, repository := range r.Evaluated.Repositories {
		r.n.repositories[repository.Address] = repository.Name
	}
	for _, s := range r.Evaluated.Services {
		if s.Name != "" {
			r.n.services = append(r.n.services, s.Cluster+"/"+s.Name)
		}
	}
	for _, s := range r.Evaluated.Secrets {
		if s.NameKnown {
			r.n.secrets = append(r.n.secrets, s.Name)
		}
	}
}

// set takes a name from hci.hcl; ok is false if that doesn't have it.
func (r *resolver) set(key string, to *string) (ok bool) {
	s, ok := r.Env.Deploy[key]
	if ok {
		*to = s.Value
		r.n.from[key] = r.at(s)
	}
	return ok
}

func (r *resolver) at(s project.DeploySetting) string {
	if s.File == "" {
		return "typed"
	}
	return r.Place(s.File, s.Line)
}

func (r *resolver) take(key string, to *string, value, from string) {
	*to = value
	r.n.from[key] = from
}

func (r *resolver) lacks(key, why string, choices ...string) {
	slices.Sort(choices)
	r.missing = append(r.missing, Missing{Key: key, Why: why, Choices: slices.Compact(choices)})
}

// place is the account and the region.
func (r *resolver) place() {
	p := r.Evaluated.Provider
	provider := `provider "aws"`
	if p.File != "" {
		provider = r.Place(p.File, p.Line) + ", " + provider
	}
	switch {
	case r.Env.Region != "":
		r.take("region", &r.n.Region, r.Env.Region, "hci.hcl")
	case p.Region != "":
		r.take("region", &r.n.Region, p.Region, provider)
	case r.Region != "":
		r.take("region", &r.n.Region, r.Region, "the AWS configuration of this machine")
	}
	switch {
	case r.Env.Profile != "":
		r.take("profile", &r.n.Profile, r.Env.Profile, "hci.hcl")
	case p.Profile != "":
		r.take("profile", &r.n.Profile, p.Profile, provider)
	}
	if !r.set("account", &r.n.Account) && len(p.Allowed) == 1 {
		r.take("account", &r.n.Account, p.Allowed[0], provider+", allowed_account_ids")
	}
}

func (r *resolver) services() {
	if r.Service != "" {
		r.namedService()
	} else if r.set("service", &r.n.Service) {
		for i, s := range r.Evaluated.Services {
			if Is(s, r.n.Service) && s.Name != "" {
				r.service, r.n.Service = &r.Evaluated.Services[i], s.Name
			}
		}
	} else {
		r.onlyService()
	}
	if r.set("cluster", &r.n.Cluster) {
		return
	}
	if r.service == nil && r.n.Service == "" {
		return // which of the services' clusters, is known with the service
	}
	if r.service == nil || r.service.Cluster == "" {
		r.lacks("cluster", "the Terraform code does not tell the cluster of the service")
		return
	}
	r.take("cluster", &r.n.Cluster, r.service.Cluster, r.declared(r.service.File, r.service.Line, r.service.Address))
}

func (r *resolver) declared(file string, line int, address string) string {
	return r.Place(file, line) + ", " + address
}

// namedService finds the service that is meant.
func (r *resolver) namedService() {
	var known []string
	for i, s := range r.Evaluated.Services {
		if s.Name == "" {
			continue
		}
		known = append(known, s.Name)
		if Is(s, r.Service) {
			r.service = &r.Evaluated.Services[i]
		}
	}
	if r.service == nil {
		r.lacks("service", fmt.Sprintf("the Terraform code declares none that goes by %q", r.Service), known...)
		return
	}
	r.take("service", &r.n.Service, r.service.Name, r.declared(r.service.File, r.service.Line, r.service.Address))
}

// Is reports whether a service goes by a name: its own, its address, or that of its
// block.
func Is(s module.Service, name string) bool {
	label := s.Address[strings.LastIndexByte(s.Address, '.')+1:]
	label, _, _ = strings.Cut(label, "[")
	return s.Name == name || s.Address == name || label == name
}

// onlyService is the service, where there is one, or the first of several that run one
// image.
func (r *resolver) onlyService() {
	var known []string
	images := map[string]bool{}
	built := slices.ContainsFunc(r.Evaluated.Services, r.builds)
	for i, s := range r.Evaluated.Services {
		if s.Name == "" || built && !r.builds(s) {
			continue
		}
		if r.service == nil {
			r.service = &r.Evaluated.Services[i]
		}
		known = append(known, s.Name)
		images[r.imageOf(s)] = true
	}
	switch {
	case len(known) == 0:
		r.lacks("service", "the Terraform code declares no ECS service whose name is known")
	case len(known) > 1 && (len(images) > 1 || images[""]):
		r.service = nil
		r.lacks("service", "the Terraform code declares several, of several images", known...)
	default:
		r.take("service", &r.n.Service, r.service.Name, r.declared(r.service.File, r.service.Line, r.service.Address))
	}
}

// taskOf is what the code makes a service run, nil if that is declared elsewhere.
func (r *resolver) taskOf(s module.Service) *module.Task {
	for i, t := range r.Evaluated.Tasks {
		if t.Address == s.TaskDefinition && t.Address != "" {
			return &r.Evaluated.Tasks[i]
		}
	}
	return nil
}

// imageOf is the repository of the image that is built for a service; "" if it is not
// known, or there are several.
func (r *resolver) imageOf(s module.Service) string {
	t := r.taskOf(s)
	if t == nil {
		return ""
	}
	groups := builtOf(t)
	if len(groups) != 1 {
		return ""
	}
	return repositoryPart(groups[0][0])
}

// builds reports whether a service runs an image that the project may build, and not
// only others'.
func (r *resolver) builds(s module.Service) bool {
	t := r.taskOf(s)
	return t != nil && s.Name != "" && slices.ContainsFunc(t.Containers, ours)
}

// sharing finds the other services that run the image that is deployed.
func (r *resolver) sharing() {
	for _, s := range r.Evaluated.Services {
		t := r.taskOf(s)
		if r.service == nil || s.Address == r.service.Address || t == nil || len(sameImage(t, r.n.image)) == 0 {
			continue
		}
		if s.Name == "" {
			r.n.unnamed = append(r.n.unnamed, s.Address)
			continue
		}
		r.n.Sharing = append(r.n.Sharing, s.Name)
	}
}

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
		if !r.set(s.key, s.to) {
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
	r.take("platform", &r.n.Platform, ecs.Platform("", ""), "ECS's default")
}

// migration finds what migrates the database: a task definition of its own, or
// a command in the service's.
func (r *resolver) migration() {
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

// List lists the names that are known, with where they came from, in a fixed
// order.
func (n Names) List() []Name {
	var all []Name
	for _, e := range []struct{ key, value string }{
		{"account", n.Account}, {"region", n.Region}, {"profile", n.Profile}, {"cluster", n.Cluster}, {"service", n.Service},
		{"task_definition", n.TaskDefinition}, {"container", n.Container}, {"repository", n.Repository}, {"image_tag", n.ImageTag},
		{"dockerfile", n.Dockerfile}, {"context", n.Context}, {"platform", n.Platform},
		{"migrate_task", n.MigrateTask}, {"migrate_container", n.MigrateContainer}, {"migrate_command", strings.Join(n.MigrateCommand, " ")},
	} {
		if from := n.from[e.key]; e.value != "" && from != "" {
			all = append(all, Name{Key: e.key, Value: e.value, From: from})
		}
	}
	return all
}

// SetAccount fills in the account, as AWS tells it.
func (n *Names) SetAccount(id, from string) { n.Account, n.from["account"] = id, from }

// Needs filters what is missing by what the steps need.
func Needs(missing []Missing, steps []Step) []Missing {
	keys := []string{"cluster", "service"}
	if len(steps) == 1 && steps[0] == Explain {
		keys = nil
	}
	for _, s := range steps {
		keys = append(keys, needs[s]...)
	}
	return slices.DeleteFunc(slices.Clone(missing), func(m Missing) bool { return !slices.Contains(keys, m.Key) })
}

var needs = map[Step][]string{
	Login:   {"repository"},
	Build:   {"repository"},
	Push:    {"repository"},
	Migrate: {"migrate_task", "migrate_container", "container"},
	Update:  {"container"},
}
