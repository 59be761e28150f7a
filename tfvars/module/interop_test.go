//go:build interop

package module_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"hci/internal/interop"
	"hci/tfvars/module"
)

// TestInteropTerraform evaluates fixtures and the sample project, and compares
// every known name and value with what the real Terraform makes of the same
// expressions: they are rewritten as outputs of a directory that needs no
// provider, which is applied.
func TestInteropTerraform(t *testing.T) {
	terraform := interop.Need(t, "terraform")
	type fixture struct {
		dir, workspace string
		varFiles       []string
	}
	var all []fixture
	for _, dir := range fixtures(t) {
		if filepath.Base(dir) != "unknown" { // there is nothing to apply without its resources
			all = append(all, fixture{dir, workspace, varFiles(dir)})
		}
	}
	project := filepath.Join("..", "..", "testdata", "project")
	for _, env := range []string{"staging", "production"} {
		plain, err := exec.Command("sh", filepath.Join(project, "make.sh"), "plaintext", env).Output()
		if err != nil {
			t.Fatal(err)
		}
		secrets := filepath.Join(t.TempDir(), "secrets.tfvars")
		if err := os.WriteFile(secrets, plain, 0o600); err != nil {
			t.Fatal(err)
		}
		infra := filepath.Join(project, "infra")
		all = append(all, fixture{infra, env, []string{filepath.Join(infra, "tfvars", env+".tfvars"), secrets}})
	}
	for _, f := range all {
		t.Run(filepath.Base(f.dir)+"-"+f.workspace, func(t *testing.T) {
			ev := evaluate(t, f.dir, f.workspace, inputs(t, f.varFiles...))
			got := map[string]string{}
			for _, s := range ev.Secrets {
				if s.NameKnown {
					got["name of "+s.Address] = s.Name
				}
				if s.Status == module.Known {
					got["value of "+s.Version] = s.Value.Reveal()
				}
			}
			want := apply(t, terraform, f.dir, f.workspace, f.varFiles)
			if len(want) == 0 {
				t.Fatal("Terraform has no outputs")
			}
			for key, value := range want {
				if g, ok := got[key]; !ok || g != value {
					t.Errorf("%s: known %v, and equal to Terraform's: %v", key, ok, g == value)
				}
			}
			if len(got) != len(want) {
				t.Errorf("%d names and values, Terraform has %d", len(got), len(want))
			}
		})
	}
}

// outputs of which argument of which resource type stand for what.
var outputs = map[string]map[string]string{
	"aws_secretsmanager_secret":         {"name": "name of "},
	"aws_secretsmanager_secret_version": {"secret_string": "value of "},
}

// rewrite copies a directory's variables and locals, and turns the arguments
// that matter into outputs, whose keys it returns by output name.
func rewrite(t *testing.T, from, to string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(from, "*.tf"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	keys := map[string]string{}
	out := hclwrite.NewEmptyFile()
	for _, path := range files {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file, diags := hclwrite.ParseConfig(src, path, hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatalf("%s cannot be parsed", path)
		}
		for _, b := range file.Body().Blocks() {
			switch {
			case b.Type() == "variable":
				out.Body().AppendBlock(b)
			case b.Type() == "locals" && !slices.ContainsFunc(refers(b), known):
				out.Body().AppendBlock(b)
			case b.Type() == "resource":
				for argument, what := range outputs[b.Labels()[0]] {
					expr := b.Body().GetAttribute(argument)
					if expr == nil {
						continue
					}
					name := fmt.Sprintf("o%d", len(keys))
					keys[name] = what + strings.Join(b.Labels(), ".")
					body := out.Body().AppendNewBlock("output", []string{name}).Body()
					body.SetAttributeRaw("value", append(append(hclwrite.Tokens{}, hclwrite.TokensForIdentifier("nonsensitive(tostring")...), append(paren(expr.Expr().BuildTokens(nil)), hclwrite.TokensForIdentifier(")")...)...))
				}
			}
		}
	}
	if err := os.WriteFile(filepath.Join(to, "main.tf"), out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return keys
}

func paren(inner hclwrite.Tokens) hclwrite.Tokens {
	open, closing := hclwrite.TokensForIdentifier("("), hclwrite.TokensForIdentifier("\n)")
	return slices.Concat(open, inner, closing)
}

// refers lists the first names of what a block's expressions refer to.
func refers(b *hclwrite.Block) []string {
	var roots []string
	for _, attr := range b.Body().Attributes() {
		for _, v := range attr.Expr().Variables() {
			tokens := v.BuildTokens(nil)
			roots = append(roots, strings.TrimSpace(string(tokens[0].Bytes)))
		}
	}
	return roots
}

// known reports whether a reference needs a resource.
func known(root string) bool {
	return !slices.Contains([]string{"var", "local", "terraform", "each", "count", "path"}, root)
}

// apply runs the real Terraform and returns its outputs.
func apply(t *testing.T, terraform, from, workspace string, varFiles []string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	keys := rewrite(t, from, dir)
	run := func(args ...string) []byte {
		cmd := exec.Command(terraform, args...)
		cmd.Dir = dir
		cmd.Env = slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "TF_") })
		cmd.Env = append(cmd.Env, "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("terraform %s: %v", args[0], err)
		}
		return out
	}
	run("init", "-input=false", "-no-color")
	run("workspace", "new", workspace)
	args := []string{"apply", "-input=false", "-auto-approve", "-no-color", "-compact-warnings"}
	for _, path := range varFiles {
		if abs, err := filepath.Abs(path); err == nil {
			if _, err := os.Stat(abs); err == nil {
				args = append(args, "-var-file="+abs)
			}
		}
	}
	run(args...)
	var values map[string]struct{ Value string }
	if err := json.Unmarshal(run("output", "-json"), &values); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for name, v := range values {
		want[keys[name]] = v.Value
	}
	return want
}
