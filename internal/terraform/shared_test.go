package terraform_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hci/internal/project"
	"hci/internal/terraform"
)

func TestSharedSecrets(t *testing.T) {
	const secret = "resource \"aws_secretsmanager_secret\" \"db\" {\n  name = NAME\n}\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"the names differ": {map[string]string{
			"main.tf":    "variable \"env\" { default = \"dev\" }\n" + strings.Replace(secret, "NAME", `"a-${var.env}"`, 1),
			"dev.tfvars": "env = \"dev\"\n", "prod.tfvars": "env = \"prod\"\n",
		}, ""},
		"one name": {map[string]string{
			"main.tf":    strings.Replace(secret, "NAME", `"app/db"`, 1) + "variable \"x\" {}\n",
			"dev.tfvars": "x = 1\n", "prod.tfvars": "x = 2\n",
		}, `prod and dev both declare the secret "app/db"`},
		"the workspace tells them apart": {map[string]string{
			"main.tf":    strings.Replace(secret, "NAME", `"a-${terraform.workspace}"`, 1),
			"dev.tfvars": "", "prod.tfvars": "",
		}, ""},
		"the regions differ": {map[string]string{
			"main.tf":    "variable \"region\" {}\nprovider \"aws\" {\n  region = var.region\n}\n" + strings.Replace(secret, "NAME", `"app/db"`, 1),
			"dev.tfvars": "region = \"eu-west-1\"\n", "prod.tfvars": "region = \"eu-central-1\"\n",
		}, ""},
		"hci.hcl says that they lie apart": {map[string]string{
			"main.tf": strings.Replace(secret, "NAME", `"app/db"`, 1),
			"hci.hcl": "environment \"dev\" {\n  profile = \"d\"\n}\nenvironment \"prod\" {\n  profile = \"p\"\n}\n",
		}, ""},
		"each directory has the name": {map[string]string{
			"envs/dev/main.tf": strings.Replace(secret, "NAME", `"app/db"`, 1), "envs/prod/main.tf": strings.Replace(secret, "NAME", `"app/db"`, 1),
		}, `prod and dev both declare the secret "app/db"`},
		"it is only read": {map[string]string{
			"envs/dev/main.tf": "data \"aws_secretsmanager_secret\" \"db\" {\n  name = \"app/db\"\n}\n", "envs/prod/main.tf": strings.Replace(secret, "NAME", `"app/db"`, 1),
		}, ""},
		"the other's is not known": {map[string]string{
			"main.tf":    "variable \"all\" { type = map(string) }\nresource \"aws_secretsmanager_secret\" \"db\" {\n  for_each = nonsensitive(toset(keys(var.all)))\n  name = \"app-${each.key}\"\n}\n",
			"dev.tfvars": "", "prod.tfvars": "all = { a = \"b\" }\n",
		}, "unknown: whether dev has the same secrets is not known"},
		"the other's variables are not known": {map[string]string{
			"main.tf":    strings.Replace(secret, "NAME", `"app/db"`, 1),
			"dev.tfvars": "", "vars/dev.tfvars": "", "prod.tfvars": "",
		}, `unknown: whether dev has the same secrets is not known: the var file of "dev" could be any`},
	} {
		dir := t.TempDir()
		c.files[".git/HEAD"] = "ref: refs/heads/main\n"
		for file, text := range c.files {
			path := filepath.Join(dir, filepath.FromSlash(file))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		p, err := project.Find(dir, project.Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		env, err := p.Environment("prod")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		m, ev, err := terraform.Evaluate(p, env, nil, nil, terraform.Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		shared, unknown := terraform.Shared(p, env, m, ev.Secrets, nil)
		var got []string
		for _, s := range shared {
			got = append(got, s.Error())
			if s.Next() == "" {
				t.Errorf("%s: nothing to do", name)
			}
		}
		for _, u := range unknown {
			got = append(got, "unknown: "+u)
		}
		if all := strings.Join(got, "; "); !strings.HasPrefix(all, c.want) || c.want == "" && all != "" {
			t.Errorf("%s: %s, want %s", name, all, c.want)
		}
	}
}
