package project

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// terraformNames are the directories that are looked into for Terraform code,
// from the root.
var terraformNames = []string{"infra", "terraform", "deploy", "."}

const (
	sealedSuffix = ".enc"
	sharedName   = "secrets"  // of secrets.tfvars
	ownSuffix    = "_secrets" // of NAME_secrets.tfvars
)

// tfvarsSuffixes end the names of var files, as Terraform knows them.
var tfvarsSuffixes = []string{".tfvars", ".tfvars.json"}

// terraformDirectory returns the directory under root that holds Terraform
// code, or "".
func terraformDirectory(root string) string {
	for _, name := range terraformNames {
		dir := filepath.Join(root, name)
		for _, e := range list(dir) {
			if strings.HasSuffix(e, ".tf") || strings.HasSuffix(e, ".tf.json") {
				return dir
			}
		}
	}
	return ""
}

// findTerraform sets the Terraform directory.
func (p *Project) findTerraform(c *config) error {
	if c.terraform.set {
		p.TerraformDir = p.abs(c.terraform.value)
		if info, err := os.Stat(p.TerraformDir); err != nil || !info.IsDir() {
			return c.terraform.problem("there is no such directory")
		}
		return nil
	}
	p.TerraformDir = terraformDirectory(p.Root)
	return nil
}

// list returns the names of the files in dir, sorted; none if there is no dir.
func list(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// secretsDirectories are where the secrets files of a Terraform directory lie.
func secretsDirectories(tf string) []string {
	return []string{tf, filepath.Join(tf, "tfvars")}
}

// secretsFile recognizes the name of a secrets file, sealed or not: it returns
// the environment, "" for that of all, and the name of the plaintext.
func secretsFile(name string) (env, plain string, ok bool) {
	plain = strings.TrimSuffix(name, sealedSuffix)
	if strings.HasPrefix(plain, ".") || strings.HasPrefix(plain, "-") {
		return "", "", false
	}
	for _, suffix := range tfvarsSuffixes {
		stem, is := strings.CutSuffix(plain, suffix)
		if !is {
			continue
		}
		if stem == sharedName {
			return "", plain, true
		}
		env, is = strings.CutSuffix(stem, ownSuffix)
		return env, plain, is && env != ""
	}
	return "", "", false
}

func hasSecrets(dirs []string) bool {
	for _, dir := range dirs {
		for _, name := range list(dir) {
			if _, _, ok := secretsFile(name); ok {
				return true
			}
		}
	}
	return false
}

// foundFiles are the plaintext paths that discovery found, by environment; ""
// is that of all. A path stands there too if only its sealed file exists.
type foundFiles map[string][]string

// findSecrets looks for secrets files.
func (p *Project) findSecrets() (foundFiles, error) {
	base := p.TerraformDir
	if base == "" {
		base = p.Root
	}
	p.searched = secretsDirectories(base)
	found := foundFiles{}
	for _, dir := range p.searched {
		for _, name := range list(dir) {
			env, plain, ok := secretsFile(name)
			if !ok {
				continue
			}
			if path := filepath.Join(dir, plain); !slices.Contains(found[env], path) {
				found[env] = append(found[env], path)
			}
		}
	}
	return found, nil
}

// only returns the one file of an environment; "" if there is none.
func (p *Project) only(found foundFiles, env string) (string, error) {
	switch paths := found[env]; len(paths) {
	case 0:
		return "", nil
	case 1:
		return paths[0], nil
	default:
		e := &AmbiguousError{Environment: env}
		for _, path := range paths {
			e.Paths = append(e.Paths, p.rel(path))
		}
		return "", e
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

// namedVarFile finds the var file of an environment: beside its secrets file,
// else in the Terraform directory's tfvars, else in the Terraform directory.
func (p *Project) namedVarFile(env, secrets string) []string {
	dirs := append([]string{filepath.Dir(secrets)}, p.searched[1], p.searched[0])
	for _, dir := range dirs {
		for _, suffix := range tfvarsSuffixes {
			path := filepath.Join(dir, env+suffix)
			if info, err := os.Stat(path); err == nil && !info.IsDir() && path != secrets {
				return []string{path}
			}
		}
	}
	return nil
}
