//go:build interop

package module_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hci/internal/compare"
	"hci/internal/testing/interop"
	"hci/sync"
	"hci/tfvars/module"
)

// notApplied are the fixtures that Terraform can't apply in this way, and why.
var notApplied = map[string]string{
	"written":       "it refers to resources of AWS by their own arguments, which terraform_data does not have",
	"tofu":          "terraform reads no .tofu files",
	"ephemeral":     "an ephemeral value may go into a write-only argument only, which no resource without a provider has",
	"parameters":    "its for_each awaits another resource, which Terraform refuses in one apply",
	"unknown-count": "its count awaits another resource, which Terraform refuses in one apply",
}

// TestInteropTerraform evaluates the fixtures and the sample project, and
// compares every name and value with what the real Terraform makes of the same
// expressions. All resources are rewritten as the built-in terraform_data, which
// needs no provider; count, for_each and modules stay as they are. What hci
// calls unknown is then known; what it says of the rest must agree.
func TestInteropTerraform(t *testing.T) {
	program := interop.Need(t, "terraform")
	type fixture struct {
		dir, workspace string
		varFiles       []string
	}
	var all []fixture
	for _, dir := range fixtures(t) {
		if why, ok := notApplied[filepath.Base(dir)]; ok {
			t.Logf("%s is not applied: %s", dir, why)
			continue
		}
		all = append(all, fixture{dir, workspace, varFiles(dir)})
	}
	if len(all) < 30 {
		t.Fatalf("%d fixtures only", len(all))
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
	slots := make(chan struct{}, 4)
	for _, f := range all {
		t.Run(filepath.Base(f.dir)+"-"+f.workspace, func(t *testing.T) {
			t.Parallel()
			slots <- struct{}{}
			defer func() { <-slots }()
			compareApplied(t, evaluate(t, f.dir, f.workspace, inputs(t, f.varFiles...)), apply(t, program, f.dir, f.workspace, f.varFiles))
		})
	}
}

// applied is what Terraform made: the arguments of resources, by address.
type applied map[string]map[string]any

func compareApplied(t *testing.T, ev *module.Evaluated, real applied) {
	t.Helper()
	wants, unnamed, err := compare.Wants(ev)
	if err != nil {
		t.Fatal(err)
	}
	patterns := map[string]sync.Want{}
	for _, w := range wants {
		patterns[w.Address] = w
	}
	for _, u := range unnamed {
		patterns[u.Want.Address] = u.Want
	}
	seen := map[string]bool{}
	for _, s := range ev.Secrets {
		secret, declared := real[s.Address]
		seen[s.Address], seen[s.Version] = true, true
		if declared && s.Address != s.Version { // else it is declared elsewhere
			name, _ := secret["name"].(string)
			switch {
			case s.NameKnown && s.Name != name:
				t.Errorf("%s: name %q, Terraform makes %q", s.Address, s.Name, name)
			case !s.NameKnown && name != "" && !strings.HasPrefix(name, s.NamePrefix):
				t.Errorf("%s: name begins with %q, Terraform makes %q", s.Address, s.NamePrefix, name)
			case !s.NameKnown && name == "" && secret["name_prefix"] != s.NamePrefix && s.NamePrefix != "terraform-":
				t.Errorf("%s: name prefix %q, Terraform makes %v", s.Address, s.NamePrefix, secret["name_prefix"])
			}
		} else if !declared {
			t.Errorf("%s: Terraform has no such resource", s.Address)
		}
		version, hasVersion := real[s.Version]
		if !hasVersion {
			if s.Version != "" || s.Status != module.NoValue {
				t.Errorf("%s: version %q, status %v; Terraform has none", s.Address, s.Version, s.Status)
			}
			continue
		}
		value := text(version["secret_string"])
		switch s.Status {
		case module.Known, module.Ignored:
			if s.Value.Reveal() != value {
				t.Errorf("%s: Terraform makes another value", s.Address)
			}
		case module.Unknown:
			w := patterns[s.Address]
			if agrees, _ := w.Pattern.Agrees(value); w.Pattern.Says() && !agrees {
				t.Errorf("%s: what is known of the value does not agree with Terraform's", s.Address)
			}
		default:
			t.Errorf("%s: status %v, Terraform makes a value", s.Address, s.Status)
		}
	}
	for _, address := range slices.Sorted(maps.Keys(real)) {
		if strings.Contains(address, "aws_secretsmanager_secret") && !seen[address] {
			t.Errorf("%s is Terraform's, and not seen", address)
		}
	}
}

// text is a primitive value's text, as an argument of type string gets it.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case nil:
		return ""
	default:
		return fmt.Sprint(v)
	}
}

// apply runs the real Terraform on the rewritten directory.
func apply(t *testing.T, program, from, workspace string, varFiles []string) applied {
	t.Helper()
	dir := t.TempDir()
	rewrite(t, from, dir)
	run := func(args ...string) []byte {
		cmd := exec.Command(program, args...)
		cmd.Dir = dir
		cmd.Env = slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "TF_") })
		cmd.Env = append(cmd.Env, "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1", "TF_WORKSPACE="+workspace)
		var errOut bytes.Buffer
		cmd.Stderr = &errOut
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("terraform %s: %v: %s", args[0], err, errOut.Bytes())
		}
		return out
	}
	run("init", "-input=false", "-no-color")
	args := []string{"apply", "-input=false", "-auto-approve", "-no-color", "-compact-warnings"}
	for _, path := range varFiles {
		if abs, err := filepath.Abs(path); err == nil {
			if _, err := os.Stat(abs); err == nil {
				args = append(args, "-var-file="+abs)
			}
		}
	}
	run(args...)
	type stateModule struct {
		Resources []struct {
			Address string
			Values  struct{ Input map[string]any }
		}
		ChildModules []json.RawMessage `json:"child_modules"`
	}
	var top struct {
		Values struct {
			RootModule json.RawMessage `json:"root_module"`
		}
	}
	decode(t, run("show", "-json", "-no-color"), &top)
	real := applied{}
	for modules := []json.RawMessage{top.Values.RootModule}; len(modules) > 0; {
		var m stateModule
		decode(t, modules[0], &m)
		modules = append(modules[1:], m.ChildModules...)
		for _, r := range m.Resources {
			address := strings.NewReplacer("terraform_data.secret_", secretType+".", "terraform_data.version_", secretType+"_version.").Replace(r.Address)
			real[address] = r.Values.Input
		}
	}
	if len(real) == 0 {
		t.Fatal("Terraform made nothing")
	}
	return real
}

func decode(t *testing.T, data []byte, into any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		t.Fatal(err)
	}
}

const secretType = "aws_secretsmanager_secret"

// rewrite copies a Terraform directory with all resources, data sources and
// modules that can't be read turned into terraform_data.
func rewrite(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		switch {
		case strings.HasSuffix(path, ".tf"):
			src = rewriteNative(t, src, path, filepath.Dir(path) == filepath.Clean(from))
		case strings.HasSuffix(path, ".tf.json"):
			src = rewriteJSON(t, src)
		case strings.HasPrefix(d.Name(), "vars.tfvars"), d.Name() == "want.json":
			return nil
		}
		return os.WriteFile(target, src, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

var (
	secretRef = regexp.MustCompile(`\b` + secretType + `\.(\w+)`)
	arnRef    = regexp.MustCompile(`(terraform_data\.secret_\w+(?:\[[^\]]*\])?)\.arn\b`)
	nameRef   = regexp.MustCompile(`(terraform_data\.secret_\w+(?:\[[^\]]*\])?)\.name\b`)
	dataRef   = regexp.MustCompile(`\bdata\.(\w+)\.(\w+)\.\w+`)
	otherRef  = regexp.MustCompile(`\b(random_\w+|aws_[a-z]+_\w+)\.(\w+)\.\w+`)
	vpcRef    = regexp.MustCompile(`\bmodule\.vpc\.\w+`)
)

// references rewrites what expressions refer to.
func references(src string) string {
	src = secretRef.ReplaceAllString(src, "terraform_data.secret_$1")
	src = arnRef.ReplaceAllString(src, "$1.id")
	src = nameRef.ReplaceAllString(src, "$1.input.name")
	src = dataRef.ReplaceAllString(src, "terraform_data.data_${1}_$2.id")
	src = vpcRef.ReplaceAllString(src, "terraform_data.module_vpc.id")
	src = strings.ReplaceAll(src, "s.name]", "s.input.name]")
	return otherRef.ReplaceAllString(src, "terraform_data.other_${1}_$2.id")
}
