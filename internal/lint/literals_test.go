package lint_test

import (
	"slices"
	"testing"
	"testing/fstest"

	"hci/internal/lint"
)

func TestPasswordsInCode(t *testing.T) {
	for _, c := range []struct {
		name, file, code string
		want             []string
	}{
		{"argument", "a.tf", `resource "aws_db_instance" "a" { password = "literal" }`, []string{"aws_db_instance.a.password is a literal text"}},
		{"in parentheses", "a.tf", `resource "aws_db_instance" "a" { password = ("literal") }`, []string{"aws_db_instance.a.password is a literal text"}},
		{"heredoc", "a.tf", "resource \"x_y\" \"a\" {\n  private_key = <<EOT\nliteral\nEOT\n}", []string{"x_y.a.private_key is a literal text"}},
		{"nested block", "a.tf", "resource \"aws_mq_broker\" \"a\" {\n  user { password = \"literal\" }\n}", []string{"aws_mq_broker.a.user.password is a literal text"}},
		{"provider", "a.tf", `provider "aws" { secret_key = "literal" }`, []string{"provider.aws.secret_key is a literal text"}},
		{"module", "a.tf", `module "db" { password = "literal" }`, []string{"module.db.password is a literal text"}},
		{"local of another name", "a.tf", "locals { x = \"literal\" }\nresource \"aws_db_instance\" \"a\" { password = local.x }", []string{"aws_db_instance.a.password is a literal text"}},
		{"default", "a.tf", `variable "token" { default = "literal" }`, []string{"var.token has a default"}},
		{"tofu", "a.tofu", `variable "token" { default = "literal" }`, []string{"var.token has a default"}},
		{"JSON", "a.tf.json", `{"resource":{"aws_db_instance":{"a":{"password":"literal"}}},"variable":{"token":{"default":"literal"}}}`,
			[]string{"aws_db_instance.a.password is a literal text", "var.token has a default"}},

		{"sensitive default has its own rule", "a.tf", `variable "token" {
  default   = "literal"
  sensitive = true
}`, nil},
		{"empty default", "a.tf", `variable "token" { default = "" }`, nil},
		{"variable", "a.tf", `resource "aws_db_instance" "a" { password = var.password }`, nil},
		{"template", "a.tf", `resource "aws_db_instance" "a" { password = "x${var.password}" }`, nil},
		{"function", "a.tf", `resource "aws_db_instance" "a" { password = file("x") }`, nil},
		{"switch", "a.tf", `resource "aws_rds_cluster" "a" { use_token = "true" }`, nil},
		{"number", "a.tf", `variable "token" { default = "3600" }`, nil},
		{"ARN", "a.tf", `module "m" { db_secret = "arn:aws:secretsmanager:eu-west-1:1:secret:x" }`, nil},
		{"name of a secret", "a.tf", `module "m" { db_secret = "prod/db" }`, nil},
		{"ignored", "a.tf", `resource "aws_db_instance" "a" {
  password = "literal"
  lifecycle { ignore_changes = [password] }
}`, nil},
		{"ignored, in quotes", "a.tf", `resource "aws_db_instance" "a" {
  password = "literal"
  lifecycle { ignore_changes = ["password"] }
}`, nil},
		{"all ignored", "a.tf", `resource "aws_db_instance" "a" {
  password = "literal"
  lifecycle { ignore_changes = all }
}`, nil},
		{"JSON reference", "a.tf.json", `{"resource":{"aws_db_instance":{"a":{"password":"${var.p}"}}}}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := lint.ReadReferences(fstest.MapFS{"infra/" + c.file: {Data: []byte(c.code)}})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, l := range r.Passwords() {
				got = append(got, l.Text)
				if l.File != "infra/"+c.file || l.Line < 1 {
					t.Errorf("%+v", l)
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
