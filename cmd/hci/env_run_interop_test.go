//go:build interop && unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hci/internal/testing/interop"
)

// hijack is a way in which a variable makes a program do what its caller did not
// ask for: a file "owned" appears in $DIR, or the word in what it prints.
type hijack struct {
	program string
	args    []string
	vars    []string          // NAME=value; $DIR is the directory of the files
	files   map[string]string // by name; those that begin with #! can be run
}

var hijacks = []hijack{
	{program: "sh", args: []string{"-i", "-c", ":"}, vars: []string{"ENV=$DIR/payload.sh"}},
	{program: "bash", args: []string{"-c", ":"}, vars: []string{"BASH_ENV=$DIR/payload.sh"}},
	{program: "python3", args: []string{"-c", "pass"}, vars: []string{"PYTHONPATH=$DIR"}, files: map[string]string{"sitecustomize.py": "open('$DIR/owned', 'w')\n"}},
	{program: "node", args: []string{"-e", ""}, vars: []string{"NODE_OPTIONS=--require=$DIR/payload.js"}, files: map[string]string{"payload.js": "require('fs').writeFileSync('$DIR/owned', '')\n"}},
	{program: "ruby", args: []string{"-e", ""}, vars: []string{"RUBYOPT=-r$DIR/payload.rb"}, files: map[string]string{"payload.rb": "File.write('$DIR/owned', '')\n"}},
	{program: "perl", args: []string{"-e", ""}, vars: []string{"PERL5LIB=$DIR", "PERL5OPT=-MPayload"}, files: map[string]string{"Payload.pm": "open(F, '>', '$DIR/owned'); 1;\n"}},
	{program: "git", args: []string{"x"}, vars: []string{"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=alias.x", "GIT_CONFIG_VALUE_0=!touch $DIR/owned"}},
	{program: "make", args: []string{"-C", "$DIR"}, vars: []string{"MAKEFILES=$DIR/evil.mk"}, files: map[string]string{"Makefile": "all:\n", "evil.mk": "$(shell touch $DIR/owned)\n"}},
	{program: "npm", args: []string{"--prefix", "$DIR", "run", "x"}, vars: []string{"NPM_CONFIG_SCRIPT_SHELL=$DIR/payload.sh"}, files: map[string]string{"package.json": `{"scripts": {"x": "true"}}`}},
	{program: "pip", args: []string{"config", "list"}, vars: []string{"PIP_CONFIG_FILE=$DIR/pip.conf"}, files: map[string]string{"pip.conf": "[global]\nindex-url = http://owned.example\n"}},
	{program: "openssl", args: []string{"list", "-objects"}, vars: []string{"OPENSSL_CONF=$DIR/openssl.cnf"}, files: map[string]string{
		"openssl.cnf": "openssl_conf = init\n[init]\noid_section = oids\n[oids]\nowned = 1.2.3.4.5.6\n"}},
	{program: "aws", args: []string{"configure", "get", "region"}, vars: []string{"AWS_CONFIG_FILE=$DIR/config"}, files: map[string]string{"config": "[default]\nregion = owned\n"}},
	{program: "docker", args: []string{"payload"}, vars: []string{"DOCKER_CONFIG=$DIR"}, files: map[string]string{"cli-plugins/docker-payload": "#!/bin/sh\n" +
		`[ "$1" = docker-cli-plugin-metadata ] && { echo '{"SchemaVersion": "0.1.0", "Vendor": "x", "Version": "1"}'; exit; }; touch $DIR/owned` + "\n"}},
}

// TestInteropEnvRun: what makes an interpreter or a tool run code, or read
// another configuration, does so in the plain environment, and not by env run.
func TestInteropEnvRun(t *testing.T) {
	for _, h := range hijacks {
		t.Run(h.program+" "+strings.SplitN(h.vars[0], "=", 2)[0], func(t *testing.T) {
			program := interop.Need(t, h.program)
			dir := t.TempDir()
			fill := strings.NewReplacer("$DIR", dir)
			h.write(t, dir, fill)
			var argv []string
			for _, a := range h.args {
				argv = append(argv, fill.Replace(a))
			}
			var config bytes.Buffer
			config.WriteString("env {\n")
			environ := os.Environ()
			for _, v := range h.vars {
				name, value, _ := strings.Cut(fill.Replace(v), "=")
				environ = append(environ, name+"="+value)
				fmt.Fprintf(&config, "  %s = %q\n", name, value)
			}
			config.WriteString("}\n")
			project := t.TempDir()
			for name, text := range map[string]string{"hci.hcl": config.String(), "staging_secrets.tfvars": "a = \"1\"\n", "main.tf": "variable \"a\" {}\n"} {
				if err := os.WriteFile(filepath.Join(project, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}

			plain := exec.Command(program, argv...)
			plain.Env, plain.Dir = environ, project
			out, _ := plain.CombinedOutput()
			if !owned(t, dir, string(out)) {
				t.Fatalf("without hci, nothing happens either: the test proves nothing: %s", out)
			}

			var said bytes.Buffer
			var printed bytes.Buffer
			run(context.Background(), append([]string{"-C", project, "env", "run", "staging", "--", program}, argv...),
				streams{in: strings.NewReader(""), out: &printed, err: &said}, os.Environ())
			if owned(t, dir, printed.String()) {
				t.Errorf("env run let it through: %s", printed.String())
			}
			for _, v := range h.vars {
				if name, _, _ := strings.Cut(v, "="); !strings.Contains(said.String(), name) {
					t.Errorf("that %s was held back is not said: %s", name, said.String())
				}
			}
		})
	}
}

func (h hijack) write(t *testing.T, dir string, fill *strings.Replacer) {
	t.Helper()
	files := map[string]string{"payload.sh": "#!/bin/sh\ntouch $DIR/owned\n"}
	for name, text := range h.files {
		files[name] = text
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		mode := os.FileMode(0o600)
		if strings.HasPrefix(text, "#!") {
			mode = 0o700
		}
		if err := os.WriteFile(path, []byte(fill.Replace(text)), mode); err != nil {
			t.Fatal(err)
		}
	}
}

// owned reports whether the payload left its mark, and removes it.
func owned(t *testing.T, dir, printed string) bool {
	t.Helper()
	err := os.Remove(filepath.Join(dir, "owned"))
	return err == nil || strings.Contains(strings.ReplaceAll(printed, dir, ""), "owned")
}
