package architecture_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// arrows says, for each package, which packages of this module it may import
// outside its tests: one line a package, without "hci/". "*" is all but those
// for tests. A package that is not listed fails the test.
const arrows = `
cmd/hci: *
internal/lint: crypto internal/project internal/sealed sync/secret internal/terraform tfvars tfvars/module tfvars/module/shape
internal/env/layers: internal/project sync/secret sync/dotenv tfvars tfvars/module tfvars/module/shape
internal/compare: internal/aws/client internal/aws/iam internal/aws/ssm internal/project internal/sealed sync/secret internal/terraform sync sync/awssm tfvars tfvars/module tfvars/module/shape
internal/terraform: internal/atomicfile internal/child internal/project tfvars tfvars/module
internal/sealed: crypto internal/atomicfile internal/ownership sync/secret tfvars
internal/project: crypto internal/atomicfile internal/git tfvars
internal/git: internal/child internal/ownership
internal/ownership:
internal/trust: internal/atomicfile internal/ownership
internal/term: internal/atomicfile internal/child internal/interrupt sync/secret
internal/flow: tfvars/module
internal/manual:
internal/editor: internal/atomicfile internal/child internal/interrupt internal/privatedir
internal/team: internal/atomicfile sync/secret
internal/aws/iam: internal/aws/client
internal/aws/kms: internal/aws/client
internal/doctor: internal/child
internal/gitdriver: internal/atomicfile
internal/history: crypto internal/sealed sync/secret tfvars
internal/privatedir: internal/child
internal/docker: internal/atomicfile internal/child internal/privatedir sync/secret
internal/aws/client: sync/awssm/reach
internal/aws/cloudtrail: internal/aws/client
internal/aws/ssm: internal/aws/client sync sync/secret sync/awssm/reach
internal/aws/ecr: internal/aws/client sync/secret
internal/aws/ecs: internal/aws/client sync/secret
internal/aws/session: internal/child sync/secret
internal/aws/schedules: internal/aws/client
internal/deploy: internal/aws/client internal/aws/ecr internal/aws/ecs internal/deploy/names internal/deploy/preflight internal/deploy/revisions internal/deploy/rollout internal/deploy/state internal/deploy/words internal/docker sync/secret
internal/deploy/preflight: internal/aws/client internal/aws/ecr internal/aws/ecs internal/deploy/names internal/deploy/revisions internal/deploy/state internal/deploy/words internal/docker internal/project
internal/deploy/revisions: internal/aws/client internal/aws/ecs internal/deploy/names internal/deploy/words tfvars/module
internal/deploy/names: internal/aws/ecs internal/deploy/state internal/project tfvars/module
internal/deploy/rollout: internal/aws/ecs internal/deploy/words
internal/deploy/state: internal/atomicfile internal/aws/ecs internal/deploy/words internal/ownership
internal/deploy/words:
internal/testing/scene: internal/aws/client internal/aws/ecr internal/aws/ecs internal/deploy/names internal/deploy/preflight internal/deploy/state internal/project internal/testing/fakeaws sync/secret tfvars/module
internal/testing/fakeaws: sync/secret tfvars/module
internal/env/process: sync/dotenv
internal/env/files: sync/secret sync/dotenv tfvars
internal/plan: sync/secret sync
internal/atomicfile:
internal/child: internal/interrupt
internal/interrupt:
internal/testing/interop:
internal/testing/faultproxy:
sync/secret:
crypto:
tfvars: sync/secret
tfvars/module: sync/secret tfvars tfvars/module/shape
tfvars/module/shape:
sync: sync/secret
sync/awssm: sync/secret sync sync/awssm/reach
sync/awssm/reach:
sync/localsm: sync/secret
sync/dotenv: sync/secret
internal/architecture:
`

// forTests are the packages that only tests import, and the rehearsal, which
// serves hci/internal/testing/fakeaws.
var forTests = []string{"hci/internal/testing/faultproxy", "hci/internal/testing/scene", "hci/internal/testing/interop", "hci/internal/architecture"}

// readArrows parses arrows.
func readArrows(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for line := range strings.Lines(arrows) {
		name, imports, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			continue
		}
		if _, twice := all["hci/"+name]; twice {
			t.Errorf("%s stands twice in the table", name)
		}
		all["hci/"+name] = []string{}
		for _, imp := range strings.Fields(imports) {
			all["hci/"+name] = append(all["hci/"+name], "hci/"+imp)
		}
	}
	for name, imports := range all {
		if slices.Equal(imports, []string{"hci/*"}) {
			all[name] = slices.DeleteFunc(slices.Collect(maps.Keys(all)), func(p string) bool { return slices.Contains(forTests, p) })
		}
	}
	return all
}

// only lists the packages that alone may import a module, by its path prefix.
var only = map[string][]string{
	"github.com/spf13/cobra":                              {"hci/cmd/hci", "hci/internal/manual"},
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager": {"hci/sync/awssm"},
	"github.com/aws/aws-sdk-go-v2":                        {"hci/sync/awssm", "hci/sync/awssm/reach", "hci/internal/aws/client", "hci/internal/testing/scene", "hci/cmd/hci"},
	"github.com/aws/smithy-go":                            {"hci/sync/awssm", "hci/sync/awssm/reach", "hci/internal/aws/client"},
	"github.com/joho/godotenv":                            {"hci/sync/dotenv"},
	"golang.org/x/term":                                   {"hci/internal/term"},
	"github.com/zalando/go-keyring":                       {"hci/internal/term"},
	"os/exec":                                             {"hci/internal/doctor", "hci/internal/privatedir", "hci/internal/docker", "hci/internal/child", "hci/internal/editor", "hci/internal/git", "hci/internal/term", "hci/internal/terraform", "hci/internal/testing/interop", "hci/cmd/hci"},
}

// pure lists packages that may import the standard library and ours only, and
// do no input or output of their own.
var pure = []string{"hci/crypto", "hci/sync", "hci/sync/secret"}

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
	table := readArrows(t)
	for _, p := range packages(t) {
		owner := owner(p.ImportPath)
		allowed, known := table[owner]
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
var runs = map[string]string{"git": "internal/git", "terraform": "internal/terraform", "tofu": "internal/terraform", "docker": "internal/docker"}

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
