package module_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/zclconf/go-cty/cty"

	"hci/tfvars/module"
)

const marker = "s3cr3tM4rk3r"

// TestErrorsQuoteNothing breaks a directory at every byte, with a marker in
// it, and hands it values that fit nothing: no error holds the marker.
func TestErrorsQuoteNothing(t *testing.T) {
	const src = `variable "v" {
  type    = number
  default = 1
  validation {
    condition     = var.v > 0
    error_message = "v must be positive, not ${var.v}"
  }
}
locals { l = "s3cr3tM4rk3r ${upper("x")}" }
resource "aws_secretsmanager_secret" "s" { name = "n" }
resource "aws_secretsmanager_secret_version" "s" {
  secret_id     = aws_secretsmanager_secret.s.id
  secret_string = jsonencode({ k = local.l })
}
`
	check := func(text string, values map[string]cty.Value) {
		m, err := module.Load(fstest.MapFS{"main.tf": {Data: []byte(text)}})
		if err == nil {
			_, err = m.Evaluate(module.Inputs{Workspace: "w", Values: values})
		}
		if err != nil && strings.Contains(err.Error(), marker[:8]) {
			t.Errorf("an error quotes the source: %d bytes", len(err.Error()))
		}
	}
	for i := range len(src) {
		for _, piece := range []string{marker, " " + marker + " ", `"` + marker, "${" + marker, "{" + marker, "\n" + marker + " = ", `"` + marker + `" `} {
			check(src[:i]+piece+src[i:], nil)
		}
		check(src[:i], nil)
	}
	for _, v := range []cty.Value{
		cty.StringVal(marker), cty.NumberIntVal(-1), cty.NullVal(cty.String),
		cty.ObjectVal(map[string]cty.Value{marker: cty.True}), cty.TupleVal([]cty.Value{cty.StringVal(marker)}),
	} {
		check(src, map[string]cty.Value{"v": v})
	}
}

func FuzzEvaluate(f *testing.F) {
	f.Add(`locals { a = format("%99999999s", "x") }` + "\n" + `resource "aws_secretsmanager_secret" "s" { name = local.a }`)
	f.Add(`resource "aws_secretsmanager_secret" "s" { name = join("", [for a in range(1000) : [for b in range(1000) : indent(999999999, "\n")][0]]) }`)
	f.Add(`locals {` + "\n" + `a = setproduct(range(1000), range(1000))` + "\n" + `b = "${local.a[0][0]}${1e99999999}"` + "\n}\n" + `resource "aws_secretsmanager_secret" "s" { name = local.b }`)
	f.Add(`variable "a" {}` + "\n" + `resource "aws_secretsmanager_secret" "s" { name = var.a }`)
	f.Add(`locals { a = local.b, b = local.a }`)
	f.Add(`resource "aws_secretsmanager_secret" "s" { for_each = toset(["a"]) name = each.key }`)
	f.Add(`resource "aws_secretsmanager_secret" "s" { count = 2 name = "n${count.index}" }`)
	f.Fuzz(func(t *testing.T, src string) {
		m, err := module.Load(fstest.MapFS{"main.tf": {Data: []byte(src)}})
		if err != nil {
			return
		}
		_, _ = m.Evaluate(module.Inputs{Workspace: "w", Values: map[string]cty.Value{"a": cty.StringVal("x")}})
	})
}
