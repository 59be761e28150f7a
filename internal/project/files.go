package project

import (
	"path/filepath"
	"slices"
	"strings"
)

// sealedSuffix ends the name of a sealed file.
const sealedSuffix = ".enc"

// fileDir is a directory in which var files and secrets files are looked for.
type fileDir struct {
	path   string
	own    string // the environment that it belongs to; "" if it serves all
	code   bool   // Terraform runs in it, and loads some files by itself
	beside bool   // it is the parent of Terraform's directory
}

// fileDirs lists where a root's files are looked for, in order.
func (p *Project) fileDirs(r *Root) []fileDir {
	var all []fileDir
	add := func(d fileDir) {
		if isDir(d.path) && !slices.ContainsFunc(all, func(o fileDir) bool { return o.path == d.path }) {
			all = append(all, d)
		}
	}
	around := func(d fileDir) {
		add(d)
		for _, sub := range fileDirectories {
			dir := fileDir{path: filepath.Join(d.path, sub), own: d.own}
			add(dir)
			if d.own == "" {
				p.environmentDirs(dir.path, add)
			}
		}
	}
	if r.Dir != "" {
		around(fileDir{path: r.Dir, code: true})
	}
	for env, dir := range sortedPairs(r.Dirs) {
		around(fileDir{path: dir, own: env, code: true})
		for up := filepath.Dir(dir); up != r.base && up != r.near && within(r.base, up); up = filepath.Dir(up) {
			if !p.isRoot(up) {
				around(fileDir{path: up, own: env})
			}
		}
	}
	if r.near != "" {
		add(fileDir{path: r.near})
	}
	if r.base != r.Dir && (r.base == p.Root || !p.isRoot(r.base)) {
		around(fileDir{path: r.base})
	}
	if up := filepath.Dir(r.base); r.base != p.Root && within(p.Root, up) && !p.isRoot(up) {
		around(fileDir{path: up, beside: true})
	}
	return all
}

// findOwn looks for the files of an environment whose directory hci.hcl names.
func (p *Project) findOwn(env Environment) *foundFiles {
	base := env.TerraformDir
	if up := filepath.Dir(base); base != p.Root && within(p.Root, up) {
		base = up
	}
	return p.findFiles(p.fileDirs(&Root{Dirs: map[string]string{env.Name: env.TerraformDir}, base: base}))
}

// environmentDirs adds the directories of a collection that hold an
// environment's files and no code.
func (p *Project) environmentDirs(collection string, add func(fileDir)) {
	for _, name := range directories(collection) {
		dir := filepath.Join(collection, name)
		known := slices.Contains(collections, filepath.Base(collection)) && inCollection(name) || soundsLikeEnvironment(name)
		if known && !holdsCode(dir) {
			add(fileDir{path: dir, own: name})
		}
	}
}

// isRoot reports whether another root's code lies in a directory.
func (p *Project) isRoot(dir string) bool {
	return slices.ContainsFunc(p.Roots, func(r *Root) bool { return slices.Contains(r.directories(), dir) })
}

// foundFiles are the files that discovery found, as plaintext paths by
// environment; "" is that of all. A path stands there too if only its sealed
// file exists.
type foundFiles struct {
	secrets map[string][]string
	vars    map[string][]string
	names   map[string]bool // the environments that the names of var files tell
}

// findFiles looks for a root's files.
func (p *Project) findFiles(dirs []fileDir) *foundFiles {
	found := &foundFiles{secrets: map[string][]string{}, vars: map[string][]string{}, names: map[string]bool{}}
	for _, d := range dirs {
		files := map[string]varFile{}
		var order []string
		for _, name := range list(d.path) {
			f, ok := readName(name)
			if !ok || backendFile().MatchString(name) {
				continue
			}
			if old, twice := files[f.plain]; twice {
				f.sealed = f.sealed || old.sealed
			} else {
				order = append(order, f.plain)
			}
			files[f.plain] = f
		}
		for _, name := range order {
			found.take(d, files[name])
		}
	}
	return found
}

// take sorts one file in.
func (found *foundFiles) take(d fileDir, f varFile) {
	base := filepath.Base(d.path)
	path := filepath.Join(d.path, f.plain)
	inSecrets := slices.Contains(secretDirectories, base)
	inEnvironments := slices.Contains(collections, base) && inCollection(f.env)
	if f.secret || f.sealed || inSecrets && !d.code {
		env := f.env
		switch {
		case d.own != "":
			env = d.own
		case !f.secret && !inSecrets && !inEnvironments && !soundsLikeEnvironment(env):
			env = "" // app.tfvars.enc names nothing but the app
		}
		if !d.beside || f.sealed || f.secret {
			add(found.secrets, env, path)
		}
		return
	}
	if env, ok := d.varsOf(f); ok {
		add(found.vars, env, path)
		if soundsLikeEnvironment(env) || inEnvironments || d.own != "" {
			found.names[env] = true
		}
	}
}

// varsOf is the environment that a var file without secrets belongs to. ok is
// false if it is no environment's.
func (d fileDir) varsOf(f varFile) (env string, ok bool) {
	env = f.env
	if d.own != "" {
		if env != d.own && soundsLikeEnvironment(env) {
			return "", false // another environment's
		}
		env = d.own
	}
	switch {
	case f.auto && d.code, env == "", d.own != "" && d.code && f.env != d.own && f.env != "":
		return "", false // Terraform takes it by itself, or nobody does
	case d.beside && !soundsLikeEnvironment(env):
		return "", false
	}
	return env, true
}

func add(to map[string][]string, env, path string) {
	if !slices.Contains(to[env], path) {
		to[env] = append(to[env], path)
	}
}

// hasSecrets reports whether a root has secrets files: in its own directories,
// or around it.
func (p *Project) hasSecrets(r *Root) bool {
	return len(p.findFiles(p.fileDirs(r)).secrets) > 0
}

// only returns the one file of an environment; "" if there is none.
func (p *Project) only(found *foundFiles, env string) (string, error) {
	switch paths := found.secrets[env]; len(paths) {
	case 0:
		return "", nil
	case 1:
		return paths[0], nil
	default:
		return "", &AmbiguousError{Environment: env, Paths: p.rels(paths)}
	}
}

// autoVarFiles lists the var files that Terraform loads by itself, in its
// order, but for the secrets file.
//
// https://developer.hashicorp.com/terraform/language/values/variables#variable-definition-precedence
func autoVarFiles(tf, secrets string) []string {
	if tf == "" {
		return nil
	}
	var fixed, auto []string
	for _, name := range list(tf) {
		switch {
		case filepath.Join(tf, name) == secrets:
		case name == "terraform.tfvars", name == "terraform.tfvars.json":
			fixed = append(fixed, filepath.Join(tf, name)) // in this order, as they are sorted
		case strings.HasSuffix(name, ".auto.tfvars"), strings.HasSuffix(name, ".auto.tfvars.json"):
			auto = append(auto, filepath.Join(tf, name))
		}
	}
	return append(fixed, auto...)
}

// namedVarFiles lists what could be the var file of an environment.
func (p *Project) namedVarFiles(env Environment, found *foundFiles) []string {
	files := slices.Clone(found.vars[env.Name])
	dir := filepath.Dir(env.Plain) // which hci.hcl can name, and nobody looked into
	for _, suffix := range []string{".tfvars", ".tfvars.json"} {
		path := filepath.Join(dir, env.Name+suffix)
		if exists(path) && !isDir(path) && !slices.Contains(files, path) {
			files = append(files, path)
		}
	}
	return slices.DeleteFunc(files, func(path string) bool {
		return path == env.Plain || slices.Contains(env.AutoVarFiles, path)
	})
}

// directories returns the names of the directories in dir, sorted.
func directories(dir string) []string {
	var names []string
	for _, name := range listAll(dir) {
		if isDir(filepath.Join(dir, name)) && !strings.HasPrefix(name, ".") {
			names = append(names, name)
		}
	}
	return names
}
