package project

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// secretsCode declares a secret, so that a root is known for one that matters.
const secretsCode = "resource \"aws_secretsmanager_secret\" \"a\" {\n  name = \"a\"\n}\n"

// layout describes a project with each environment's directory.
func layout(p *Project) string {
	var b strings.Builder
	if p.undecided != nil {
		fmt.Fprintf(&b, "undecided %s\n", strings.Join(p.RootNames(), " "))
	}
	for _, e := range p.Environments {
		dir := "-"
		if e.TerraformDir != "" {
			dir = p.rel(e.TerraformDir)
		}
		fmt.Fprintf(&b, "%s in %s sealed %s", e.Name, dir, p.rel(e.Sealed))
		for _, f := range e.VarFiles[len(e.AutoVarFiles):] {
			fmt.Fprintf(&b, " +%s", p.rel(f))
		}
		if e.Workspace != DefaultWorkspace {
			fmt.Fprintf(&b, " workspace %s", e.Workspace)
		}
		if e.Unclear != nil {
			b.WriteString(" unclear")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// files writes an archive of files that hold code, if their name is that of
// code, and are empty otherwise.
func files(names ...string) string {
	var b strings.Builder
	b.WriteString(headFile)
	for _, name := range names {
		name, text, _ := strings.Cut(name, "=")
		if text == "" && isCode(name) && !strings.HasSuffix(name, ".json") {
			text = secretsCode
		}
		fmt.Fprintf(&b, "-- %s --\n%s\n", name, text)
	}
	return b.String()
}

func TestLayouts(t *testing.T) {
	cases := map[string]struct {
		files []string
		dir   string
		root  string
		want  string
	}{
		"var files in environments": {
			files: []string{"terraform/main.tf", "terraform/production_secrets.tfvars.enc", "terraform/environments/production.tfvars"},
			want:  "production in terraform sealed terraform/production_secrets.tfvars.enc +terraform/environments/production.tfvars\n",
		},
		"a directory for each, modules beside": {
			files: []string{"terraform/environments/prod/main.tf=module \"app\" {\n  source = \"../../modules/app\"\n}", "terraform/environments/staging/main.tf",
				"terraform/modules/app/main.tf", "terraform/environments/prod/secrets.tfvars.enc", "terraform/environments/prod/terraform.tfvars"},
			want: "prod in terraform/environments/prod sealed terraform/environments/prod/secrets.tfvars.enc\n" +
				"staging in terraform/environments/staging sealed terraform/environments/staging/staging_secrets.tfvars.enc\n",
		},
		"a directory for each, one sealed file beside all": {
			files: []string{"infra/envs/dev/main.tf", "infra/envs/prod/main.tf", "infra/secrets/prod.tfvars.enc", "infra/secrets/dev.tfvars.enc", "infra/envs/prod/prod.tfvars"},
			want: "dev in infra/envs/dev sealed infra/secrets/dev.tfvars.enc\n" +
				"prod in infra/envs/prod sealed infra/secrets/prod.tfvars.enc +infra/envs/prod/prod.tfvars\n",
		},
		"terraform/ENV": {
			files: []string{"terraform/prod/main.tf", "terraform/staging/main.tf", "terraform/modules/x/main.tf", "terraform/prod/terraform.tfvars.enc"},
			want: "prod in terraform/prod sealed terraform/prod/terraform.tfvars.enc\n" +
				"staging in terraform/staging sealed terraform/staging/staging_secrets.tfvars.enc\n",
		},
		"shared code that the environments' directories call": {
			files: []string{"infra/main.tf", "infra/environments/prod/main.tf=module \"all\" {\n  source = \"../..\"\n}", "infra/environments/prod/secrets.tfvars.enc"},
			want:  "prod in infra/environments/prod sealed infra/environments/prod/secrets.tfvars.enc\n",
		},
		"deep in the tree": {
			files: []string{"services/api/infrastructure/terraform/main.tf", "services/api/infrastructure/terraform/vars/prod.tfvars", "services/api/infrastructure/terraform/prod.secrets.tfvars.enc"},
			want:  "prod in services/api/infrastructure/terraform sealed services/api/infrastructure/terraform/prod.secrets.tfvars.enc +services/api/infrastructure/terraform/vars/prod.tfvars\n",
		},
		"stacks in each environment": {
			files: []string{"live/prod/network/main.tf=resource \"aws_vpc\" \"v\" {}", "live/prod/app/main.tf", "live/dev/network/main.tf=resource \"aws_vpc\" \"v\" {}", "live/dev/app/main.tf",
				"live/prod/app/secrets.tfvars.enc"},
			want: "dev in live/dev/app sealed live/dev/app/dev_secrets.tfvars.enc\n" +
				"prod in live/prod/app sealed live/prod/app/secrets.tfvars.enc\n",
		},
		"several with secrets": {
			files: []string{"stacks/api/main.tf", "stacks/web/main.tf", "stacks/api/prod_secrets.tfvars.enc", "stacks/web/prod_secrets.tfvars.enc"},
			want:  "undecided stacks/api stacks/web\n",
		},
		"several, started in one": {
			files: []string{"stacks/api/main.tf", "stacks/web/main.tf", "stacks/api/prod_secrets.tfvars.enc", "stacks/web/prod_secrets.tfvars.enc"},
			dir:   "stacks/web",
			want:  "prod in stacks/web sealed stacks/web/prod_secrets.tfvars.enc\n",
		},
		"several, one named": {
			files: []string{"stacks/api/main.tf", "stacks/web/main.tf", "stacks/api/prod_secrets.tfvars.enc", "stacks/web/prod_secrets.tfvars.enc"},
			root:  "api",
			want:  "prod in stacks/api sealed stacks/api/prod_secrets.tfvars.enc\n",
		},
		"state is set up elsewhere": {
			files: []string{"bootstrap/main.tf=resource \"aws_s3_bucket\" \"s\" {}", "terraform/main.tf", "terraform/prod.tfvars"},
			want:  "prod in terraform sealed terraform/prod_secrets.tfvars.enc +terraform/prod.tfvars\n",
		},
		"a project in the project": {
			files: []string{"a.tf", "prod_secrets.tfvars.enc", "svc/hci.hcl=terraform = \".\"", "svc/a.tf", "svc/prod_secrets.tfvars.enc"},
			want:  "prod in . sealed prod_secrets.tfvars.enc\n",
		},
		"settings alone are none": {
			files: []string{"infra/versions.tf=terraform {\n  required_version = \">= 1.5\"\n}", "infra/envs/prod/main.tf"},
			want:  "prod in infra/envs/prod sealed infra/envs/prod/prod_secrets.tfvars.enc\n",
		},
		"one declares secrets, another a service": {
			files: []string{"terraform/app/main.tf=resource \"aws_ecs_service\" \"s\" {}", "terraform/base/main.tf", "terraform/base/dev.tfvars"},
			want:  "dev in terraform/base sealed terraform/base/dev_secrets.tfvars.enc +terraform/base/dev.tfvars\n",
		},
		"examples and tests are none": {
			files: []string{"main.tf", "examples/complete/main.tf", "test/fixtures/a/main.tf", "prod.secrets.tfvars.enc"},
			want:  "prod in . sealed prod.secrets.tfvars.enc\n",
		},
		"an environment without a var file": {
			files: []string{"infra/main.tf", "infra/vars/dev.tfvars", "infra/production_secrets.tfvars.enc"},
			want: "dev in infra sealed infra/dev_secrets.tfvars.enc +infra/vars/dev.tfvars\n" +
				"production in infra sealed infra/production_secrets.tfvars.enc unclear\n",
		},
		"two var files for one": {
			files: []string{"infra/main.tf", "infra/vars/dev.tfvars", "infra/dev.tfvars", "infra/dev_secrets.tfvars.enc"},
			want:  "dev in infra sealed infra/dev_secrets.tfvars.enc unclear\n",
		},
		"a directory of var files for each": {
			files: []string{"infra/main.tf", "infra/environments/dev/terraform.tfvars", "infra/environments/prod/terraform.tfvars", "infra/environments/prod/secrets.tfvars.enc"},
			want: "dev in infra sealed infra/dev_secrets.tfvars.enc +infra/environments/dev/terraform.tfvars\n" +
				"prod in infra sealed infra/environments/prod/secrets.tfvars.enc +infra/environments/prod/terraform.tfvars\n",
		},
		"beside the root": {
			files: []string{"infra/terraform/main.tf", "infra/config/stage.tfvars.json", "infra/secrets/stage.tfvars.json.enc"},
			want:  "stage in infra/terraform sealed infra/secrets/stage.tfvars.json.enc +infra/config/stage.tfvars.json\n",
		},
		"the workspace is the code's": {
			files: []string{"tf/main.tf=module \"app\" {\n  source = \"./modules/app\"\n}", "tf/modules/app/main.tf=locals {\n  n = terraform.workspace\n}", "tf/prod_secrets.tfvars.enc"},
			want:  "prod in tf sealed tf/prod_secrets.tfvars.enc workspace prod\n",
		},
		"a comment asks for no workspace": {
			files: []string{"tf/main.tf=# terraform.workspace\nlocals {\n  n = \"terraform.workspace\"\n}", "tf/prod_secrets.tfvars.enc"},
			want:  "prod in tf sealed tf/prod_secrets.tfvars.enc\n",
		},
		"the backend's prefix": {
			files: []string{"tf/main.tf=terraform {\n  backend \"s3\" {\n    workspace_key_prefix = \"x\"\n  }\n}", "tf/prod_secrets.tfvars.enc"},
			want:  "prod in tf sealed tf/prod_secrets.tfvars.enc workspace prod\n",
		},
		"the backend's prefix, given at init": {
			files: []string{"tf/main.tf=terraform {\n  backend \"s3\" {}\n}", "tf/environments/prod.s3.tfbackend=bucket = \"b\"\nworkspace_key_prefix = \"x\"", "tf/prod_secrets.tfvars.enc"},
			want:  "prod in tf sealed tf/prod_secrets.tfvars.enc workspace prod\n",
		},
		"a backend's file is no var file": {
			files: []string{"tf/main.tf=terraform {\n  backend \"s3\" {}\n}", "tf/environments/prod/backend.tfvars", "tf/environments/prod/terraform.tfvars", "tf/backend-prod.tfvars", "tf/prod_secrets.tfvars.enc"},
			want:  "prod in tf sealed tf/prod_secrets.tfvars.enc +tf/environments/prod/terraform.tfvars\n",
		},
		"no prefix, given at init": {
			files: []string{"tf/main.tf=terraform {\n  backend \"s3\" {}\n}", "tf/backend.hcl=bucket = \"b\"", "tf/prod_secrets.tfvars.enc"},
			want:  "prod in tf sealed tf/prod_secrets.tfvars.enc\n",
		},
		"tags of a cloud block": {
			files: []string{"tf/main.tf=terraform {\n  cloud {\n    workspaces {\n      tags = [\"x\"]\n    }\n  }\n}", "tf/prod_secrets.tfvars.enc"},
			want:  "prod in tf sealed tf/prod_secrets.tfvars.enc workspace prod\n",
		},
		"the name in a cloud block": {
			files: []string{"envs/prod/main.tf=terraform {\n  cloud {\n    workspaces {\n      name = \"app-prod\"\n    }\n  }\n}", "envs/prod/secrets.tfvars.enc"},
			want:  "prod in envs/prod sealed envs/prod/secrets.tfvars.enc workspace app-prod\n",
		},
		"directories ask for no workspace": {
			files: []string{"envs/prod/main.tf=locals {\n  n = terraform.workspace\n}", "envs/prod/secrets.tfvars.enc"},
			want:  "prod in envs/prod sealed envs/prod/secrets.tfvars.enc\n",
		},
		"hci.hcl: a directory for each": {
			files: []string{"hci.hcl=environment \"p\" {\n  terraform = \"a\"\n}\nenvironment \"q\" {\n  terraform = \"b\"\n}", "a/main.tf", "b/main.tf", "a/p_secrets.tfvars.enc"},
			want:  "p in a sealed a/p_secrets.tfvars.enc\nq in b sealed b/q_secrets.tfvars.enc\n",
		},
		"hci.hcl: a directory for each, with its own files": {
			files: []string{"hci.hcl=environment \"p\" {\n  terraform = \"x/one\"\n}\nenvironment \"q\" {\n  terraform = \"x/two\"\n}", "x/one/main.tf", "x/two/main.tf",
				"x/one/secrets.tfvars.enc", "x/secrets/q.tfvars.enc", "x/vars/p.tfvars", "x/two/q.tfvars"},
			want: "p in x/one sealed x/one/secrets.tfvars.enc +x/vars/p.tfvars\nq in x/two sealed x/secrets/q.tfvars.enc +x/two/q.tfvars\n",
		},
		"a region, then the environment": {
			files: []string{"live/eu-west-1/prod/main.tf", "live/eu-west-1/dev/main.tf", "live/eu-west-1/prod/secrets.tfvars.enc"},
			want: "dev in live/eu-west-1/dev sealed live/eu-west-1/dev/dev_secrets.tfvars.enc\n" +
				"prod in live/eu-west-1/prod sealed live/eu-west-1/prod/secrets.tfvars.enc\n",
		},
		"the environment, then a region": {
			files: []string{"live/prod/eu-west-1/main.tf", "live/prod/eu-west-1/secrets.tfvars.enc"},
			want:  "prod in live/prod/eu-west-1 sealed live/prod/eu-west-1/secrets.tfvars.enc\n",
		},
		"customers": {
			files: []string{"environments/acme/main.tf", "environments/globex/main.tf", "environments/acme/secrets.tfvars.enc"},
			want: "acme in environments/acme sealed environments/acme/secrets.tfvars.enc\n" +
				"globex in environments/globex sealed environments/globex/globex_secrets.tfvars.enc\n",
		},
		"hci.hcl: what holds the directories": {
			files: []string{"hci.hcl=terraform = \"b\"", "a/prod/main.tf", "b/prod/main.tf", "b/dev/main.tf", "a/prod/secrets.tfvars.enc", "b/prod/secrets.tfvars.enc"},
			want:  "dev in b/dev sealed b/dev/dev_secrets.tfvars.enc\nprod in b/prod sealed b/prod/secrets.tfvars.enc\n",
		},
	}
	for _, name := range []string{"infra", "terraform", "infrastructure", "deploy", "deployment", "iac", "tf", "ops/terraform", "infra/terraform", "infrastructure/terraform", "terraform/infra", "aws", "backend/infra", "."} {
		cases["in "+name] = struct {
			files           []string
			dir, root, want string
		}{
			files: []string{filepath.ToSlash(filepath.Join(name, "main.tf")), filepath.ToSlash(filepath.Join(name, "staging_secrets.tfvars.enc"))},
			want:  fmt.Sprintf("staging in %s sealed %s\n", name, filepath.ToSlash(filepath.Join(name, "staging_secrets.tfvars.enc"))),
		}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			base := tree(t, files(c.files...))
			p := find(t, filepath.Join(base, filepath.FromSlash(c.dir)), Options{Root: c.root})
			if got := layout(p); got != c.want {
				t.Fatalf("found\n%s\nwant\n%s\n%s", got, c.want, strings.Join(p.Found(), "\n"))
			}
			if p.undecided != nil || c.root != "" || p.ConfigFile != "" || strings.Contains(c.want, "unclear") {
				return
			}
			// What init writes makes the same project.
			if err := os.WriteFile(filepath.Join(p.Root, configName), InitConfig(p), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := layout(find(t, p.Root, Options{})); got != c.want {
				t.Errorf("after init\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// TestSealedNames has each of the names under which teams keep a sealed file.
func TestSealedNames(t *testing.T) {
	for file, want := range map[string]string{
		"prod_secrets.tfvars.enc": "prod", "prod-secrets.tfvars.enc": "prod", "prod.secrets.tfvars.enc": "prod", "secrets.prod.tfvars.enc": "prod",
		"secrets_prod.tfvars.enc": "prod", "secrets-prod.tfvars.enc": "prod", "secret.prod.tfvars.enc": "prod", "prod_secret.tfvars.enc": "prod",
		"prod.tfvars.enc": "prod", "terraform.prod.tfvars.enc": "prod", "prod.secrets.auto.tfvars.enc": "prod", "prod.auto.tfvars.enc": "prod",
		"secrets/prod.tfvars.enc": "prod", "secrets/prod/terraform.tfvars.enc": "prod", "environments/prod/secrets.tfvars.enc": "prod", "environments/prod.secrets.tfvars.enc": "prod",
		"tfvars/prod.tfvars.json.enc": "prod", "vars/prod_secrets.tfvars.json.enc": "prod", "eu-prod_secrets.tfvars.enc": "eu-prod", "app_secrets.tfvars.enc": "app",
		"terraform.tfvars.enc": "default", "terraform.tfvars.json.enc": "default", "secrets.tfvars.enc": "default", "secret.tfvars.enc": "default", "secrets.auto.tfvars.enc": "default",
		"terraform.secrets.tfvars.enc": "default", "secrets.auto.tfvars.json.enc": "default", "app.tfvars.enc": "default", "secrets/terraform.tfvars.enc": "default",
	} {
		p := find(t, tree(t, files("infra/main.tf", "infra/"+file)), Options{})
		if got := strings.Join(p.Names(), " "); got != want {
			t.Errorf("%s: environments %q, want %q", file, got, want)
			continue
		}
		if sealed := filepath.Join(p.Root, "infra", filepath.FromSlash(file)); p.Environments[0].Sealed != sealed {
			t.Errorf("%s: the sealed file is %s", file, p.Environments[0].Sealed)
		}
	}
}

// TestVarFileNames has each of the names under which teams keep a var file.
func TestVarFileNames(t *testing.T) {
	for _, file := range []string{
		"prod.tfvars", "prod.tfvars.json", "terraform.prod.tfvars", "prod.terraform.tfvars", "variables-prod.tfvars", "prod-vars.tfvars", "prod.vars.tfvars",
		"environments/prod.tfvars", "envs/prod.tfvars", "env/prod.tfvars", "vars/prod.tfvars", "tfvars/prod.tfvars", "config/prod.tfvars", "variables/prod.tfvars",
		"environments/prod/terraform.tfvars", "envs/prod/prod.tfvars", "env/prod/variables.tfvars", "config/prod/terraform.tfvars.json", "config/prod.auto.tfvars",
		"../environments/prod.tfvars", "../vars/prod.tfvars", "../prod.tfvars", "../config/prod/terraform.tfvars",
	} {
		p := find(t, tree(t, files("infra/main.tf", "infra/prod_secrets.tfvars.enc", "infra/"+file)), Options{})
		env, err := p.Environment("prod")
		if err != nil || len(p.Environments) != 1 || len(env.VarFiles) != 1 || env.VarFiles[0] != filepath.Join(p.Root, "infra", filepath.FromSlash(file)) {
			t.Errorf("%s: %q, %v", file, env.VarFiles, err)
		}
	}
	for _, file := range []string{"common.tfvars", "environments/common.tfvars", "example.tfvars", "staging.tfvars", "vars/terraform.tfvars", "prod.auto.tfvars"} {
		p := find(t, tree(t, files("infra/main.tf", "infra/prod_secrets.tfvars.enc", "infra/"+file)), Options{})
		if env, err := p.Environment("prod"); err != nil || env.hasNamed() {
			t.Errorf("%s: %q, %v", file, env.VarFiles, err)
		}
	}
}

func TestUndecided(t *testing.T) {
	base := tree(t, files("stacks/api/main.tf", "stacks/web/main.tf", "stacks/api/prod_secrets.tfvars.enc", "stacks/web/prod_secrets.tfvars.enc"))
	p := find(t, base, Options{})
	var roots *RootsError
	if _, err := p.Environment("prod"); !errors.As(err, &roots) || !slices.Equal(roots.Roots, []string{"stacks/api", "stacks/web"}) {
		t.Errorf("%v", err)
	}
	if _, err := p.DefaultEnvironment("staging"); !errors.As(err, &roots) {
		t.Errorf("%v", err)
	}
	if found := strings.Join(p.Found(), "\n"); !strings.Contains(found, "stacks/api, stacks/web") {
		t.Error(found)
	}
	var unknown *UnknownRootError
	if _, err := Find(base, Options{Root: "apo"}); !errors.As(err, &unknown) || len(unknown.Known) != 2 {
		t.Errorf("%v", err)
	}
	if err := os.WriteFile(filepath.Join(base, configName), []byte("environment \"prod\" {\n  sealed = \"stacks/web/prod_secrets.tfvars.enc\"\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if env, err := find(t, base, Options{}).Environment("prod"); err != nil || env.TerraformDir != "" {
		t.Errorf("where hci.hcl names the file, the code is not needed to read it: %+v, %v", env, err)
	}
	if _, err := Find(base, Options{Root: "stacks/api"}); err == nil {
		t.Error("--root takes the file of another root, which hci.hcl names")
	}
}

func TestWhatIsNotRead(t *testing.T) {
	p := find(t, tree(t, files("live/prod/terragrunt.hcl", "cdk/cdktf.json", "Pulumi.yaml")), Options{})
	var tools []string
	for _, u := range p.Unread {
		tools = append(tools, u.Tool+" "+u.File)
	}
	if got := strings.Join(tools, ", "); got != "Pulumi Pulumi.yaml, CDK for Terraform cdk/cdktf.json, Terragrunt live/prod/terragrunt.hcl" {
		t.Error(got)
	}
	if found := strings.Join(p.Found(), "\n"); !strings.Contains(found, "not read: Terragrunt (live/prod/terragrunt.hcl)") {
		t.Error(found)
	}
}

func TestTheProgram(t *testing.T) {
	for name, c := range map[string]struct {
		files []string
		want  string
	}{
		"nothing says":      {[]string{"infra/main.tf"}, ""},
		"a file of its own": {[]string{"infra/main.tf", "infra/x.tofu"}, OpenTofu},
		"JSON of its own":   {[]string{"infra/main.tf", "infra/x.tofu.json={}"}, OpenTofu},
		"a version file":    {[]string{"infra/main.tf", ".opentofu-version"}, OpenTofu},
		"one beside":        {[]string{"infra/main.tf", "infra/.opentofu-version"}, OpenTofu},
		"hci.hcl":           {[]string{"infra/x.tofu", "hci.hcl=terraform_binary = \"terraform\""}, Terraform},
	} {
		if p := find(t, tree(t, files(c.files...)), Options{}); p.Binary != c.want {
			t.Errorf("%s: %q (%s), want %q", name, p.Binary, p.BinaryWhy, c.want)
		}
	}
}

func TestSharedState(t *testing.T) {
	shares := func(names ...string) string {
		var all []string
		for _, e := range find(t, tree(t, files(names...)), Options{}).Environments {
			all = append(all, e.Name+":"+strings.Join(e.SharesState, ","))
		}
		return strings.Join(all, " ")
	}
	if got := shares("a.tf", "dev.tfvars", "prod.tfvars"); got != "dev:prod prod:dev" {
		t.Error(got)
	}
	if got := shares("a.tf=locals {\n  w = terraform.workspace\n}", "dev.tfvars", "prod.tfvars"); got != "dev: prod:" {
		t.Error(got)
	}
	if got := shares("envs/dev/a.tf", "envs/prod/a.tf"); got != "dev: prod:" {
		t.Error(got)
	}
}

// TestWhatLiesNear: code near the root is found in a project of more
// directories than are looked into, and that is said.
func TestWhatLiesNear(t *testing.T) {
	dir := tree(t, files("a/b/c/main.tf", "terraform/main.tf"))
	for i := range 20 {
		if err := os.Mkdir(filepath.Join(dir, "a", fmt.Sprintf("d%d", i)), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if s := walkUpTo(dir, 10); !s.cut || !slices.Equal(s.code, []string{"terraform"}) {
		t.Errorf("found %q, all was looked at: %t", s.code, !s.cut)
	}
	if s := walk(dir); s.cut || len(s.code) != 2 {
		t.Errorf("found %q, all was looked at: %t", s.code, !s.cut)
	}
	p := find(t, dir, Options{})
	if p.cut = true; !strings.Contains(strings.Join(p.Found(), "\n"), "not searched") {
		t.Error(p.Found())
	}
}
