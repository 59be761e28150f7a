//go:build unix

package main

import (
	"path/filepath"
	"strings"
)

// hostileRepositories are what a stranger can put into a repository or an
// archive, by what they are after.
var hostileRepositories = map[string]func(*theater){
	"plaintext is a link out":         func(h *theater) { h.link("infra/staging_secrets.tfvars", "../../profile") },
	"plaintext is a link to nothing":  func(h *theater) { h.link("infra/staging_secrets.tfvars", filepath.Join(h.dir, "new")) },
	"sealed file is a link out":       func(h *theater) { h.link("infra/staging_secrets.tfvars.enc", "../../profile") },
	"secrets directory is a link out": func(h *theater) { h.link("infra/tfvars", "../..") },
	"Terraform directory is a link out": func(h *theater) {
		h.link("infra", "../module")
		h.seal("tfvars/staging_secrets.tfvars.enc", "a = \"1\"\n")
	},
	".env is a link out":          func(h *theater) { h.link(".env", "../profile") },
	".env is a link to nothing":   func(h *theater) { h.link(".env", filepath.Join(h.dir, "new")) },
	".env.template is a link out": func(h *theater) { h.link(".env.template", "../profile") },
	"hci.hcl is a link out":       func(h *theater) { h.link("hci.hcl", "../outside.hcl") },
	".gitattributes is a link":    func(h *theater) { h.link(".gitattributes", "../profile") },
	"Makefile and package.json are links": func(h *theater) {
		h.link("package.json", "../profile")
		h.link("Makefile", "../profile")
		h.link("requirements.txt", "../profile")
	},
	"var files are links out": func(h *theater) {
		h.link("infra/terraform.tfvars", "../../outside.tfvars")
		h.link("infra/x.auto.tfvars", "../../outside.tfvars")
		h.link("infra/staging.tfvars", "../../outside.tfvars")
		h.write("infra/named.tf", "variable \"b\" {\n  default = \"\"\n}\n\nresource \"aws_secretsmanager_secret\" \"m\" {\n  name = \"x-${var.b}\"\n}\n")
	},
	"code is a link out": func(h *theater) {
		h.link("infra/more.tf", "../../outside.tf")
		h.write("infra/named.tf", "resource \"aws_secretsmanager_secret\" \"m\" {\n  name = \"x-${local.b}\"\n}\n")
	},

	"hci.hcl names paths outside": func(h *theater) {
		h.write("hci.hcl", "environment \"staging\" {\n  secrets = \"../profile\"\n  sealed = \"infra/staging_secrets.tfvars.enc\"\n}\n")
	},
	"hci.hcl names a sealed file outside": func(h *theater) {
		h.write("hci.hcl", "environment \"staging\" {\n  secrets = \"infra/x.tfvars\"\n  sealed = \""+filepath.Join(h.dir, "profile")+"\"\n}\n")
	},
	"hci.hcl names var files outside": func(h *theater) {
		h.write("hci.hcl", "environment \"staging\" {\n  var_files = [\"../outside.tfvars\"]\n}\n")
		h.write("infra/named.tf", "variable \"b\" {\n  default = \"\"\n}\n\nresource \"aws_secretsmanager_secret\" \"m\" {\n  name = \"x-${var.b}\"\n}\n")
	},
	"hci.hcl names code outside": func(h *theater) { h.write("hci.hcl", "terraform = \"../module\"\n") },
	"hci.hcl names a command":    func(h *theater) { h.write("hci.hcl", "passphrase_command = [\"op\", \"read\"]\n") },
	"hci.hcl names a script": func(h *theater) {
		h.write("hci.hcl", "environment \"staging\" {\n  passphrase_command = [\"./evil.sh\"]\n}\n")
	},

	"functions read outside": func(h *theater) { h.reads("../../profile") },
	"functions read a link": func(h *theater) {
		h.link("infra/x", "../../profile")
		h.reads("x")
	},
	"functions read the process": func(h *theater) {
		h.link("infra/x", "/proc/self/environ")
		h.reads("x")
	},
	"functions read without end": func(h *theater) {
		h.link("infra/x", "/dev/zero")
		h.reads("x")
	},
	"functions read a pipe": func(h *theater) {
		h.pipe("infra/x")
		h.reads("x")
	},
	"a module outside": func(h *theater) {
		h.write("infra/m.tf", "module \"m\" {\n  source = \"../../module\"\n}\n\nresource \"aws_secretsmanager_secret\" \"m\" {\n  name = \"x-${module.m.x}\"\n}\n")
	},
	"a module that is a link": func(h *theater) {
		h.link("modules/m", "../../module")
		h.write("infra/m.tf", "module \"m\" {\n  source = \"../modules/m\"\n}\n\nresource \"aws_secretsmanager_secret\" \"m\" {\n  name = \"x-${module.m.x}\"\n}\n")
	},
	"installed modules outside": func(h *theater) {
		h.write("infra/m.tf", "module \"m\" {\n  source = \"example/m/aws\"\n}\n")
		h.write("infra/.terraform/modules/modules.json", `{"Modules":[{"Key":"m","Source":"example/m/aws","Dir":"../../module"}]}`)
	},

	"pipes in the place of files": func(h *theater) {
		for _, name := range []string{"infra/staging_secrets.tfvars.enc", "infra/staging_secrets.tfvars", "infra/pipe.tf", "infra/staging.tfvars", ".env", ".env.template", ".gitattributes"} {
			h.pipe(name)
		}
	},
	"a pipe in the place of hci.hcl": func(h *theater) { h.pipe("hci.hcl") },
	"devices in the place of files": func(h *theater) {
		for _, name := range []string{"infra/staging_secrets.tfvars.enc", "infra/zero.tf", "infra/staging.tfvars", ".env"} {
			h.link(name, "/dev/zero")
		}
	},

	"git: the journal of a rekey": func(h *theater) {
		h.write(".git/hci/rekey.json", `{"files":[{"path":"`+filepath.Join(h.dir, "profile")+`","old":"ZXZpbA==","new":"","perm":511},{"path":"none","old":"","new":""}]}`)
	},
	"git: programs in its configuration": func(h *theater) {
		evil := filepath.Join(h.repo, "evil.sh")
		h.write(".git/config", "[core]\n\trepositoryformatversion = 0\n\tfsmonitor = "+evil+"\n\thooksPath = "+h.repo+"\n\tpager = "+evil+"\n\teditor = "+evil+
			"\n\tsshCommand = "+evil+"\n\taskPass = "+evil+"\n[filter \"e\"]\n\tclean = "+evil+"\n\tsmudge = "+evil+"\n\tprocess = "+evil+"\n\trequired = true\n[diff]\n\texternal = "+evil+
			"\n[diff \"e\"]\n\ttextconv = "+evil+"\n\tcommand = "+evil+"\n[merge \"e\"]\n\tdriver = "+evil+"\n[gpg]\n\tprogram = "+evil+"\n[credential]\n\thelper = "+evil+
			"\n[alias]\n\tstatus = !"+evil+"\n[include]\n\tpath = ../../profile\n[remote \"origin\"]\n\turl = ext::"+evil+"\n\tuploadpack = "+evil+"\n\tpromisor = true\n[extensions]\n\tpartialClone = origin\n[protocol \"ext\"]\n\tallow = always\n")
		h.write(".gitattributes", "* filter=e diff=e merge=e\n")
		for _, hook := range []string{"post-index-change", "reference-transaction", "pre-commit"} {
			h.write(hook, "#!/bin/sh\nexec "+evil+"\n")
			h.write(".git/hooks/"+hook, "#!/bin/sh\nexec "+evil+"\n")
		}
	},
	"git: a bare repository of tracked files": func(h *theater) {
		h.write("infra/HEAD", "ref: refs/heads/main\n")
		h.write("infra/config", "[core]\n\trepositoryformatversion = 1\n\tbare = true\n\tworktree = ..\n\tfsmonitor = "+filepath.Join(h.repo, "evil.sh")+
			"\n[remote \"origin\"]\n\turl = "+h.repo+"\n\tuploadpack = "+filepath.Join(h.repo, "evil.sh")+"\n\tpromisor = true\n[extensions]\n\tpartialClone = origin\n")
		h.write("infra/objects/.keep", "")
		h.write("infra/refs/.keep", "")
	},
	"git: another work tree": func(h *theater) {
		h.write(".git/config", "[core]\n\trepositoryformatversion = 0\n\tworktree = "+h.dir+"\n\texcludesFile = "+filepath.Join(h.dir, "profile")+"\n")
	},
	"git: a work tree's own configuration": func(h *theater) {
		h.write(".git/config", "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tworktreeConfig = true\n")
		h.write(".git/config.worktree", "[core]\n\tfsmonitor = "+filepath.Join(h.repo, "evil.sh")+"\n[filter \"e\"]\n\tclean = "+filepath.Join(h.repo, "evil.sh")+"\n")
		h.write(".gitattributes", "* filter=e\n")
	},

	"the team's files are links out": func(h *theater) {
		h.link(".hci/members", "../../profile")
		h.link(".hci/staging.age", "../../profile")
	},
	"the team's directory is a link out": func(h *theater) { h.link(".hci", "../module") },
	"the team's files are pipes": func(h *theater) {
		h.write(".hci/.keep", "")
		h.pipe(".hci/members")
		h.pipe(".hci/staging.age")
	},
	"git: hooks are a link out": func(h *theater) { h.link(".git/hooks", "../../module") },
	"git: a hook is a link out": func(h *theater) { h.link(".git/hooks/pre-commit", "../../../profile") },
	"what terraform keeps is not a file": func(h *theater) {
		h.write(".terraform/.keep", "")
		h.write("infra/.terraform/.keep", "")
		h.pipe("infra/.terraform/environment")
		h.link("infra/.terraform/terraform.tfstate", "/dev/zero")
		h.link("infra/.terraform/modules", "../../../module")
	},
	"what docker reads is not a file": func(h *theater) {
		h.write("Dockerfile", "FROM scratch\n")
		h.pipe(".dockerignore")
		h.link("compose.yaml", "../profile")
		h.link(".git/index", "/dev/zero")
	},
	"hci.hcl names programs to deploy with": func(h *theater) {
		h.write("hci.hcl", "deploy {\n  migrate = [\"evil\"]\n  dockerfile = \"../profile\"\n  context = \"..\"\n}\n")
	},
	"names that command a terminal": func(h *theater) {
		h.seal("infra/staging_secrets.tfvars.json.enc", `{"a": "1", "b\u001b]0;x\u0007": "2"}`)
		h.write("infra/\x1b[31mred.tf", "locals {}\n")
	},
	"what a killed hci left is a link": func(h *theater) {
		h.write("infra/.hci-0123456789abcdef-staging_secrets.tfvars/.gitignore", "*\n")
		h.link("infra/.hci-0123456789abcdef-staging_secrets.tfvars/content", "../../../profile")
		h.link("infra/.hci-0123456789abcdee-staging_secrets.tfvars", "../../module")
		h.link(".hci-0123456789abcdef-.env", "../profile")
	},
	"a value that looks like a program's setting": func(h *theater) {
		h.seal("infra/staging_secrets.tfvars.enc", "a = \"1\"\npath = \""+filepath.Join(h.repo)+"\"\nbash_env = \""+filepath.Join(h.repo, "evil.sh")+"\"\nld_preload = \"/nonexistent\"\n")
	},
	"paths as names of environments": func(h *theater) {
		h.write("hci.hcl", "environment \"../../x\" {}\n"+"environment \"staging\" {}\n")
	},
	"a link to itself": func(h *theater) {
		h.link("infra/staging_secrets.tfvars", "staging_secrets.tfvars")
		h.link("infra/loop", ".")
		h.link("modules", "modules")
	},
}

// reads makes the code read a path, by every function that reads one, into what
// hci shows and pushes.
func (h *theater) reads(path string) {
	var b strings.Builder
	for name, call := range map[string]string{
		"file": "file(%s)", "base64": "filebase64(%s)", "template": "templatefile(%s, {})", "sha": "filesha256(%s)", "md5": "filemd5(%s)",
		"set": "join(\",\", fileset(path.module, \"../../*\"))", "exists": "tostring(fileexists(%s))", "root": "file(\"${path.root}/" + path + "\")",
		"absolute": "file(\"" + filepath.Join(h.dir, "profile") + "\")",
	} {
		call = strings.ReplaceAll(call, "%s", "\"${path.module}/"+path+"\"")
		b.WriteString("resource \"aws_secretsmanager_secret\" \"" + name + "\" {\n  name = \"" + name + "\"\n}\n\n" +
			"resource \"aws_secretsmanager_secret_version\" \"" + name + "\" {\n  secret_id     = aws_secretsmanager_secret." + name + ".id\n  secret_string = " + call + "\n}\n\n" +
			"resource \"aws_secretsmanager_secret\" \"named_" + name + "\" {\n  name = \"x-${" + call + "}\"\n}\n\n")
	}
	h.write("infra/reads.tf", b.String())
}
