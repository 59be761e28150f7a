package compare_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hci/internal/compare"
	"hci/internal/project"
	"hci/internal/terraform"
	"hci/sync"
	"hci/sync/secret"
	"hci/tfvars"
)

// dir is a project whose Terraform code is in main.tf.
func dir(t *testing.T, code, secrets string, others map[string]string) (*project.Project, project.Environment, *tfvars.File) {
	t.Helper()
	at := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(at, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("hci.hcl", "environment \"app\" {}\n")
	write("main.tf", code)
	write("app_secrets.tfvars", secrets)
	for name, text := range others {
		write(name, text)
	}
	p, err := project.Find(at, project.Options{Getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	env, err := p.Environment("app")
	if err != nil {
		t.Fatal(err)
	}
	file, err := tfvars.Parse([]byte(secrets), "app_secrets.tfvars")
	if err != nil {
		t.Fatal(err)
	}
	return p, env, file
}

// code declares secrets by name, with expressions for their values.
func code(variables string, secrets ...string) string {
	var b strings.Builder
	b.WriteString(variables)
	for i := 0; i < len(secrets); i += 2 {
		fmt.Fprintf(&b, "resource \"aws_secretsmanager_secret\" %[1]q { name = %[1]q }\nresource \"aws_secretsmanager_secret_version\" %[1]q {\n  secret_id = aws_secretsmanager_secret.%[1]s.id\n  secret_string = %[2]s\n}\n", secrets[i], secrets[i+1])
	}
	return b.String()
}

func TestPull(t *testing.T) {
	for _, c := range []struct {
		name, code, secrets string
		others              map[string]string
		held                map[string]string
		file, said          string
	}{
		{"a variable", code("variable \"v\" {}\n", "s", "var.v"), "v = \"old\" # kept\n", nil, map[string]string{"s": "new"}, "v = \"new\" # kept\n", "s: v"},
		{"a number", code("variable \"v\" { type = number }\n", "s", "var.v"), "v = 1\n", nil, map[string]string{"s": "2"}, "v = 2\n", "s: v"},
		{"no number", code("variable \"v\" { type = number }\n", "s", "var.v"), "v = 1\n", nil, map[string]string{"s": "two"}, "v = 1\n", "s: ! it does not fit var.v: not a value of the declared type: a number is expected"},
		{"a number in JSON becomes no text", code("variable \"v\" { type = string }\n", "s", "jsonencode({ k = var.v })"), "v = \"1\"\n", nil, map[string]string{"s": `{"k":2}`}, "v = \"1\"\n", "s: ! it would not be what Secrets Manager holds"},
		{"without a value yet", code("variable \"v\" {}\nvariable \"w\" {}\n", "s", "\"${var.v}-${var.w}\""), "v = \"a\"\n", nil, map[string]string{"s": "a-b"}, "v = \"a\"\nw = \"b\"\n", "s: w"},
		{"a function", code("variable \"v\" {}\n", "s", "upper(var.v)"), "v = \"old\"\n", nil, map[string]string{"s": "NEW"}, "v = \"old\"\n", "s: ! it is fixed by the Terraform code, not by a variable"},
		{"two secrets agree", code("variable \"v\" {}\n", "a", "var.v", "b", "\"b-${var.v}\""), "v = \"old\"\n", nil, map[string]string{"a": "new", "b": "b-new"}, "v = \"new\"\n", "a: v; b: v"},
		{"two secrets contradict", code("variable \"v\" {}\n", "a", "var.v", "b", "\"b-${var.v}\""), "v = \"old\"\n", nil, map[string]string{"a": "new", "b": "b-other"}, "v = \"old\"\n", "a: ! it would give var.v another value than another secret does; b: ! it would give var.v another value than another secret does"},
		{"one is in sync", code("variable \"v\" {}\n", "a", "var.v", "b", "\"b-${var.v}\""), "v = \"old\"\n", nil, map[string]string{"a": "new", "b": "b-old"}, "v = \"old\"\n", "a: ! it would change var.v, and so b, which would then not be what Secrets Manager holds"},
		{"half of a JSON secret", code("variable \"v\" {}\nvariable \"p\" {}\n", "s", "jsonencode({ v = var.v, p = var.p })", "t", "var.v"), "v = \"old\"\n", map[string]string{"app.tfvars": "p = \"old\"\n"}, map[string]string{"s": `{"p":"new","v":"new"}`, "t": "new"}, "v = \"old\"\n", "s: ! it needs another var.p, which app.tfvars sets; t: ! it would change var.v, and so s, which would then not be what Secrets Manager holds"},
		{"a key more", code("variable \"v\" {}\n", "s", "jsonencode({ v = var.v })"), "v = \"old\"\n", nil, map[string]string{"s": `{"more":1,"v":"new"}`}, "v = \"old\"\n", "s: ! key more is declared nowhere"},
		{"of a map", code("variable \"m\" { type = map(string) }\n", "s", "jsonencode(var.m)"), "m = { # all\n  z = \"1\" # the last\n  a = \"1\"\n}\n", nil, map[string]string{"s": `{"a":"2","n":"3","z":"1"}`}, "m = { # all\n  z = \"1\" # the last\n  a = \"2\"\n  n = \"3\"\n}\n", "s: m"},
		{"in a map", code("variable \"m\" { type = map(string) }\n", "s", "var.m[\"a\"]"), "m = {\n  z = \"1\" # the last\n  a = \"1\"\n}\n", nil, map[string]string{"s": "2"}, "m = {\n  z = \"1\" # the last\n  a = \"2\"\n}\n", "s: m[\"a\"]"},
		{"of a plain var file", code("variable \"v\" {}\n", "s", "var.v"), "\n", map[string]string{"app.tfvars": "v = \"old\"\n"}, map[string]string{"s": "new"}, "\n", "s: ! it needs another var.v, which app.tfvars sets"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, env, secrets := dir(t, c.code, c.secrets, c.others)
			next, said := pull(t, p, env, secrets, c.held)
			if next != c.file || said != c.said {
				t.Errorf("file\n%s\nwant\n%s\nsaid %s\nwant %s", next, c.file, said, c.said)
			}
		})
	}
}

// pull compares with what is held, and returns the new file and what was said.
func pull(t *testing.T, p *project.Project, env project.Environment, secrets *tfvars.File, values map[string]string) (file, said string) {
	t.Helper()
	m, ev, err := terraform.Evaluate(p, env, secrets, nil, terraform.Options{Shapes: true})
	if err != nil {
		t.Fatal(err)
	}
	wants, _, err := compare.Wants(ev)
	if err != nil {
		t.Fatal(err)
	}
	var held []sync.Held
	for name, value := range values {
		held = append(held, sync.Held{Name: name, Version: "v", HasValue: true, Value: secret.New(value)})
	}
	puller := &compare.Puller{Project: p, Env: env, Module: m, Evaluated: ev, Secrets: secrets}
	next, pulled, err := puller.Pull(sync.Diff(held, wants), func(sync.Change) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, one := range pulled {
		parts := append([]string{}, one.Sources...)
		for _, o := range one.Obstacles {
			parts = append(parts, "! "+strings.ReplaceAll(o.Error(), p.Root+string(filepath.Separator), ""))
		}
		all = append(all, one.Name+": "+strings.Join(parts, ", "))
	}
	return string(next.Bytes()), strings.Join(all, "; ")
}

func TestPullModule(t *testing.T) {
	p, env, secrets := dir(t, "variable \"v\" {}\nmodule \"m\" {\n  source = \"./m\"\n  value  = { key = var.v }.key\n}\n", "v = \"old\"\n", nil)
	if err := os.Mkdir(filepath.Join(p.Root, "m"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.Root, "m", "main.tf"), []byte(code("variable \"value\" { type = string }\nlocals { text = \"<${var.value}>\" }\n", "s", "local.text")), 0o600); err != nil {
		t.Fatal(err)
	}
	if file, said := pull(t, p, env, secrets, map[string]string{"s": "<new>"}); file != "v = \"new\"\n" || said != "s: v" {
		t.Errorf("%s, %s", file, said)
	}
}

func TestFind(t *testing.T) {
	p, env, secrets := dir(t, `variable "v" {}
resource "random_string" "r" {}
resource "aws_secretsmanager_secret" "r" { name = "key-${random_string.r.result}-end" }
resource "aws_secretsmanager_secret" "p" { name_prefix = "app-" }
resource "aws_secretsmanager_secret" "n" { name = random_string.r.result }
`, "v = \"x\"\n", nil)
	_, ev, err := terraform.Evaluate(p, env, secrets, nil, terraform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, unnamed, err := compare.Wants(ev)
	if err != nil || len(unnamed) != 3 {
		t.Fatalf("%d, %v", len(unnamed), err)
	}
	list := func(names ...string) (all []sync.Listed) {
		for _, name := range names {
			all = append(all, sync.Listed{Name: name})
		}
		return all
	}
	declared := func(name string) bool { return name == "key-mine-end" }
	made := "app-202501020304050607" + "0000000a"
	for _, u := range unnamed {
		if strings.HasSuffix(u.Want.Address, ".n") {
			if u.Searchable() {
				t.Error("a name of which nothing is known is looked for")
			}
			continue
		}
		w, err := u.Find(list("key-mine-end", "key-abc-end", "key-abc-other", "app-other", made, made+"0"), declared)
		if err != nil || w == nil || w.Name != "key-abc-end" && w.Name != made {
			t.Errorf("%s: %+v, %v", u.Want.Address, w, err)
		}
	}
	var ambiguous *compare.AmbiguousNameError
	for _, u := range unnamed {
		if !strings.HasSuffix(u.Want.Address, ".r") {
			continue
		}
		if _, err := u.Find(list("key-a-end", "key-b-end"), declared); !errors.As(err, &ambiguous) || len(ambiguous.Names) != 2 {
			t.Errorf("%v", err)
		}
		if w, err := u.Find(list("key-end"), declared); w != nil || err != nil {
			t.Errorf("%v, %v", w, err)
		}
	}
}
