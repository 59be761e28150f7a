package module_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/zclconf/go-cty/cty"

	"hci/tfvars/module"
)

// growing is a directory that declares n secrets in one way.
func growing(kind string, n int) (fstest.MapFS, map[string]cty.Value) {
	secrets := map[string]cty.Value{}
	for i := range n {
		secrets[fmt.Sprintf("secret_%05d", i)] = cty.StringVal("v")
	}
	values := map[string]cty.Value{"secrets": cty.ObjectVal(secrets)}
	head := "variable \"secrets\" { type = map(string) }\n"
	switch kind {
	case "each.value.id":
		head += "resource \"aws_secretsmanager_secret\" \"s\" {\n  for_each = var.secrets\n  name     = \"app/staging/${each.key}\"\n}\nresource \"aws_secretsmanager_secret_version\" \"s\" {\n  for_each      = aws_secretsmanager_secret.s\n  secret_id     = each.value.id\n  secret_string = var.secrets[each.key]\n}\n"
	case "s[each.key]":
		head += "resource \"aws_secretsmanager_secret\" \"s\" {\n  for_each = var.secrets\n  name     = \"app/staging/${each.key}\"\n}\nresource \"aws_secretsmanager_secret_version\" \"s\" {\n  for_each      = var.secrets\n  secret_id     = aws_secretsmanager_secret.s[each.key].id\n  secret_string = each.value\n}\n"
	case "count":
		head += fmt.Sprintf("resource \"aws_secretsmanager_secret\" \"s\" {\n  count = %d\n  name     = \"app/staging/${count.index}\"\n}\nresource \"aws_secretsmanager_secret_version\" \"s\" {\n  count = %d\n  secret_id     = aws_secretsmanager_secret.s[count.index].id\n  secret_string = \"v\"\n}\n", n, n)
	case "secret_id s[key] for_each secret":
		head += "resource \"aws_secretsmanager_secret\" \"s\" {\n  for_each = var.secrets\n  name     = \"app/staging/${each.key}\"\n}\nresource \"aws_secretsmanager_secret_version\" \"s\" {\n  for_each      = aws_secretsmanager_secret.s\n  secret_id     = aws_secretsmanager_secret.s[each.key].id\n  secret_string = lookup(var.secrets, each.key)\n}\n"
	case "local":
		head += "locals { all = { for k, v in var.secrets : k => { name = \"app/${k}\", value = v } } }\nresource \"aws_secretsmanager_secret\" \"s\" {\n  for_each = local.all\n  name     = each.value.name\n}\nresource \"aws_secretsmanager_secret_version\" \"s\" {\n  for_each      = local.all\n  secret_id     = aws_secretsmanager_secret.s[each.key].id\n  secret_string = jsonencode(each.value)\n}\n"
	case "name":
		head += "resource \"aws_secretsmanager_secret\" \"s\" {\n  for_each = var.secrets\n  name     = \"app/${each.key}\"\n}\nresource \"aws_secretsmanager_secret_version\" \"s\" {\n  for_each      = var.secrets\n  secret_id     = \"app/${each.key}\"\n  secret_string = each.value\n}\n"
	case "sensitive":
		head = "variable \"secrets\" {\n type = map(string)\n sensitive = true\n}\nresource \"aws_secretsmanager_secret\" \"s\" {\n  for_each = nonsensitive(toset(keys(var.secrets)))\n  name     = \"app/${each.key}\"\n}\nresource \"aws_secretsmanager_secret_version\" \"s\" {\n  for_each      = aws_secretsmanager_secret.s\n  secret_id     = each.value.id\n  secret_string = var.secrets[each.key]\n}\n"
	case "module":
		head += "module \"m\" {\n source = \"./m\"\n for_each = var.secrets\n name = each.key\n value = each.value\n}\n"
	case "blocks":
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "resource \"aws_secretsmanager_secret\" \"s%[1]d\" { name = \"app/staging/%[1]d\" }\nresource \"aws_secretsmanager_secret_version\" \"s%[1]d\" {\n  secret_id = aws_secretsmanager_secret.s%[1]d.id\n  secret_string = var.secrets[\"secret_%05[1]d\"]\n}\n", i)
		}
		head += b.String()
	case "vars":
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "variable \"v%[1]d\" {}\nresource \"aws_secretsmanager_secret\" \"s%[1]d\" { name = \"app/staging/%[1]d\" }\nresource \"aws_secretsmanager_secret_version\" \"s%[1]d\" {\n  secret_id = aws_secretsmanager_secret.s%[1]d.id\n  secret_string = var.v%[1]d\n}\n", i)
			values[fmt.Sprintf("v%d", i)] = cty.StringVal("v")
		}
		head += b.String()
	}
	return fstest.MapFS{"main.tf": {Data: []byte(head)}, "m/main.tf": {Data: []byte("variable \"name\" {}\nvariable \"value\" {}\nresource \"aws_secretsmanager_secret\" \"s\" { name = var.name }\nresource \"aws_secretsmanager_secret_version\" \"s\" {\n secret_id = aws_secretsmanager_secret.s.id\n secret_string = var.value\n}\n")}}, values
}

var growingKinds = []string{
	"each.value.id", "s[each.key]", "secret_id s[key] for_each secret", "local", "name", "sensitive", "module", "count", "blocks", "vars",
}

// TestGrowth: four times as many secrets take about four times as much, whatever
// way they are declared. What is measured is memory, which no other work on the
// machine changes.
func TestGrowth(t *testing.T) {
	for _, kind := range growingKinds {
		few, many := allocated(t, kind, 500), allocated(t, kind, 2000)
		if many > 5*few {
			t.Errorf("%s: 500 secrets take %d KiB, 2,000 take %d", kind, few>>10, many>>10)
		}
	}
}

// allocated is how many bytes loading and evaluating take.
func allocated(t *testing.T, kind string, n int) uint64 {
	fsys, values := growing(kind, n)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	evaluateAll(t, fsys, values, n)
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func evaluateAll(t testing.TB, fsys fstest.MapFS, values map[string]cty.Value, n int) {
	m, err := module.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	ev, err := m.Evaluate(module.Inputs{Workspace: "staging", Values: values})
	if err != nil || len(ev.Secrets) != n {
		t.Fatalf("%v", err)
	}
}

// BenchmarkGrowth evaluates 10,000 and 20,000 secrets.
func BenchmarkGrowth(b *testing.B) {
	for _, kind := range growingKinds {
		for _, n := range []int{10_000, 20_000} {
			fsys, values := growing(kind, n)
			b.Run(fmt.Sprintf("%s/%d", strings.ReplaceAll(kind, " ", "_"), n), func(b *testing.B) {
				for b.Loop() {
					evaluateAll(b, fsys, values, n)
				}
			})
		}
	}
}
