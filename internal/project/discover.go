package project

import (
	"errors"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"hci/internal/atomicfile"
)

// terraformNames are the directories that outside git, without hci.hcl, mark
// the directory that they lie in as a project's root.
var terraformNames = []string{
	"infra", "terraform", "infrastructure", "deploy", "deployment", "iac", "tf", "ops/terraform", "infra/terraform",
	"infrastructure/terraform", "terraform/infra", "deploy/terraform", "aws/terraform", ".",
}

// discover finds the Terraform code and sets the root that is meant; it is nil
// where there is none, or where p.undecided says why none was chosen.
func (p *Project) discover(c *config, start, name string, code codeReader) (*Root, error) {
	switch {
	case c.terraform.set && name != "":
		return nil, c.terraform.problem("it says where the Terraform code lies; --root " + name + " says otherwise")
	case c.terraform.set:
		return p.configured(c, code)
	}
	s := walk(p.Root)
	p.Unread, p.cut = s.unread, s.cut
	p.Roots = findRoots(s, code)
	if name != "" {
		return p.byName(c, name)
	}
	claimed := c.claimed(p)
	open := only(p.Roots, func(r *Root) bool { // what no environment block names
		return slices.ContainsFunc(r.directories(), func(dir string) bool { return !claimed[dir] })
	})
	if len(open) == 0 {
		p.rootWhy = configName + " says so"
		return nil, nil
	}
	root, why := p.choose(open, start, code)
	if root == nil {
		p.undecided = &RootsError{Roots: rootNames(open), Why: why}
	}
	p.rootWhy = why
	return root, nil
}

// byName is the root that --root names.
func (p *Project) byName(c *config, name string) (*Root, error) {
	for env, e := range c.environments {
		for _, s := range []setting[string]{e.terraform, e.secrets, e.sealed} {
			if s.set {
				return nil, s.problem("it says where " + env + " lies; put an hci.hcl into the directory of " + name + " instead of giving --root")
			}
		}
	}
	root, err := p.named(name)
	p.rootWhy = "--root says so"
	return root, err
}

// configured is the root that hci.hcl names: a directory with code, or one with
// a directory for each environment.
func (p *Project) configured(c *config, code codeReader) (*Root, error) {
	dir := p.abs(c.terraform.value)
	if _, err := atomicfile.Within(p.Boundary(), filepath.Join(dir, configName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, c.terraform.problem("there is no such directory")
	}
	p.rootWhy = configName + " says so"
	if !holdsCode(dir) && within(p.Root, dir) {
		below := findRoots(walk(p.Root), code)
		below = only(below, func(r *Root) bool {
			return len(r.Dirs) > 0 && !slices.ContainsFunc(r.directories(), func(d string) bool { return !within(dir, d) })
		})
		if len(below) == 1 {
			p.Roots = below
			return below[0], nil
		}
	}
	root := &Root{Name: p.rel(dir), Dir: dir, base: dir}
	p.Roots = []*Root{root}
	return root, nil
}

// terraformDirectory returns the directory under root that holds Terraform
// code by one of the usual names, or "".
func terraformDirectory(root string) string {
	for _, name := range terraformNames {
		if dir := filepath.Join(root, filepath.FromSlash(name)); holdsCode(dir) {
			return dir
		}
	}
	return ""
}

// holdsSecrets reports whether secrets files lie in a directory or in those
// in it where they usually lie.
func holdsSecrets(dir string) bool {
	dirs := []string{dir}
	for _, sub := range fileDirectories {
		dirs = append(dirs, filepath.Join(dir, sub))
	}
	for _, d := range dirs {
		for _, name := range list(d) {
			if f, ok := readName(name); ok && (f.secret || f.sealed) {
				return true
			}
		}
	}
	return false
}

// environmentsBelow reports whether directories of environments with code and
// secrets lie below a directory with one of the usual names.
func environmentsBelow(root string) bool {
	for _, name := range terraformNames {
		for _, c := range append([]string{"."}, collections...) {
			dir := filepath.Join(root, filepath.FromSlash(name), c)
			for _, env := range directories(dir) {
				at := filepath.Join(dir, env)
				if (c != "." && inCollection(env) || soundsLikeEnvironment(env)) && holdsCode(at) && holdsSecrets(at) {
					return true
				}
			}
		}
	}
	return false
}

// listAll returns the names of everything in dir, sorted.
func listAll(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

// sortedPairs goes through a map by its keys.
func sortedPairs(m map[string]string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if !yield(key, m[key]) {
				return
			}
		}
	}
}
