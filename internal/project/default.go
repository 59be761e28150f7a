package project

import (
	"fmt"
	"slices"
	"strings"
)

// environmentVar is the variable that names the default environment.
const environmentVar = "HCI_ENV"

// productionWords mark, as a word of its name, the environment that is never
// taken by default.
var productionWords = []string{"production", "prod", "prd", "live"}

// DefaultEnvironment returns the environment of a command that names none:
// that of default_environment in hci.hcl, else of HCI_ENV, else the only one,
// else the one named fallback, if there is one. Production is taken only where
// one of the first two says so. Otherwise the error is a
// [*NoDefaultEnvironmentError], or an [*UnknownEnvironmentError] for what
// HCI_ENV says.
func (p *Project) DefaultEnvironment(fallback string) (Environment, error) {
	if p.defaultEnvironment != "" {
		return p.Environment(p.defaultEnvironment)
	}
	if name := p.getenv(environmentVar); name != "" {
		env, err := p.Environment(name)
		if err != nil {
			return env, fmt.Errorf("%s: %w", environmentVar, err)
		}
		return env, nil
	}
	if len(p.Environments) == 1 {
		if only := p.Environments[0]; !isProduction(only.Name) && !isProduction(only.Workspace) {
			return only, nil
		}
		return Environment{}, &NoDefaultEnvironmentError{Known: p.Names(), Production: true}
	}
	if env, err := p.Environment(fallback); fallback != "" && err == nil {
		return env, nil
	}
	if len(p.Environments) == 0 && p.undecided != nil {
		return Environment{}, p.undecided
	}
	return Environment{}, &NoDefaultEnvironmentError{Known: p.Names()}
}

// setDefault takes default_environment from hci.hcl.
func (p *Project) setDefault(c *config) error {
	if !c.defaultEnvironment.set {
		return nil
	}
	name := c.defaultEnvironment.value
	if _, err := p.Environment(name); err != nil {
		return c.defaultEnvironment.problem(err.Error())
	}
	p.defaultEnvironment = name
	return nil
}

func isProduction(name string) bool {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(productionWords, w) })
}
