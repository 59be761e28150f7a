package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	declaredTest = regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	namedTest    = regexp.MustCompile("`(Test\\w+)`")
	namedScript  = regexp.MustCompile("`([a-z_-]+\\.txtar)`")
)

// TestSecurityNamesItsTests: each row of SECURITY.md's table names a test that
// proves it, and every test and script that it names is there.
func TestSecurityNamesItsTests(t *testing.T) {
	declared := map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range declaredTest.FindAllStringSubmatch(string(text), -1) {
			declared[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		tests, scripts := namedTest.FindAllStringSubmatch(line, -1), namedScript.FindAllStringSubmatch(line, -1)
		for _, m := range tests {
			if !declared[m[1]] {
				t.Errorf("SECURITY.md names %s, which is no test", m[1])
			}
		}
		for _, m := range scripts {
			if _, err := os.Stat(filepath.Join("testdata", "script", m[1])); err != nil {
				t.Errorf("SECURITY.md names %s, which is no script", m[1])
			}
		}
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| threat") {
			continue
		}
		if rows++; len(tests)+len(scripts) == 0 {
			t.Errorf("no test proves this row of SECURITY.md: %s", line)
		}
	}
	if rows < 20 {
		t.Errorf("SECURITY.md has %d rows only: this test looks for the wrong thing", rows)
	}
}
