package architecture_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	usesAction = regexp.MustCompile(`uses:\s*(\S+)(.*)`)
	byDigest   = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)
	installs   = regexp.MustCompile(`(?:pip install|npm install|go install|go run)\s+(.*)`)
)

// TestCIIsPinned: an action of CI is the one of a digest, with its version beside
// it, and a package that CI installs is of a version.
func TestCIIsPinned(t *testing.T) {
	files, err := filepath.Glob("../../.github/workflows/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no workflows: %v", err)
	}
	actions, packages := 0, 0
	for _, path := range append(files, "../../.ci/run") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if m := usesAction.FindStringSubmatch(line); m != nil && strings.HasSuffix(path, ".yml") {
				if actions++; !byDigest.MatchString(m[1]) || !strings.HasPrefix(strings.TrimSpace(m[2]), "# v") {
					t.Errorf("%s: %s is pinned by no digest with its version", path, m[1])
				}
			}
			m := installs.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			for _, word := range strings.Fields(m[1]) {
				word = strings.Trim(word, `'"`)
				switch {
				case strings.HasPrefix(word, ">"), strings.HasPrefix(word, "-"), strings.HasPrefix(word, "."), strings.Contains(word, "$"):
				case strings.Contains(word, "==") && !strings.Contains(word, "*"), strings.Count(word, "@")+strings.Count(word, "/@") > 0 && !strings.HasSuffix(word, "@latest"):
					packages++
				default:
					t.Errorf("%s: %s has no version", path, word)
				}
			}
		}
	}
	if actions < 5 || packages < 5 {
		t.Errorf("%d actions and %d packages: this test looks for the wrong thing", actions, packages)
	}
}
