//go:build interop

package dotenv

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hci/internal/testing/interop"
)

// document is a program that reads a format that is not made of lines for a
// shell, and prints it as [{key: value}] in JSON.
type document struct {
	name, dialect string
	start         func(t *testing.T) readFiles
}

func documents() []document {
	py := func(need, imports, expression string) func(*testing.T) readFiles {
		return func(t *testing.T) readFiles {
			python := interop.Need(t, "python3")
			if _, ok := run(t, "", nil, "", python, "-c", imports); !ok {
				interop.Missing(t, need, "python3 cannot import it")
			}
			return script(t, nil, python, "-c", imports+`
import sys
print(json.dumps([(lambda d: `+expression+`)(open(f, encoding="utf-8", newline="").read()) for f in sys.stdin.read().split("\n")]))`)
		}
	}
	return []document{
		{"python-json", "json", py("python3", "import json", "json.loads(d)")},
		{"node-json", "json", func(t *testing.T) readFiles {
			return script(t, nil, interop.Need(t, "node"), "-e", `
const fs = require("fs");
console.log(JSON.stringify([JSON.parse(fs.readFileSync(fs.readFileSync(0, "utf8"), "utf8"))]));`)
		}},
		{"jq", "json", func(t *testing.T) readFiles {
			jq := interop.Need(t, "jq")
			return func(files []string) []map[string]string {
				out, _ := run(t, "", nil, "", jq, "--slurp", ".", files[0])
				return jsonMaps(t, out, 1)
			}
		}},
		{"PyYAML", "yaml", py("python3-yaml", "import json, yaml", "yaml.safe_load(d)")},
		{"ruby-psych", "yaml", func(t *testing.T) readFiles {
			return script(t, nil, interop.Need(t, "ruby"), "-ryaml", "-rjson", "-e", `
print JSON.dump([YAML.safe_load(File.read($stdin.read, encoding: "utf-8"))])`)
		}},
		{"python-ecs", "ecs", py("python3", "import json", `{e["name"]: e["value"] for e in json.loads(d)["environment"]}`)},
		{"terraform", "tfvars", terraformConsole},
	}
}

// TestInteropDocuments gives all the hostile values to the programs that read
// documents.
func TestInteropDocuments(t *testing.T) {
	values := append(hostile(), randomValues(600, 31)...)
	for _, p := range documents() {
		t.Run(p.name, func(t *testing.T) {
			read := p.start(t)
			d := mustDialect(t, p.dialect)
			written, _ := sorted(d, values)
			for _, key := range []string{"y", "No", "on", "TRUE", "null", "Null", "_", "E1", "_1", "for", "if", "in", "else", "endfor"} {
				if d.cannot(key, "x") == "" {
					written = append(written, entry(key, "x"+key))
				}
			}
			file := write(t, program{}, d, written, Options{Header: "Made by a test: it's \"x\"=1, 100% ${HOME} <<EOF"})
			arrived(t, p.dialect, read([]string{file})[0], written)
			t.Logf("%s: %d values arrived", p.dialect, len(written))
		})
	}
}

// TestInteropTerraformNormalizes shows why the dialect "tfvars" refuses text
// that is not in normal form C, whichever way it is written.
func TestInteropTerraformNormalizes(t *testing.T) {
	read := terraformConsole(t)
	for _, text := range []string{`"e` + "\u0301" + `"`, `"e\u0301"`} {
		file := filepath.Join(t.TempDir(), "x.tfvars")
		if err := os.WriteFile(file, []byte("K = "+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if m := read([]string{file})[0]; m["K"] != "\u00e9" {
			t.Errorf("terraform reads %s as %q", text, m["K"])
		}
	}
}

// terraformConsole evaluates all variables of a .tfvars file.
func terraformConsole(t *testing.T) readFiles {
	terraform := interop.Need(t, "terraform")
	return each(func(file string) map[string]string {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var declared, members strings.Builder
		for _, key := range regexp.MustCompile(`(?m)^\w+`).FindAllString(string(src), -1) {
			fmt.Fprintf(&declared, "variable %q {\n  type = string\n}\n", key)
			fmt.Fprintf(&members, "    %q = base64encode(var.%s)\n", key, key)
		}
		fmt.Fprintf(&declared, "locals {\n  all = {\n%s  }\n}\n", members.String())
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(declared.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		env := []string{"CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1"}
		out, ok := run(t, dir, env, `join(",", [for k, v in local.all : "${k}=${v}"])`+"\n", terraform, "console", "-var-file="+file)
		if !ok {
			return nil
		}
		m := map[string]string{}
		for pair := range strings.SplitSeq(strings.Trim(strings.TrimSpace(string(out)), `"`), ",") {
			key, encoded, _ := strings.Cut(pair, "=")
			value, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil {
				t.Fatal("terraform console printed something else")
			}
			m[key] = string(value)
		}
		return m
	})
}
