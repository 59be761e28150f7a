package architecture_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestExportedSignatures: whoever imports crypto, tfvars or sync from elsewhere
// can name every type that they export a use of. None of them is internal.
func TestExportedSignatures(t *testing.T) {
	seen := 0
	for _, root := range []string{"crypto", "tfvars", "sync"} {
		err := filepath.WalkDir(filepath.Join("..", "..", root), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "internal" || d.Name() == "testdata"):
				return fs.SkipDir
			case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			seen++
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			internal := internalImports(file)
			for _, decl := range file.Decls {
				for _, expr := range exported(decl) {
					ast.Inspect(expr, func(n ast.Node) bool {
						if s, ok := n.(*ast.SelectorExpr); ok {
							if x, ok := s.X.(*ast.Ident); ok && internal[x.Name] != "" {
								t.Errorf("%s: %s.%s of %s stands in an exported signature", fset.Position(s.Pos()), x.Name, s.Sel.Name, internal[x.Name])
							}
						}
						return true
					})
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 40 {
		t.Fatalf("%d files seen only; the test runs in %s", seen, must(os.Getwd()))
	}
}

func must(s string, _ error) string { return s }

// internalImports are the internal packages that a file imports, by name.
func internalImports(file *ast.File) map[string]string {
	all := map[string]string{}
	for _, imp := range file.Imports {
		path, err := strconv.Unquote(imp.Path.Value)
		if err != nil || !strings.Contains(path+"/", "/internal/") {
			continue
		}
		name := path[strings.LastIndexByte(path, '/')+1:]
		if imp.Name != nil {
			name = imp.Name.Name
		}
		all[name] = path
	}
	return all
}

// exported are the type expressions of what a declaration exports.
func exported(decl ast.Decl) []ast.Expr {
	var all []ast.Expr
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiver(d.Recv.List[0].Type))) {
			all = append(all, d.Type)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() {
					all = append(all, exportedParts(s.Type)...)
				}
			case *ast.ValueSpec:
				if s.Names[0].IsExported() && s.Type != nil {
					all = append(all, s.Type)
				}
			}
		}
	}
	return all
}

// exportedParts is a type without the fields that nobody else can reach.
func exportedParts(of ast.Expr) []ast.Expr {
	s, ok := of.(*ast.StructType)
	if !ok {
		return []ast.Expr{of}
	}
	var all []ast.Expr
	for _, f := range s.Fields.List {
		if len(f.Names) == 0 || f.Names[0].IsExported() {
			all = append(all, f.Type)
		}
	}
	return all
}

func receiver(of ast.Expr) string {
	switch r := of.(type) {
	case *ast.StarExpr:
		return receiver(r.X)
	case *ast.IndexExpr:
		return receiver(r.X)
	case *ast.Ident:
		return r.Name
	}
	return ""
}
