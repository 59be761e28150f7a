package lint_test

import (
	"testing"
	"testing/fstest"

	"hci/internal/lint"
)

func TestGranted(t *testing.T) {
	fsys := fstest.MapFS{
		"infra/iam.tf": {Data: []byte(`
resource "aws_iam_role_policy" "r" {
  policy = jsonencode({ Statement = [{ Resource = ["arn:aws:secretsmanager:${var.region}:*:secret:app_*_${terraform.workspace}-*", "arn:aws:secretsmanager:*:*:secret:/app/db-*", aws_s3_bucket.b.arn] }] })
}
resource "aws_iam_policy" "by_reference" { policy = local.doc }
locals { doc = data.aws_iam_policy_document.d.json }
data "aws_iam_policy_document" "d" {
  statement {
    resources = [for s in aws_secretsmanager_secret.listed : s.arn]
  }
}
resource "aws_lambda_function" "f" {
  environment {
    variables = { ARN = aws_secretsmanager_secret.used.arn }
  }
}
module "m" { arns = [aws_secretsmanager_secret.handed.arn] }
`)},
		"infra/.terraform/modules/x/main.tf": {Data: []byte("resource \"aws_iam_policy\" \"all\" { policy = \"*\" }\n")},
	}
	r, err := lint.ReadReferences(fsys)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		address, name string
		granted, used bool
	}{
		{"aws_secretsmanager_secret.a", "app_key_staging", true, false},
		{"aws_secretsmanager_secret.a", "other_key_staging", false, false},
		{"aws_secretsmanager_secret.a", "/app/db", true, false},
		{"aws_secretsmanager_secret.a", "app/db", false, false},
		{`module.x.aws_secretsmanager_secret.listed["k"]`, "n", true, false},
		{"aws_secretsmanager_secret.used", "n", false, true},
		{"aws_secretsmanager_secret.handed", "n", true, true},
		{"aws_secretsmanager_secret.unknown", "", true, false},
	} {
		if g, u := r.Granted(c.address, c.name), r.Used(c.address); g != c.granted || u != c.used {
			t.Errorf("%s %q: granted %v, used %v", c.address, c.name, g, u)
		}
	}
}
