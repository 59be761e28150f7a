// Package project finds out which environments a project has and where their
// files and their Terraform code lie. What the code says is read elsewhere: see
// internal/terraform.
//
// The project's root is the nearest parent directory with an hci.hcl, else the
// root of the git work tree, else, outside git, the nearest parent that looks
// like a project.
//
// Terraform code is looked for in every directory below it, and sorted into
// [Root]s, each of which is applied by itself: one directory, or one for each
// environment (environments/ENV, envs/ENV, live/ENV, terraform/ENV). Modules
// and examples are none. Of several roots, the one is taken in which hci was
// started, or that alone has a sealed file, or that alone declares secrets or
// services; otherwise nothing is ([RootsError]) until --root or hci.hcl says
// which.
//
// Environments are the directories of such a root, or come from the names of
// its secrets files (NAME_secrets.tfvars.enc, secrets.NAME.tfvars.enc,
// secrets/NAME.tfvars.enc …) and of its var files (environments/NAME.tfvars,
// NAME.tfvars, NAME/terraform.tfvars …), in the root's directory, in the usual
// ones in it, or beside it. If no secrets file names an environment, one file
// for all (secrets.tfvars, terraform.tfvars.enc …) serves each. A name in two
// places is an error, never a choice.
//
// The workspace is "default" unless the code or its backend asks for another.
//
// hci.hcl is optional. Everything in it overrides what would be found:
//
//	default_environment   = "staging"
//	terraform             = "infra"      # or what holds a directory for each environment
//	terraform_binary      = "tofu"       # or "terraform"
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
//	  terraform = "infra/staging"
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
	// Root names one of several roots, as [Root].Name.
	Root string
}

// Project is what was found. All paths are absolute and free of symbolic links
// up to and including the root.
type Project struct {
	Root         string
	ConfigFile   string // hci.hcl; "" without one
	TerraformDir string // "" without one, and where each environment has its own: see [Project.In]
	Roots        []*Root
	Unread       []Unread
	Binary       string // [Terraform] or [OpenTofu]; "" where nothing says which
	BinaryWhy    string
	WorkTree     string // of git, that the root lies in; "" outside git
	GitDir       string // the git directory, of a linked work tree the main one's; "" outside git
	SharedFile   string // the plaintext path of the one secrets.tfvars; "" where each environment has a file
	Environments []Environment
	// Format is the format of .env files that hci.hcl names; "" if it names none.
	Format string
	// Local is the local block of hci.hcl: what a person's own machine needs.
	Local []EnvVar

	searched           []string // directories in which secrets files were looked for
	root               *Root
	rootWhy            string
	undecided          error // why no root was taken
	givenWorkspace     string
	cut                bool // not all directories were looked into
	defaultEnvironment string
	env                []EnvVar // the general env block
	getenv             func(string) string
	environ            []string
}

// Environment is one environment and its files, which need not exist.
type Environment struct {
	Name      string
	Workspace string // Terraform's
	// WorkspaceWhy says what decided on the workspace. WorkspaceFixed says that
	// the backend names the only one, and none can be selected.
	WorkspaceWhy   string
	WorkspaceFixed bool
	// WorkspaceDeclared says that hci.hcl or --workspace names it.
	WorkspaceDeclared bool
	// BackendAtInit says that the code leaves it to 'init -backend-config' where
	// the state lies.
	BackendAtInit bool
	// BackendFile is the file that the environment gives to it; "" if none, or
	// more than one, was found.
	BackendFile string
	// SharesState names the environments with the same code in the same workspace.
	SharesState  []string
	TerraformDir string // where its code lies; "" without any
	// Unclear says why it is not known what the environment's variables are;
	// nothing is evaluated then.
	Unclear error
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
	RotateAfter          RotateAfter
	// Deploy holds what hci.hcl says of a deployment, by the names of the
	// settings: cluster, service, task_definition …
	Deploy map[string]DeploySetting

	env         []EnvVar // its own env block
	varFilesSet bool     // by hci.hcl
	decided     bool     // where no root was taken: hci.hcl says where the files lie
	boundary    string   // the project's
}

// The programs that run Terraform code.
const (
	Terraform = "terraform"
	OpenTofu  = "tofu"
)

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
	p := &Project{
		Root: at.root, ConfigFile: at.config, WorkTree: at.workTree, GitDir: at.gitDir,
		getenv: o.Getenv, environ: o.Environ, givenWorkspace: o.Workspace,
	}
	c := &config{}
	if p.ConfigFile != "" {
		if c, err = p.readConfig(p.ConfigFile); err != nil {
			return nil, err
		}
	}
	if err := p.resolve(c, start, o); err != nil {
		return nil, err
	}
	return p, p.confined()
}

// In is the project as one environment sees it: TerraformDir is that of the
// environment, if it has one.
func (p *Project) In(env Environment) *Project {
	q := *p
	if env.TerraformDir != "" {
		q.TerraformDir = env.TerraformDir
	}
	return &q
}

// Undecided says why none of several roots was taken; nil if one was, or if
// there is none.
func (p *Project) Undecided() error { return p.undecided }

// Environment returns the environment of that name, or an
// [*UnknownEnvironmentError].
func (p *Project) Environment(name string) (Environment, error) {
	i := p.find(name)
	switch {
	case i < 0 && p.undecided != nil:
		return Environment{}, p.undecided
	case i < 0:
		return Environment{}, p.unknown(name)
	}
	if env := p.Environments[i]; p.undecided != nil && env.TerraformDir == "" && !env.decided {
		return Environment{}, p.undecided
	}
	return p.Environments[i], nil
}

// find is the index of the environment that a name means: its own or, of one only, its
// beginning ("stag", "prod"); -1 if it means none.
func (p *Project) find(name string) int {
	const least = 3 // letters
	begin := []int{}
	for i, e := range p.Environments {
		if e.Name == name {
			return i
		}
		if len(name) >= least && strings.HasPrefix(e.Name, name) {
			begin = append(begin, i)
		}
	}
	if len(begin) == 1 {
		return begin[0]
	}
	return -1
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

// rels shows paths as hci.hcl would give them.
func (p *Project) rels(paths []string) []string {
	all := make([]string, len(paths))
	for i, path := range paths {
		all[i] = p.rel(path)
	}
	return all
}
