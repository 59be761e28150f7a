package module_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"hci/tfvars"
	"hci/tfvars/module"
)

var update = flag.Bool("update", false, "rewrite testdata/*/want.json")

// workspace is the one that every fixture is evaluated for.
const workspace = "staging"

// golden is what a fixture's want.json holds. The fixtures' values are made up.
type golden struct {
	Region, Profile     string
	Missing, Undeclared []string
	Warnings            []string
	Secrets             []goldenSecret
}

type goldenSecret struct {
	Address, Name, NamePrefix, Status, Value string
	Unknown, Variables                       []string
}

// fixtures lists the directories of testdata: a new case is a new folder with
// *.tf and vars.tfvars or vars.tfvars.json.
func fixtures(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob("testdata/*/vars.tfvars*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for i := range dirs {
		dirs[i] = filepath.Dir(dirs[i])
	}
	return dirs
}

// inputs reads a fixture's var files.
func inputs(t *testing.T, paths ...string) map[string]cty.Value {
	t.Helper()
	values := map[string]cty.Value{}
	read := 0
	for _, path := range paths {
		src, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		read++
		file, err := tfvars.Parse(src, path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range file.Names() {
			values[name], _ = file.Value(name)
		}
	}
	if read == 0 {
		t.Fatalf("none of %q is there", paths)
	}
	return values
}

func varFiles(dir string) []string {
	return []string{filepath.Join(dir, "vars.tfvars"), filepath.Join(dir, "vars.tfvars.json")}
}

func evaluate(t *testing.T, dir, workspace string, values map[string]cty.Value) *module.Evaluated {
	t.Helper()
	m, err := module.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	ev, err := m.Evaluate(module.Inputs{Workspace: workspace, Values: values})
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

func TestGolden(t *testing.T) {
	for _, dir := range fixtures(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			ev := evaluate(t, dir, workspace, inputs(t, varFiles(dir)...))
			got := golden{Region: ev.Provider.Region, Profile: ev.Provider.Profile, Missing: ev.Missing, Undeclared: ev.Undeclared}
			for _, w := range ev.Warnings {
				got.Warnings = append(got.Warnings, w.Error())
			}
			for _, s := range ev.Secrets {
				got.Secrets = append(got.Secrets, goldenSecret{
					Address: s.Address, Name: s.Name, NamePrefix: s.NamePrefix, Status: s.Status.String(),
					Value: s.Value.Reveal(), Unknown: s.Unknown, Variables: s.Variables,
				})
			}
			compareGolden(t, filepath.Join(dir, "want.json"), got)
		})
	}
}

func compareGolden(t *testing.T, path string, got golden) {
	t.Helper()
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	wantText, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want, again golden
	if err := json.Unmarshal(wantText, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, again); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
