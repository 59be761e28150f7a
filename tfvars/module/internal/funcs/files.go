package funcs

import (
	"encoding/base64"
	"errors"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"hci/tfvars"
	"hci/tfvars/module/internal/mark"
)

// files reads files below one directory.
type files struct {
	fsys fs.FS
	dir  string
}

func fileTable(fsys fs.FS, dir string) map[string]function.Function {
	f := files{fsys, dir}
	table := map[string]function.Function{
		"basename":   textFunc(func(a []string) (string, error) { return path.Base(a[0]), nil }, "path"),
		"dirname":    textFunc(func(a []string) (string, error) { return path.Dir(a[0]), nil }, "path"),
		"file":       f.reader("file", validText),
		"filebase64": f.reader("filebase64", func(b []byte) (string, error) { return base64.StdEncoding.EncodeToString(b), nil }),
		"fileexists": f.exists(),
		"fileset":    f.set(),
	}
	for name, d := range digestsByName() {
		name = "file" + name
		table[name] = f.reader(name, func(b []byte) (string, error) { return d.text(d.sum(b)), nil })
	}
	return table
}

func validText(b []byte) (string, error) {
	if !utf8.Valid(b) {
		return "", tellable{"the file is not UTF-8 text; filebase64 reads it"}
	}
	return string(b), nil
}

// resolve returns the place of a file in the file system; ok is false if it
// lies outside.
func (f files) resolve(name string) (p string, ok bool) {
	if strings.HasPrefix(name, "~") || strings.Contains(name, "\\") {
		return "", false
	}
	p = path.Join(f.dir, name)
	return p, !path.IsAbs(name) && fs.ValidPath(p)
}

// outside is what a file elsewhere gives: hci does not read it.
func outside(ty cty.Type, name string) (cty.Value, error) {
	return mark.Unknown(ty, name+"() of a file outside the directory"), nil
}

// readError turns an error of the file system into one that may be told.
func readError(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return tellable{"no such file"}
	}
	return tellable{"the file can't be read"}
}

// reader returns a function from a path to what convert makes of the file.
func (f files) reader(name string, convert func([]byte) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params: stringParams([]string{"path"}),
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			p, ok := f.resolve(args[0].AsString())
			if !ok {
				return outside(cty.String, name)
			}
			src, err := fs.ReadFile(f.fsys, p)
			if err != nil {
				return cty.NilVal, readError(err)
			}
			text, err := convert(src)
			if err != nil {
				return cty.NilVal, err
			}
			return cty.StringVal(text), nil
		},
	})
}

func (f files) exists() function.Function {
	return function.New(&function.Spec{
		Params: stringParams([]string{"path"}),
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			p, ok := f.resolve(args[0].AsString())
			if !ok {
				return outside(cty.Bool, "fileexists")
			}
			info, err := fs.Stat(f.fsys, p)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return cty.False, nil
			case err != nil:
				return cty.NilVal, readError(err)
			case !info.Mode().IsRegular():
				return cty.NilVal, tellable{"not a regular file"}
			}
			return cty.True, nil
		},
	})
}

// set lists the regular files below a directory whose paths match a pattern.
func (f files) set() function.Function {
	ty := cty.Set(cty.String)
	return function.New(&function.Spec{
		Params: stringParams([]string{"path", "pattern"}),
		Type:   function.StaticReturnType(ty),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			root, ok := f.resolve(args[0].AsString())
			pattern := path.Clean(args[1].AsString())
			if !ok || path.IsAbs(pattern) || strings.HasPrefix(pattern, "../") {
				return outside(ty, "fileset")
			}
			globs := braces(pattern)
			var found []cty.Value
			err := fs.WalkDir(f.fsys, root, func(p string, e fs.DirEntry, err error) error {
				if err != nil {
					if errors.Is(err, fs.ErrNotExist) {
						return nil
					}
					return err
				}
				rel := strings.TrimPrefix(strings.TrimPrefix(p, root), "/")
				if root == "." {
					rel = p
				}
				if e.IsDir() || !matchAny(globs, rel) {
					return nil
				}
				if info, err := fs.Stat(f.fsys, p); err == nil && info.Mode().IsRegular() {
					found = append(found, cty.StringVal(rel))
				}
				return nil
			})
			if err != nil {
				return cty.NilVal, readError(err)
			}
			if len(found) == 0 {
				return cty.SetValEmpty(cty.String), nil
			}
			return cty.SetVal(found), nil
		},
	})
}

// braces writes out the alternatives {a,b} of a pattern.
func braces(pattern string) []string {
	open := strings.IndexByte(pattern, '{')
	if open < 0 {
		return []string{pattern}
	}
	depth, start := 0, open+1
	var parts []string
	for i := open; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '{':
			depth++
		case c == ',' && depth == 1:
			parts = append(parts, pattern[start:i])
			start = i + 1
		case c == '}':
			if depth--; depth > 0 {
				continue
			}
			var out []string
			for _, part := range append(parts, pattern[start:i]) {
				out = append(out, braces(pattern[:open]+part+pattern[i+1:])...)
			}
			return out
		}
	}
	return []string{pattern}
}

func matchAny(globs []string, name string) bool {
	for _, g := range globs {
		if match(strings.Split(g, "/"), strings.Split(name, "/")) {
			return true
		}
	}
	return false
}

// match matches a path step by step; ** stands for any number of steps.
func match(glob, name []string) bool {
	for len(glob) > 0 {
		if glob[0] == "**" {
			for i := range len(name) + 1 {
				if match(glob[1:], name[i:]) {
					return true
				}
			}
			return false
		}
		if len(name) == 0 {
			return false
		}
		if ok, err := path.Match(glob[0], name[0]); err != nil || !ok {
			return false
		}
		glob, name = glob[1:], name[1:]
	}
	return len(name) == 0
}

// templateFile renders a file as a template over the variables given.
func templateFile(fsys fs.FS, dir string, r renderer) function.Function {
	f := files{fsys, dir}
	render := func(args []cty.Value) (cty.Value, error) {
		p, ok := f.resolve(args[0].AsString())
		if !ok {
			return outside(cty.DynamicPseudoType, "templatefile")
		}
		src, err := fs.ReadFile(fsys, p)
		if err != nil {
			return cty.NilVal, readError(err)
		}
		text, err := validText(src)
		if err != nil {
			return cty.NilVal, err
		}
		return r.render(text, p, args[1])
	}
	return templateFunc("path", render)
}

// templateString renders a string as a template over the variables given.
func templateString(r renderer) function.Function {
	return templateFunc("template", func(args []cty.Value) (cty.Value, error) {
		return r.render(args[0].AsString(), "", args[1])
	})
}

func templateFunc(first string, render func(args []cty.Value) (cty.Value, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{
			{Name: first, Type: cty.String},
			{Name: "vars", Type: cty.DynamicPseudoType},
		},
		// A template of one interpolation has that interpolation's type.
		Type: func(args []cty.Value) (cty.Type, error) {
			if !args[0].IsKnown() || !args[1].IsKnown() {
				return cty.DynamicPseudoType, nil
			}
			v, err := render(args)
			if err != nil {
				return cty.NilType, err
			}
			return v.Type(), nil
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return render(args) },
	})
}

// renderer renders templates, which see its functions and are evaluated as guard
// returns them.
type renderer struct {
	functions map[string]function.Function
	guard     func(hcl.Expression) hcl.Expression
}

func (r renderer) render(text, name string, vars cty.Value) (cty.Value, error) {
	if tfvars.TemplateLimits([]byte(text), name) != nil {
		return cty.NilVal, tellable{"the template is nested too deep, or too large"}
	}
	expr, diags := hclsyntax.ParseTemplate([]byte(text), name, hcl.InitialPos)
	if diags.HasErrors() {
		return cty.NilVal, tellable{"the template has a syntax error"}
	}
	if ty := vars.Type(); !ty.IsObjectType() && !ty.IsMapType() {
		return cty.NilVal, tellable{"the template's variables must be given as a map"}
	}
	ctx := &hcl.EvalContext{Functions: r.functions, Variables: vars.AsValueMap()}
	for name := range ctx.Variables {
		if !hclsyntax.ValidIdentifier(name) {
			return cty.NilVal, tellable{"a template variable's name is not valid"}
		}
	}
	for _, ref := range expr.Variables() {
		if _, ok := ctx.Variables[ref.RootName()]; !ok {
			return cty.NilVal, tellable{"the template uses a variable that it is not given"}
		}
	}
	v, diags := r.guard(expr).Value(ctx)
	if diags.HasErrors() {
		return cty.NilVal, tellable{"the template can't be rendered"}
	}
	return v, nil
}
