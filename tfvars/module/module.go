package module

import (
	"io/fs"

	"github.com/zclconf/go-cty/cty"

	"hci/tfvars"
	"hci/tfvars/module/internal/config"
	"hci/tfvars/module/internal/mark"
)

// Module is a Terraform directory, read but not evaluated. It may be used by
// several goroutines at once.
type Module struct {
	fsys     fs.FS
	root     *config.Module
	warnings []tfvars.Problem
}

// Load reads the Terraform directory at the root of a file system. Its errors
// are [tfvars.Problems].
func Load(fsys fs.FS) (*Module, error) { return LoadAt(fsys, ".") }

// LoadAt reads a Terraform directory below the root of a file system, so that
// modules and files beside it ("../modules/app") can be read as well.
func LoadAt(fsys fs.FS, dir string) (*Module, error) {
	root, diags := config.LoadTree(fsys, dir)
	if diags.HasErrors() {
		return nil, problems(diags)
	}
	return &Module{fsys: fsys, root: root, warnings: warnings(diags)}, nil
}

// Dirs lists the directories, in the file system, of the root module and of all
// modules of the tree that were read.
func (m *Module) Dirs() []string {
	dirs := map[string]bool{}
	var walk func(c *config.Module)
	walk = func(c *config.Module) {
		dirs[c.Dir] = true
		for _, call := range c.Calls {
			if call.Module != nil {
				walk(call.Module)
			}
		}
	}
	walk(m.root)
	return sortedKeys(dirs)
}

// unknownValues are the variables' values if nothing is known of them.
func (m *Module) unknownValues() map[string]cty.Value {
	all := make(map[string]cty.Value, len(m.root.Variables))
	for name, v := range m.root.Variables {
		all[name] = mark.Unknown(v.Type.WithoutOptionalAttributesDeep(), "var."+name)
	}
	return all
}

// Variable is an input variable of the directory.
type Variable struct {
	Name        string
	Type        cty.Type // may have optional attributes; cty.DynamicPseudoType if none is declared
	HasDefault  bool
	Default     cty.Value // of the type; cty.NilVal without a default
	Sensitive   bool
	Ephemeral   bool
	Nullable    bool
	Description string
	File        string // where it is declared, in the file system
	Line        int
}

// Variables returns the directory's input variables, sorted by name.
func (m *Module) Variables() []Variable {
	names := sortedKeys(m.root.Variables)
	out := make([]Variable, len(names))
	for i, name := range names {
		out[i], _ = m.Variable(name)
	}
	return out
}

// Variable returns one input variable; ok is false if it is not declared.
func (m *Module) Variable(name string) (v Variable, ok bool) {
	c, ok := m.root.Variables[name]
	if !ok {
		return Variable{}, false
	}
	return Variable{
		Name:        c.Name,
		Type:        c.Type,
		HasDefault:  c.Default != cty.NilVal,
		Default:     c.Default,
		Sensitive:   c.Sensitive,
		Ephemeral:   c.Ephemeral,
		Nullable:    c.Nullable,
		Description: c.Description,
		File:        c.Range.Filename,
		Line:        c.Range.Start.Line,
	}, true
}
