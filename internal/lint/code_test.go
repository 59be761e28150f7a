package lint_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/zclconf/go-cty/cty"

	"hci/internal/lint"
	"hci/tfvars"
	"hci/tfvars/module"
)

// found checks a directory of one file, and returns the findings and suspects
// as "rule: text".
func found(t *testing.T, code, sealed string) []string {
	t.Helper()
	fsys := fstest.MapFS{"main.tf": {Data: []byte(code)}}
	m, err := module.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	references, err := lint.ReadReferences(fsys)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]cty.Value{}
	var file *tfvars.File
	if sealed != "" {
		if file, err = tfvars.Parse([]byte(sealed), "x_secrets.tfvars"); err != nil {
			t.Fatal(err)
		}
		for _, name := range file.Names() {
			values[name], _ = file.Value(name)
		}
	}
	ev, err := m.Evaluate(module.Inputs{Workspace: "prod", Values: values, Shapes: true})
	if err != nil {
		t.Fatal(err)
	}
	all, suspects := lint.Code{
		Module: m, Evaluated: ev, Sealed: file, Workspace: "prod", References: references,
		Path: func(file string) string { return file },
	}.Check()
	for _, s := range suspects {
		all = append(all, s.Finding)
	}
	var texts []string
	for _, f := range lint.Sort(all) {
		texts = append(texts, f.Code+": "+f.Text)
	}
	return texts
}

func container(environment, secrets string) string {
	return `
resource "aws_ecs_task_definition" "app" {
  container_definitions = jsonencode([{ name = "app", environment = [` + environment + `], secrets = [` + secrets + `] }])
}
`
}

func TestCode(t *testing.T) {
	const granted = `
resource "aws_iam_policy" "read" { policy = jsonencode({ Resource = "*" }) }
resource "aws_secretsmanager_secret" "db" { name = "db" }
`
	for _, c := range []struct {
		name, code, sealed string
		want               []string
	}{
		{"sensitive", `variable "p" { sensitive = true }` + container(`{ name = "A", value = var.p }`, ""), `p = "x"`,
			[]string{"sensitive-in-environment: A of container app holds var.p, which is sensitive"}},
		{"fed from the sealed file", `variable "p" {}` + container(`{ name = "A", value = var.p }`, ""), `p = "a8f5f167f44f4964e6c998de"`,
			[]string{"sensitive-in-environment: A of container app holds var.p, which the sealed file sets; the variable is not marked sensitive"}},
		{"a setting in the sealed file", `variable "region" {}` + container(`{ name = "REGION", value = var.region }`, ""), `region = "eu-central-1"`, nil},
		{"without the sealed file", `variable "p" {}` + container(`{ name = "A", value = var.p }`, ""), "", nil},
		{"generated", `resource "random_password" "p" { length = 9 }` + container(`{ name = "A", value = random_password.p.result }`, ""), "",
			[]string{"sensitive-in-environment: A of container app holds random_password.p.result"}},
		{"an attribute that the provider calls sensitive", `resource "aws_db_instance" "d" { password = "literal" }` + container(`{ name = "A", value = aws_db_instance.d.password }`, ""), "",
			[]string{"password-in-code: aws_db_instance.d.password is a literal text", "sensitive-in-environment: A of container app holds a sensitive value"}},
		{"literal", container(`{ name = "API_KEY", value = "literal" }, { name = "TOKEN_TTL", value = "600" }`, ""), "",
			[]string{"password-in-code: API_KEY of container app is a literal text"}},
		{"the name of a secret", granted + container(`{ name = "DB_TOKEN", value = "db" }`, ""), "", nil},
		{"default", `variable "p" {
  sensitive = true
  default   = "x"
}
variable "empty" {
  sensitive = true
  default   = ""
}
variable "null" {
  sensitive = true
  default   = null
}`, "", []string{"sensitive-default: var.p is sensitive and has a default"}},
		{"function", `variable "p" { sensitive = true }
resource "aws_lambda_function" "f" {
  environment { variables = { A = var.p } }
}`, `p = "x"`, []string{"sensitive-in-function: A of aws_lambda_function.f holds var.p, which is sensitive"}},
		{"not granted", `resource "aws_secretsmanager_secret" "db" { name = "db" }` + container("", `{ name = "A", valueFrom = aws_secretsmanager_secret.db.arn }`), "",
			[]string{"secret-not-granted: A of container app comes from aws_secretsmanager_secret.db, which no policy grants"}},
		{"key", granted + `
resource "aws_secretsmanager_secret_version" "db" {
  secret_id     = aws_secretsmanager_secret.db.id
  secret_string = jsonencode({ user = "u", host = aws_lb.x.dns_name })
}
resource "aws_lb" "x" {}` + container("", `{ name = "A", valueFrom = "${aws_secretsmanager_secret.db.arn}:user::" }, { name = "B", valueFrom = "${aws_secretsmanager_secret.db.arn}:none::" }`), "",
			[]string{`json-key-missing: B of container app names the key "none", which aws_secretsmanager_secret.db does not have`}},
		{"no JSON", granted + `
resource "aws_secretsmanager_secret_version" "db" {
  secret_id     = aws_secretsmanager_secret.db.id
  secret_string = "text"
}` + container("", `{ name = "A", valueFrom = "${aws_secretsmanager_secret.db.arn}:user::" }`), "",
			[]string{`json-key-missing: A of container app names the key "user", which aws_secretsmanager_secret.db does not have`}},
		{"key of what Terraform leaves alone", granted + `
resource "aws_secretsmanager_secret_version" "db" {
  secret_id     = aws_secretsmanager_secret.db.id
  secret_string = jsonencode({ placeholder = "set by hand" })
  lifecycle { ignore_changes = [secret_string] }
}` + container("", `{ name = "A", valueFrom = "${aws_secretsmanager_secret.db.arn}:user::" }`), "", nil},
		{"unused", `resource "aws_secretsmanager_secret" "db" { name = "db-prod" }`, "",
			[]string{"secret-unused: nothing is seen to read aws_secretsmanager_secret.db: no policy, container or function names it, and no tracked file holds its name"}},
		{"a name that is not known", `resource "aws_secretsmanager_secret" "db" { name_prefix = "db" }`, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := found(t, c.code, c.sealed); !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestRules(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range lint.CheckRules {
		if r.ID == "" || seen[r.ID] || r.Short == "" || r.Why == "" || r.Fix == "" || r.Severity != lint.Problem && r.Severity != lint.Warning {
			t.Errorf("%+v", r)
		}
		seen[r.ID] = true
	}
	for _, r := range lint.VerifyRules {
		if r.ID == "" || r.Short == "" || r.Severity == "" {
			t.Errorf("%+v", r)
		}
	}
}

func TestBinary(t *testing.T) {
	fsys := fstest.MapFS{"a.enc": {Data: []byte("Salted__\x00\x01")}, "b.enc": {Data: []byte("U2FsdGVkX18=\n")}, "short.enc": {Data: []byte("S")}}
	if got := lint.Binary(fsys, []string{"a.enc", "b.enc", "short.enc", "gone.enc"}); !slices.Equal(got, []string{"a.enc", "short.enc"}) {
		t.Errorf("%q", got)
	}
}
