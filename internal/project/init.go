package project

import (
	"bytes"
	"fmt"
	"strings"

	"hci/crypto"
	"hci/tfvars"
)

// settings are those that are about no single environment; %d is the number of
// iterations of a new file.
const settings = `# A program that prints the passphrase, run without a shell.
# passphrase_command = ["op", "read", "op://vault/hci/passphrase"]

# Refuse sealed files that hci itself did not seal.
# require_authenticated = true

# When 'hci secrets age' calls a value too old: all of them, or by name.
# rotate_after = "90d"
# rotate_after = { db_password = "90d", "*" = "52w" }

# How new files are sealed, in openssl's terms.
# openssl {
#   kdf        = "pbkdf2"
#   digest     = "sha256"
#   iterations = %d
# }

# More keys for "hci env export": a new one, another name, one left out.
# env {
#   DEBUG             = "0"
#   DATABASE_PASSWORD = var.db_password
#   UNUSED            = null
# }

# What reads the .env file, where the files of the project's packages don't tell.
# format = "python"

# What a person's own machine needs instead: "hci env export --local".
# local {
#   DATABASE_HOST = "localhost"
# }

# What "hci deploy" otherwise takes from the Terraform code, see
# "hci deploy --explain". It may also stand in an environment block.
# deploy {
#   service         = "web"
#   container       = "web"
#   repository      = "web"
#   account         = "123456789012"
#   image_tag       = "latest"
#   dockerfile      = "Dockerfile"
#   context         = "."
#   migrate_command = ["python", "manage.py", "migrate", "--noinput"]
# }
`

// InitConfig writes what was found as a commented hci.hcl, which, put into the
// root, makes the same environments.
func InitConfig(p *Project) []byte {
	var b bytes.Buffer
	b.WriteString(`# What hci found in this project, and what else can be said. Everything here is
# optional: hci finds by itself what you remove. Paths start from this file.

`)
	if p.defaultEnvironment != "" {
		fmt.Fprintf(&b, "default_environment = %s\n\n", quote(p.defaultEnvironment))
	} else {
		b.WriteString("# The environment of \"hci env …\" when none is named.\n# default_environment = \"staging\"\n\n")
	}
	p.initCode(&b)
	fmt.Fprintf(&b, settings, crypto.DefaultParams().Iterations)
	if len(p.Environments) == 0 {
		b.WriteString("\n# environment \"staging\" {\n")
		if p.SharedFile != "" {
			fmt.Fprintf(&b, "#   secrets = %s\n", quote(p.rel(p.SharedFile)))
		} else {
			b.WriteString("#   secrets = \"infra/tfvars/staging_secrets.tfvars\"\n")
		}
		b.WriteString("# }\n")
	}
	for _, env := range p.Environments {
		p.initEnvironment(&b, env)
	}
	return aligned(b.String())
}

// initCode writes where the Terraform code lies, and what runs it.
func (p *Project) initCode(b *bytes.Buffer) {
	switch {
	case p.undecided != nil:
		b.WriteString("# The directory with the Terraform code: one of these.\n")
		for _, r := range p.Roots {
			fmt.Fprintf(b, "# terraform = %s\n", quote(r.Name))
		}
		b.WriteString("\n")
	case p.TerraformDir != "":
		fmt.Fprintf(b, "terraform = %s\n\n", quote(p.rel(p.TerraformDir)))
	case p.root == nil:
		b.WriteString("# The directory with the Terraform code.\n# terraform = \"infra\"\n\n")
	}
	b.WriteString("# The program that runs it: \"terraform\" or \"tofu\".\n")
	if p.Binary != "" {
		fmt.Fprintf(b, "terraform_binary = %s\n\n", quote(p.Binary))
	} else {
		b.WriteString("# terraform_binary = \"terraform\"\n\n")
	}
}

func (p *Project) initEnvironment(b *bytes.Buffer, env Environment) {
	fmt.Fprintf(b, "\nenvironment %s {\n", quote(env.Name))
	if len(env.SharesState) > 0 && !env.WorkspaceDeclared {
		fmt.Fprintf(b, "  # %s has the same code and, as far as it tells, the same state.\n  # workspace = %s\n", strings.Join(env.SharesState, ", "), quote(env.Workspace))
	} else {
		fmt.Fprintf(b, "  workspace = %s # %s\n", quote(env.Workspace), env.WorkspaceWhy)
	}
	if env.TerraformDir != "" && p.TerraformDir == "" {
		fmt.Fprintf(b, "  terraform = %s\n", quote(p.rel(env.TerraformDir)))
	}
	fmt.Fprintf(b, "  secrets = %s\n", quote(p.rel(env.Plain)))
	fmt.Fprintf(b, "  sealed = %s\n", quote(p.rel(env.Sealed)))
	var files []string
	for _, path := range env.VarFiles[len(env.AutoVarFiles):] {
		files = append(files, quote(p.rel(path)))
	}
	if env.Unclear != nil {
		fmt.Fprintf(b, "  # %v\n  # var_files = [%s]\n", env.Unclear, strings.Join(files, ", "))
	} else {
		fmt.Fprintf(b, "  var_files = [%s]\n", strings.Join(files, ", "))
	}
	b.WriteString("\n  # Both are taken from provider \"aws\" otherwise.\n")
	for _, s := range []struct{ key, value, example string }{
		{"region", env.Region, "eu-west-1"}, {"profile", env.Profile, "my-profile"},
	} {
		if s.value != "" {
			fmt.Fprintf(b, "  %s = %s\n", s.key, quote(s.value))
		} else {
			fmt.Fprintf(b, "  # %s = %s\n", s.key, quote(s.example))
		}
	}
	b.WriteString("}\n")
}

// quote writes a string as HCL does.
func quote(s string) string { return tfvars.Quote(s) }

// aligned puts the equals signs of lines that follow one another below each other,
// as 'terraform fmt' does.
func aligned(text string) []byte {
	var out strings.Builder
	lines := strings.SplitAfter(text, "\n")
	for begin := 0; begin < len(lines); {
		end, widest := begin, 0
		for ; end < len(lines) && attributeName(lines[end]) > 0; end++ {
			widest = max(widest, attributeName(lines[end]))
		}
		for _, line := range lines[begin:end] {
			n := attributeName(line)
			out.WriteString(line[:n] + strings.Repeat(" ", widest-n) + line[n:])
		}
		if end < len(lines) {
			out.WriteString(lines[end])
			end++
		}
		begin = end
	}
	return []byte(out.String())
}

// attributeName is how long the indentation and the name of a line are that sets an
// attribute; 0 for any other line.
func attributeName(line string) int {
	before, _, found := strings.Cut(line, " = ")
	if !found || strings.ContainsAny(strings.TrimLeft(before, " "), " #\"") {
		return 0
	}
	return len(before)
}
