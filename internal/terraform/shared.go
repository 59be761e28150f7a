package terraform

import (
	"fmt"
	"slices"
	"strings"

	"hci/internal/project"
	"hci/tfvars/module"
)

// SharedError says that another environment declares a secret of the same name
// in the same place: whoever writes it for one writes it for both.
type SharedError struct {
	Environment string
	Name        string // of the first such secret
	Address     string
	More        int // how many there are besides
	Other       string
	SameVars    bool // neither has a var file, so that the variables' defaults decide for both
}

func (e *SharedError) Error() string {
	more := ""
	if e.More > 0 {
		more = fmt.Sprintf(", and %d more", e.More)
	}
	return fmt.Sprintf("%s and %s both declare the secret %q (%s%s): what is written for one is written for both", e.Environment, e.Other, e.Name, e.Address, more)
}

// Next says how they are told apart.
func (e *SharedError) Next() string {
	if e.SameVars {
		return fmt.Sprintf("write into hci.hcl which var file each has: environment %q { var_files = [\"FILE\"] }", e.Environment)
	}
	return fmt.Sprintf("put terraform.workspace or a variable into the name; where they lie in different accounts or regions, write into hci.hcl: environment %q { profile = \"NAME\" }", e.Environment)
}

// Shared looks for secrets of an environment that another one declares as well:
// under the same name, in what is the same place as far as the code and hci.hcl
// tell. The other environments are evaluated without their secrets; unknown
// says, in a line each, what that leaves open. m is the environment's module,
// for those with the same code.
func Shared(p *project.Project, env project.Environment, m *module.Module, mine []module.Secret, environ []string) (shared []*SharedError, unknown []string) {
	for _, other := range p.Environments {
		if other.Name == env.Name {
			continue
		}
		ev, err := evaluateOther(p, env, other, m, environ)
		if err != nil {
			unknown = append(unknown, fmt.Sprintf("whether %s has the same secrets is not known: %v", other.Name, err))
			continue
		}
		first, open := meet(env, other, mine, ev.Secrets)
		if first != nil {
			first.SameVars = !hasOwnVars(env) && !hasOwnVars(other) && env.TerraformDir == other.TerraformDir
			shared = append(shared, first)
		}
		if len(open) > 0 {
			unknown = append(unknown, fmt.Sprintf("whether %s has the same secrets is not known of %s, whose name or place depends on its secrets", other.Name, strings.Join(open, ", ")))
		}
	}
	return shared, unknown
}

func hasOwnVars(env project.Environment) bool { return len(env.VarFiles) > len(env.AutoVarFiles) }

func evaluateOther(p *project.Project, env, other project.Environment, m *module.Module, environ []string) (*module.Evaluated, error) {
	if m != nil && other.TerraformDir == env.TerraformDir {
		return EvaluateModule(m, other, nil, environ, Options{})
	}
	_, ev, err := Evaluate(p, other, nil, environ, Options{})
	return ev, err
}

// meet finds the first secret, by name, that both declare, and the addresses of
// the others' that could be one.
func meet(env, other project.Environment, mine, theirs []module.Secret) (first *SharedError, open []string) {
	byName := map[string][]module.Secret{}
	for _, s := range theirs {
		switch {
		case !written(s):
		case !s.NameKnown || len(s.Place.Unsettled) > 0:
			open = append(open, s.Address)
		default:
			byName[s.Name] = append(byName[s.Name], s)
		}
	}
	for _, s := range mine {
		if !written(s) || !s.NameKnown {
			continue
		}
		same := slices.ContainsFunc(byName[s.Name], func(o module.Secret) bool {
			return (s.Parameter != nil) == (o.Parameter != nil) && placed(s.Place, env).Same(placed(o.Place, other))
		})
		switch {
		case !same:
		case first == nil:
			first = &SharedError{Environment: env.Name, Other: other.Name, Name: s.Name, Address: s.Address}
		default:
			first.More++
			if s.Name < first.Name {
				first.Name, first.Address = s.Name, s.Address
			}
		}
	}
	return first, open
}

// written reports whether the code makes the secret, or gives it a value; what
// it only reads may well be several environments'.
func written(s module.Secret) bool { return s.Managed() || s.Version != "" }

// placed is a place with what hci.hcl says where the code says nothing.
func placed(at module.Place, env project.Environment) module.Place {
	if at.Region == "" {
		at.Region = env.Region
	}
	if at.Profile == "" {
		at.Profile = env.Profile
	}
	return at
}
