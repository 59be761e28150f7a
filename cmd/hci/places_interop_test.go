//go:build interop

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hci/internal/testing/interop"
	"hci/sync/awssm"
)

const placesCode = `
provider "aws" { region = "us-west-2" }
provider "aws" {
  alias  = "east"
  region = "us-east-1"
}
provider "aws" {
  alias  = "other"
  region = "us-west-2"
  allowed_account_ids = ["222222222222"]
  assume_role { role_arn = "arn:aws:iam::222222222222:role/deployer" }
}
module "m" {
  source    = "./m"
  providers = { aws = aws.east, aws.dr = aws.other }
}
resource "aws_secretsmanager_secret" "a" { name = "app/s" }
resource "aws_secretsmanager_secret_version" "a" {
  secret_id     = aws_secretsmanager_secret.a.id
  secret_string = "west"
}
resource "aws_secretsmanager_secret" "b" {
  provider = aws.other
  name     = "app/s"
}
resource "aws_secretsmanager_secret_version" "b" {
  provider      = aws.other
  secret_id     = aws_secretsmanager_secret.b.id
  secret_string = "other"
}
resource "aws_secretsmanager_secret" "c" {
  region = "eu-west-1"
  name   = "app/s"
}
resource "aws_secretsmanager_secret_version" "c" {
  region        = "eu-west-1"
  secret_id     = aws_secretsmanager_secret.c.id
  secret_string = "ireland"
}
`

const placesModule = `
terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      configuration_aliases = [aws.dr]
    }
  }
}
resource "aws_secretsmanager_secret" "a" { name = "app/s" }
resource "aws_secretsmanager_secret_version" "a" {
  secret_id     = aws_secretsmanager_secret.a.id
  secret_string = "east"
}
resource "aws_secretsmanager_secret" "d" {
  provider = aws.dr
  name     = "app/dr"
}
resource "aws_secretsmanager_secret_version" "d" {
  provider      = aws.dr
  secret_id     = aws_secretsmanager_secret.d.id
  secret_string = "dr"
}
`

// TestInteropPlaces: in an AWS of two accounts and three regions each secret of
// one name lands where Terraform would put it.
func TestInteropPlaces(t *testing.T) {
	url := interop.Moto(t)
	dir := t.TempDir()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "AKIA1", "AWS_SECRET_ACCESS_KEY": "fake", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_REGION": "ap-south-1", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": dir + "/none", "AWS_SHARED_CREDENTIALS_FILE": dir + "/none",
	} {
		t.Setenv(name, value)
	}
	for name, text := range map[string]string{
		"hci.hcl": "environment \"prod\" {}\n", "main.tf": placesCode, "m/main.tf": placesModule, "prod_secrets.tfvars": "x = 1\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	hci := func(args ...string) (int, string) {
		var out bytes.Buffer
		code := run(t.Context(), append([]string{"-C", dir}, args...), streams{in: strings.NewReader(""), out: &out, err: &out}, os.Environ())
		return code, out.String()
	}
	if code, out := hci("secrets", "push", "prod", "--create", "--yes"); code != exitOK || !strings.Contains(out, "5 created") {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	if code, out := hci("secrets", "diff", "prod", "--strict"); code != exitOK || !strings.Contains(out, "prod in account 222222222222, us-west-2\n") {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	role := []awssm.Role{{ARN: "arn:aws:iam::222222222222:role/deployer"}}
	for _, c := range []struct {
		region, account, name, want string
		roles                       []awssm.Role
	}{
		{"us-west-2", "123456789012", "app/s", "west", nil},
		{"us-east-1", "123456789012", "app/s", "east", nil},
		{"eu-west-1", "123456789012", "app/s", "ireland", nil},
		{"us-west-2", "222222222222", "app/s", "other", role},
		{"us-west-2", "222222222222", "app/dr", "dr", role},
		{"us-west-2", "123456789012", "app/dr", "", nil},
		{"us-east-1", "222222222222", "app/s", "", role},
		{"ap-south-1", "123456789012", "app/s", "", nil},
	} {
		st, err := awssm.Open(context.Background(), awssm.Options{Region: c.region, Roles: c.roles})
		if err != nil {
			t.Fatal(err)
		}
		held, err := st.Read(t.Context(), []string{c.name})
		if err != nil {
			t.Fatal(err)
		}
		got, arn := "", fmt.Sprintf("arn:aws:secretsmanager:%s:%s:secret:%s-", c.region, c.account, c.name)
		for _, h := range held {
			if got = h.Value.Reveal(); !strings.HasPrefix(h.ARN, arn) {
				t.Errorf("%s lies at %s", c.name, h.ARN)
			}
		}
		if got != c.want {
			t.Errorf("%s in %s of %s: %q, want %q", c.name, c.region, c.account, got, c.want)
		}
	}
	code := strings.Replace(placesCode, "allowed_account_ids = [\"222222222222\"]", "allowed_account_ids = [\"999999999999\"]", 1)
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out := hci("secrets", "diff", "prod"); code != exitFailed || !strings.Contains(out, "those of account 222222222222, and provider aws.other allows 999999999999 only") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}
