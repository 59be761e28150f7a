package lint_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hci/crypto"
	"hci/internal/lint"
	"hci/internal/project"
	"hci/internal/sealed"
	"hci/sync/secret"
)

const passphrase = "correct-horse"

// fast are parameters that a test can wait for; verify warns about them.
var fast = crypto.Params{KDF: crypto.PBKDF2, Digest: crypto.SHA256, Iterations: 1}

// reported verifies the environment "dev" of a project with these files, its
// sealed file made with p.
func reported(t *testing.T, p crypto.Params, content string, files map[string]string, require bool) (*lint.Report, error) {
	t.Helper()
	dir := t.TempDir()
	if content != "" {
		data, err := crypto.Seal([]byte(content), []byte(passphrase), p, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "dev_secrets.tfvars.enc"), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files["hci.hcl"] = "environment \"dev\" {}\n"
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found, err := project.Find(dir, project.Options{})
	if err != nil {
		t.Fatal(err)
	}
	env, err := found.Environment("dev")
	if err != nil {
		t.Fatal(err)
	}
	where := sealed.Files{Env: "dev", Plain: env.Plain, Sealed: env.Sealed, StateDir: t.TempDir(), Params: []crypto.Params{p}, Require: require}
	return lint.Environment(context.Background(), found, env, where, func(context.Context) (secret.Value, error) { return secret.New(passphrase), nil }, nil)
}

func TestEnvironment(t *testing.T) {
	const code = "variable \"a\" { sensitive = true }\nvariable \"b\" {\n  sensitive = true\n  default   = \"\"\n}\n"
	bytesToKey := crypto.Params{KDF: crypto.BytesToKey, Digest: crypto.MD5}
	noSalt := crypto.Params{KDF: crypto.PBKDF2, Digest: crypto.SHA256, Iterations: 1, NoSalt: true}
	for _, c := range []struct {
		name    string
		params  crypto.Params
		content string
		files   map[string]string
		require bool
		want    []string // "severity code", sorted
	}{
		{"few iterations", fast, "a = 1\n", map[string]string{"main.tf": code}, false, []string{"warning weak-derivation"}},
		{"one round", bytesToKey, "a = 1\n", map[string]string{"main.tf": code}, false, []string{"warning weak-derivation"}},
		{"no salt", noSalt, "a = 1\n", map[string]string{"main.tf": code}, false, []string{"warning no-salt", "warning not-authenticated", "warning weak-derivation"}},
		{"authentication required", noSalt, "a = 1\n", map[string]string{"main.tf": code}, true, []string{"problem not-authenticated", "warning no-salt", "warning weak-derivation"}},
		{"not sealed", fast, "", map[string]string{"main.tf": code, "dev_secrets.tfvars": "a = 1\n"}, false, []string{"problem not-sealed"}},
		{"another plaintext", fast, "a = 1\n", map[string]string{"main.tf": code, "dev_secrets.tfvars": "a = 2\n"}, false, []string{"warning plaintext-differs", "warning weak-derivation"}},
		{"undeclared and unset", fast, "c = 1\n", map[string]string{"main.tf": code}, false, []string{"problem undeclared", "problem unset", "warning weak-derivation"}},
		{"code that can't be read", fast, "a = 1\n", map[string]string{"main.tf": "variable {\n"}, false, []string{"problem terraform-unreadable", "warning weak-derivation"}},
		{"code that fails", fast, "a = 1\n", map[string]string{"main.tf": code + "variable \"n\" {\n  type    = number\n  default = 1\n  validation {\n    condition     = var.n > 1\n    error_message = \"too small\"\n  }\n}\n"}, false,
			[]string{"problem invalid", "warning weak-derivation"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := reported(t, c.params, c.content, c.files, c.require)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range r.Findings {
				got = append(got, string(f.Severity)+" "+f.Code)
				if f.Rule.ID != f.Code || f.Text == "" {
					t.Errorf("%+v", f)
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if lint.Count(r.Findings, lint.Problem)+lint.Count(r.Findings, lint.Warning) != len(c.want) {
				t.Error("problems and warnings are not all there are")
			}
		})
	}
}

func TestEnvironmentThatDoesNotOpen(t *testing.T) {
	_, err := reported(t, fast, "a = [\n", map[string]string{"main.tf": ""}, false)
	if err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}
