package project

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"hci/crypto"
)

// names lists the environments: those that hci.hcl declares, those whose
// secrets file was found and is not claimed by a declared one, and the one
// that --workspace names. Sorted.
func (p *Project) names(c *config, found foundFiles, workspace string) ([]string, error) {
	claimed := map[string]bool{}
	for _, e := range c.environments {
		for _, path := range []setting[string]{e.secrets, e.sealed} {
			if path.set {
				claimed[strings.TrimSuffix(p.abs(path.value), sealedSuffix)] = true
			}
		}
	}
	names := map[string]bool{}
	for name := range c.environments {
		names[name] = true
	}
	own := false
	for name, paths := range found {
		unclaimed := slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return claimed[path] })
		if name == "" || len(unclaimed) == 0 {
			continue
		}
		own, names[name] = true, true
		found[name] = unclaimed
	}
	if !own {
		shared, err := p.only(found, "")
		if err != nil {
			return nil, err
		}
		p.SharedFile = shared
	}
	sorted := slices.Sorted(maps.Keys(names))
	switch {
	case workspace == "" || names[workspace]:
	case p.SharedFile == "":
		if len(sorted) > 0 {
			return nil, &WorkspaceError{Workspace: workspace, Known: sorted}
		}
	default:
		sorted = append(sorted, workspace)
		slices.Sort(sorted)
	}
	return sorted, nil
}

// environment puts one environment together.
func (p *Project) environment(name string, c *config, found foundFiles) (Environment, error) {
	d := c.environments[name]
	if d == nil {
		d = &environmentConfig{}
	}
	env := Environment{
		Name: name, Workspace: d.workspace.or(name), Region: d.region.value, Profile: d.profile.value,
		Container:            d.container.or(c.container.value),
		PassphraseCommand:    d.command.or(c.command.value),
		RequireAuthenticated: d.authenticated.or(c.authenticated.value),
		Deploy:               c.deploy.merged(d.deploy),
		env:                  d.env,
	}
	if err := p.files(&env, d, found); err != nil {
		return env, err
	}
	params, declared, err := declaredParams(c.openssl, d.openssl)
	if err != nil {
		return env, err
	}
	if declared {
		env.Params = []crypto.Params{params}
	}
	env.AutoVarFiles = autoVarFiles(p.TerraformDir, env.Plain)
	named := p.namedVarFile(name, env.Plain)
	if d.varFiles.set {
		named = nil
		for _, path := range d.varFiles.value {
			named = append(named, p.abs(path))
		}
	}
	env.VarFiles = slices.Concat(env.AutoVarFiles, named)
	return env, nil
}

// files says where an environment's secrets lie: where hci.hcl says, else
// where they were found, else where they would be found once they are made.
func (p *Project) files(env *Environment, d *environmentConfig, found foundFiles) error {
	switch {
	case d.secrets.set && d.sealed.set:
		env.Plain, env.Sealed = p.abs(d.secrets.value), p.abs(d.sealed.value)
		if env.Plain == env.Sealed {
			return d.sealed.problem("the sealed file and the plaintext cannot be the same")
		}
		return nil
	case d.secrets.set:
		env.Plain = p.abs(d.secrets.value)
	case d.sealed.set:
		env.Sealed = p.abs(d.sealed.value)
		plain, ok := strings.CutSuffix(env.Sealed, sealedSuffix)
		if !ok {
			return d.sealed.problem(fmt.Sprintf("the name does not end in %s; say also where the plaintext goes, with secrets", sealedSuffix))
		}
		env.Plain = plain
		return nil
	default:
		plain, err := p.only(found, env.Name)
		if err != nil {
			return err
		}
		if plain == "" {
			plain = p.SharedFile
		}
		if plain == "" {
			plain = filepath.Join(p.newSecretsDirectory(), env.Name+ownSuffix+tfvarsSuffixes[0])
		}
		env.Plain = plain
	}
	env.Sealed = env.Plain + sealedSuffix
	return nil
}

// newSecretsDirectory is where the secrets file of a new environment goes: into
// tfvars if there is one.
func (p *Project) newSecretsDirectory() string {
	if isDir(p.searched[1]) {
		return p.searched[1]
	}
	return p.searched[0]
}
