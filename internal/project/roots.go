package project

import (
	"cmp"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Root is Terraform code that is applied by itself: one directory, or one for
// each environment.
type Root struct {
	Name string            // as --root takes it: the path from the project's root, without the environment
	Dir  string            // "" where each environment has its own
	Dirs map[string]string // by environment
	base string            // the directory around which var files lie
	near string            // the collection in which the environments' directories lie; "" without one
}

// directories lists where a root's code lies.
func (r *Root) directories() []string {
	if r.Dir != "" {
		return []string{r.Dir}
	}
	return slices.Sorted(maps.Values(r.Dirs))
}

// findRoots sorts the directories with code into roots.
func findRoots(s *scan, code codeReader) []*Root {
	called := map[string]bool{}
	dirs := slices.DeleteFunc(slices.Clone(s.code), isModuleDirectory)
	if len(dirs) == 0 {
		dirs = slices.Clone(s.code)
	}
	if len(dirs) > 1 {
		for _, rel := range s.code {
			for _, dir := range code.read(filepath.Join(s.root, rel)).calls {
				called[dir] = true
			}
		}
		applied := slices.DeleteFunc(slices.Clone(dirs), func(rel string) bool {
			dir := filepath.Join(s.root, rel)
			read := code.read(dir)
			return read.backend.kind == "" && (called[dir] || read.settings)
		})
		if len(applied) > 0 {
			dirs = applied
		}
	}
	byName := map[string]*Root{}
	for _, rel := range dirs {
		s.sort(rel, dirs, byName)
	}
	return slices.SortedFunc(maps.Values(byName), func(a, b *Root) int { return cmp.Compare(a.Name, b.Name) })
}

// sort puts one directory into the root that it belongs to.
func (s *scan) sort(rel string, all []string, byName map[string]*Root) {
	dir := filepath.Join(s.root, filepath.FromSlash(rel))
	group, near, env, rest, ok := environmentIn(rel, all)
	if !ok {
		if byName[rel] == nil {
			byName[rel] = &Root{Name: rel}
		}
		byName[rel].Dir, byName[rel].base = dir, dir
		return
	}
	name := path.Join(group, near, rest)
	if r := byName[name]; r != nil && r.Dir != "" { // code beside the environments, applied by itself
		name = path.Join(group, near, rest, "*")
	}
	r := byName[name]
	if r == nil {
		r = &Root{Name: name, Dirs: map[string]string{}, base: filepath.Join(s.root, group)}
		if near != "" {
			r.near = filepath.Join(s.root, group, near)
		}
		byName[name] = r
	}
	r.Dirs[env] = dir
}

// environmentIn finds the environment in the path of a directory: in a
// collection the first directory with an environment's name, else the one right
// in it; elsewhere one with an environment's name. group is the path before it,
// without the collection, and rest what else is in the path.
func environmentIn(rel string, all []string) (group, near, env, rest string, ok bool) {
	parts := strings.Split(rel, "/")
	for i, part := range parts {
		if i == 0 || !slices.Contains(collections, parts[i-1]) || !inCollection(part) {
			continue
		}
		at := i
		if j := slices.IndexFunc(parts[i:], soundsLikeEnvironment); j > 0 {
			at = i + j
		}
		others := slices.Concat(parts[i:at], parts[at+1:])
		return path.Join(parts[:i-1]...), parts[i-1], parts[at], path.Join(others...), true
	}
	for i, part := range parts {
		if !soundsLikeEnvironment(part) || slices.Contains(collections, part) {
			continue
		}
		if slices.Contains(unlikelyDirectories, part) && !hasSibling(parts[:i], part, all) {
			continue
		}
		return path.Join(parts[:i]...), "", part, path.Join(parts[i+1:]...), true
	}
	return "", "", "", "", false
}

// hasSibling reports whether code lies under another environment's name in the
// same directory.
func hasSibling(parent []string, name string, all []string) bool {
	prefix := path.Join(parent...)
	return slices.ContainsFunc(all, func(rel string) bool {
		rest := rel
		if prefix != "" {
			var in bool
			if rest, in = strings.CutPrefix(rel, prefix+"/"); !in {
				return false
			}
		}
		first, _, _ := strings.Cut(rest, "/")
		return first != name && soundsLikeEnvironment(first) && !slices.Contains(unlikelyDirectories, first)
	})
}

// isModuleDirectory reports whether a path says of itself that it holds a
// module.
func isModuleDirectory(rel string) bool {
	return slices.ContainsFunc(strings.Split(rel, "/"), func(part string) bool {
		part = strings.ToLower(part)
		return part == "modules" || part == "module" || strings.HasPrefix(part, "_") || strings.HasSuffix(part, "-modules") || strings.HasSuffix(part, "_modules")
	})
}

// within reports whether path is dir or lies below it.
func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// setUp are names of roots that make what the others need first: they hold no
// environment's secrets.
var setUp = []string{"bootstrap", "backend", "remote-state", "remote_state", "state", "tfstate", "terraform-state", "tf-state", "init", "setup"}

// wanted are the types of resources that hci works on, what it is for first.
var wanted = []struct {
	what  string
	types []string
}{
	{"secrets", []string{"aws_secretsmanager_secret", "aws_secretsmanager_secret_version", "awscc_secretsmanager_secret"}},
	{"parameters", []string{"aws_ssm_parameter"}},
	{"services", []string{"aws_ecs_service", "aws_ecs_task_definition"}},
}

// choose picks the root that is meant. Why says by what; where nothing
// decides, the result is nil and why lists the reasons.
func (p *Project) choose(roots []*Root, start string, code codeReader) (root *Root, why string) {
	if len(roots) == 1 {
		return roots[0], "the only Terraform code here"
	}
	if inside := deepest(roots, start); inside != nil && inside.Name != "." {
		return inside, "hci was started in it"
	}
	if found := only(roots, func(r *Root) bool { return p.hasSecrets(r) }); len(found) == 1 {
		return found[0], "the only one with a sealed file"
	} else if len(found) > 1 {
		return nil, "several hold sealed files"
	}
	roots = only(roots, func(r *Root) bool { return !slices.Contains(setUp, path.Base(r.Name)) })
	if len(roots) == 1 {
		return roots[0], "the others only set up where state lies"
	}
	for _, w := range wanted {
		switch found := only(roots, func(r *Root) bool { return code.declares(r, w.types) }); len(found) {
		case 0:
		case 1:
			return found[0], "the only one that declares " + w.what
		default:
			return nil, "several declare " + w.what
		}
	}
	return nil, "several could be meant"
}

func only(roots []*Root, keep func(*Root) bool) []*Root {
	return slices.DeleteFunc(slices.Clone(roots), func(r *Root) bool { return !keep(r) })
}

// deepest is the root in whose directory dir lies; nil if there is none.
func deepest(roots []*Root, dir string) *Root {
	var best *Root
	longest := -1
	for _, r := range roots {
		for _, d := range r.directories() {
			if within(d, dir) && len(d) > longest {
				best, longest = r, len(d)
			}
		}
		if r.near != "" && within(r.near, dir) && len(r.near) > longest {
			best, longest = r, len(r.near)
		}
	}
	return best
}

// declares reports whether a root, or a local module of its, declares one of
// the types.
func (r codeReader) declares(root *Root, types []string) bool {
	for _, dir := range root.directories() {
		for _, d := range r.reach(dir) {
			if slices.ContainsFunc(types, func(t string) bool { return r.read(d).types[t] }) {
				return true
			}
		}
	}
	return false
}

// named is the root of a name, or of the only name that ends in it.
func (p *Project) named(name string) (*Root, error) {
	name = strings.Trim(filepath.ToSlash(name), "/")
	var ends []*Root
	for _, r := range p.Roots {
		if r.Name == name {
			return r, nil
		}
		if strings.HasSuffix(r.Name, "/"+name) || slices.ContainsFunc(r.directories(), func(d string) bool { return p.rel(d) == name }) {
			ends = append(ends, r)
		}
	}
	if len(ends) == 1 {
		return ends[0], nil
	}
	unknown := &UnknownRootError{Name: name, Known: p.RootNames(), Suggestion: nearest(name, p.RootNames())}
	if len(ends) > 1 {
		return nil, unknown
	}
	for _, r := range p.Roots { // by the last of its directories, as it may be given
		if unknown.Suggestion == "" && nearest(name, []string{path.Base(r.Name)}) != "" {
			unknown.Suggestion = r.Name
		}
	}
	return nil, unknown
}

// RootNames lists the names of the roots.
func (p *Project) RootNames() []string { return rootNames(p.Roots) }

func rootNames(roots []*Root) []string {
	names := make([]string, len(roots))
	for i, r := range roots {
		names[i] = r.Name
	}
	return names
}
