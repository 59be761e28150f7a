package module_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/zclconf/go-cty/cty"

	"hci/tfvars/module"
)

// manyFiles is a directory of 200 files with ten secrets each.
func manyFiles() (fstest.MapFS, map[string]cty.Value) {
	fsys, values := fstest.MapFS{}, map[string]cty.Value{}
	for i := range 200 {
		var b strings.Builder
		fmt.Fprintf(&b, "locals {\n  prefix_%d = \"app/${terraform.workspace}/%d\"\n}\n", i, i)
		for j := range 10 {
			name := fmt.Sprintf("s_%d_%d", i, j)
			fmt.Fprintf(&b, `variable %[1]q {
  type      = string
  sensitive = true
}
resource "aws_secretsmanager_secret" %[1]q {
  name = "${local.prefix_%[2]d}/%[3]d"
}
resource "aws_secretsmanager_secret_version" %[1]q {
  secret_id     = aws_secretsmanager_secret.%[1]s.id
  secret_string = jsonencode({ value = var.%[1]s, of = local.prefix_%[2]d })
}
`, name, i, j)
			values[name] = cty.StringVal("value of " + name)
		}
		fsys[fmt.Sprintf("part_%03d.tf", i)] = &fstest.MapFile{Data: []byte(b.String())}
	}
	return fsys, values
}

// BenchmarkDirectory reads and evaluates 200 files with 2,000 secrets. The goal
// is 0.5 s.
func BenchmarkDirectory(b *testing.B) {
	fsys, values := manyFiles()
	b.ReportAllocs()
	for b.Loop() {
		m, err := module.Load(fsys)
		if err != nil {
			b.Fatal(err)
		}
		ev, err := m.Evaluate(module.Inputs{Workspace: "staging", Values: values})
		if err != nil || len(ev.Secrets) != 2000 {
			b.Fatalf("%v", err)
		}
	}
}

// BenchmarkForEach evaluates one block with 10,000 instances.
func BenchmarkForEach(b *testing.B) {
	fsys := fstest.MapFS{"main.tf": &fstest.MapFile{Data: []byte(`variable "secrets" { type = map(string) }
resource "aws_secretsmanager_secret" "s" {
  for_each = var.secrets
  name     = "app/staging/${each.key}"
}
resource "aws_secretsmanager_secret_version" "s" {
  for_each      = var.secrets
  secret_id     = aws_secretsmanager_secret.s[each.key].id
  secret_string = each.value
}
`)}}
	secrets := map[string]cty.Value{}
	for i := range 10_000 {
		secrets[fmt.Sprintf("secret_%05d", i)] = cty.StringVal(strings.Repeat("v", 46))
	}
	values := map[string]cty.Value{"secrets": cty.ObjectVal(secrets)}
	b.ReportAllocs()
	for b.Loop() {
		m, err := module.Load(fsys)
		if err != nil {
			b.Fatal(err)
		}
		ev, err := m.Evaluate(module.Inputs{Workspace: "staging", Values: values})
		if err != nil || len(ev.Secrets) != 10_000 {
			b.Fatalf("%v", err)
		}
	}
}
