//go:build interop

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hci/internal/testing/interop"
)

// tfFiles makes a project of files, whose secrets are sealed for each of the
// environments.
func tfFiles(t *testing.T, files map[string]string, environments ...string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, env := range environments {
		hci(t, dir, "secrets", "encrypt", env)
	}
	for name := range files {
		if strings.HasSuffix(name, "secrets.tfvars") {
			if err := os.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// hciTf runs hci tf and returns its exit code and everything that was printed.
func hciTf(dir string, args ...string) (int, string) {
	var out bytes.Buffer
	code := run(context.Background(), append([]string{"-C", dir, "tf"}, args...), streams{in: strings.NewReader(""), out: &out, err: &out}, tfEnviron(dir))
	return code, out.String()
}

func wantTf(t *testing.T, dir string, code int, text string, args ...string) {
	t.Helper()
	if got, out := hciTf(dir, args...); got != code || !strings.Contains(out, text) {
		t.Errorf("hci tf %s: exit code %d, want %d and %q: %s", strings.Join(args, " "), got, code, text, out)
	}
}

// TestInteropTfDefaultWorkspace: where the code asks for no workspace, what
// terraform made by itself is what hci plans for.
func TestInteropTfDefaultWorkspace(t *testing.T) {
	terraform := interop.Need(t, "terraform")
	dir := tfFiles(t, map[string]string{
		"hci.hcl": "openssl {\n  iterations = 10000\n}\n",
		"terraform/main.tf": `variable "db_password" { sensitive = true }
resource "terraform_data" "db" { input = nonsensitive(sha256(var.db_password)) }
`,
		"terraform/prod_secrets.tfvars": "db_password = \"fake\"\n",
	}, "prod")
	tf := filepath.Join(dir, "terraform")
	runTerraform(t, terraform, tf, "init", "-no-color")
	runTerraform(t, terraform, tf, "apply", "-auto-approve", "-no-color", "-var=db_password=fake")
	wantTf(t, dir, 0, "prod: terraform in workspace default: the code never uses terraform.workspace", "prod", "plan", "-no-color", "-detailed-exitcode")
	if _, err := os.Stat(filepath.Join(tf, "terraform.tfstate.d")); err == nil {
		t.Error("a workspace was made")
	}
	// A workspace that somebody selected, and that has the environment's name.
	runTerraform(t, terraform, tf, "workspace", "new", "prod")
	wantTf(t, dir, 2, "prod: terraform in workspace prod", "prod", "plan", "-no-color", "-detailed-exitcode")
	runTerraform(t, terraform, tf, "workspace", "new", "other")
	wantTf(t, dir, 1, `selects the workspace "other"`, "prod", "plan", "-no-color")
}

// TestInteropTfWorkspaceOfTheCode: a workspace that the code asks for is never
// made by the way.
func TestInteropTfWorkspaceOfTheCode(t *testing.T) {
	interop.Need(t, "terraform")
	dir := tfFiles(t, map[string]string{
		"hci.hcl": "openssl {\n  iterations = 10000\n}\n",
		"infra/main.tf": `variable "a" { sensitive = true }
resource "terraform_data" "a" { input = "${terraform.workspace}-${nonsensitive(sha256(var.a))}" }
`,
		"infra/prod_secrets.tfvars": "a = \"fake\"\n",
	}, "prod")
	for _, args := range [][]string{{"init", "-no-color"}, {"validate"}, {"version"}} {
		wantTf(t, dir, 0, "", append([]string{"prod"}, args...)...)
	}
	for _, args := range [][]string{{"plan"}, {"apply", "-auto-approve"}, {"output"}, {"show"}, {"state", "list"}, {"console"}, {"refresh"}, {"destroy", "-auto-approve"}} {
		wantTf(t, dir, 1, `workspace "prod" of prod does not exist (there are default)`, append([]string{"prod"}, args...)...)
	}
	if _, err := os.Stat(filepath.Join(dir, "infra", "terraform.tfstate.d")); err == nil {
		t.Fatal("a workspace was made")
	}
	wantTf(t, dir, 0, "Created and switched to workspace", "prod", "workspace", "new", "-no-color", "prod")
	wantTf(t, dir, 0, "Apply complete!", "prod", "apply", "-auto-approve", "-no-color")
	if _, err := os.Stat(filepath.Join(dir, "infra", "terraform.tfstate.d", "prod", "terraform.tfstate")); err != nil {
		t.Error(err)
	}
}

// TestInteropTfOneState: two environments with the same code and, as far as it
// tells, one state, change nothing of each other's.
func TestInteropTfOneState(t *testing.T) {
	terraform := interop.Need(t, "terraform")
	dir := tfFiles(t, map[string]string{
		"hci.hcl":                        "openssl {\n  iterations = 10000\n}\n",
		"tf/main.tf":                     "variable \"env\" {}\nvariable \"a\" { sensitive = true }\nresource \"terraform_data\" \"a\" { input = var.env }\n",
		"tf/environments/dev.tfvars":     "env = \"dev\"\n",
		"tf/environments/prod.tfvars":    "env = \"prod\"\n",
		"tf/environments/dev.s.tfvars":   "",
		"tf/prod_secrets.tfvars":         "a = \"p\"\n",
		"tf/dev_secrets.tfvars":          "a = \"d\"\n",
		"tf/environments/README.md":      "",
		"tf/environments/common.tfvars":  "",
		"tf/environments/ex.tfvars.tmpl": "",
	}, "prod", "dev")
	tf := filepath.Join(dir, "tf")
	wantTf(t, dir, 0, "", "prod", "init", "-no-color")
	wantTf(t, dir, 1, `the same state: workspace "default"`, "prod", "plan", "-no-color")
	runTerraform(t, terraform, tf, "workspace", "new", "dev")
	wantTf(t, dir, 0, "dev: terraform in workspace dev: a workspace of that name exists", "dev", "apply", "-auto-approve", "-no-color")
	wantTf(t, dir, 1, `the same state: workspace "default"`, "prod", "plan", "-no-color")
	if err := os.WriteFile(filepath.Join(dir, "hci.hcl"), []byte("environment \"prod\" {\n  workspace = \"default\"\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantTf(t, dir, 0, "prod: terraform in workspace default: hci.hcl says so", "prod", "plan", "-no-color")
}

// TestInteropTfEphemeral: a saved plan gets the values of ephemeral variables,
// where the code has them, and no others.
func TestInteropTfEphemeral(t *testing.T) {
	interop.Need(t, "terraform")
	code := `variable "a" {
  type      = string
  sensitive = true
}
variable "r" {}
resource "terraform_data" "t" { input = "${var.r}-${nonsensitive(sha256(var.a))}" }
`
	files := map[string]string{
		"hci.hcl": "openssl {\n  iterations = 10000\n}\n",
		"infra/main.tf": code + `variable "e" {
  type      = string
  ephemeral = true
  default   = "d"
}
variable "f" {
  type      = list(string)
  ephemeral = true
}
`,
		"infra/staging_secrets.tfvars": "a = \"fake\"\ne = \"other\"\n",
		"infra/staging.tfvars":         "r = \"r\"\nf = [\"x\"]\n",
	}
	dir := tfFiles(t, files, "staging")
	wantTf(t, dir, 0, "", "staging", "init", "-no-color")
	wantTf(t, dir, 0, "Plan: 1 to add", "staging", "plan", "-no-color", "-out=p")
	wantTf(t, dir, 0, "Apply complete!", "staging", "apply", "-no-color", "p")

	files["infra/main.tf"] = code
	files["infra/staging_secrets.tfvars"] = "a = \"fake\"\n"
	files["infra/staging.tfvars"] = "r = \"r\"\n"
	dir = tfFiles(t, files, "staging")
	wantTf(t, dir, 0, "", "staging", "init", "-no-color")
	wantTf(t, dir, 0, "Plan: 1 to add", "staging", "plan", "-no-color", "-out=p")
	wantTf(t, dir, 0, "Apply complete!", "staging", "apply", "-no-color", "p")
}

// TestInteropTfDirectories: each environment's directory has its own state and
// variables, and modules beside it are read.
func TestInteropTfDirectories(t *testing.T) {
	interop.Need(t, "terraform")
	files := map[string]string{
		"hci.hcl":                     "openssl {\n  iterations = 10000\n}\n",
		"terraform/modules/m/main.tf": "variable \"v\" {}\nresource \"terraform_data\" \"t\" { input = var.v }\noutput \"o\" {\n  value = terraform_data.t.output\n}\n",
	}
	for _, env := range []string{"prod", "staging"} {
		files["terraform/environments/"+env+"/main.tf"] = `variable "s" {}
variable "name" {}
module "m" {
  source = "../../modules/m"
  v      = "${var.name}-${terraform.workspace}-${var.s}"
}
output "o" {
  value = module.m.o
}
`
		files["terraform/environments/"+env+"/terraform.tfvars"] = "name = \"" + env + "\"\n"
		files["terraform/environments/"+env+"/secrets.tfvars"] = "s = \"fake\"\n"
	}
	dir := tfFiles(t, files, "prod", "staging")
	for _, env := range []string{"prod", "staging"} {
		wantTf(t, dir, 0, "", env, "init", "-no-color")
		wantTf(t, dir, 0, `o = "`+env+`-default-fake"`, env, "apply", "-auto-approve", "-no-color")
	}
}
