package architecture_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// arrows lists, for each package, the packages of this module that it may
// import outside its tests. A package that is not listed fails the test.
var arrows = map[string][]string{
	"hci/cmd/hci": {
<<<<<<< HEAD
		"hci/crypto", "hci/internal/atomicfile", "hci/internal/aws/client", "hci/internal/compare", "hci/internal/lint", "hci/internal/child", "hci/internal/deploy", "hci/internal/docker", "hci/internal/git", "hci/internal/ownership", "hci/internal/trust", "hci/internal/aws/ecr", "hci/internal/aws/ecs", "hci/internal/editor", "hci/internal/gitdriver", "hci/internal/history", "hci/internal/env/process",
=======
		"hci/crypto", "hci/internal/atomicfile", "hci/internal/aws/client", "hci/internal/compare", "hci/internal/lint", "hci/internal/child", "hci/internal/deploy", "hci/internal/docker", "hci/internal/git", "hci/internal/ownership", "hci/internal/aws/ecr", "hci/internal/aws/ecs", "hci/internal/editor", "hci/internal/gitdriver", "hci/internal/history", "hci/internal/aws/kms", "hci/internal/team", "hci/internal/env/process",
>>>>>>> 62f9901 (team: init, add, remove, request and offboarding)
		"hci/internal/env/files", "hci/internal/env/layers", "hci/internal/plan", "hci/internal/privatedir",
		"hci/internal/project", "hci/internal/testing/fakeaws", "hci/internal/sealed", "hci/internal/secret", "hci/internal/term",
		"hci/internal/terraform", "hci/sync", "hci/sync/awssm",
		"hci/sync/dotenv", "hci/sync/localsm", "hci/tfvars", "hci/tfvars/module",
	},

	"hci/internal/lint":               {"hci/crypto", "hci/internal/project", "hci/internal/sealed", "hci/internal/secret", "hci/internal/terraform", "hci/tfvars", "hci/tfvars/module", "hci/tfvars/module/shape"},
	"hci/internal/env/layers":         {"hci/tfvars/module/shape", "hci/internal/project", "hci/internal/secret", "hci/sync/dotenv", "hci/tfvars", "hci/tfvars/module"},
	"hci/internal/compare":            {"hci/internal/project", "hci/internal/sealed", "hci/internal/secret", "hci/internal/terraform", "hci/sync", "hci/sync/awssm", "hci/tfvars", "hci/tfvars/module", "hci/tfvars/module/shape"},
	"hci/internal/terraform":          {"hci/internal/atomicfile", "hci/internal/child", "hci/internal/project", "hci/tfvars", "hci/tfvars/module"},
	"hci/internal/sealed":             {"hci/crypto", "hci/internal/atomicfile", "hci/internal/ownership", "hci/internal/secret", "hci/tfvars"},
	"hci/internal/project":            {"hci/crypto", "hci/internal/atomicfile", "hci/internal/git", "hci/tfvars"},
	"hci/internal/git":                {"hci/internal/child", "hci/internal/ownership"},
	"hci/internal/ownership":          {},
<<<<<<< HEAD
	"hci/internal/trust":              {"hci/internal/atomicfile", "hci/internal/ownership"},
	"hci/internal/term":               {"hci/internal/atomicfile", "hci/internal/child", "hci/internal/secret"},
	"hci/internal/editor":             {"hci/internal/atomicfile", "hci/internal/child", "hci/internal/privatedir"},
=======
	"hci/internal/term":               {"hci/internal/atomicfile", "hci/internal/secret"},
	"hci/internal/editor":             {"hci/internal/atomicfile", "hci/internal/privatedir"},
	"hci/internal/team":               {"hci/internal/atomicfile", "hci/internal/secret"},
	"hci/internal/aws/kms":            {"hci/internal/aws/client"},
>>>>>>> 62f9901 (team: init, add, remove, request and offboarding)
	"hci/internal/gitdriver":          {},
	"hci/internal/history":            {"hci/crypto", "hci/internal/sealed", "hci/internal/secret"},
	"hci/internal/privatedir":         {"hci/internal/child"},
	"hci/internal/docker":             {"hci/internal/child", "hci/internal/privatedir", "hci/internal/secret"},
	"hci/internal/aws/client":         {},
	"hci/internal/aws/ecr":            {"hci/internal/aws/client", "hci/internal/secret"},
	"hci/internal/aws/ecs":            {"hci/internal/aws/client", "hci/internal/secret"},
	"hci/internal/deploy":             {"hci/internal/atomicfile", "hci/internal/aws/client", "hci/internal/docker", "hci/internal/aws/ecr", "hci/internal/aws/ecs", "hci/internal/ownership", "hci/internal/project", "hci/internal/secret", "hci/tfvars/module"},
	"hci/internal/testing/fakeaws":    {"hci/internal/secret", "hci/tfvars/module"},
	"hci/internal/env/process":        {"hci/sync/dotenv"},
	"hci/internal/env/files":          {"hci/internal/secret", "hci/sync/dotenv", "hci/tfvars"},
	"hci/internal/plan":               {"hci/internal/secret", "hci/sync"},
	"hci/internal/atomicfile":         {},
	"hci/internal/child":              {},
	"hci/internal/testing/interop":    {}, // for tests
	"hci/internal/testing/faultproxy": {}, // for tests
	"hci/internal/secret":             {},

	"hci/crypto":              {},
	"hci/tfvars":              {"hci/internal/secret"},
	"hci/tfvars/module":       {"hci/internal/secret", "hci/tfvars", "hci/tfvars/module/shape"},
	"hci/tfvars/module/shape": {},
	"hci/sync":                {"hci/internal/secret"},
	"hci/sync/awssm":          {"hci/internal/secret", "hci/sync"},
	"hci/sync/localsm":        {"hci/internal/secret"},
	"hci/sync/dotenv":         {"hci/internal/secret"},

	"hci/internal/architecture": {},
}

// only lists the packages that alone may import a module, by its path prefix.
var only = map[string][]string{
	"github.com/spf13/cobra":                              {"hci/cmd/hci"},
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager": {"hci/sync/awssm"},
	"github.com/aws/aws-sdk-go-v2":                        {"hci/sync/awssm", "hci/internal/aws/client", "hci/cmd/hci"},
	"github.com/aws/smithy-go":                            {"hci/sync/awssm", "hci/internal/aws/client"},
	"github.com/joho/godotenv":                            {"hci/sync/dotenv"},
	"golang.org/x/term":                                   {"hci/internal/term"},
	"github.com/zalando/go-keyring":                       {"hci/internal/term"},
	"os/exec":                                             {"hci/internal/privatedir", "hci/internal/docker", "hci/internal/child", "hci/internal/editor", "hci/internal/git", "hci/internal/term", "hci/internal/terraform", "hci/internal/testing/interop", "hci/cmd/hci"},
}

// pure lists packages that may import the standard library and ours only, and
// do no input or output of their own.
var pure = []string{"hci/crypto", "hci/sync", "hci/internal/secret"}

type listed struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "hci/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 10 {
		t.Fatalf("go list found %d packages only", len(all))
	}
	return all
}

func TestArrows(t *testing.T) {
	for _, p := range packages(t) {
		owner := owner(p.ImportPath)
		allowed, known := arrows[owner]
		if !known {
			t.Errorf("%s is not in the table of this test: say what it may import", p.ImportPath)
		}
		for _, imp := range p.Imports {
			if strings.HasPrefix(imp, "hci/") && !slices.Contains(allowed, imp) && !strings.HasPrefix(imp, owner+"/internal/") {
				t.Errorf("%s must not import %s", p.ImportPath, imp)
			}
		}
	}
}

// owner is the package that another is an internal part of, or itself.
func owner(path string) string {
	outer, _, inner := strings.Cut(path, "/internal/")
	if !inner || outer == "hci" {
		return path
	}
	return outer
}

func TestWhoImportsWhat(t *testing.T) {
	for _, p := range packages(t) {
		for _, imp := range p.Imports {
			for prefix, allowed := range only {
				if (imp == prefix || strings.HasPrefix(imp, prefix+"/")) && !slices.Contains(allowed, owner(p.ImportPath)) {
					t.Errorf("%s must not import %s", p.ImportPath, imp)
				}
			}
		}
		if !slices.Contains(pure, p.ImportPath) {
			continue
		}
		for _, imp := range p.Imports {
			if strings.Contains(imp, ".") || slices.Contains([]string{"os", "net", "net/http", "os/exec"}, imp) {
				t.Errorf("%s is pure and must not import %s", p.ImportPath, imp)
			}
		}
	}
}

// starts finds where a program is looked up or run by its name.
var starts = regexp.MustCompile(`exec\.(?:LookPath|Command|CommandContext)\([^)"]*"([^"]+)"`)

// runs lists, for the programs that are run in one way only, the package that
// does it, outside tests.
var runs = map[string]string{"git": "internal/git", "terraform": "internal/terraform", "docker": "internal/docker"}

func TestOnePlaceRunsAProgram(t *testing.T) {
	found := map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "/internal/testing/") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, match := range starts.FindAllSubmatch(text, -1) {
			program := string(match[1])
			owner, single := runs[program]
			if found[program] = true; single && filepath.ToSlash(filepath.Dir(path)) != "../../"+owner {
				t.Errorf("%s runs %s; only %s may", path, program, owner)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for program := range runs {
		if !found[program] {
			t.Errorf("nothing runs %s: this test looks for the wrong thing", program)
		}
	}
}
