package project

import (
	"errors"
	"strings"
	"testing"

	"hci/tfvars"
)

// marker stands where a secret could; no error may repeat it.
const marker = "s3cr3tM4rk3r"

func TestConfigErrors(t *testing.T) {
	cases := map[string]struct{ src, want string }{
		"unknown attribute":        {"default_enviroment = \"x\"\n", `1:1: "default_enviroment" is not known at the top of hci.hcl; did you mean "default_environment"?`},
		"unknown block":            {"\n  enviroment \"x\" {}\n", `2:3: "enviroment" is not known at the top of hci.hcl; did you mean "environment"?`},
		"nothing like it":          {"colour = \"" + marker + "\"\n", `1:1: "colour" is not known at the top of hci.hcl`},
		"deploy's unknown":         {"deploy {\n  contaner = \"x\"\n}\n", `2:3: "contaner" is not known in a deploy block; did you mean "container"?`},
		"an account":               {"deploy {\n  account = \"12\"\n}\n", `2:13: "account" must be the twelve digits of an AWS account, as a string`},
		"a platform":               {"deploy {\n  platform = \"amd64\"\n}\n", `2:14: "platform" must be linux/amd64 or another platform that ECS runs, or a list of several`},
		"two migrations":           {"deploy {\n  migrate_task = \"x\"\n  migrate_command = [\"x\"]\n}\n", `1:1: a deploy block has migrate_task, a task definition of its own, or migrate_command, run in the service's; not both`},
		"in the wrong place":       {"region = \"x\"\n", `1:1: "region" is not known at the top of hci.hcl; it belongs in an environment block`},
		"in the wrong place again": {"environment \"x\" {\n  default_environment = \"x\"\n}\n", `2:3: "default_environment" is not known in an environment block; it belongs at the top`},
		"no such directory":        {"environment \"x\" {\n  terraform = \"nowhere\"\n}\n", `2:15: there is no such directory`},
		"a program of its own":     {"terraform_binary = \"./tofu\"\n", `1:20: "terraform_binary" must be "terraform" or "tofu"`},
		"attribute for a block":    {"env = {\n A = \"" + marker + "\" }\n", `1:1: "env" is a block: write env { … }`},
		"block for an attribute":   {"terraform {}\n", `1:1: "terraform" is an attribute: write terraform = …`},
		"no name":                  {"environment {}\n", `1:1: an environment block needs one name: environment "NAME"`},
		"two names":                {"environment \"a\" \"b\" {}\n", `1:1: an environment block needs one name: environment "NAME"`},
		"a name with a slash":      {"environment \"../a\" {}\n", `1:1: an environment block needs one name: environment "NAME"`},
		"twice":                    {"environment \"a\" {}\nenvironment \"a\" {}\n", `2:1: environment "a" is declared twice`},
		"env twice":                {"env {}\nenv {}\n", `2:1: the block "env" stands here twice`},
		"env with a name":          {"env \"a\" {}\n", `1:1: the block "env" takes no name`},
		"a number":                 {"default_environment = 5\n", `1:23: "default_environment" must be a string`},
		"empty":                    {"terraform = \"\"\n", `1:13: "terraform" must not be empty`},
		"a home":                   {"terraform = \"~/" + marker + "\"\n", `1:13: "terraform" must be a path from the directory of hci.hcl; ~ means nothing in it`},
		"a variable":               {"terraform = var." + marker + "\n", `1:13: "terraform" must be written out, without variables or functions`},
		"a function":               {"terraform = upper(\"" + marker + "\")\n", `1:13: "terraform" must be written out, without variables or functions`},
		"no directory":             {"terraform = \"" + marker + "\"\n", `1:13: there is no such directory`},
		"a command line":           {"passphrase_command = \"pass show " + marker + "\"\n", `1:22: "passphrase_command" must be a list, as no shell is involved: ["program", "argument"]`},
		"no command":               {"passphrase_command = []\n", `1:22: "passphrase_command" must name a program`},
		"a list of numbers":        {"passphrase_command = [\"x\", 5]\n", `1:22: "passphrase_command" must be a list of strings`},
		"an odd var file":          {"environment \"a\" {\n  var_files = [\"x\", \"\"]\n}\n", `2:15: "var_files" holds a string that must not be empty`},
		"no bool":                  {"require_authenticated = \"yes\"\n", `1:25: "require_authenticated" must be true or false`},
		"a half":                   {"openssl {\n  iterations = 1.5\n}\n", `2:16: "iterations" must be a whole number`},
		"a digest":                 {"openssl {\n  digest = \"sha3\"\n}\nenvironment \"a\" {}\n", `1:1: bad parameters: unknown digest "sha3"`},
		"a kdf":                    {"openssl {\n  kdf = \"" + marker + "\"\n}\n", `2:9: "kdf" must be "pbkdf2" or "EVP_BytesToKey"`},
		"an encoding":              {"openssl {\n  encoding = \"" + marker + "\"\n}\n", `2:14: "encoding" must be "binary", "base64" or "base64 in one line"`},
		"openssl's unknown":        {"openssl {\n  iter = 5\n}\n", `2:3: "iter" is not known in an openssl block; did you mean "iterations"?`},
		"a key with a dash":        {"env {\n  MY-KEY = \"" + marker + "\"\n}\n", `2:3: "MY-KEY" is no name of an environment variable: letters, digits and _ only, and no digit first`},
		"a key that is not ASCII":  {"env {\n  CLÉ = \"" + marker + "\"\n}\n", `2:3: "CLÉ" is no name of an environment variable: letters, digits and _ only, and no digit first`},
		"an env block in env":      {"env {\n  x {}\n}\n", `2:3: an env block holds KEY = expression only`},
		"a local":                  {"env {\n  A = local.x\n}\n", `2:7: A: "local" is not known here: var.NAME and secret.LABEL are`},
		"all variables":            {"env {\n  A = var\n}\n", `2:7: A: "var" alone names nothing: write var.NAME`},
		"a function in env":        {"env {\n  A = \"${upper(\"" + marker + "\")}\"\n}\n", `2:10: A: functions cannot be used here; compute it in Terraform`},
		"a key twice":              {"env {\n  A = \"" + marker + "\"\n  A = \"b\"\n}\n", `3:3: Attribute redefined`},
		"a default that is not":    {"default_environment = \"nope\"\nenvironment \"a\" {}\n", `1:23: no environment "nope"; there are a`},
		"no .enc":                  {"environment \"a\" {\n  sealed = \"x.bin\"\n}\n", `2:12: the name does not end in .enc; say also where the plaintext goes, with secrets`},
		"one file for both":        {"environment \"a\" {\n  secrets = \"x\"\n  sealed = \"./x\"\n}\n", `3:12: the sealed file and the plaintext cannot be the same`},
		"several":                  {"a = 1\nregio = 2\n", `1:1: "a" is not known at the top of hci.hcl` + "\nhci.hcl:2:1: \"regio\" is not known at the top of hci.hcl"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			base := tree(t, "-- hci.hcl --\n"+c.src)
			_, err := Find(base, Options{})
			var problems tfvars.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("the error is %v", err)
			}
			got := strings.ReplaceAll(err.Error(), base+string(filepathSeparator), "")
			if got != "hci.hcl:"+c.want {
				t.Errorf("the error is\n%s\nwant\nhci.hcl:%s", got, c.want)
			}
		})
	}
}

// A marker in every position of a valid file: whatever breaks there, no error
// repeats it.
func TestNoErrorQuotesTheSource(t *testing.T) {
	const src = `default_environment = "a"
env {
  KEY = "text ${var.x} more"
  TWO = <<EOT
lines
EOT
}
environment "a" {
  region = "r"
}
`
	broken := 0
	for i := range len(src) + 1 {
		for _, insert := range []string{" " + marker + " ", `"` + marker + `"`, "\n" + marker + "(\n", "= \"" + marker} {
			text := src[:i] + insert + src[i:]
			c, err := parseConfig([]byte(text), "hci.hcl")
			if err == nil {
				_ = c
				continue
			}
			broken++
			if strings.Contains(strings.ReplaceAll(err.Error(), "\""+marker+"\" is not known", ""), marker) {
				t.Errorf("at %d: the error repeats what stands there", i)
			}
		}
	}
	if broken < 100 {
		t.Errorf("only %d texts were broken", broken)
	}
}

func TestBytesThatAreNoConfig(t *testing.T) {
	for _, src := range []string{"\xff\xfe", "a = \x00", "environment \"a\" {", strings.Repeat("[", 5000)} {
		if _, err := parseConfig([]byte(src), "hci.hcl"); err == nil {
			t.Errorf("%d bytes were accepted", len(src))
		}
	}
	if _, err := parseConfig([]byte("\xef\xbb\xbfenvironment \"a\" {}\r\n"), "hci.hcl"); err != nil {
		t.Errorf("a byte order mark and CRLF: %v", err)
	}
	base := tree(t, "-- hci.hcl/x --\n")
	if _, err := Find(base, Options{}); err == nil {
		t.Error("a directory was read")
	}
}

// TestConfigBombs: a few lines that would take all memory, all time or the stack
// are refused with file and line.
func TestConfigBombs(t *testing.T) {
	loops := strings.Repeat("for a in [1,2,3,4,5,6,7,8,9,0] : [", 12)
	for name, c := range map[string][2]string{
		"brackets":   {"a = 1\nb = " + strings.Repeat("[", 1_000_000), "hci.hcl:2:"},
		"blocks":     {strings.Repeat("deploy {\n", 100_000), "hci.hcl:"},
		"operators":  {"env {\n  A = " + strings.Repeat("-", 100_000) + "1\n}\n", "hci.hcl:2:"},
		"nested for": {"terraform = \"infra\"\npassphrase_command = [" + loops + "a" + strings.Repeat("]", 13) + "\n", "hci.hcl:2:"},
	} {
		_, err := parseConfig([]byte(c[0]), "hci.hcl")
		if err == nil || !strings.Contains(err.Error(), c[1]) || len(err.Error()) > 1000 {
			t.Errorf("%s: error %.200v", name, err)
		}
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte("env {\n A = " + strings.Repeat("[", 1200) + "\n}\n"))
	f.Add([]byte("terraform = \"${[for a in [1] : [for b in [2] : 1e99999999]]}\"\n"))
	f.Add([]byte("environment \"a\" {\n  env { A = var.x }\n openssl { kdf = \"pbkdf2\" } }\n"))
	f.Add([]byte("env {\n A = null\n B = (var[\"x\"])\n C = [for x in var.l : x]\n}\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		c, err := parseConfig(src, "hci.hcl")
		if err != nil {
			return
		}
		for _, v := range c.env {
			v.IsNull()
			v.Renames()
			v.References()
		}
	})
}
