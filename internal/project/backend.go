package project

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"hci/internal/atomicfile"
)

var (
	// backendFile is what teams call the files that they give to 'init
	// -backend-config'.
	backendFile = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)\.tfbackend$|backend.*\.(hcl|tfvars|conf|config|txt)$|\.backend$`)
	})
	keyPrefix = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^\s*workspace_key_prefix\s*=`) })
)

// backendFiles lists the files around an environment's code by which the
// backend is configured at 'init', and those of them that are the environment's.
func backendFiles(env *Environment) (all, own []string) {
	dirs := []string{env.TerraformDir}
	for _, sub := range append([]string{"backend", "backends", "backend-config", "backend_config"}, fileDirectories...) {
		in := filepath.Join(env.TerraformDir, sub)
		dirs = append(dirs, in, filepath.Join(in, env.Name))
	}
	for _, dir := range dirs {
		for _, name := range list(dir) {
			if !backendFile().MatchString(name) {
				continue
			}
			path := filepath.Join(dir, name)
			all = append(all, path)
			if filepath.Base(dir) == env.Name || namesEnvironment(name, env.Name) {
				own = append(own, path)
			}
		}
	}
	return all, own
}

// namesEnvironment reports whether a file's name holds an environment's, as
// words of it.
func namesEnvironment(file, env string) bool {
	return strings.Contains(" "+strings.Join(words(file), " ")+" ", " "+strings.Join(words(env), " ")+" ")
}

// prefixAtInit is the file that gives the backend a workspace_key_prefix at
// 'init'; "" if there is none.
func (p *Project) prefixAtInit(env *Environment, b backend) string {
	if !b.atInit {
		return ""
	}
	all, _ := backendFiles(env)
	i := slices.IndexFunc(all, func(path string) bool {
		text, err := atomicfile.ReadIn(p.Boundary(), path, maxPointer)
		return err == nil && keyPrefix().Match(text)
	})
	if i < 0 {
		return ""
	}
	return all[i]
}
