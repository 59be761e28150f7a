package config

import (
	"io/fs"
	"path"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

	"errors"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"hci/tfvars"
)

// Load reads the module in dir, without the modules it calls.
func Load(fsys fs.FS, dir string) (*Module, hcl.Diagnostics) {
	primary, override, err := list(fsys, dir)
	if err != nil {
		return nil, hcl.Diagnostics{Problem("the directory can't be read", hcl.Range{Filename: dir})}
	}
	files, diags := parse(fsys, append(slices.Clone(primary), override...))
	if diags.HasErrors() {
		return nil, diags
	}
	m := &Module{
		Dir:       dir,
		Variables: map[string]*Variable{},
		Locals:    map[string]*Value{},
		Outputs:   map[string]*Value{},
		Resources: map[string]*Resource{},
		Calls:     map[string]*Call{},
		Providers: map[string]*Provider{},
		Functions: map[string]bool{},
		Files:     files,
	}
	for i, f := range files {
		d := &decoder{module: m, override: i >= len(primary)}
		diags = append(diags, d.file(f.Body)...)
		for _, name := range providerFunction().FindAll(f.Bytes, -1) {
			m.Functions[string(name)] = true
		}
	}
	if diags.HasErrors() {
		return nil, diags
	}
	return m, diags
}

// providerFunction finds the functions of providers in the bytes of a file. A
// match in a comment does no harm: it only makes a name known.
var providerFunction = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`provider::[A-Za-z_][\w-]*::[A-Za-z_][\w-]*`) })

// list returns the paths of a module's files, each list sorted by name. Files
// of OpenTofu's own names are read as well; a file of the same name that is
// Terraform's is then passed over, as OpenTofu does.
//
// https://opentofu.org/docs/language/files/
func list(fsys fs.FS, dir string) (primary, override []string, err error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, nil, err
	}
	names := map[string]bool{}
	for _, e := range entries {
		if !e.IsDir() && !ignored(e.Name()) {
			names[e.Name()] = true
		}
	}
	for _, e := range entries {
		name := e.Name()
		base, alternative, ok := codeName(name)
		if !ok || !names[name] || names[alternative] {
			continue
		}
		if base == "override" || strings.HasSuffix(base, "_override") {
			override = append(override, path.Join(dir, name))
		} else {
			primary = append(primary, path.Join(dir, name))
		}
	}
	return primary, override, nil
}

// codeName takes the suffix from the name of a file with code. alternative is
// the file that is read in its stead, if it is there.
func codeName(name string) (base, alternative string, ok bool) {
	for _, suffix := range []string{".tf", ".tf.json"} {
		if base, ok := strings.CutSuffix(name, suffix); ok {
			return base, base + strings.Replace(suffix, ".tf", ".tofu", 1), true
		}
	}
	for _, suffix := range []string{".tofu", ".tofu.json"} {
		if base, ok := strings.CutSuffix(name, suffix); ok {
			return base, "", true
		}
	}
	return "", "", false
}

// ignored reports whether Terraform takes the name for an editor's leftover.
func ignored(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") ||
		strings.HasPrefix(name, "#") && strings.HasSuffix(name, "#")
}

// parse parses the files on all cores, and returns them in the order given.
func parse(fsys fs.FS, names []string) ([]*hcl.File, hcl.Diagnostics) {
	files := make([]*hcl.File, len(names))
	diags := make([]hcl.Diagnostics, len(names))
	work := make(chan int)
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(names)) {
		wg.Go(func() {
			for i := range work {
				files[i], diags[i] = parseFile(fsys, names[i])
			}
		})
	}
	for i := range names {
		work <- i
	}
	close(work)
	wg.Wait()
	return files, slices.Concat(diags...)
}

func parseFile(fsys fs.FS, name string) (*hcl.File, hcl.Diagnostics) {
	src, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, hcl.Diagnostics{Problem("the file can't be read", hcl.Range{Filename: name})}
	}
	var limit tfvars.Problem
	if errors.As(tfvars.Limits(src, name), &limit) {
		at := hcl.Pos{Line: limit.Line, Column: limit.Column}
		return nil, hcl.Diagnostics{Problem(limit.Summary, hcl.Range{Filename: name, Start: at, End: at})}
	}
	if strings.HasSuffix(name, ".json") {
		return json.Parse(src, name)
	}
	return hclsyntax.ParseConfig(src, name, hcl.InitialPos)
}
