package names

import (
	"fmt"
	"slices"
	"strings"

	"hci/tfvars/module"
)

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
	return s.Name == name || s.Address == name || Label(s.Address) == name
}

// Label is the name of the block that an address is about, without the key of an
// instance.
func Label(address string) string {
	switch {
	case strings.HasSuffix(address, `"]`):
		address = address[:strings.LastIndex(address, `["`)] // the key may hold dots and brackets
	case strings.HasSuffix(address, "]"):
		address = address[:strings.LastIndexByte(address, '[')]
	}
	return address[strings.LastIndexByte(address, '.')+1:]
}

// onlyService is the service, where there is one, or the first of several that run one
// image.
func (r *resolver) onlyService() {
	if len(r.n.Images) > 0 {
		r.firstService()
		return
	}
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

// firstService is the first that runs the first of hci.hcl's images.
func (r *resolver) firstService() {
	var known []string
	for i, s := range r.Evaluated.Services {
		if s.Name == "" {
			continue
		}
		known = append(known, s.Name)
		if of := r.runs(r.taskOf(s)); r.service == nil && of != nil && of.Name == r.n.Images[0].Name {
			r.service = &r.Evaluated.Services[i]
		}
	}
	if r.service == nil {
		r.lacks("service", "no service of the Terraform code runs image "+r.n.Images[0].Name+" of hci.hcl, by an image of its repository", known...)
		return
	}
	r.take("service", &r.n.Service, r.service.Name, r.declared(r.service.File, r.service.Line, r.service.Address))
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
		if r.service == nil || s.Address == r.service.Address || t == nil || len(sameImage(t, r.n.image)) == 0 && r.runs(t) == nil {
			continue
		}
		if s.Name == "" {
			r.n.Unnamed = append(r.n.Unnamed, s.Address)
			continue
		}
		r.n.Sharing = append(r.n.Sharing, s.Name)
	}
}
