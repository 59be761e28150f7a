//go:build interop

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/creack/pty"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"hci/internal/testing/interop"
	"hci/tfvars"
)

// reserved are names that Terraform takes for no variable.
var reserved = []string{"source", "version", "providers", "count", "for_each", "lifecycle", "depends_on", "locals"}

// tfEnviron is the environment of terraform, run by hci or by itself.
func tfEnviron(dir string) []string {
	return []string{
		"HCI_PASSPHRASE=" + samplePhrase, "HOME=" + dir, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + dir,
		"CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1",
	}
}

// tfProject writes a Terraform directory that applies each of the file's
// variables, of any type, and shows it as an output.
func tfProject(t *testing.T, file string, src []byte) string {
	t.Helper()
	f, err := tfvars.Parse(src, file)
	if err != nil {
		t.Fatal(err)
	}
	var tf strings.Builder
	var fields []string
	for _, name := range f.Names() {
		value, _ := f.Value(name)
		_, err := tfvars.Text(cty.TupleVal([]cty.Value{value}))
		if slices.Contains(reserved, name) || !hclsyntax.ValidIdentifier(name) || errors.Is(err, tfvars.ErrNoText) {
			continue // no variable can have this name, no state this value
		}
		fmt.Fprintf(&tf, "variable %q {\n  type = any\n}\noutput %q {\n  value = var.%s\n}\n", name, name, name)
		fields = append(fields, fmt.Sprintf("%q = var.%s", name, name))
	}
	fmt.Fprintf(&tf, "resource \"terraform_data\" \"all\" {\n  input = { %s }\n}\n", strings.Join(fields, ", "))
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("main.tf", tf.String())
	write(file, string(src))
	write("hci.hcl", fmt.Sprintf("environment \"app\" {\n  secrets = %q\n}\nopenssl {\n  iterations = 10000\n}\n", file))
	return dir
}

// TestInteropTfValues lets the real terraform apply every valid tfvars file of
// the golden folders: through hci, sealed and without a plaintext on the disk,
// and by itself. The outputs and what was applied must be the same, types
// included.
func TestInteropTfValues(t *testing.T) {
	terraform := interop.Need(t, "terraform")
	files, err := filepath.Glob(filepath.Join("..", "..", "tfvars", "testdata", "valid", "*", "in.tfvars*"))
	if err != nil || len(files) < 90 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	slots := make(chan struct{}, 4)
	for _, path := range files {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			t.Parallel()
			slots <- struct{}{}
			defer func() { <-slots }()
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !utf8.Valid(src) {
				return // no sealed file holds it: a secrets file must be UTF-8
			}
			name := "app_secrets" + strings.TrimPrefix(filepath.Base(path), "in")
			plain, sealed := tfProject(t, name, src), tfProject(t, name, src)
			runTerraform(t, terraform, plain, "init", "-no-color")
			runTerraform(t, terraform, plain, "apply", "-auto-approve", "-no-color", "-var-file="+name)
			hci(t, sealed, "secrets", "encrypt", "app")
			if err := os.Remove(filepath.Join(sealed, name)); err != nil {
				t.Fatal(err)
			}
			hci(t, sealed, "tf", "app", "init", "-no-color")
			hci(t, sealed, "tf", "app", "apply", "-auto-approve", "-no-color")
			want, got := applied(t, filepath.Join(plain, "terraform.tfstate")), applied(t, filepath.Join(sealed, "terraform.tfstate"))
			if !reflect.DeepEqual(want, got) {
				t.Errorf("terraform got other values through hci")
			}
		})
	}
}

func runTerraform(t *testing.T, terraform, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command(terraform, args...)
	cmd.Dir, cmd.Env = dir, tfEnviron(dir)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("terraform %s: %v: %s", args[0], err, out.String())
	}
}

// applied is what a state holds of outputs and of the resource's input.
func applied(t *testing.T, path string) any {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var state struct {
		Outputs   map[string]any
		Resources []struct {
			Instances []struct{ Attributes struct{ Input any } }
		}
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&state); err != nil {
		t.Fatal(err)
	}
	if len(state.Resources) != 1 {
		t.Fatalf("%s: %d resources", path, len(state.Resources))
	}
	return []any{state.Outputs, state.Resources[0].Instances[0].Attributes.Input}
}

// TestInteropTfSubcommands: every subcommand that takes variables gets them, a
// content larger than a pipe holds included, and no file but a state holds them
// afterwards.
func TestInteropTfSubcommands(t *testing.T) {
	interop.Need(t, "terraform")
	dir := tfProject(t, "app_secrets.tfvars", []byte("big = \""+strings.Repeat("marker-in-the-secret ", 20000)+"\"\n"))
	hci(t, dir, "secrets", "encrypt", "app")
	if err := os.Remove(filepath.Join(dir, "app_secrets.tfvars")); err != nil {
		t.Fatal(err)
	}
	hci(t, dir, "tf", "app", "init", "-no-color")
	for _, args := range [][]string{
		{"plan", "-no-color"}, {"apply", "-auto-approve", "-no-color"}, {"refresh", "-no-color"},
		{"import", "-no-color", "terraform_data.again", "id"}, {"test", "-no-color"}, {"console"},
		{"output", "-no-color"}, {"validate", "-no-color"}, {"workspace", "show"}, {"state", "list"}, {"version"},
		{"destroy", "-auto-approve", "-no-color"},
	} {
		if args[0] == "import" {
			if err := os.WriteFile(filepath.Join(dir, "again.tf"), []byte("resource \"terraform_data\" \"again\" {}\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		hci(t, dir, append([]string{"tf", "app"}, args...)...)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), "terraform.tfstate") {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte("marker-in-the-secret")) {
			t.Errorf("%s holds the secret", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestInteropTfTerminal: the question of an interactive apply is terraform's,
// on the terminal, and Ctrl-C there is terraform's to handle.
func TestInteropTfTerminal(t *testing.T) {
	terraform := interop.Need(t, "terraform")
	dir := tfProject(t, "app_secrets.tfvars", []byte("a = \"b\"\n"))
	if err := os.WriteFile(filepath.Join(dir, "slow.tf"), []byte(`resource "terraform_data" "slow" {
  count = fileexists("go-slow") ? 1 : 0
  provisioner "local-exec" {
    command = "touch started; exec sleep 120"
  }
}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	runTerraform(t, terraform, dir, "init", "-no-color")
	start := func(args ...string) (*exec.Cmd, *os.File) {
		cmd := exec.Command("hci", append([]string{"-C", dir, "tf", "app"}, args...)...) // testscript's
		cmd.Env = tfEnviron(dir)
		tty, err := pty.Start(cmd)
		if err != nil {
			t.Fatal(err)
		}
		return cmd, tty
	}
	cmd, tty := start("apply", "-no-color")
	await(t, tty, "Enter a value:")
	if _, err := tty.WriteString("yes\n"); err != nil {
		t.Fatal(err)
	}
	await(t, tty, "Apply complete!")
	if err := cmd.Wait(); err != nil {
		t.Errorf("apply: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go-slow"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, tty = start("apply", "-no-color", "-auto-approve")
	go func() { // terraform writes; nobody else reads
		buf := make([]byte, 4096)
		for {
			if _, err := tty.Read(buf); err != nil {
				return
			}
		}
	}()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(dir, "started")); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the provisioner did not start")
		}
	}
	if _, err := tty.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("an interrupted apply: %v, want terraform's exit code 1", err)
	}
}

// await reads from a terminal until a text appears.
func await(t *testing.T, tty *os.File, text string) {
	t.Helper()
	var seen bytes.Buffer
	buf := make([]byte, 4096)
	if err := tty.SetReadDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Log(err) // a plain read then waits for the test's own end
	}
	for !strings.Contains(seen.String(), text) {
		n, err := tty.Read(buf)
		seen.Write(buf[:n])
		if err != nil {
			t.Fatalf("no %q: %v: %s", text, err, seen.String())
		}
	}
}
