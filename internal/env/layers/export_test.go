package layers_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hci/internal/env/layers"
	"hci/internal/project"
	"hci/sync/dotenv"
	"hci/tfvars"
)

// entries exports src as the secrets of environment "dev", with config as
// hci.hcl.
func entries(t *testing.T, src, config string) ([]dotenv.Entry, []string, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"hci.hcl": config, "dev_secrets.tfvars": src, "main.tf": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := project.Find(dir, project.Options{})
	if err != nil {
		t.Fatal(err)
	}
	file, err := tfvars.Parse([]byte(src), "dev_secrets.tfvars")
	if err != nil {
		t.Fatal(err)
	}
	set, err := layers.New(layers.Input{Secrets: file, Path: "dev_secrets.tfvars", Vars: p.EnvVars("dev"), Scope: layers.NewScope(file, nil)})
	if err != nil {
		return nil, nil, err
	}
	all, missing := set.Entries()
	if len(missing) > 0 {
		t.Errorf("%d without a value", len(missing))
	}
	return all, set.Null, nil
}

func show(all []dotenv.Entry) string {
	var lines []string
	for _, e := range all {
		lines = append(lines, e.Key+"="+e.Value.Reveal())
	}
	return strings.Join(lines, " ")
}

func TestEntries(t *testing.T) {
	const src = "b = \"2\"\na = 1\nlist = [1, true]\nnothing = null\n"
	for _, c := range []struct{ name, config, want string }{
		{"names in upper case", "", "A=1 B=2 LIST=[1,true]"},
		{"added", `env { C = "3" }`, "A=1 B=2 C=3 LIST=[1,true]"},
		{"overridden", `env { A = "x" }`, "A=x B=2 LIST=[1,true]"},
		{"renamed", `env { Z = var.a }`, "B=2 LIST=[1,true] Z=1"},
		{"renamed to its own name", `env { A = var.a }`, "A=1 B=2 LIST=[1,true]"},
		{"combined", `env { Z = "${var.a}-${var.b}" }`, "A=1 B=2 LIST=[1,true] Z=1-2"},
		{"dropped", `env { A = null }`, "B=2 LIST=[1,true]"},
		{"its own block last", "env { A = \"x\" }\nenvironment \"dev\" {\n  env { A = \"y\" }\n}", "A=y B=2 LIST=[1,true]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, null, err := entries(t, src, c.config)
			if err != nil || show(got) != c.want {
				t.Errorf("%s, %v; want %s", show(got), err, c.want)
			}
			if len(null) != 1 || null[0] != "nothing" {
				t.Errorf("null: %q", null)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ name, config, want string }{
		{"no such variable", `env { Z = var.c }`, "hci.hcl:1:7: Z: there is no var.c"},
		{"no such secret", `env { Z = secret.c }`, "Z: there is no secret.c"},
		{"fails", `env { Z = var.a + "s3cr3t" }`, "Z: the expression cannot be evaluated"},
		{"null", `env { Z = var.n }`, "Z: the value is null"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := entries(t, "a = \"s3cr3t\"\nn = null\n", c.config)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestCollision(t *testing.T) {
	_, _, err := entries(t, "a_b = \"1\"\nA_b = \"2\"\n", "")
	var collision *layers.CollisionError
	if !errors.As(err, &collision) || collision.Key != "A_B" {
		t.Errorf("%v", err)
	}
}
