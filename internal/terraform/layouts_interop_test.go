//go:build interop

package terraform_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"hci/internal/project"
	"hci/internal/testing/interop"
	"hci/tfvars/module"
)

// providersOf is how a module call hands providers over, which terraform can't
// do without them.
var providersOf = regexp.MustCompile(`(?m)^\s*providers\s*=\s*\{.*\}\n`)

// TestInteropLayouts asks terraform itself for the name, and where a layout
// tells it the region, of each secret in each environment: with the var files
// and in the workspace that hci found.
func TestInteropLayouts(t *testing.T) {
	program := interop.Need(t, "terraform")
	eachLayout(t, func(t *testing.T, _ string, a *txtar.Archive, p *project.Project) {
		text := string(txtar.Format(a))
		secrets := map[string][]module.Secret{}
		for _, env := range p.Environments {
			secrets[env.Name] = secretsOf(t, p, env)
		}
		withoutAWS(t, p.Root)
		for _, env := range p.Environments {
			var wanted []string
			for _, s := range secrets[env.Name] {
				at := fmt.Sprintf("%q", s.Place.Region)
				if name := region(s.Address); strings.Contains(text, name+" ") {
					at = "local." + name
				}
				wanted = append(wanted, fmt.Sprintf("[%s, %s]", expression(s.Address), at))
			}
			if len(wanted) == 0 {
				continue
			}
			got := console(t, program, env, "jsonencode(["+strings.Join(wanted, ", ")+"])")
			for i, s := range secrets[env.Name] {
				if got[i][0] != s.Name || got[i][1] != s.Place.Region {
					t.Errorf("%s: %s is %s in %s, terraform says %s", env.Name, s.Address, s.Name, s.Place.Region, got[i])
				}
			}
		}
	})
}

// expression is what terraform knows a secret's name by: the local value of its
// label or, in a module, the output of that name.
func expression(address string) string {
	return strings.Replace(scope(address), "aws_secretsmanager_secret.", map[bool]string{true: "", false: "local."}[strings.HasPrefix(address, "module.")], 1)
}

// scope leads to modules in modules by their outputs.
func scope(address string) string {
	before, rest, nested := strings.Cut(address, ".module.")
	if !nested {
		return address
	}
	return before + "." + rest
}

// region is the local value with the region of a secret, or of its module.
func region(address string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(address, "aws_secretsmanager_secret."), "[")
	if strings.HasPrefix(address, "module.") {
		name = strings.Split(address, ".")[1]
	}
	return "region_" + name
}

// withoutAWS takes away what terraform needs the AWS provider for.
func withoutAWS(t *testing.T, root string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || d.IsDir():
			return err
		case d.Name() == "aws.tf":
			return os.Remove(path)
		case strings.HasSuffix(path, ".tf"):
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, providersOf.ReplaceAll(src, nil), 0o600)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// console evaluates an expression for an environment.
func console(t *testing.T, program string, env project.Environment, expr string) [][]string {
	t.Helper()
	args := []string{"console"}
	for _, path := range env.VarFiles[len(env.AutoVarFiles):] {
		args = append(args, "-var-file="+path)
	}
	run := func(in string, args ...string) string {
		cmd := exec.Command(program, args...)
		cmd.Dir, cmd.Stdin = env.TerraformDir, strings.NewReader(in)
		cmd.Env = []string{"HOME=" + env.TerraformDir, "PATH=" + os.Getenv("PATH"), "CHECKPOINT_DISABLE=1", "TF_WORKSPACE=" + env.Workspace}
		out, err := cmd.Output()
		if err != nil {
			stderr := ""
			if exit, ok := err.(*exec.ExitError); ok {
				stderr = string(exit.Stderr)
			}
			t.Fatalf("terraform %s: %v: %s%s", args[0], err, out, stderr)
		}
		return string(out)
	}
	run("", "init", "-no-color")
	var text string
	if err := json.Unmarshal([]byte(run(expr+"\n", args...)), &text); err != nil {
		t.Fatal(err)
	}
	var all [][]string
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return all
}
