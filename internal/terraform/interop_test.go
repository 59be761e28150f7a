//go:build interop

package terraform_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hci/internal/project"
	"hci/internal/terraform"
	"hci/internal/testing/interop"
	"hci/tfvars"
)

// TestInteropPrecedence sets variables in every pair of sources, each source to
// a value of its own, and compares which one wins with the real Terraform.
func TestInteropPrecedence(t *testing.T) {
	program := interop.Need(t, "terraform")
	sources := []string{
		"default", "TF_VAR", "terraform.tfvars", "terraform.tfvars.json", "a.auto.tfvars",
		"b.auto.tfvars.json", "c.auto.tfvars", "app.tfvars", "app_secrets.tfvars",
	}
	dir := t.TempDir()
	files := map[string]*strings.Builder{}
	var environ []string
	var tf strings.Builder
	var names []string
	set := func(source, name string) {
		value := strings.NewReplacer(".", "-").Replace(source)
		b := files[source]
		if b == nil {
			b = &strings.Builder{}
			files[source] = b
		}
		switch {
		case source == "TF_VAR":
			environ = append(environ, "TF_VAR_"+name+"="+value)
		case strings.HasSuffix(source, ".json"):
			fmt.Fprintf(b, ",\n%q: %q", name, value)
		case source != "default":
			fmt.Fprintf(b, "%s = %q\n", name, value)
		}
	}
	for i := range sources {
		for j := i; j < len(sources); j++ {
			name := fmt.Sprintf("v_%d_%d", i, j)
			names = append(names, name)
			fmt.Fprintf(&tf, "variable %q {\n  type = string\n", name)
			if i == 0 {
				tf.WriteString("  default = \"default\"\n")
			}
			fmt.Fprintf(&tf, "}\noutput %q {\n  value = var.%s\n}\n", name, name)
			set(sources[i], name)
			if j > i {
				set(sources[j], name)
			}
		}
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("main.tf", tf.String())
	write("hci.hcl", "environment \"app\" {}\n")
	for source, b := range files {
		switch {
		case source == "default" || source == "TF_VAR":
		case strings.HasSuffix(source, ".json"):
			write(source, "{"+strings.TrimPrefix(b.String(), ",")+"}\n")
		default:
			write(source, b.String())
		}
	}
	for _, args := range [][]string{{"init", "-no-color"}, {"apply", "-auto-approve", "-no-color", "-var-file=app.tfvars", "-var-file=app_secrets.tfvars"}} {
		cmd := exec.Command(program, args...)
		cmd.Dir, cmd.Env = dir, append(environ, "HOME="+dir, "PATH="+os.Getenv("PATH"), "CHECKPOINT_DISABLE=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	cmd := exec.Command(program, "output", "-json")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]struct{ Value string }
	if err := json.Unmarshal(out, &want); err != nil {
		t.Fatal(err)
	}
	p, err := project.Find(dir, project.Options{Getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	env, err := p.Environment("app")
	if err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile(env.Plain)
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := tfvars.Parse(src, env.Plain)
	if err != nil {
		t.Fatal(err)
	}
	_, ev, err := terraform.Evaluate(p, env, secrets, environ, terraform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if got := ev.Variables[name].AsString(); got != want[name].Value {
			t.Errorf("%s is that of %s, Terraform takes that of %s", name, got, want[name].Value)
		}
	}
	if len(want) != len(names) || len(names) < 40 {
		t.Errorf("%d outputs, %d variables", len(want), len(names))
	}
}
