package names

import (
	"cmp"
	"slices"

	"hci/internal/project"
	"hci/tfvars/module"
)

// Defaults of what Terraform says nothing about.
const (
	defaultTag        = "latest"
	defaultDockerfile = "Dockerfile"
	defaultContext    = "."
	defaultPlatform   = "ECS's default" // where that is from
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
// done, see hci/internal/deploy.Needs.
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
	r.blocks()
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
	r.n.tasks, r.n.Repositories = r.Evaluated.Tasks, map[string]string{}
	for _, repository := range r.Evaluated.Repositories {
		r.n.Repositories[repository.Address] = repository.Name
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

func (r *resolver) declared(file string, line int, address string) string {
	return r.Place(file, line) + ", " + address
}
