package module_test

import (
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"hci/tfvars/module"
)

// TestParameters: what is declared of a parameter besides its value.
func TestParameters(t *testing.T) {
	ev := evaluate(t, "testdata/parameters", workspace, inputs(t, varFiles("testdata/parameters")...))
	got := map[string]string{}
	for _, s := range ev.Secrets {
		if s.Parameter != nil {
			got[s.Address] = fmt.Sprintf("%s %s key %q managed %v unsettled %v", s.Parameter.Type, s.Parameter.Tier, s.KMSKeyID, s.Managed(), s.Unsettled)
		}
	}
	want := map[string]string{
		"aws_ssm_parameter.secure":         `SecureString Intelligent-Tiering key "alias/shop" managed true unsettled []`,
		"aws_ssm_parameter.write_only":     `SecureString  key "" managed true unsettled []`,
		"aws_ssm_parameter.from_sensitive": `String  key "" managed true unsettled []`,
		"aws_ssm_parameter.list":           `StringList  key "" managed true unsettled []`,
		"aws_ssm_parameter.unknown_type":   `  key "" managed true unsettled [type]`,
		"aws_ssm_parameter.ignored":        `SecureString  key "" managed true unsettled []`,
		`aws_ssm_parameter.each["a"]`:      `SecureString  key "" managed true unsettled []`,
		`aws_ssm_parameter.each["b"]`:      `SecureString  key "" managed true unsettled []`,
		"aws_ssm_parameter.later":          `SecureString  key "" managed true unsettled []`,
		"aws_ssm_parameter.some[*]":        `  key "" managed true unsettled []`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(ev.Unseen) != 1 || ev.Unseen[0].Address != "aws_ssm_parameter.some" {
		t.Errorf("unseen: %v", ev.Unseen)
	}
}

// TestParameterReferences: what a valueFrom that names a parameter means.
func TestParameterReferences(t *testing.T) {
	for _, tt := range []struct{ name, valueFrom, want string }{
		{"its ARN", `aws_ssm_parameter.db.arn`, "aws_ssm_parameter.db /shop/db"},
		{"its name", `aws_ssm_parameter.db.name`, "aws_ssm_parameter.db /shop/db"},
		{"its id", `aws_ssm_parameter.db.id`, "aws_ssm_parameter.db /shop/db"},
		{"the name as a text", `"/shop/db"`, "aws_ssm_parameter.db /shop/db"},
		{"the ARN as a text", `"arn:aws:ssm:eu-central-1:123456789012:parameter/shop/db"`, "aws_ssm_parameter.db /shop/db"},
		{"an ARN put together", `"arn:aws:ssm:${data.aws_region.here.name}:${data.aws_caller_identity.me.account_id}:parameter${aws_ssm_parameter.db.name}"`, "aws_ssm_parameter.db /shop/db"},
		{"a name without a slash", `"arn:aws:ssm:eu-central-1:123456789012:parameter/bare"`, "aws_ssm_parameter.bare bare"},
		{"one that holds no secret", `aws_ssm_parameter.plain.arn`, " plain = text"},
		{"of another region", `"arn:aws:ssm:us-east-1:123456789012:parameter/shop/db"`, " shop/db: its parameter is declared elsewhere"},
		{"declared elsewhere", `"/other"`, " /other: its parameter is declared elsewhere"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := module.Load(fstest.MapFS{"main.tf": &fstest.MapFile{Data: []byte(`
provider "aws" { region = "eu-central-1" }
variable "v" { sensitive = true }
resource "aws_ssm_parameter" "db" {
  name  = "/shop/db"
  type  = "SecureString"
  value = var.v
}
resource "aws_ssm_parameter" "bare" {
  name  = "bare"
  type  = "SecureString"
  value = var.v
}
resource "aws_ssm_parameter" "plain" {
  name  = "plain"
  type  = "String"
  value = "text"
}
data "aws_region" "here" {}
data "aws_caller_identity" "me" {}
resource "aws_ecs_task_definition" "t" {
  family                = "t"
  container_definitions = jsonencode([{ name = "c", secrets = [{ name = "X", valueFrom = ` + tt.valueFrom + ` }] }])
}
`)}})
			if err != nil {
				t.Fatal(err)
			}
			ev, err := m.Evaluate(module.Inputs{Values: map[string]cty.Value{"v": cty.StringVal("pw")}})
			if err != nil {
				t.Fatal(err)
			}
			ref := ev.Tasks[0].Containers[0].Secrets[0]
			got := ref.Secret + " " + ref.SecretName
			if ref.Plain != nil {
				got += " = " + ref.Plain.Reveal()
			}
			if ref.Problem != "" {
				got += ": " + ref.Problem
			}
			if got != tt.want || !ref.Parameter {
				t.Errorf("%s (parameter: %v), want %s", got, ref.Parameter, tt.want)
			}
		})
	}
}
