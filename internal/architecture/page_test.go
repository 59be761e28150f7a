package architecture_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryPackageIsOnThePage: docs/architecture.md says what to come to each
// package for.
func TestEveryPackageIsOnThePage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(strings.TrimSpace(arrows), "\n") {
		pkg, _, _ := strings.Cut(line, ":")
		if !strings.Contains(string(text), "`"+pkg+"`") {
			t.Errorf("docs/architecture.md does not name %s", pkg)
		}
	}
}
