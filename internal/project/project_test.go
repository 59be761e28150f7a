package project

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"hci/crypto"
)

// tree makes files from a txtar archive, in a directory outside any git work
// tree, and returns it free of symbolic links.
func tree(t *testing.T, archive string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range txtar.Parse([]byte(archive)).Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func find(t *testing.T, dir string, o Options) *Project {
	t.Helper()
	p, err := Find(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// show describes a project with paths from base.
func show(p *Project, base string) string {
	rel := func(path string) string {
		if path == "" {
			return "-"
		}
		r, err := filepath.Rel(base, path)
		if err != nil {
			return path
		}
		return filepath.ToSlash(r)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "root %s terraform %s", rel(p.Root), rel(p.TerraformDir))
	if p.SharedFile != "" {
		fmt.Fprintf(&b, " shared %s", rel(p.SharedFile))
	}
	for _, e := range p.Environments {
		fmt.Fprintf(&b, "\n%s workspace=%s plain=%s sealed=%s", e.Name, e.Workspace, rel(e.Plain), rel(e.Sealed))
		for i, f := range e.VarFiles {
			sign := " +"
			if i < len(e.AutoVarFiles) {
				sign = " auto:"
			}
			b.WriteString(sign + rel(f))
		}
	}
	return b.String()
}

const headFile = "-- .git/HEAD --\nref: refs/heads/main\n"

func TestDiscovery(t *testing.T) {
	cases := map[string]struct{ tree, dir, workspace, want string }{
		"the team's": {
			tree: headFile + "-- infra/main.tf --\nlocals { w = \"x-${terraform.workspace}\" }\n-- infra/tfvars/staging.tfvars --\n-- infra/tfvars/production.tfvars --\n" +
				"-- infra/tfvars/staging_secrets.tfvars.enc --\n-- infra/tfvars/production_secrets.tfvars.enc --\n-- app/x --\n",
			dir: "app",
			want: `root . terraform infra
production workspace=production plain=infra/tfvars/production_secrets.tfvars sealed=infra/tfvars/production_secrets.tfvars.enc +infra/tfvars/production.tfvars
staging workspace=staging plain=infra/tfvars/staging_secrets.tfvars sealed=infra/tfvars/staging_secrets.tfvars.enc +infra/tfvars/staging.tfvars`,
		},
		"plaintext only, beside the code, var file beside": {
			tree: headFile + "-- main.tf --\n-- staging_secrets.tfvars --\n-- staging.tfvars --\n",
			want: "root . terraform .\nstaging workspace=default plain=staging_secrets.tfvars sealed=staging_secrets.tfvars.enc +staging.tfvars",
		},
		"the Terraform directory with a secrets file": {
			tree: headFile + "-- deploy/a.tf --\n-- terraform/a.tf.json --\n-- infra/README.md --\n-- terraform/x_secrets.tfvars --\n",
			want: "root . terraform terraform\nx workspace=default plain=terraform/x_secrets.tfvars sealed=terraform/x_secrets.tfvars.enc",
		},
		"JSON": {
			tree: headFile + "-- a.tf --\n-- tfvars/x_secrets.tfvars.json.enc --\n-- tfvars/x.tfvars.json --\n",
			want: "root . terraform .\nx workspace=default plain=tfvars/x_secrets.tfvars.json sealed=tfvars/x_secrets.tfvars.json.enc +tfvars/x.tfvars.json",
		},
		"files that Terraform loads by itself, in its order": {
			tree: headFile + "-- a.tf --\n-- b.auto.tfvars.json --\n-- b.auto.tfvars --\n-- a.auto.tfvars --\n-- terraform.tfvars.json --\n-- terraform.tfvars --\n" +
				"-- tfvars/s_secrets.tfvars.enc --\n-- s.tfvars --\n-- tfvars/z.auto.tfvars --\n",
			want: "root . terraform .\ns workspace=default plain=tfvars/s_secrets.tfvars sealed=tfvars/s_secrets.tfvars.enc" +
				" auto:terraform.tfvars auto:terraform.tfvars.json auto:a.auto.tfvars auto:b.auto.tfvars auto:b.auto.tfvars.json +s.tfvars",
		},
		"names that are none": {
			tree: headFile + "-- a.tf --\n-- _secrets.tfvars --\n-- .hci-00-s_secrets.tfvars --\n-- s_secrets.tfvars.enc.bak --\n-- s_secrets.tfvars.orig --\n-- old/s_secrets.tfvars --\n-- s_secrets.tfvars.enc/x --\n",
			want: "root . terraform .",
		},
		"one file, no environment": {
			tree: headFile + "-- infra/a.tf --\n-- infra/secrets.tfvars.enc --\n",
			want: "root . terraform infra shared infra/secrets.tfvars\ndefault workspace=default plain=infra/secrets.tfvars sealed=infra/secrets.tfvars.enc",
		},
		"one file, --workspace": {
			tree: headFile + "-- infra/a.tf --\n-- infra/tfvars/secrets.tfvars --\n-- infra/blue.tfvars --\n", workspace: "blue",
			want: "root . terraform infra shared infra/tfvars/secrets.tfvars\nblue workspace=blue plain=infra/tfvars/secrets.tfvars sealed=infra/tfvars/secrets.tfvars.enc +infra/blue.tfvars",
		},
		"one file, hci.hcl and --workspace": {
			tree: "-- hci.hcl --\nenvironment \"green\" {}\n-- infra/a.tf --\n-- infra/secrets.tfvars --\n", workspace: "blue",
			want: "root . terraform infra shared infra/secrets.tfvars\nblue workspace=blue plain=infra/secrets.tfvars sealed=infra/secrets.tfvars.enc\n" +
				"green workspace=default plain=infra/secrets.tfvars sealed=infra/secrets.tfvars.enc",
		},
		"own files make one file for all nothing": {
			tree: headFile + "-- a.tf --\n-- s_secrets.tfvars --\n-- secrets.tfvars --\n",
			want: "root . terraform .\ns workspace=default plain=s_secrets.tfvars sealed=s_secrets.tfvars.enc",
		},
		"hci.hcl below the git root": {
			tree: headFile + "-- infra/a.tf --\n-- svc/hci.hcl --\n-- svc/terraform/a.tf --\n-- svc/terraform/s_secrets.tfvars --\n", dir: "svc/terraform",
			want: "root svc terraform svc/terraform\ns workspace=default plain=svc/terraform/s_secrets.tfvars sealed=svc/terraform/s_secrets.tfvars.enc",
		},
		"hci.hcl above the git root": {
			tree: "-- hci.hcl --\nterraform = \"repo\"\n-- repo/.git/HEAD --\nref: x\n-- repo/a.tf --\n-- repo/s_secrets.tfvars --\n", dir: "repo",
			want: "root . terraform repo\ns workspace=default plain=repo/s_secrets.tfvars sealed=repo/s_secrets.tfvars.enc",
		},
		"no git, from below": {
			tree: "-- infra/a.tf --\n-- infra/tfvars/s_secrets.tfvars.enc --\n", dir: "infra/tfvars",
			want: "root . terraform infra\ns workspace=default plain=infra/tfvars/s_secrets.tfvars sealed=infra/tfvars/s_secrets.tfvars.enc",
		},
		"no git, no Terraform": {
			tree: "-- s_secrets.tfvars.enc --\n",
			want: "root . terraform -\ns workspace=default plain=s_secrets.tfvars sealed=s_secrets.tfvars.enc",
		},
		"git and nothing else": {tree: headFile, want: "root . terraform -"},
		"a .git that is none": {
			tree: "-- a/.git/x --\n-- a/b/y --\n-- infra/a.tf --\n-- infra/s_secrets.tfvars --\n", dir: "a/b",
			want: "root . terraform infra\ns workspace=default plain=infra/s_secrets.tfvars sealed=infra/s_secrets.tfvars.enc",
		},
		"hci.hcl says it all": {
			tree: headFile + `-- hci.hcl --
terraform = "code"
environment "stag" {
  workspace = "staging"
  var_files = ["vars/common.tfvars", "vars/stag.tfvars"]
  sealed    = "code/tfvars/staging_secrets.tfvars.enc"
}
environment "new" {}
environment "odd" {
  secrets = "plain.tfvars"
  sealed  = "vault/odd.bin"
}
environment "half" {
  secrets   = "half.tfvars"
  var_files = []
}
-- code/a.tf --
-- code/tfvars/staging_secrets.tfvars.enc --
-- code/tfvars/half.tfvars --
-- code/tfvars/production_secrets.tfvars.enc --
`,
			want: `root . terraform code
half workspace=default plain=half.tfvars sealed=half.tfvars.enc
new workspace=default plain=code/tfvars/new_secrets.tfvars sealed=code/tfvars/new_secrets.tfvars.enc
odd workspace=default plain=plain.tfvars sealed=vault/odd.bin
production workspace=default plain=code/tfvars/production_secrets.tfvars sealed=code/tfvars/production_secrets.tfvars.enc
stag workspace=staging plain=code/tfvars/staging_secrets.tfvars sealed=code/tfvars/staging_secrets.tfvars.enc +vars/common.tfvars +vars/stag.tfvars`,
		},
		"the secrets file is no var file": {
			tree: headFile + "-- hci.hcl --\nenvironment \"s\" { secrets = \"s.auto.tfvars\" }\n-- a.tf --\n-- s.auto.tfvars --\n-- t.auto.tfvars --\n",
			want: "root . terraform .\ns workspace=default plain=s.auto.tfvars sealed=s.auto.tfvars.enc auto:t.auto.tfvars",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			base := tree(t, c.tree)
			p := find(t, filepath.Join(base, filepath.FromSlash(c.dir)), Options{Workspace: c.workspace})
			if got := show(p, base); got != c.want {
				t.Errorf("found\n%s\nwant\n%s", got, c.want)
			}
			if !filepath.IsAbs(p.Root) {
				t.Errorf("the root %s is not absolute", p.Root)
			}
			// What init writes makes the same project.
			if err := os.WriteFile(filepath.Join(p.Root, configName), InitConfig(p), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := show(find(t, p.Root, Options{}), base); len(p.Environments) > 0 && without(got) != without(c.want) {
				t.Errorf("after init\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// without takes away which file would serve all: init names it for each.
func without(s string) string {
	first, rest, _ := strings.Cut(s, "\n")
	first, _, _ = strings.Cut(first, " shared")
	return first + "\n" + rest
}

func TestTheSampleProject(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../testdata/project")); err != nil {
		t.Fatal(err)
	}
	p := find(t, dir, Options{})
	if got := strings.Join(p.Names(), " "); got != "production staging" || filepath.Base(p.TerraformDir) != "infra" {
		t.Errorf("found %s in %s", got, p.TerraformDir)
	}
	for _, e := range p.Environments {
		if len(e.VarFiles) != 1 || !exists(e.Sealed) {
			t.Errorf("%s: %d var files, sealed is there: %t", e.Name, len(e.VarFiles), exists(e.Sealed))
		}
	}
}

func TestASymbolicLinkIntoTheProject(t *testing.T) {
	base := tree(t, "-- real/.git/HEAD --\nx\n-- real/infra/a.tf --\n-- real/infra/s_secrets.tfvars --\n-- home/.git/HEAD --\nx\n")
	link := filepath.Join(base, "home", "link")
	if err := os.Symlink(filepath.Join(base, "real", "infra"), link); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	if p := find(t, link, Options{}); p.Root != filepath.Join(base, "real") {
		t.Errorf("the root is %s", p.Root)
	}
}

func TestWhatIsNoProject(t *testing.T) {
	base := tree(t, "-- a/b.txt --\n")
	var none *NoProjectError
	if _, err := Find(filepath.Join(base, "a"), Options{}); !errors.As(err, &none) {
		t.Error(err)
	}
	if _, err := Find(filepath.Join(base, "no"), Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := Find(filepath.Join(base, "a", "b.txt"), Options{}); err == nil {
		t.Error("a file was taken for a directory")
	}
}

func TestAmbiguousFiles(t *testing.T) {
	for name, archive := range map[string]string{
		"two directories": "-- a.tf --\n-- s_secrets.tfvars --\n-- tfvars/s_secrets.tfvars.enc --\n",
		"two formats":     "-- a.tf --\n-- s_secrets.tfvars.enc --\n-- s_secrets.tfvars.json --\n",
	} {
		base := tree(t, headFile+archive)
		var ambiguous *AmbiguousError
		if _, err := Find(base, Options{}); !errors.As(err, &ambiguous) || len(ambiguous.Paths) != 2 || ambiguous.Environment != "s" {
			t.Errorf("%s: %v", name, err)
		}
		config := filepath.Join(base, configName)
		if err := os.WriteFile(config, []byte(`environment "s" { sealed = "s_secrets.tfvars.enc" }`), 0o600); err != nil {
			t.Fatal(err)
		}
		if p := find(t, base, Options{}); len(p.Environments) != 1 || p.Environments[0].Sealed != filepath.Join(base, "s_secrets.tfvars.enc") {
			t.Errorf("%s: hci.hcl does not decide", name)
		}
	}
	base := tree(t, headFile+"-- secrets.tfvars --\n-- tfvars/secrets.tfvars --\n")
	var ambiguous *AmbiguousError
	if _, err := Find(base, Options{}); !errors.As(err, &ambiguous) || ambiguous.Environment != "" {
		t.Error(err)
	}
}

func TestWorkspaceWhereItMeansNothing(t *testing.T) {
	base := tree(t, headFile+"-- a.tf --\n-- s_secrets.tfvars --\n")
	var wrong *WorkspaceError
	if _, err := Find(base, Options{Workspace: "t"}); !errors.As(err, &wrong) {
		t.Error(err)
	}
	find(t, base, Options{Workspace: "s"})
}

// TestAbbreviatedEnvironment: the beginning of one name means that one, and of several
// none; a name of its own comes first.
func TestAbbreviatedEnvironment(t *testing.T) {
	const of = headFile + "-- infra/a.tf --\n"
	sealed := func(names ...string) string {
		tree := of
		for _, name := range names {
			tree += "-- infra/" + name + "_secrets.tfvars --\n"
		}
		return tree
	}
	for _, c := range []struct{ tree, name, want string }{
		{sealed("staging", "production"), "stag", "staging"},
		{sealed("staging", "production"), "prod", "production"},
		{sealed("staging", "production"), "st", ""},
		{sealed("prod", "production"), "prod", "prod"},
		{sealed("prod-eu", "prod-us"), "prod", ""},
	} {
		if env, err := find(t, tree(t, c.tree), Options{}).Environment(c.name); env.Name != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q: %q, %v; want %q", c.name, env.Name, err, c.want)
		}
	}
}

func TestUnknownEnvironment(t *testing.T) {
	both := headFile + "-- infra/a.tf --\n-- infra/staging_secrets.tfvars --\n-- infra/production_secrets.tfvars --\n"
	cases := []struct{ tree, name, want string }{
		{both, "stagign", `no environment "stagign"; did you mean "staging"? (there are production, staging)`},
		{both, "prd", `no environment "prd"; there are production, staging`},
		{both, "pr", `no environment "pr"; did you mean "production"? (there are production, staging)`},
		{both, "x", `no environment "x"; there are production, staging`},
		{headFile + "-- infra/a.tf --\n-- infra/secrets.tfvars --\n", "x", `no environment "x"; there are default`},
		{headFile + "-- infra/a.tf --\noutput \"w\" { value = terraform.workspace }\n-- infra/secrets.tfvars --\n", "x", `no environment "x": infra/secrets.tfvars can serve any environment, and none is named`},
		{headFile + "-- infra/a.tf --\n-- infra/tfvars/README --\n", "x", `no environment "x": no sealed file in infra, infra/tfvars, .`},
		{headFile + "-- live/terragrunt.hcl --\n", "x", `no environment "x": no sealed file in ., and hci does not read Terragrunt (live/terragrunt.hcl)`},
	}
	for _, c := range cases {
		_, err := find(t, tree(t, c.tree), Options{}).Environment(c.name)
		var unknown *UnknownEnvironmentError
		if !errors.As(err, &unknown) || err.Error() != c.want {
			t.Errorf("%q: %v", c.name, err)
		}
	}
}

func TestDefaultEnvironment(t *testing.T) {
	both := "-- infra/a.tf --\n-- infra/staging_secrets.tfvars --\n-- infra/production_secrets.tfvars --\n"
	cases := map[string]struct{ tree, hciEnv, fallback, want string }{
		"hci.hcl":                          {tree: "-- hci.hcl --\ndefault_environment = \"production\"\n" + both, hciEnv: "staging", want: "production"},
		"HCI_ENV":                          {tree: both, hciEnv: "production", fallback: "staging", want: "production"},
		"the fallback":                     {tree: both, fallback: "staging", want: "staging"},
		"no fallback":                      {tree: both, want: "name one environment of production, staging"},
		"a fallback that is not there":     {tree: both, fallback: "dev", want: "name one environment of production, staging"},
		"the only one":                     {tree: "-- a.tf --\n-- dev_secrets.tfvars --\n", want: "dev"},
		"the only one is production":       {tree: "-- a.tf --\n-- production_secrets.tfvars --\n", want: `name the environment: the only one is "production", and hci never takes production by default`},
		"the only one is a production":     {tree: "-- a.tf --\n-- eu-Prod_secrets.tfvars --\n", want: `name the environment: the only one is "eu-Prod", and hci never takes production by default`},
		"the only one has its workspace":   {tree: "-- hci.hcl --\nenvironment \"x\" { workspace = \"production\" }\n-- a.tf --\n", fallback: "staging", want: `name the environment: the only one is "x", and hci never takes production by default`},
		"a name that only sounds like it":  {tree: "-- a.tf --\n-- products_secrets.tfvars --\n", want: "products"},
		"HCI_ENV names none":               {tree: both, hciEnv: "nope", want: `HCI_ENV: no environment "nope"; there are production, staging`},
		"there is none":                    {tree: "-- hci.hcl --\n-- a.tf --\n", want: "there is no environment"},
		"even production, where it is set": {tree: "-- a.tf --\n-- prod_secrets.tfvars --\n", hciEnv: "prod", want: "prod"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := find(t, tree(t, c.tree), Options{Getenv: env("HCI_ENV", c.hciEnv)})
			e, err := p.DefaultEnvironment(c.fallback)
			got := e.Name
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestParamsOfSeveralBlocks(t *testing.T) {
	p := find(t, tree(t, `-- hci.hcl --
openssl {
  digest     = "SHA512"
  iterations = 10000
}
passphrase_command    = ["general"]
require_authenticated = true
environment "a" {}
environment "b" {
  openssl {
    iterations = 700000
    salted     = false
    encoding   = "base64"
  }
  passphrase_command    = ["own", ""]
  require_authenticated = false
  region  = "eu-west-1"
  profile = "me"
}
environment "c" {
  openssl {
    kdf        = "evp_bytestokey"
    digest     = "md5"
    iterations = 1
  }
}
`), Options{})
	want := map[string]crypto.Params{
		"a": {KDF: crypto.PBKDF2, Digest: crypto.SHA512, Iterations: 10000},
		"b": {KDF: crypto.PBKDF2, Digest: crypto.SHA512, Iterations: 700000, NoSalt: true, Encoding: crypto.Base64},
		"c": {KDF: crypto.BytesToKey, Digest: crypto.MD5},
	}
	for _, e := range p.Environments {
		if len(e.Params) != 1 || !e.Params[0].Equal(want[e.Name]) {
			t.Errorf("%s: %v, want %v", e.Name, e.Params, want[e.Name])
		}
	}
	a, b := p.Environments[0], p.Environments[1]
	if strings.Join(a.PassphraseCommand, "|") != "general" || strings.Join(b.PassphraseCommand, "|") != "own|" {
		t.Errorf("commands %q and %q", a.PassphraseCommand, b.PassphraseCommand)
	}
	if !a.RequireAuthenticated || b.RequireAuthenticated || b.Region != "eu-west-1" || b.Profile != "me" {
		t.Errorf("%+v", b)
	}
	if none := find(t, tree(t, "-- hci.hcl --\nenvironment \"a\" {}\n"), Options{}); len(none.Environments[0].Params) != 0 {
		t.Error("parameters out of nothing")
	}
}

func TestStateDir(t *testing.T) {
	p := &Project{Root: filepath.FromSlash("/r"), getenv: env("HOME", "/h", "XDG_STATE_HOME", "relative", "USERPROFILE", "/u", "LocalAppData", "")}
	for goos, want := range map[string]string{
		"linux": "/h/.local/state", "freebsd": "/h/.local/state",
		"darwin": "/h/Library/Application Support", "windows": "/u/AppData/Local",
	} {
		if runtime.GOOS == "windows" {
			continue // /h is not absolute there
		}
		if got := p.userState(goos); got != want {
			t.Errorf("%s: %s, want %s", goos, got, want)
		}
	}
	state := t.TempDir()
	variable := map[string]string{"windows": "LocalAppData", "darwin": "HOME"}[runtime.GOOS]
	if variable == "" {
		variable = "XDG_STATE_HOME"
	}
	one, other := tree(t, "-- a_secrets.tfvars --\n"), tree(t, "-- a_secrets.tfvars --\n")
	get := func(dir string) string { return find(t, dir, Options{Getenv: env(variable, state)}).StateDir() }
	if !strings.HasPrefix(get(one), state) || get(one) == get(other) {
		t.Errorf("%s and %s", get(one), get(other))
	}
	// In git, too, it is the user's own directory and not the repository's; all
	// work trees have the same, and each project in one its own.
	base := tree(t, headFile+"-- wt/.git/HEAD --\n-- a/hci.hcl --\n-- b/hci.hcl --\n")
	linked := tree(t, "-- .git --\ngitdir: "+filepath.Join(base, ".git", "worktrees", "w")+"\n")
	for path, text := range map[string]string{"HEAD": "ref: x", "commondir": "../.."} {
		path = filepath.Join(base, ".git", "worktrees", "w", path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	top, a, b := get(base), get(filepath.Join(base, "a")), get(filepath.Join(base, "b"))
	if !strings.HasPrefix(top, state) || top != get(linked) || top == a || a == b {
		t.Errorf("%s, %s of a linked work tree, %s and %s of projects in it", top, get(linked), a, b)
	}
}
