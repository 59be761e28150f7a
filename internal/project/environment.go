package project

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"hci/crypto"
)

// ownSuffix ends the stem of the secrets file of a new environment.
const ownSuffix = "_secrets"

// names lists the environments: those that hci.hcl declares, those that have a
// directory of their own, those whose secrets file or var file was found and is
// not claimed by a declared one, and the one that --workspace names. Sorted.
func (p *Project) names(c *config, root *Root, found *foundFiles, workspace string) ([]string, error) {
	claimed := c.claimed(p)
	names := map[string]bool{}
	for name := range c.environments {
		names[name] = true
	}
	own := false
	for name, paths := range found.secrets {
		paths = slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return claimed[path] })
		found.secrets[name] = paths
		if name == "" || len(paths) == 0 || root != nil && root.Dir == "" && root.Dirs[name] == "" {
			continue
		}
		own, names[name] = true, true
	}
	for name := range found.names {
		open := slices.ContainsFunc(found.vars[name], func(path string) bool { return !claimed[path] })
		if open && root != nil && root.Dir != "" {
			names[name] = true
		}
	}
	if root != nil {
		for name, dir := range root.Dirs {
			if !claimed[dir] {
				names[name] = true
			}
		}
	}
	if !own {
		shared, err := p.only(found, "")
		if err != nil {
			return nil, err
		}
		p.SharedFile = shared
	}
	return p.withWorkspace(slices.Sorted(maps.Keys(names)), workspace)
}

// claimed lists the files, and the directories, that environment blocks name.
func (c *config) claimed(p *Project) map[string]bool {
	claimed := map[string]bool{}
	for _, e := range c.environments {
		for _, path := range []setting[string]{e.secrets, e.sealed, e.terraform} {
			if path.set {
				claimed[strings.TrimSuffix(p.abs(path.value), sealedSuffix)] = true
			}
		}
		for _, path := range e.varFiles.value {
			claimed[p.abs(path)] = true
		}
	}
	return claimed
}

// withWorkspace adds the environment that --workspace names, where one file
// serves all.
func (p *Project) withWorkspace(sorted []string, workspace string) ([]string, error) {
	switch {
	case workspace == "" || slices.Contains(sorted, workspace):
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
func (p *Project) environment(name string, c *config, root *Root, found *foundFiles, code codeReader) (Environment, error) {
	d := c.environments[name]
	if d == nil {
		d = &environmentConfig{}
	}
	env := Environment{
		Name: name, Region: d.region.value, Profile: d.profile.value,
		Container:            d.container.or(c.container.value),
		PassphraseCommand:    d.command.or(c.command.value),
		RequireAuthenticated: d.authenticated.or(c.authenticated.value),
		RotateAfter:          d.rotate.or(c.rotate.value),
		Deploy:               c.deploy.merged(d.deploy),
		env:                  d.env,
		boundary:             p.Boundary(),
	}
	ownDirectory, err := p.directory(&env, d, root)
	if err != nil {
		return env, err
	}
	if d.terraform.set {
		found = p.findOwn(env)
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
	p.varFiles(&env, d, found)
	p.workspace(&env, d, ownDirectory, code)
	return env, nil
}

// directory says where an environment's code lies.
func (p *Project) directory(env *Environment, d *environmentConfig, root *Root) (own bool, err error) {
	switch {
	case d.terraform.set:
		env.TerraformDir = p.abs(d.terraform.value)
		if !isDir(env.TerraformDir) {
			return false, d.terraform.problem("there is no such directory")
		}
		return true, nil
	case root == nil:
		env.decided = p.undecided == nil || d.secrets.set || d.sealed.set
		return false, nil
	case root.Dir != "":
		env.TerraformDir = root.Dir
		return false, nil
	default:
		env.TerraformDir = root.Dirs[env.Name]
		return true, nil
	}
}

// varFiles sets the var files. Where it is not known which are meant, the
// environment is unclear.
func (p *Project) varFiles(env *Environment, d *environmentConfig, found *foundFiles) {
	env.AutoVarFiles = autoVarFiles(env.TerraformDir, env.Plain)
	var named []string
	if d.varFiles.set {
		env.varFilesSet = true
		for _, path := range d.varFiles.value {
			named = append(named, p.abs(path))
		}
	} else if named = p.namedVarFiles(*env, found); len(named) > 1 {
		env.Unclear = &VarFileError{Environment: env.Name, Paths: p.rels(named)}
		named = nil
	}
	env.VarFiles = slices.Concat(env.AutoVarFiles, named)
}

// lackVarFiles marks the environments for which no var file was found, though
// one was for others with the same code.
func (p *Project) lackVarFiles() {
	for i := range p.Environments {
		e := &p.Environments[i]
		if e.varFilesSet || e.Unclear != nil || e.hasNamed() || e.TerraformDir == "" {
			continue
		}
		lacks := &VarFileError{Environment: e.Name}
		for _, o := range p.Environments {
			if o.TerraformDir == e.TerraformDir && o.hasNamed() {
				lacks.Siblings = append(lacks.Siblings, o.Name)
				lacks.Example = p.rel(o.VarFiles[len(o.AutoVarFiles)])
			}
		}
		if len(lacks.Siblings) > 0 {
			e.Unclear = lacks
		}
	}
}

// hasNamed reports whether the environment has var files but for those that
// Terraform loads by itself.
func (e *Environment) hasNamed() bool { return len(e.VarFiles) > len(e.AutoVarFiles) }

// files says where an environment's secrets lie: where hci.hcl says, else
// where they were found, else where they would be found once they are made.
func (p *Project) files(env *Environment, d *environmentConfig, found *foundFiles) error {
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
		if plain == "" && d.terraform.set {
			plain, err = p.only(found, "")
		} else if plain == "" {
			plain = p.SharedFile
		}
		if err != nil {
			return err
		}
		if plain == "" {
			plain = filepath.Join(p.newSecretsDirectory(env), env.Name+ownSuffix+".tfvars")
		}
		env.Plain = plain
	}
	env.Sealed = env.Plain + sealedSuffix
	return nil
}

// newSecretsDirectory is where the secrets file of a new environment goes: into
// tfvars if there is one, else beside the code.
func (p *Project) newSecretsDirectory(env *Environment) string {
	dir := env.TerraformDir
	if dir == "" {
		dir = p.Root
	}
	if in := filepath.Join(dir, "tfvars"); isDir(in) {
		return in
	}
	return dir
}
