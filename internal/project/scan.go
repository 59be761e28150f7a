package project

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Bounds of the search for Terraform code below the project's root.
const (
	maxDepth       = 7
	maxDirectories = 5000
)

// passedOver are directories that hold no code of the project's own.
var passedOver = []string{
	"node_modules", "bower_components", "vendor", "third_party", "testdata", "fixtures", "fixture", "examples", "example",
	"test", "tests", "__tests__", "spec", "dist", "target", "venv", "site-packages", "__pycache__", "Pods",
}

// codeSuffixes end the names of files with Terraform code.
var codeSuffixes = []string{".tf", ".tf.json", ".tofu", ".tofu.json"}

// unreadTools are the files by which other tools' code is recognized.
var unreadTools = map[string]string{
	"terragrunt.hcl": "Terragrunt", "cdktf.json": "CDK for Terraform", "Pulumi.yaml": "Pulumi", "Pulumi.yml": "Pulumi",
}

// Unread is code of a tool that hci does not read.
type Unread struct{ Tool, File string } // the first file of its kind, from the root

// scan is what a walk through the project found.
type scan struct {
	root   string
	code   []string // directories with Terraform code, from the root, with slashes; sorted
	unread []Unread
	seen   int
	cut    bool // not everything was looked at
}

// walk looks for Terraform code below a directory, what lies near it first. It
// follows no symbolic links, and looks into no other repository and no project
// of its own.
func walk(root string) *scan { return walkUpTo(root, maxDirectories) }

func walkUpTo(root string, directories int) *scan {
	s := &scan{root: root}
	level := []string{"."}
	for depth := 0; len(level) > 0 && depth <= maxDepth; depth++ {
		var next []string
		for _, rel := range level {
			if s.seen++; s.seen > directories {
				s.cut = true
				break
			}
			next = append(next, s.dir(rel)...)
		}
		level = next
	}
	s.cut = s.cut || len(level) > 0
	slices.Sort(s.code)
	slices.SortFunc(s.unread, func(a, b Unread) int { return strings.Compare(a.File, b.File) })
	return s
}

// dir looks at one directory, and returns those in it to be looked at.
func (s *scan) dir(rel string) (below []string) {
	entries, err := os.ReadDir(filepath.Join(s.root, rel))
	if err != nil {
		return nil
	}
	code := false
	for _, e := range entries {
		name := e.Name()
		switch {
		case e.IsDir():
			if !s.passOver(rel, name) {
				below = append(below, filepath.Join(rel, name))
			}
		case isCode(name):
			code = true
		case unreadTools[name] != "":
			s.otherTool(unreadTools[name], filepath.ToSlash(filepath.Join(rel, name)))
		}
	}
	if code {
		s.code = append(s.code, filepath.ToSlash(rel))
	}
	return below
}

func (s *scan) otherTool(tool, file string) {
	if !slices.ContainsFunc(s.unread, func(u Unread) bool { return u.Tool == tool }) {
		s.unread = append(s.unread, Unread{Tool: tool, File: file})
	}
}

func (s *scan) passOver(parent, name string) bool {
	if strings.HasPrefix(name, ".") {
		return true
	}
	if slices.Contains(passedOver, name) {
		return !slices.Contains(collections, filepath.Base(parent)) // environments/test is one
	}
	dir := filepath.Join(s.root, parent, name)
	return exists(filepath.Join(dir, ".git", "HEAD")) || exists(filepath.Join(dir, configName)) // another project
}

// isCode reports whether a file's name is that of Terraform code.
func isCode(name string) bool {
	return !strings.HasPrefix(name, ".") && slices.ContainsFunc(codeSuffixes, func(suffix string) bool { return strings.HasSuffix(name, suffix) })
}

// holdsCode reports whether Terraform code lies in a directory.
func holdsCode(dir string) bool { return slices.ContainsFunc(list(dir), isCode) }

// list returns the names of the files in dir, sorted; none if there is no dir.
func list(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}
