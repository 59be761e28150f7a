package terraform_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"hci/internal/project"
	"hci/internal/terraform"
	"hci/tfvars/module"
)

var update = flag.Bool("update", false, "rewrite testdata/layouts/*.txtar")

// eachLayout makes a project of each archive in testdata/layouts. In it, the
// AWS blocks are in files named aws.tf, and each secret's name is the local
// value of its label: what names it can so be asked of terraform itself, which
// has no provider here. Region_LABEL is a local value with its region.
func eachLayout(t *testing.T, do func(t *testing.T, path string, a *txtar.Archive, p *project.Project)) {
	t.Helper()
	paths, err := filepath.Glob("testdata/layouts/*.txtar")
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d layouts, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			for _, f := range append(slices.Clone(a.Files), txtar.File{Name: ".git/HEAD", Data: []byte("ref: refs/heads/main\n")}) {
				name := filepath.Join(dir, filepath.FromSlash(f.Name))
				if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, f.Data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			p, err := project.Find(dir, project.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Environments) == 0 {
				t.Fatalf("no environment: %s", strings.Join(p.Found(), "\n"))
			}
			do(t, path, a, p)
		})
	}
}

func secretsOf(t *testing.T, p *project.Project, env project.Environment) []module.Secret {
	t.Helper()
	_, ev, err := terraform.Evaluate(p, env, nil, nil, terraform.Options{})
	if err != nil {
		t.Fatalf("%s: %v", env.Name, err)
	}
	return ev.Secrets
}

// TestLayouts: the names of the secrets in each layout, for each environment.
// TestInteropLayouts has them of terraform.
func TestLayouts(t *testing.T) {
	eachLayout(t, func(t *testing.T, path string, a *txtar.Archive, p *project.Project) {
		var got bytes.Buffer
		for _, env := range p.Environments {
			for _, s := range secretsOf(t, p, env) {
				if !s.NameKnown {
					t.Errorf("%s: the name of %s is not known", env.Name, s.Address)
				}
				fmt.Fprintf(&got, "%s %s %s %s\n", env.Name, s.Address, s.Name, s.Place.Region)
			}
		}
		i := slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == "want" })
		if i < 0 {
			a.Files = append(a.Files, txtar.File{Name: "want"})
			i = len(a.Files) - 1
		}
		if *update {
			a.Files[i].Data = got.Bytes()
			if err := os.WriteFile(path, txtar.Format(a), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(got.Bytes(), a.Files[i].Data) {
			t.Errorf("got\n%s\nwant\n%s", got.Bytes(), a.Files[i].Data)
		}
	})
}
