package compare

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"hci/internal/project"
	"hci/internal/terraform"
	"hci/tfvars/module"
)

// claims are what the code, evaluated for something, declares or names.
type claims struct {
	of string // "environment production", "services/api"
	ev *module.Evaluated
	*Desired
}

func newClaims(of string, ev *module.Evaluated) (claims, error) {
	c := claims{of: of, ev: ev, Desired: &Desired{Evaluated: ev}}
	var twice *DuplicateNameError
	if err := c.Want(); err != nil && !errors.As(err, &twice) {
		return c, err
	}
	for _, s := range ev.Secrets { // of a name that is declared twice too
		if s.NameKnown {
			c.declared[s.Name] = true
		}
	}
	return c, nil
}

// declares reports whether a name is, or can be, declared or named by a block.
func (c claims) declares(name string) bool {
	return c.MayDeclare(name) || slices.ContainsFunc(c.ev.Mentions, func(m module.Mention) bool { return named(m, name) })
}

// mentioned lists those of names that stand somewhere in the code or in the
// values of its variables.
func (c claims) mentioned(names []string) map[string]bool {
	all := map[string]bool{}
	note := func(pieces []string) {
		for _, name := range names {
			if !all[name] && mayMention(pieces, name) {
				all[name] = true
			}
		}
	}
	c.ev.Texts(func(t module.Text) { note(t) })
	for _, v := range c.ev.Variables {
		_ = cty.Walk(v, func(_ cty.Path, v cty.Value) (bool, error) {
			if v.IsKnown() && !v.IsNull() && v.Type() == cty.String {
				note([]string{v.AsString()})
			}
			return true, nil
		})
	}
	return all
}

// unknown says why what the code declares is not known throughout; "" if it is.
func (c claims) unknown() string {
	if len(c.ev.Unseen) == 0 {
		return ""
	}
	text := c.ev.Unseen[0].String()
	if c.of != "" {
		text = c.of + ": " + text
	}
	if n := len(c.ev.Unseen) - 1; n > 0 {
		text += fmt.Sprintf(" (and %d more)", n)
	}
	return text
}

// others evaluates the code for all that could declare a secret besides an
// environment: the other environments, the workspaces that hci doesn't know, and
// the other Terraform roots of the repository. unknown says why that could not
// be told.
func (s Session) others(ctx context.Context, d *Desired) (all []claims, unknown string) {
	for _, other := range s.Project.Environments {
		if other.Name == d.Env.Name {
			continue
		}
		ev, err := s.otherEnvironment(ctx, other)
		if err != nil {
			return nil, fmt.Sprintf("what environment %s declares is not known: %v", other.Name, err)
		}
		c, err := newClaims("environment "+other.Name, ev)
		if err != nil {
			return nil, err.Error()
		}
		if unknown := c.unknown(); unknown != "" {
			return nil, unknown
		}
		all = append(all, c)
	}
	roots, unknown := s.otherRoots(ctx, d)
	return append(all, roots...), unknown
}

// otherEnvironment evaluates the code for another environment: with its secrets
// if they can be opened without asking anybody, else with nothing known of any
// variable, since the secrets file could set it.
func (s Session) otherEnvironment(ctx context.Context, env project.Environment) (*module.Evaluated, error) {
	if s.Quiet != nil {
		if file, err := s.Quiet(ctx, env); err == nil {
			_, ev, err := terraform.Evaluate(s.Project, env, file, s.Environ, terraform.Options{})
			return ev, err
		}
	}
	_, ev, err := terraform.Evaluate(s.Project, env, nil, s.Environ, terraform.Options{Blind: true})
	return ev, err
}

// anyWorkspace evaluates the code for a workspace that is not known, with
// nothing known of the variables: what it then declares could be what another
// workspace has.
func (s Session) anyWorkspace(d *Desired) (claims, error) {
	ev, err := d.Module.Evaluate(module.Inputs{Blind: true})
	if err != nil {
		return claims{}, err
	}
	return newClaims("", ev)
}

// maxRoots bounds how many directories with Terraform code are looked into.
const maxRoots = 400

// otherRoots evaluates the other Terraform roots of the repository, for whatever
// workspace and variables.
func (s Session) otherRoots(ctx context.Context, d *Desired) ([]claims, string) {
	fsys := terraform.Files(s.Project)
	dirs, foreign, err := codeDirs(fsys)
	switch {
	case err != nil:
		return nil, fmt.Sprintf("the repository can't be searched for other Terraform code: %v", err)
	case foreign != "":
		return nil, foreign + " is another tool's code, which hci does not read"
	case len(dirs) > maxRoots:
		return nil, fmt.Sprintf("the repository has more than %d directories with Terraform code", maxRoots)
	}
	covered := map[string]bool{}
	for _, m := range s.own(d) {
		for _, dir := range m.Dirs() {
			covered[dir] = true
		}
	}
	modules := map[string]*module.Module{}
	for _, dir := range dirs {
		if covered[dir] || ctx.Err() != nil {
			continue
		}
		m, err := module.LoadAt(fsys, dir)
		if err != nil {
			return nil, fmt.Sprintf("the Terraform code in %s can't be read", dir)
		}
		modules[dir] = m
	}
	for dir, m := range modules { // what another root calls is told by that one
		for _, called := range m.Dirs() {
			if called != dir {
				covered[called] = true
			}
		}
	}
	var all []claims
	for _, dir := range dirs {
		m := modules[dir]
		if m == nil || covered[dir] {
			continue
		}
		ev, err := m.Evaluate(module.Inputs{Blind: true})
		if err != nil {
			return nil, fmt.Sprintf("the Terraform code in %s can't be evaluated", dir)
		}
		c, err := newClaims(dir, ev)
		if err != nil {
			return nil, err.Error()
		}
		if unknown := c.unknown(); unknown != "" {
			return nil, unknown
		}
		all = append(all, c)
	}
	return all, ""
}

// own are the modules of this environment and of the others, where those have
// directories of their own.
func (s Session) own(d *Desired) []*module.Module {
	all := []*module.Module{d.Module}
	for _, env := range s.Project.Environments {
		if env.TerraformDir != "" && env.TerraformDir != d.Env.TerraformDir {
			if m, err := terraform.Read(s.Project.In(env)); err == nil {
				all = append(all, m)
			}
		}
	}
	return all
}

// skipped are directories that hold nobody's own code.
var skipped = []string{".git", ".terraform", "node_modules", ".venv", "venv", "__pycache__", ".tox", ".terragrunt-cache"}

// otherTools are files of tools that can make secrets and that hci does not read.
var otherTools = []string{
	"terragrunt.hcl", "root.hcl", "terragrunt.stack.hcl", "Pulumi.yaml", "Pulumi.yml", "cdk.json", "cdktf.json", "samconfig.toml", "serverless.yml", "serverless.yaml", "serverless.ts",
}

// codeDirs lists the directories with Terraform code; foreign is the first file
// of another tool's.
func codeDirs(fsys fs.FS) (dirs []string, foreign string, err error) {
	err = fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && slices.Contains(skipped, path.Base(name)):
			return fs.SkipDir
		case e.IsDir():
			return nil
		}
		if foreign == "" && slices.Contains(otherTools, path.Base(name)) {
			foreign = name
		}
		ext := filepath.Ext(name)
		if code := ext == ".tf" || ext == ".tofu" || strings.HasSuffix(name, ".tf.json"); code && !slices.Contains(dirs, path.Dir(name)) {
			dirs = append(dirs, path.Dir(name))
		}
		return nil
	})
	return dirs, foreign, err
}
