package config

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// LoadTree reads the module in dir and, through them, the modules that it
// calls by a path within the file system. The others are named in warnings.
func LoadTree(fsys fs.FS, dir string) (*Module, hcl.Diagnostics) {
	t := &tree{fsys: fsys, modules: map[string]*Module{}}
	root := t.load(path.Clean(dir), nil)
	if t.diags.HasErrors() {
		return nil, t.diags
	}
	return root, t.diags
}

type tree struct {
	fsys    fs.FS
	modules map[string]*Module // by directory; nil while being loaded or failed
	diags   hcl.Diagnostics
}

func (t *tree) load(dir string, callers []string) *Module {
	if m, ok := t.modules[dir]; ok {
		return m
	}
	m, diags := Load(t.fsys, dir)
	t.diags = append(t.diags, diags...)
	if m == nil {
		t.modules[dir] = nil
		return nil
	}
	callers = append(slices.Clip(callers), dir)
	for _, c := range m.Calls {
		source, ok := t.local(dir, c)
		if !ok {
			continue
		}
		if slices.Contains(callers, source) {
			t.diags = append(t.diags, Problem(fmt.Sprintf("module %q calls a module that it is part of", c.Name), c.Range))
			continue
		}
		if info, err := fs.Stat(t.fsys, source); err != nil || !info.IsDir() {
			t.diags = append(t.diags, Problem(fmt.Sprintf("the source of module %q is not a directory", c.Name), c.Range))
			continue
		}
		c.Module = t.load(source, callers)
	}
	t.modules[dir] = m
	return m
}

// local returns the directory of a called module. One that can't be read here
// leaves a warning.
func (t *tree) local(dir string, c *Call) (source string, ok bool) {
	why := "it comes from elsewhere"
	if strings.HasPrefix(c.Source, "./") || strings.HasPrefix(c.Source, "../") || c.Source == "." || c.Source == ".." {
		source = path.Join(dir, c.Source)
		if fs.ValidPath(source) {
			return source, true
		}
		why = "its source lies outside the directory"
	}
	t.diags = append(t.diags, Warning(fmt.Sprintf("module %q was not read: %s", c.Name, why), c.Range))
	return "", false
}
