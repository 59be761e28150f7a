package architecture_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestTerms: no text of the program, and no document, has a word of which the
// table in docs/terms.md says, with a mark, that there is a better one.
func TestTerms(t *testing.T) {
	root := filepath.Join("..", "..")
	words := markedTerms(t, filepath.Join(root, "docs", "terms.md"))
	code := regexp.MustCompile("`[^`]*`")
	check := func(where, text string) {
		if !strings.Contains(text, " ") {
			return // a name, which stays for a release when it gets another
		}
		text = strings.Join(strings.Fields(strings.ToLower(text)), " ")
		for _, word := range words {
			if word.MatchString(text) {
				t.Errorf("%s: %q is not hci's word: see docs/terms.md", where, word.FindString(text))
			}
		}
	}
	seen := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && d.Name() != ".."):
			return fs.SkipDir
		case d.Name() == "terms.md", d.IsDir():
			return nil
		}
		switch {
		case strings.HasSuffix(path, ".md"):
			text, err := os.ReadFile(path)
			check(path, code.ReplaceAllString(string(text), ""))
			seen++
			return err
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			seen++
			return goTexts(path, check)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 150 {
		t.Fatalf("%d files seen only", seen)
	}
}

// markedTerms are the words of the left column in the rows with a mark.
func markedTerms(t *testing.T, path string) []*regexp.Regexp {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var words []*regexp.Regexp
	for line := range strings.SplitSeq(string(text), "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != 4 || strings.TrimSpace(cells[3]) != "✓" {
			continue
		}
		for word := range strings.SplitSeq(cells[0], ",") {
			word, _, _ = strings.Cut(word, "(")
			word = strings.TrimSpace(strings.Trim(strings.TrimSpace(word), "`"))
			word = strings.TrimPrefix(strings.TrimPrefix(word, "to "), "the ")
			words = append(words, regexp.MustCompile(`(^|[^a-z-])`+regexp.QuoteMeta(strings.ToLower(word))+`($|[^a-z-])`))
		}
	}
	if len(words) < 3 {
		t.Fatalf("%d marked words in %s", len(words), path)
	}
	return words
}

// goTexts hands the texts of a Go file to check, with their places.
func goTexts(path string, check func(where, text string)) error {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	tags := map[*ast.BasicLit]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if field, ok := n.(*ast.Field); ok && field.Tag != nil {
			tags[field.Tag] = true
		}
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && !tags[lit] {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				check(fset.Position(lit.Pos()).String(), text)
			}
		}
		return true
	})
	return nil
}
