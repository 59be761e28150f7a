package architecture_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// opens is a call of package os that opens, makes, changes or removes a file
// wherever its path leads.
var opens = regexp.MustCompile(`\bos\.(Open|OpenFile|ReadFile|WriteFile|Create|CreateTemp|Rename|Chmod|Chown|Mkdir|MkdirAll|MkdirTemp|Symlink|Link|Truncate|Remove|RemoveAll)\(`)

// openers are the files that may, and whose the paths are. A path that a
// repository has a say in goes through internal/atomicfile.
var openers = map[string]string{
	"cmd/hci/deploy_told.go":                 "GITHUB_STEP_SUMMARY, which the runner gives",
	"cmd/hci/manual.go":                      "a directory that the user names",
	"internal/atomicfile/change.go":          "what this package is for",
	"internal/atomicfile/lock.go":            "the user's own state",
	"internal/atomicfile/read.go":            "what this package is for",
	"internal/deploy/state/journal.go":       "the user's own state",
	"internal/deploy/state/times.go":         "the same directory",
	"internal/deploy/state/lock.go":          "the same directory",
	"internal/deploy/state/services.go":      "the same directory",
	"internal/deploy/source.go":              "a regular file of the build's context, to look for secrets",
	"internal/docker/run.go":                 "a private directory",
	"internal/docker/session.go":             "a private directory",
	"internal/editor/editor.go":              "a private directory",
	"internal/ownership/ownership.go":        "the user's own state",
	"internal/privatedir/privatedir.go":      "a private directory",
	"internal/privatedir/privatedir_unix.go": "a private directory",
	"internal/project/checkout.go":           "a private directory; it copies a submodule's files into it",
	"internal/sealed/authentic.go":           "the user's own state",
	"internal/sealed/rekey.go":               "the user's own state",
	"internal/team/keys.go":                  "the user's own keys",
	"internal/term/device_unix.go":           "the terminal",
	"internal/term/device_windows.go":        "the terminal",
	"sync/awssm/reach/reach.go":              "AWS_CA_BUNDLE",
	"internal/testing":                       "tests, and what the rehearsal serves",
	"testdata":                               "the demo",
}

// Files are opened in few places, so that one of them keeps to the project.
func TestWhoOpensFiles(t *testing.T) {
	found := map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		call := opens.Find(text)
		if err != nil || call == nil {
			return err
		}
		name := filepath.ToSlash(strings.TrimPrefix(path, "../../"))
		for opener := range openers {
			if name == opener || strings.HasPrefix(name, opener+"/") {
				found[opener] = true
				return nil
			}
		}
		t.Errorf("%s calls %s…): use internal/atomicfile, or say here whose the path is", name, call)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for opener := range openers {
		if !found[opener] {
			t.Errorf("%s opens nothing any more: take it from the list", opener)
		}
	}
}
