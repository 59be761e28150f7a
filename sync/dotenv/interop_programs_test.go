//go:build interop

package dotenv

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/joho/godotenv"

	"hci/internal/testing/interop"
)

// A program is a real consumer of environment files.
type program struct {
	name    string
	dialect string // the one written for it
	start   func(t *testing.T) readFiles
	most    int // how many refused values to try; each costs a process
	// lacks reports whether the program, in the version t has started or in
	// the way it is asked, cannot be given a value; nil: any value.
	lacks func(t *testing.T) func(v string) bool
	// noExport says that it does not take "export KEY=value", alone that it
	// reads no format but its own.
	noExport, alone bool
}

// dialects are the formats that the program reads.
func (p program) dialects() []string {
	if p.alone || p.dialect == "dotenv" {
		return []string{p.dialect}
	}
	return []string{p.dialect, "dotenv"}
}

// readFiles reads files with a program: one map for each file, nil where the
// program refused it.
type readFiles func(files []string) []map[string]string

// programs returns every consumer that a file of lines can be given to.
func programs() []program {
	all := []program{
		{name: "bash", dialect: "sh", start: shell("bash"), most: 200},
		{name: "dash", dialect: "sh", start: shell("dash"), most: 200},
		{name: "docker", dialect: "docker", start: dockerRun, most: 12, noExport: true},
		{name: "compose-go", dialect: "compose", start: composeGo, most: 400},
		{name: "python-dotenv", dialect: "python", start: pythonDotenv("python3"), most: 400},
		{name: "python-dotenv-system", dialect: "python", start: pythonDotenv("/usr/bin/python3"), most: 400},
		{name: "node", dialect: "node", start: nodeEnvFile, most: 400},
		{name: "godotenv", dialect: "godotenv", start: godotenvRead, most: 400},
		{name: "ruby-dotenv", dialect: "ruby", start: rubyDotenv, most: 400, lacks: rubyLacks},
		{name: "npm-dotenv", dialect: "npm", start: npmDotenv, most: 400},
		{name: "direnv", dialect: "direnv", start: direnvDotenv, most: 60},
		{name: "systemd", dialect: "systemd", start: systemdGenerator, most: 60, lacks: generatorLacks, noExport: true},
		{name: "phpdotenv", dialect: "php", start: phpdotenv, most: 400},
	}
	return slices.Concat(all, moreShells(), expandedByNode(), onlyUniversal())
}

// run runs a command with a small environment, and returns its standard
// output. Its standard error is dropped: it may quote values.
func run(t *testing.T, dir string, env []string, stdin string, name string, args ...string) ([]byte, bool) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "RUBYLIB=" + os.Getenv("RUBYLIB")}, env...)
	cmd.Stdin = strings.NewReader(stdin)
	var out bytes.Buffer
	cmd.Stdout = &out
	err := cmd.Run()
	return out.Bytes(), err == nil
}

// pairsOf reads the output of "env -0".
func pairsOf(out []byte) map[string]string {
	m := map[string]string{}
	for pair := range strings.SplitSeq(string(out), "\x00") {
		if key, value, ok := strings.Cut(pair, "="); ok {
			m[key] = value
		}
	}
	return m
}

// jsonMaps reads an array of objects of strings, or null.
func jsonMaps(t *testing.T, out []byte, n int) []map[string]string {
	t.Helper()
	var maps []map[string]string
	if err := json.Unmarshal(out, &maps); err != nil || len(maps) != n {
		t.Fatalf("the program's output is not %d JSON objects of strings", n)
	}
	return maps
}

// script returns a reader that gives the names of the files to a program that
// prints a JSON array.
func script(t *testing.T, env []string, name string, args ...string) readFiles {
	return func(files []string) []map[string]string {
		out, ok := run(t, t.TempDir(), env, strings.Join(files, "\n"), name, args...)
		if !ok {
			t.Fatalf("%s failed", filepath.Base(name))
		}
		return jsonMaps(t, out, len(files))
	}
}

// each returns a reader that runs something for each file.
func each(read func(file string) map[string]string) readFiles {
	return func(files []string) []map[string]string {
		maps := make([]map[string]string, len(files))
		for i, file := range files {
			maps[i] = read(file)
		}
		return maps
	}
}

func shell(name string, args ...string) func(*testing.T) readFiles {
	return func(t *testing.T) readFiles {
		sh := interop.Need(t, name)
		env := interop.Need(t, "env")
		dir := t.TempDir()
		// PATH is empty, lest a wrong text runs a command.
		return each(func(file string) map[string]string {
			out, ok := run(t, dir, []string{"PATH="}, "", sh, append(slices.Clone(args), "-c", `set -a; . "$1" || exit 1; exec "$0" -0`, env, file)...)
			if !ok {
				return nil
			}
			return pairsOf(out)
		})
	}
}

func pythonDotenv(name string) func(*testing.T) readFiles {
	return func(t *testing.T) readFiles {
		py := interop.Need(t, name)
		version, ok := run(t, "", nil, "", py, "-c", "import dotenv, dotenv.version; print(dotenv.version.__version__)")
		if !ok {
			interop.Missing(t, "python3-dotenv", "not installed for "+name)
		}
		t.Logf("python-dotenv %s", bytes.TrimSpace(version))
		return script(t, nil, py, "-c", `
import sys, json, logging, dotenv
logging.disable(logging.CRITICAL)
print(json.dumps([dotenv.dotenv_values(f) for f in sys.stdin.read().split("\n")]))`)
	}
}

func nodeEnvFile(t *testing.T) readFiles {
	node := interop.Need(t, "node")
	version, ok := run(t, "", nil, "", node, "-p", `if (!require("util").parseEnv) throw 0; process.version`)
	if !ok {
		interop.Missing(t, "node", "older than 20.12")
	}
	t.Logf("node %s", bytes.TrimSpace(version))
	many := script(t, nil, node, "-e", `
const fs = require("fs"), { parseEnv } = require("util");
const files = fs.readFileSync(0, "utf8").split("\n");
console.log(JSON.stringify(files.map(f => parseEnv(fs.readFileSync(f, "utf8")))));`)
	return func(files []string) []map[string]string {
		if len(files) > 1 {
			return many(files) // the same parser without a process for each file
		}
		out, ok := run(t, "", nil, "", node, "--env-file="+files[0], "-e", "console.log(JSON.stringify([process.env]))")
		if !ok {
			return []map[string]string{nil}
		}
		return jsonMaps(t, out, 1)
	}
}

func npmDotenv(t *testing.T) readFiles {
	node := interop.Need(t, "node")
	root, _ := run(t, "", nil, "", interop.Need(t, "npm"), "root", "--global")
	env := []string{"NODE_PATH=" + os.Getenv("NODE_PATH") + string(os.PathListSeparator) + strings.TrimSpace(string(root))}
	version, ok := run(t, "", env, "", node, "-p", `require("dotenv/package.json").version`)
	if !ok {
		interop.Missing(t, "npm-dotenv", "neither in NODE_PATH nor installed globally")
	}
	t.Logf("npm dotenv %s", bytes.TrimSpace(version))
	return script(t, env, node, "-e", `
const fs = require("fs"), dotenv = require("dotenv");
const files = fs.readFileSync(0, "utf8").split("\n");
console.log(JSON.stringify(files.map(f => dotenv.parse(fs.readFileSync(f)))));`)
}

func rubyDotenv(t *testing.T) readFiles {
	ruby := interop.Need(t, "ruby")
	version, ok := run(t, "", nil, "", ruby, "-rdotenv", "-rdotenv/version", "-e", "print Dotenv::VERSION")
	if !ok {
		interop.Missing(t, "ruby-dotenv", "not installed")
	}
	t.Logf("dotenv-ruby %s", version)
	return script(t, nil, ruby, "-rdotenv", "-rjson", "-e", `
print JSON.dump($stdin.read.split("\n").map { |f| begin; Dotenv::Parser.call(File.open(f, "rb:bom|utf-8", &:read)); rescue Exception; nil; end })`)
}

// rubyLacks leaves out values of several lines where dotenv-ruby is older
// than 2.8, and reads single lines (Debian 12 has 2.4).
func rubyLacks(t *testing.T) func(v string) bool {
	old := rubyOlder(t, "2.8")
	return func(v string) bool { return old && strings.Contains(v, "\n") }
}

func rubyOlder(t *testing.T, than string) bool {
	out, _ := run(t, "", nil, "", "ruby", "-rdotenv", "-rdotenv/version", "-e",
		"print Gem::Version.new(Dotenv::VERSION) < Gem::Version.new('"+than+"')")
	return string(out) == "true"
}

func godotenvRead(*testing.T) readFiles {
	return each(func(file string) map[string]string {
		m, err := godotenv.Read(file)
		if err != nil {
			return nil
		}
		return m
	})
}

func direnvDotenv(t *testing.T) readFiles {
	direnv := interop.Need(t, "direnv")
	interop.Need(t, "bash")
	env := interop.Need(t, "env")
	version, _ := run(t, "", nil, "", direnv, "version")
	t.Logf("direnv %s", bytes.TrimSpace(version))
	return func(files []string) []map[string]string {
		if len(files) > 1 {
			return each(func(file string) map[string]string {
				out, ok := run(t, "", nil, "", direnv, "dotenv", "json", file)
				var m map[string]string
				if !ok || json.Unmarshal(out, &m) != nil {
					return nil
				}
				return m
			})(files)
		}
		// The whole way: an .envrc that says "dotenv", bash, and a command.
		dir, home := t.TempDir(), []string{"HOME=" + t.TempDir()}
		if err := os.WriteFile(filepath.Join(dir, ".envrc"), []byte("dotenv "+files[0]+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, ok := run(t, dir, home, "", direnv, "allow", "."); !ok {
			t.Fatal("direnv allow failed")
		}
		out, ok := run(t, dir, home, "", direnv, "exec", dir, env, "-0")
		if !ok {
			return []map[string]string{nil}
		}
		return []map[string]string{pairsOf(out)}
	}
}
