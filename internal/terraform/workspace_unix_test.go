//go:build !windows

package terraform_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hci/internal/project"
	"hci/internal/terraform"
)

// tool puts a terraform into PATH that lists workspaces, shows an empty state,
// and notes in a file how it was called.
func tool(t *testing.T, list string) (calls func() string) {
	t.Helper()
	bin := t.TempDir()
	script := `#!/bin/sh
echo "$1 in ${TF_WORKSPACE-none} ${HCI_PASSPHRASE-}" >>"` + bin + `/calls"
case "$1" in
workspace) printf '` + list + `' ;;
show) echo '{"format_version":"1.0"}' ;;
esac
[ ! -e fails ]
`
	if err := os.WriteFile(filepath.Join(bin, "terraform"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	return func() string {
		text, _ := os.ReadFile(filepath.Join(bin, "calls"))
		return string(text)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestFindPlace: the workspace is the one that the code, hci.hcl or terraform
// itself names; one that is not there, or that may be another environment's, is
// refused with the line to write.
func TestFindPlace(t *testing.T) {
	const list = "  default\\n* staging\\n"
	for _, c := range []struct {
		name     string
		env      project.Environment
		selected string // what .terraform/environment says
		environ  []string
		want     string // the workspace
		next     string // of the error
		note     string
	}{
		{name: "default", env: project.Environment{Workspace: "default"}, want: "default"},
		{name: "default, and the environment's is selected", env: project.Environment{Workspace: "default"}, selected: "staging", want: "staging"},
		{name: "default, and another is selected", env: project.Environment{Workspace: "default"}, selected: "other", next: `environment "staging" { workspace = "NAME" }`},
		{name: "default is what hci.hcl says", env: project.Environment{Workspace: "default", WorkspaceDeclared: true}, selected: "other", want: "default"},
		{name: "the code asks for it", env: project.Environment{Workspace: "staging"}, want: "staging"},
		{name: "another is selected", env: project.Environment{Workspace: "staging"}, environ: []string{"TF_WORKSPACE=other"}, want: "staging", note: `the workspace "other", which TF_WORKSPACE selects, is not used`},
		{name: "it is not there", env: project.Environment{Workspace: "stage"}, next: "'hci tf staging workspace new stage' creates it"},
		{name: "the backend fixes it", env: project.Environment{Workspace: "any", WorkspaceFixed: true}, want: "any"},
		{name: "shared, and a workspace has its name", env: project.Environment{Workspace: "default", SharesState: []string{"prod"}}, want: "staging"},
		{name: "shared, with a backend of its own", env: project.Environment{Name: "dev", Workspace: "default", SharesState: []string{"prod"}, BackendAtInit: true}, want: "default", note: "this is the state that was given last"},
		{name: "shared", env: project.Environment{Name: "dev", Workspace: "default", SharesState: []string{"prod"}}, next: `environment "dev" { workspace = "default" }`},
	} {
		t.Run(c.name, func(t *testing.T) {
			tool(t, list)
			root := t.TempDir()
			if c.env.Name == "" {
				c.env.Name = "staging"
			}
			c.env.TerraformDir = root
			if c.selected != "" {
				write(t, filepath.Join(root, ".terraform", "environment"), c.selected)
			}
			at, err := terraform.FindPlace(&project.Project{Root: root}, c.env, c.environ, io.Discard)
			if c.next != "" {
				var next interface{ Next() string }
				if !errors.As(err, &next) || !strings.Contains(next.Next(), c.next) {
					t.Fatalf("error %v", err)
				}
				return
			}
			if err != nil || at.Workspace != c.want {
				t.Errorf("workspace %q, error %v", at.Workspace, err)
			}
			if notes := strings.Join(at.Notes, "; "); (c.note == "") != (notes == "") || !strings.Contains(notes, c.note) {
				t.Errorf("notes %q", notes)
			}
		})
	}
}

// TestWorkspacesUnknown: a list that could not be had is an error, and not an
// empty list.
func TestWorkspacesUnknown(t *testing.T) {
	env := project.Environment{Name: "staging", Workspace: "staging", TerraformDir: t.TempDir()}
	p := &project.Project{Root: env.TerraformDir}
	tool(t, "")
	var unknown *terraform.ListError
	if _, err := terraform.FindPlace(p, env, nil, io.Discard); !errors.As(err, &unknown) || unknown.Code != 0 {
		t.Errorf("nothing listed: %v", err)
	}
	write(t, filepath.Join(env.TerraformDir, "fails"), "")
	if _, err := terraform.FindPlace(p, env, nil, io.Discard); !errors.As(err, &unknown) || unknown.Code != 1 || !strings.Contains(unknown.Next(), "hci tf staging init") {
		t.Errorf("it failed: %v", err)
	}
}

// TestOtherState: a directory that is set up for another environment's state is
// refused.
func TestOtherState(t *testing.T) {
	tool(t, "  default\\n")
	root := t.TempDir()
	env := project.Environment{Name: "staging", Workspace: "default", TerraformDir: filepath.Join(root, "infra"), BackendFile: filepath.Join(root, "infra", "staging.backend")}
	p := &project.Project{Root: root}
	write(t, env.BackendFile, "bucket = \"state\"\nkey = \"staging\"\n")
	for _, c := range []struct {
		kept string
		want string
	}{
		{"", ""}, // it is not set up
		{`{"backend":{"config":{"bucket":"state","key":"staging"}}}`, ""},
		{`{"backend":{"config":{"bucket":"state","key":"prod"}}}`, `infra is set up for another state than that of staging: key is "prod", and "staging" in infra/staging.backend`},
		{`{"backend":`, "terraform.tfstate"},
	} {
		if c.kept != "" {
			write(t, filepath.Join(env.TerraformDir, ".terraform", "terraform.tfstate"), c.kept)
		}
		_, err := terraform.FindPlace(p, env, nil, io.Discard)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.kept, err)
		}
		var other *terraform.OtherStateError
		if errors.As(err, &other) && other.Next() != "'hci tf staging init -reconfigure -backend-config=staging.backend' sets it up" {
			t.Errorf("next: %s", other.Next())
		}
	}
}

// TestReadState asks in the environment's workspace, without a passphrase.
func TestReadState(t *testing.T) {
	calls := tool(t, "  default\\n* staging\\n")
	env := project.Environment{Name: "staging", Workspace: "staging", TerraformDir: t.TempDir()}
	p := &project.Project{Root: env.TerraformDir}
	if _, err := terraform.ReadState(p, env, append(os.Environ(), "HCI_PASSPHRASE=s3cr3t", "TF_WORKSPACE=other"), io.Discard); err != nil {
		t.Error(err)
	}
	if got := strings.Fields(strings.ReplaceAll(calls(), "\n", " ")); !slices.Equal(got, []string{"workspace", "in", "none", "show", "in", "staging"}) {
		t.Errorf("called: %q", got)
	}
	write(t, filepath.Join(env.TerraformDir, "fails"), "")
	env.WorkspaceFixed = true
	var failed *terraform.ShowError
	if _, err := terraform.ReadState(p, env, os.Environ(), io.Discard); !errors.As(err, &failed) || !strings.Contains(failed.Error(), "exit code 1") || !strings.Contains(failed.Next(), "hci tf staging init") {
		t.Errorf("%v", err)
	}
}

func TestNoTerraform(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, c := range []struct{ binary, why, text, next string }{
		{"", "", "terraform is not installed, or not in PATH", `terraform_binary = "tofu"`},
		{project.OpenTofu, "there are .tofu files", "this project uses it: there are .tofu files", `terraform_binary = "terraform"`},
	} {
		_, err := terraform.Program(&project.Project{Binary: c.binary, BinaryWhy: c.why})
		var none *terraform.NoTerraformError
		if !errors.As(err, &none) || !strings.Contains(err.Error(), c.text) || !strings.Contains(none.Next(), c.next) {
			t.Errorf("%v", err)
		}
	}
}
