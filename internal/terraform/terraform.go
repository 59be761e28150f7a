// Package terraform evaluates the project's Terraform directory for one
// environment: the same variables, from the same files and in the same order
// of precedence, that Terraform itself would use for that workspace.
//
// It runs nothing and writes nothing. What it cannot know stays unknown.
package terraform

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"hci/internal/atomicfile"
	"hci/internal/project"
	"hci/tfvars"
	"hci/tfvars/module"
)

// maxVarFile bounds the size of a var file in bytes.
const maxVarFile = 16 << 20

// NoDirectoryError says that the project has no Terraform directory, so that
// nothing says which secrets there are.
type NoDirectoryError struct {
	Root   string
	Unread []project.Unread
}

func (e *NoDirectoryError) Error() string {
	if len(e.Unread) > 0 {
		return fmt.Sprintf("%s: no Terraform code was found, and hci does not read %s (%s)", e.Root, e.Unread[0].Tool, e.Unread[0].File)
	}
	return fmt.Sprintf("%s: no Terraform code was found", e.Root)
}

// Next is the line to write.
func (e *NoDirectoryError) Next() string {
	return "write into hci.hcl where it lies: terraform = \"DIR\"; 'hci init --dry-run' shows where hci looked"
}

// noDirectory is the error about a project without a Terraform directory.
func noDirectory(p *project.Project) error {
	if err := p.Undecided(); err != nil {
		return err
	}
	return &NoDirectoryError{Root: p.Root, Unread: p.Unread}
}

// Read reads the project's Terraform directory. Where each environment has its
// own, p is that of one of them: see [project.Project.In].
func Read(p *project.Project) (*module.Module, error) {
	if p.TerraformDir == "" {
		return nil, noDirectory(p)
	}
	dir, err := filepath.Rel(p.Boundary(), p.TerraformDir)
	if err != nil {
		return nil, err
	}
	// From above, so that modules beside the directory can be read as well.
	return module.LoadAt(codeFiles(p), filepath.ToSlash(dir))
}

// codeFiles are [Files] without those of OpenTofu's own names, where Terraform
// runs the code.
func codeFiles(p *project.Project) fs.FS {
	if p.Binary == project.Terraform {
		return withoutTofu{Files(p)}
	}
	return Files(p)
}

// withoutTofu lists no files of OpenTofu's own names.
type withoutTofu struct{ fs.FS }

func (f withoutTofu) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(f.FS, name)
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		return strings.HasSuffix(e.Name(), ".tofu") || strings.HasSuffix(e.Name(), ".tofu.json")
	}), err
}

// Files is the file system that the Terraform code is read from: the project's
// boundary, out of which no link leads.
func Files(p *project.Project) fs.FS {
	return atomicfile.FS(p.Boundary())
}

// Path is the path of a file that the Terraform reader names, whose names start
// from the root of [Files].
func Path(p *project.Project, file string) string {
	return filepath.Join(p.Boundary(), filepath.FromSlash(file))
}

// Inputs merges the variables of one environment in Terraform's order of
// precedence, the last one winning: TF_VAR_ variables, the var files in the
// order given, the secrets file. Where it is not known which var files are the
// environment's, it fails with [project.Environment].Unclear.
//
// https://developer.hashicorp.com/terraform/language/values/variables#variable-definition-precedence
func Inputs(m *module.Module, env project.Environment, secrets *tfvars.File, environ []string) (module.Inputs, error) {
	in := module.Inputs{Workspace: env.Workspace, Values: map[string]cty.Value{}}
	if env.Unclear != nil {
		return in, env.Unclear
	}
	if err := fromEnviron(m, environ, in.Values); err != nil {
		return in, err
	}
	for _, path := range env.VarFiles {
		file, err := readVarFile(env, path)
		if err != nil {
			return in, err
		}
		take(file, in.Values)
	}
	if secrets != nil {
		take(secrets, in.Values)
	}
	return in, nil
}

func readVarFile(env project.Environment, path string) (*tfvars.File, error) {
	data, err := env.Read(path, maxVarFile)
	if err != nil {
		return nil, err
	}
	return tfvars.Parse(data, path)
}

func take(file *tfvars.File, into map[string]cty.Value) {
	for _, name := range file.Names() {
		into[name], _ = file.Value(name)
	}
}

// fromEnviron takes TF_VAR_name=text, which Terraform reads as an expression
// unless the variable's type is a primitive one.
func fromEnviron(m *module.Module, environ []string, into map[string]cty.Value) error {
	for _, entry := range environ {
		name, text, ok := strings.Cut(entry, "=")
		name, isVar := strings.CutPrefix(name, "TF_VAR_")
		if !ok || !isVar {
			continue
		}
		declared, ok := m.Variable(name)
		if !ok {
			continue // Terraform ignores it too
		}
		value, err := tfvars.FromText(text, declared.Type)
		if err != nil {
			return fmt.Errorf("TF_VAR_%s: %w", name, err)
		}
		into[name] = value
	}
	return nil
}

// SetElsewhere says which var file, or which TF_VAR_ variable, sets a variable;
// "" if none does.
func SetElsewhere(env project.Environment, environ []string, name string) string {
	for _, path := range slices.Backward(env.VarFiles) {
		if file, err := readVarFile(env, path); err == nil && file.Has(name) {
			return path
		}
	}
	if slices.ContainsFunc(environ, func(kv string) bool { return strings.HasPrefix(kv, "TF_VAR_"+name+"=") }) {
		return "TF_VAR_" + name
	}
	return ""
}

// Options of [Evaluate]; the zero Options are those of a plain reading.
type Options struct {
	State  module.State // see [ReadState]
	Shapes bool         // wanted of every secret
	Blind  bool         // see [module.Inputs]
}

// Evaluate reads the directory and evaluates it for one environment. secrets
// may be nil: then what depends on them is unknown.
func Evaluate(p *project.Project, env project.Environment, secrets *tfvars.File, environ []string, o Options) (*module.Module, *module.Evaluated, error) {
	m, err := Read(p.In(env))
	if err != nil {
		return nil, nil, err
	}
	ev, err := EvaluateModule(m, env, secrets, environ, o)
	return m, ev, err
}

// EvaluateModule is [Evaluate] of a directory that was read before.
func EvaluateModule(m *module.Module, env project.Environment, secrets *tfvars.File, environ []string, o Options) (*module.Evaluated, error) {
	in, err := Inputs(m, env, secrets, environ)
	if err != nil {
		return nil, err
	}
	in.State, in.Shapes, in.Blind = o.State, o.Shapes, o.Blind
	return m.Evaluate(in)
}
