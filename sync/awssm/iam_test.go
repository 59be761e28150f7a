package awssm_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPermissionsAreDocumented: docs/iam.md names every operation that this
// package, and those that deploy, call.
func TestPermissionsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "iam.md"))
	if err != nil {
		t.Fatal(err)
	}
	internal := filepath.Join("..", "..", "internal")
	store := regexp.MustCompile(`(?:read\(ctx, s|\.Try\(ctx), "(\w+)"`)
	sdk, own := regexp.MustCompile(`client\.([A-Z]\w+)\(ctx`), regexp.MustCompile(`\.(?:Call|pages)\(ctx, "(\w+)"`)
	n := 0
	for _, of := range []struct {
		dir, service string
		call         *regexp.Regexp
	}{{".", "secretsmanager", sdk}, {filepath.Join(internal, "aws", "cloudtrail"), "cloudtrail", own}, {filepath.Join(internal, "aws", "ssm"), "ssm", store}, {filepath.Join(internal, "aws", "ecs"), "(ecs|ecr|logs)", own}, {filepath.Join(internal, "aws", "ecr"), "ecr", own}} {
		files, err := filepath.Glob(filepath.Join(of.dir, "*.go"))
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
			for _, m := range of.call.FindAllStringSubmatch(string(src), -1) {
				n++
				if !regexp.MustCompile(of.service + ":" + m[1] + "\\b").Match(doc) {
					t.Errorf("docs/iam.md does not name %s:%s", of.service, m[1])
				}
			}
		}
	}
	if n < 30 {
		t.Errorf("%d calls found", n)
	}
}
