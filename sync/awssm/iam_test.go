package awssm_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPermissionsAreDocumented: docs/iam.md names every operation that this
// package, and the one that looks at ECS, calls.
func TestPermissionsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "iam.md"))
	if err != nil {
		t.Fatal(err)
	}
	call := regexp.MustCompile(`client\.([A-Z]\w+)\(|\.(?:call|pages)\(ctx, "(\w+)"`)
	n := 0
	for dir, service := range map[string]string{".": "secretsmanager", filepath.Join("..", "..", "internal", "ecs"): "(ecs|ecr|logs)"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			for _, m := range call.FindAllStringSubmatch(string(src), -1) {
				n++
				if !regexp.MustCompile(service + ":" + m[1] + m[2] + "\\b").Match(doc) {
					t.Errorf("docs/iam.md does not name %s:%s", service, m[1]+m[2])
				}
			}
		}
	}
	if n < 10 {
		t.Errorf("%d calls found", n)
	}
}
