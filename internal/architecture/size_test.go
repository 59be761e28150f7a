package architecture_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// A function may have so many lines, those of its texts not counted, and so many branches (the cyclomatic
// complexity, counted as gocyclo does). One that is longer says why in a
// directive of its doc comment, "//hci:long one case for each operation".
const (
	maxLines    = 60
	maxBranches = 20
)

func TestFunctionsAreShortOrSayWhyNot(t *testing.T) {
	functions := 0
	for _, path := range sources(t) {
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			functions++
			lines := files.Position(fn.End()).Line - files.Position(fn.Pos()).Line + 1 - textLines(fn)
			branches := branchesOf(fn)
			why, marked := longBecause(fn)
			switch long := lines > maxLines || branches > maxBranches; {
			case long && !marked:
				t.Errorf("%s: %s has %d lines and %d branches; split it, or say why not (//hci:long …)",
					files.Position(fn.Pos()), fn.Name.Name, lines, branches)
			case marked && why == "":
				t.Errorf("%s: //hci:long of %s gives no reason", files.Position(fn.Pos()), fn.Name.Name)
			case marked && !long:
				t.Errorf("%s: %s is short enough: remove //hci:long", files.Position(fn.Pos()), fn.Name.Name)
			}
		}
	}
	if functions < 1000 {
		t.Fatalf("only %d functions were looked at", functions)
	}
}

// branchesOf is the cyclomatic complexity of a function.
func branchesOf(fn *ast.FuncDecl) int {
	n := 1
	ast.Inspect(fn, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt:
			n++
		case *ast.CaseClause:
			if node.List != nil {
				n++
			}
		case *ast.CommClause:
			if node.Comm != nil {
				n++
			}
		case *ast.BinaryExpr:
			if node.Op == token.LAND || node.Op == token.LOR {
				n++
			}
		}
		return true
	})
	return n
}

// textLines are the line breaks within texts, such as a command's help.
func textLines(fn *ast.FuncDecl) int {
	n := 0
	ast.Inspect(fn, func(node ast.Node) bool {
		if lit, ok := node.(*ast.BasicLit); ok {
			n += strings.Count(lit.Value, "\n")
		}
		return true
	})
	return n
}

func longBecause(fn *ast.FuncDecl) (why string, marked bool) {
	if fn.Doc == nil {
		return "", false
	}
	for _, c := range fn.Doc.List {
		if text, ok := strings.CutPrefix(c.Text, "//hci:long"); ok {
			return strings.TrimSpace(text), true
		}
	}
	return "", false
}

// sources lists the Go files of the module outside its tests.
func sources(t *testing.T) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "../.." && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}
