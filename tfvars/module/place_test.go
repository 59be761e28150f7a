package module_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/zclconf/go-cty/cty"

	"hci/tfvars/module"
)

// placed says where things are kept, one a line: address, then its place.
func placed(ev *module.Evaluated) string {
	var lines []string
	for _, s := range ev.Secrets {
		lines = append(lines, cmp.Or(s.Name, s.Address)+": "+told(s.Place))
	}
	for _, s := range ev.Services {
		lines = append(lines, s.Name+": "+told(s.Place))
	}
	for _, r := range ev.Repositories {
		lines = append(lines, r.Name+": "+told(r.Place))
	}
	for _, task := range ev.Tasks {
		lines = append(lines, task.Family+": "+told(task.Place))
	}
	return strings.Join(lines, "\n")
}

func told(p module.Place) string {
	parts := []string{cmp.Or(p.Provider, "no provider")}
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+" "+value)
		}
	}
	add("region", p.Region)
	add("profile", p.Profile)
	add("account", p.Account)
	add("partition", p.Partition)
	add("allowed", strings.Join(p.Allowed, " "))
	add("forbidden", strings.Join(p.Forbidden, " "))
	if p.Keys != nil {
		add("key", p.Keys.AccessKey.Reveal())
	}
	for _, r := range p.Roles {
		add("role", strings.TrimRight(strings.Join([]string{r.ARN, r.ExternalID, r.SessionName, r.Duration}, " "), " "))
	}
	if w := p.WebIdentity; w != nil {
		add("web", w.ARN+" "+w.TokenFile)
	}
	for _, name := range slices.Sorted(keysOf(p.Endpoints)) {
		add(name, p.Endpoints[name])
	}
	if p.FIPS || p.DualStack {
		add("endpoint", fmt.Sprintf("fips %v dual %v", p.FIPS, p.DualStack))
	}
	add("files", strings.Join(append(slices.Clone(p.ConfigFiles), p.CredentialsFiles...), " "))
	for _, u := range p.Unsettled {
		add("unsettled", u.Setting+" ("+strings.Join(u.Awaits, ", ")+")")
	}
	return strings.Join(parts, ", ")
}

func keysOf(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

const (
	west = "provider \"aws\" { region = \"us-west-2\" }\n"
	east = "provider \"aws\" {\n  alias  = \"east\"\n  region = \"us-east-1\"\n}\n"
)

func secretIn(provider, name string) string {
	return fmt.Sprintf("resource \"aws_secretsmanager_secret\" %q {\n%s  name = %q\n}\n", strings.ReplaceAll(name, "/", "-"), provider, name)
}

func TestPlace(t *testing.T) {
	for _, c := range []struct {
		name, code string
		others     map[string]string
		want       string
	}{
		{name: "the default provider", code: west + east + secretIn("", "a"), want: "a: aws, region us-west-2"},
		{name: "an alias", code: west + east + secretIn("  provider = aws.east\n", "a"), want: "a: aws.east, region us-east-1"},
		{name: "an alias in quotes", code: west + east + secretIn("  provider = \"aws.east\"\n", "a"), want: "a: aws.east, region us-east-1"},
		{name: "no default provider", code: east + secretIn("", "a"), want: "a: no provider"},
		{name: "an alias that is not there", code: west + secretIn("  provider = aws.east\n", "a"), want: "a: no provider, unsettled provider aws.east ()"},
		{name: "one instance of a provider", code: west + "provider \"aws\" {\n  alias = \"by\"\n  for_each = toset([\"us-east-1\"])\n  region = each.key\n}\n" + secretIn("  provider = aws.by[\"us-east-1\"]\n", "a"), want: "a: aws.by[\"us-east-1\"], region us-east-1"},
		{name: "an instance of a provider for each secret", code: "variable \"places\" {\n  default = { one = { region = \"us-east-1\", role = \"arn:1\" }, two = { region = \"eu-west-1\", role = \"arn:2\" } }\n}\nprovider \"aws\" {\n  alias = \"by\"\n  for_each = var.places\n  region = each.value.region\n  assume_role {\n    role_arn = each.value.role\n    session_name = each.key\n  }\n}\n" + secretIn("  for_each = var.places\n  provider = aws.by[each.key]\n", "a"), want: "a: aws.by[\"one\"], region us-east-1, role arn:1  one\na: aws.by[\"two\"], region eu-west-1, role arn:2  two"},
		{name: "an instance that is not there", code: "provider \"aws\" {\n  alias = \"by\"\n  for_each = toset([\"us-east-1\"])\n  region = each.key\n}\n" + secretIn("  provider = aws.by[\"x\"]\n", "a"), want: "a: no provider, unsettled provider aws.by[…] ()"},
		{name: "instances that are not known", code: "variable \"r\" {}\nprovider \"aws\" {\n  alias = \"by\"\n  for_each = toset([var.r])\n  region = each.key\n}\n" + secretIn("  provider = aws.by[\"x\"]\n", "a"), want: "a: no provider, unsettled provider aws.by[…] ()"},
		{name: "an instance of which the key is not known", code: "variable \"r\" {}\nprovider \"aws\" {\n  alias = \"by\"\n  for_each = toset([\"x\"])\n  region = each.key\n}\n" + secretIn("  provider = aws.by[var.r]\n", "a"), want: "a: no provider, unsettled provider aws.by[…] (var.r)"},
		{name: "the region of the resource", code: west + secretIn("  region = \"eu-west-1\"\n", "a"), want: "a: aws, region eu-west-1"},
		{name: "no region of the resource", code: west + secretIn("  region = null\n", "a"), want: "a: aws, region us-west-2"},
		{name: "the region of the resource is not known", code: west + "data \"aws_region\" \"r\" {}\n" + secretIn("  region = data.aws_region.r.name\n", "a"), want: "a: aws, region us-west-2, unsettled region (data.aws_region.r.name)"},
		{name: "a variable without a value", code: "variable \"r\" {}\nprovider \"aws\" { region = var.r }\n" + secretIn("", "a"), want: "a: aws, unsettled region (var.r)"},
		{name: "the resource settles the region", code: "variable \"r\" {}\nprovider \"aws\" { region = var.r }\n" + secretIn("  region = \"eu-west-1\"\n", "a"), want: "a: aws, region eu-west-1"},
		{name: "null and nothing", code: "provider \"aws\" {\n  region = \"\"\n  profile = null\n  allowed_account_ids = null\n}\n" + secretIn("", "a"), want: "a: aws"},
		{name: "a null variable", code: "variable \"p\" {\n  type = string\n  default = null\n}\nprovider \"aws\" {\n  region = \"us-west-2\"\n  profile = var.p\n}\n" + secretIn("", "a"), want: "a: aws, region us-west-2"},
		{name: "accounts", code: "provider \"aws\" {\n  allowed_account_ids = [\"1\", 2]\n  forbidden_account_ids = toset([\"3\"])\n}\n" + secretIn("", "a"), want: "a: aws, allowed 1 2, forbidden 3"},
		{name: "accounts that are not known", code: "data \"aws_caller_identity\" \"me\" {}\nprovider \"aws\" { allowed_account_ids = [data.aws_caller_identity.me.account_id] }\n" + secretIn("", "a"), want: "a: aws, unsettled allowed_account_ids (data.aws_caller_identity.me.account_id)"},
		{
			name: "roles, one after the other",
			code: "provider \"aws\" {\n  assume_role {\n    role_arn = \"arn:1\"\n    external_id = \"x\"\n    session_name = \"s\"\n    duration = \"1h\"\n  }\n  assume_role { role_arn = \"arn:2\" }\n  assume_role { role_arn = null }\n}\n" + secretIn("", "a"),
			want: "a: aws, role arn:1 x s 1h, role arn:2",
		},
		{name: "a role that is not known", code: "variable \"r\" {}\nprovider \"aws\" {\n  assume_role { role_arn = var.r }\n}\n" + secretIn("", "a"), want: "a: aws, unsettled assume_role.role_arn (var.r)"},
		{name: "no role that a dynamic block makes", code: "provider \"aws\" {\n  dynamic \"assume_role\" {\n    for_each = []\n    content { role_arn = \"x\" }\n  }\n}\n" + secretIn("", "a"), want: "a: aws"},
		{name: "roles that a dynamic block makes", code: "variable \"r\" { default = [\"arn:1\", \"arn:2\"] }\nprovider \"aws\" {\n  dynamic \"assume_role\" {\n    for_each = var.r\n    iterator = it\n    content { role_arn = it.value }\n  }\n}\n" + secretIn("", "a"), want: "a: aws, role arn:1, role arn:2"},
		{name: "how many roles a dynamic block makes is not known", code: "variable \"r\" {}\nprovider \"aws\" {\n  dynamic \"assume_role\" {\n    for_each = var.r\n    content { role_arn = assume_role.value }\n  }\n}\n" + secretIn("", "a"), want: "a: aws, unsettled assume_role (var.r)"},
		{name: "a web identity", code: "provider \"aws\" {\n  assume_role_with_web_identity {\n    role_arn = \"arn:1\"\n    web_identity_token_file = \"/t\"\n  }\n}\n" + secretIn("", "a"), want: "a: aws, web arn:1 /t"},
		{
			name: "keys, files, endpoints",
			code: "provider \"aws\" {\n  access_key = \"AKIA\"\n  secret_key = \"s\"\n  shared_config_files = [\"c\"]\n  shared_credentials_files = [\"d\"]\n  use_fips_endpoint = true\n  endpoints {\n    secretsmanager = \"http://127.0.0.1:1\"\n    sts = \"\"\n  }\n}\n" + secretIn("", "a"),
			want: "a: aws, key AKIA, secretsmanager http://127.0.0.1:1, endpoint fips true dual false, files c d",
		},
		{
			name: "handed to a module", code: west + east + "module \"m\" {\n  source = \"./m\"\n  providers = { aws = aws.east }\n}\n",
			others: map[string]string{"m/main.tf": secretIn("", "a")}, want: "a: aws.east, region us-east-1",
		},
		{
			name: "handed on by another name", code: west + east + "module \"m\" {\n  source = \"./m\"\n  providers = { aws.dr = aws.east }\n}\n",
			others: map[string]string{"m/main.tf": "terraform {\n  required_providers {\n    aws = {\n      source = \"hashicorp/aws\"\n      configuration_aliases = [aws.dr]\n    }\n  }\n}\n" + secretIn("  provider = aws.dr\n", "a") + secretIn("", "b")},
			want:   "a: aws.east, region us-east-1\nb: aws, region us-west-2",
		},
		{
			name: "an alias is not inherited", code: west + east + "module \"m\" { source = \"./m\" }\n",
			others: map[string]string{"m/main.tf": secretIn("  provider = aws.east\n", "a")}, want: "a: no provider, unsettled provider aws.east ()",
		},
		{
			name: "a module with a provider of its own", code: west + "module \"m\" {\n  source = \"./m\"\n  r = \"eu-west-3\"\n}\n",
			others: map[string]string{"m/main.tf": "variable \"r\" {}\nprovider \"aws\" { region = var.r }\n" + secretIn("", "a")}, want: "a: module.m.aws, region eu-west-3",
		},
		{
			name: "through two modules", code: west + east + "module \"m\" {\n  source = \"./m\"\n  providers = { aws.x = aws.east }\n}\n",
			others: map[string]string{
				"m/main.tf":   "module \"n\" {\n  source = \"./n\"\n  providers = { aws = aws.x }\n}\n",
				"m/n/main.tf": secretIn("", "a"),
			}, want: "a: aws.east, region us-east-1",
		},
		{
			name: "the same name in two regions", code: west + east + secretIn("", "a") + "resource \"aws_secretsmanager_secret\" \"b\" {\n  provider = aws.east\n  name = \"a\"\n}\n",
			want: "a: aws, region us-west-2\na: aws.east, region us-east-1",
		},
		{
			name: "an ARN", code: west + secretIn("", "other/app") + "resource \"aws_secretsmanager_secret_version\" \"v\" {\n  secret_id = \"arn:aws:secretsmanager:eu-west-1:210987654321:secret:other/app-AbCdEf\"\n  secret_string = \"s\"\n}\n",
			want: "other/app: aws, region us-west-2\nother/app: aws, region eu-west-1, account 210987654321, partition aws",
		},
		{
			name: "an ARN's account is not one's own", code: west + secretIn("", "app") + "resource \"aws_secretsmanager_secret_version\" \"v\" {\n  secret_id = \"arn:aws:secretsmanager:us-west-2:210987654321:secret:app-AbCdEf\"\n  secret_string = \"s\"\n}\n",
			want: "app: aws, region us-west-2\napp: aws, region us-west-2, account 210987654321, partition aws",
		},
		{
			name: "a version's own provider", code: west + east + secretIn("", "app") + "resource \"aws_secretsmanager_secret_version\" \"v\" {\n  provider = aws.east\n  secret_id = \"app\"\n  secret_string = \"s\"\n}\n",
			want: "app: aws, region us-west-2\napp: aws.east, region us-east-1",
		},
		{
			name: "services and what they need", code: west + east + "resource \"aws_ecs_service\" \"s\" {\n  name = \"s\"\n  provider = aws.east\n}\nresource \"aws_ecr_repository\" \"r\" {\n  name = \"r\"\n  region = \"eu-west-1\"\n}\nresource \"aws_ecs_task_definition\" \"t\" {\n  family = \"t\"\n  container_definitions = \"[]\"\n}\n",
			want: "s: aws.east, region us-east-1\nr: aws, region eu-west-1\nt: aws, region us-west-2",
		},
		{
			name: "an override file", code: "provider \"aws\" {\n  region = \"us-west-2\"\n  assume_role { role_arn = \"arn:1\" }\n}\n" + secretIn("", "a"),
			others: map[string]string{"main_override.tf": "provider \"aws\" {\n  assume_role { role_arn = \"arn:2\" }\n}\n"}, want: "a: aws, region us-west-2, role arn:2",
		},
		{
			name: "JSON", code: secretIn("  provider = aws.east\n", "a"),
			others: map[string]string{"p.tf.json": `{"provider": {"aws": [{"region": "us-west-2"}, {"alias": "east", "region": "us-east-1", "assume_role": [{"role_arn": "arn:1"}]}]}}`}, want: "a: aws.east, region us-east-1, role arn:1",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := fstest.MapFS{"main.tf": {Data: []byte(c.code)}}
			for name, text := range c.others {
				fsys[name] = &fstest.MapFile{Data: []byte(text)}
			}
			m, err := module.Load(fsys)
			if err != nil {
				t.Fatal(err)
			}
			ev, err := m.Evaluate(module.Inputs{Workspace: "staging", Values: map[string]cty.Value{}})
			if err != nil {
				t.Fatal(err)
			}
			if got := placed(ev); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// TestProviders: all provider blocks of AWS are told, those of modules too.
func TestProviders(t *testing.T) {
	fsys := fstest.MapFS{
		"main.tf":   {Data: []byte(west + east + "provider \"random\" {}\nmodule \"m\" { source = \"./m\" }\n")},
		"m/main.tf": {Data: []byte("provider \"aws\" { region = \"eu-west-3\" }\n")},
	}
	m, err := module.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	ev, err := m.Evaluate(module.Inputs{})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, p := range ev.Providers {
		all = append(all, told(p))
	}
	if got := strings.Join(all, "; "); got != "aws, region us-west-2; aws.east, region us-east-1; module.m.aws, region eu-west-3" {
		t.Error(got)
	}
}
