// Package project finds out which environments a project has and where their
// files lie.
//
// The root is the nearest parent directory with an hci.hcl, else the root of
// the git work tree, else, outside git, the nearest parent that looks like a
// project. The Terraform directory is the first of infra, terraform, deploy
// and the root itself that holds *.tf or *.tf.json files. Environments come
// from NAME_secrets.tfvars and NAME_secrets.tfvars.enc in it or in its
// directory tfvars; if there are none, from secrets.tfvars[.enc], one file for
// all of them, and then hci.hcl or [Options.Workspace] names them. With .json
// before .enc, the same. A name in two places is an error, never a choice.
//
// hci.hcl is optional. Everything in it overrides what would be found:
//
//	default_environment   = "staging"
//	terraform             = "infra"
//	passphrase_command    = ["op", "read", "op://vault/hci/passphrase"]
//	require_authenticated = true
//
//	openssl {
//	  kdf        = "pbkdf2"  # or "EVP_BytesToKey"
//	  digest     = "sha256"
//	  iterations = 600000
//	  salted     = true
//	  encoding   = "binary"  # or "base64", "base64 in one line"
//	}
//
//	env {
//	  DATABASE_PASSWORD = var.hci_rds_password
//	  DEBUG             = "0"
//	}
//
//	environment "staging" {
//	  workspace = "stag"
//	  var_files = ["infra/tfvars/staging.tfvars"]
//	  secrets   = "infra/tfvars/staging_secrets.tfvars"
//	  sealed    = "infra/tfvars/staging_secrets.tfvars.enc"
//	  region    = "eu-west-1"
//	  profile   = "staging"
//	  env { DEBUG = "1" }
//	}
//
// An environment block also takes passphrase_command, require_authenticated
// and openssl, each for itself. Paths are relative to the root and written with
// slashes. An environment block adds an environment, or overrides what was
// found of the one with its name; a file that it claims makes no environment
// under another name.
//
// Every error about hci.hcl is a [tfvars.Problem] with file, line and column,
// and never quotes the text of a value. A name that is not known is an error.
//
// A project whose root, git directory or hci.hcl belongs to another user is
// refused before anything in it is read, with a [*git.ForeignError], unless
// git's safe.directory names it.
//
// The package reads files and asks git about them. It keeps no state.
package project

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hci/crypto"
)

// Options of [Find].
type Options struct {
	// Getenv reads an environment variable; "" if it is not set.
	Getenv func(string) string
	// Environ is what git gets as its environment, as far as it needs it; nil is
	// this process's.
	Environ []string
	// Workspace names the environment of a project with one secrets.tfvars.
	Workspace string
}

// Project is what was found. All paths are absolute and free of symbolic links
// up to and including the root.
type Project struct {
	Root         string
	ConfigFile   string // hci.hcl; "" without one
	TerraformDir string // "" without one
	WorkTree     string // of git, that the root lies in; "" outside git
	GitDir       string // the git directory, of a linked work tree the main one's; "" outside git
	SharedFile   string // the plaintext path of the one secrets.tfvars; "" where each environment has a file
	Environments []Environment
	// Format is the format of .env files that hci.hcl names; "" if it names none.
	Format string
	// Local is the local block of hci.hcl: what a person's own machine needs.
	Local []EnvVar

	searched           []string // directories in which secrets files were looked for
	defaultEnvironment string
	env                []EnvVar // the general env block
	getenv             func(string) string
	environ            []string
}

// Environment is one environment and its files, which need not exist.
type Environment struct {
	Name      string
	Workspace string // Terraform's
	// VarFiles are the var files that exist or that hci.hcl names, but for the
	// secrets file, in Terraform's order, in which a later file overrides an
	// earlier one: terraform.tfvars, terraform.tfvars.json, *.auto.tfvars and
	// *.auto.tfvars.json by name, then those given with -var-file. The secrets
	// file comes after them all.
	VarFiles []string
	// AutoVarFiles are the first of VarFiles, which Terraform loads by itself.
	AutoVarFiles []string
	Plain        string // plaintext secrets file
	Sealed       string // sealed secrets file

	Params               []crypto.Params // declared; empty if nothing is
	Region, Profile      string
	Container            string // whose environment is exported: TASK/NAME or NAME; "" for the only one
	PassphraseCommand    []string
	RequireAuthenticated bool
	// Deploy holds what hci.hcl says of a deployment, by the names of the
	// settings: cluster, service, task_definition …
	Deploy map[string]DeploySetting

	env []EnvVar // its own env block
}

// Find finds the project that dir belongs to.
func Find(dir string, o Options) (*Project, error) {
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	start, err := startDirectory(dir)
	if err != nil {
		return nil, err
	}
	at, err := findRoot(start)
	if err != nil {
		return nil, err
	}
	if err := at.owned(o.Environ); err != nil {
		return nil, err
	}
	p := &Project{Root: at.root, ConfigFile: at.config, WorkTree: at.workTree, GitDir: at.gitDir, getenv: o.Getenv, environ: o.Environ}
	c := &config{}
	if p.ConfigFile != "" {
		if c, err = readConfig(p.ConfigFile); err != nil {
			return nil, err
		}
	}
	if err := p.resolve(c, o.Workspace); err != nil {
		return nil, err
	}
	return p, nil
}

// resolve puts together what hci.hcl says and what lies in the directories.
func (p *Project) resolve(c *config, workspace string) error {
	if err := p.findTerraform(c); err != nil {
		return err
	}
	found, err := p.findSecrets()
	if err != nil {
		return err
	}
	p.env, p.Local, p.Format = c.env, c.local, c.format.value
	names, err := p.names(c, found, workspace)
	if err != nil {
		return err
	}
	for _, name := range names {
		env, err := p.environment(name, c, found)
		if err != nil {
			return err
		}
		p.Environments = append(p.Environments, env)
	}
	return p.setDefault(c)
}

// Environment returns the environment of that name, or an
// [*UnknownEnvironmentError].
func (p *Project) Environment(name string) (Environment, error) {
	i := slices.IndexFunc(p.Environments, func(e Environment) bool { return e.Name == name })
	if i < 0 {
		return Environment{}, p.unknown(name)
	}
	return p.Environments[i], nil
}

// Names lists the environments' names, sorted.
func (p *Project) Names() []string {
	names := make([]string, len(p.Environments))
	for i, e := range p.Environments {
		names[i] = e.Name
	}
	return names
}

// EnvVars returns what the env blocks say for one environment, the general
// block overridden key by key by the environment's own, sorted by key.
func (p *Project) EnvVars(env string) []EnvVar {
	vars := slices.Clone(p.env)
	for _, e := range p.Environments {
		if e.Name != env {
			continue
		}
		for _, v := range e.env {
			vars = slices.DeleteFunc(vars, func(w EnvVar) bool { return w.Key == v.Key })
			vars = append(vars, v)
		}
	}
	slices.SortFunc(vars, func(a, b EnvVar) int { return strings.Compare(a.Key, b.Key) })
	return vars
}

// abs makes a path that hci.hcl gives absolute.
func (p *Project) abs(path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(p.Root, path)
}

// rel shows a path as hci.hcl would give it.
func (p *Project) rel(path string) string {
	if rel, err := filepath.Rel(p.Root, path); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return filepath.ToSlash(path)
}
