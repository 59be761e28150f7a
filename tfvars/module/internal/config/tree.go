package config

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// LoadTree reads the module in dir and, through them, the modules that it
// calls by a path within the file system, and those that "terraform init" has
// fetched. The others are named in warnings, and have no Module in their call.
func LoadTree(fsys fs.FS, dir string) (*Module, hcl.Diagnostics) {
	dir = path.Clean(dir)
	t := &tree{fsys: fsys, modules: map[string]*Module{}, fetched: readManifest(fsys, dir)}
	root := t.load(dir, nil, "")
	if t.diags.HasErrors() {
		return nil, t.diags
	}
	return root, t.diags
}

type tree struct {
	fsys    fs.FS
	modules map[string]*Module // by directory; nil while being loaded or failed
	fetched manifest
	diags   hcl.Diagnostics
}

// load reads a module, and those that it calls. calls is the path of module
// calls that leads to it.
func (t *tree) load(dir string, callers []string, calls string) *Module {
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
	for _, name := range slices.Sorted(maps.Keys(m.Calls)) {
		c := m.Calls[name]
		if c.local() {
			t.local(dir, c, callers, join(calls, name))
		} else {
			t.remote(c, callers, join(calls, name))
		}
	}
	t.modules[dir] = m
	return m
}

func join(calls, name string) string {
	if calls == "" {
		return name
	}
	return calls + "." + name
}

// local reports whether a module is called by a path.
func (c *Call) local() bool {
	return strings.HasPrefix(c.Source, "./") || strings.HasPrefix(c.Source, "../") || c.Source == "." || c.Source == ".."
}

// local reads a module that is called by a path.
func (t *tree) local(dir string, c *Call, callers []string, calls string) {
	source := path.Join(dir, c.Source)
	switch info, err := fs.Stat(t.fsys, source); {
	case !fs.ValidPath(source):
		t.unread(c, "its source lies outside the directory")
	case slices.Contains(callers, source):
		t.diags = append(t.diags, Problem(fmt.Sprintf("module %q calls a module that it is part of", c.Name), c.Range))
	case err != nil || !info.IsDir():
		t.diags = append(t.diags, Problem(fmt.Sprintf("the source of module %q is not a directory", c.Name), c.Range))
	default:
		c.Module = t.load(source, callers, calls)
	}
}

// remote reads a module that comes from elsewhere, where init has put it. What
// is wrong in it is not this project's: it is then as good as not fetched.
func (t *tree) remote(c *Call, callers []string, calls string) {
	dir, ok := t.fetched.dir(calls, c.Source)
	if info, err := fs.Stat(t.fsys, dir); !ok || err != nil || !info.IsDir() || slices.Contains(callers, dir) {
		t.unread(c, "it comes from elsewhere")
		return
	}
	before := t.diags
	t.diags = nil
	c.Module = t.load(dir, callers, calls)
	if t.diags.HasErrors() {
		c.Module, t.diags = nil, before
		t.unread(c, "what 'terraform init' has fetched can't be read")
		return
	}
	t.diags = append(before, t.diags...)
}

// unread notes that a module was not read.
func (t *tree) unread(c *Call, why string) {
	c.Unread = why
	t.diags = append(t.diags, Warning(fmt.Sprintf("module %q was not read: %s", c.Name, why), c.Range))
}
