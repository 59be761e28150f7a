//go:build interop

package dotenv

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hci/internal/testing/interop"
)

// npmPackage starts a program that reads with an npm package, which lies in the
// first directory of NODE_PATH: body is the function that turns the text of a
// file into an object.
func npmPackage(name, body string) func(*testing.T) readFiles {
	return func(t *testing.T) readFiles {
		node := interop.Need(t, "node")
		modules, _, _ := strings.Cut(os.Getenv("NODE_PATH"), string(os.PathListSeparator))
		if _, err := os.Stat(filepath.Join(modules, name, "package.json")); modules == "" || err != nil {
			interop.Missing(t, "npm-"+name, "it is not in NODE_PATH")
		}
		return script(t, []string{"HCI_MODULES=" + modules}, node, "--input-type=module", "-e", `
import fs from "node:fs";
import os from "node:os";
import { createRequire } from "node:module";
const modules = process.env.HCI_MODULES;
const require = createRequire(modules + "/x.js");
const read = async (text) => { `+body+` };
const all = [];
for (const f of fs.readFileSync(0, "utf8").split("\n")) {
  try { all.push(await read(fs.readFileSync(f, "utf8"))); } catch { all.push(null); }
}
console.log(JSON.stringify(all));`)
	}
}

// expandedByNode are the packages that replace "$NAME" after dotenv has read the
// file.
func expandedByNode() []program {
	return []program{
		{name: "dotenv-expand", dialect: "next", noExport: true, start: npmPackage("dotenv-expand", `
const dotenv = require("dotenv"), { expand } = require("dotenv-expand");
return expand({ parsed: dotenv.parse(text), processEnv: {} }).parsed;`)},
		{name: "next", dialect: "next", start: npmPackage("@next/env", `
const { processEnv } = require("@next/env");
const kept = { ...process.env };
const [, parsed] = processEnv([{ path: ".env", contents: text, env: {} }], "/", { info() {}, error() {} }, true);
for (const k of Object.keys(process.env)) if (!(k in kept)) delete process.env[k];
return parsed;`)},
		{name: "vite", dialect: "next", noExport: true, start: npmPackage("vite", `
const { loadEnv } = await import(require.resolve("vite"));
const dir = fs.mkdtempSync(os.tmpdir() + "/vite-");
fs.writeFileSync(dir + "/.env", text);
try { return loadEnv("test", dir, ""); } finally { fs.rmSync(dir, { recursive: true }); }`)},
		{name: "bun", dialect: "next", start: bunEnvFile},
	}
}

func bunEnvFile(t *testing.T) readFiles {
	bun := interop.Need(t, "bun")
	return each(func(file string) map[string]string {
		out, ok := run(t, filepath.Dir(file), nil, "", bun, "--env-file="+file, "-e", "console.log(JSON.stringify([process.env]))")
		if !ok {
			return nil
		}
		return jsonMaps(t, out, 1)[0]
	})
}

// moreShells are the programs with a language of their own, and zsh.
func moreShells() []program {
	return []program{
		{name: "zsh", dialect: "zsh", start: shell("zsh", "-f"), most: 60},
		{name: "fish", dialect: "fish", start: fishShell, alone: true},
		{name: "make", dialect: "make", start: gnuMake, alone: true},
	}
}

// onlyUniversal are the consumers for which hci has no format of their own.
func onlyUniversal() []program {
	return []program{
		{name: "env-cmd", dialect: "dotenv", noExport: true, start: npmPackage("env-cmd", `
const { parseEnvString } = await import(modules + "/env-cmd/dist/parse-env-file.js");
return parseEnvString(text);`)},
		{name: "django-environ", dialect: "dotenv", noExport: true, start: djangoEnviron},
		{name: "gotenv", dialect: "dotenv", start: goReader("github.com/subosito/gotenv v1.6.0", "github.com/subosito/gotenv", "gotenv.StrictParse(f)")},
		{name: "go-envparse", dialect: "dotenv", start: goReader("github.com/hashicorp/go-envparse v0.1.0", "github.com/hashicorp/go-envparse", "envparse.Parse(f)")},
	}
}

func fishShell(t *testing.T) readFiles {
	fish, env, home := interop.Need(t, "fish"), interop.Need(t, "env"), t.TempDir()
	return each(func(file string) map[string]string {
		out, ok := run(t, home, []string{"PATH=", "HOME=" + home}, "", fish, "--no-config", "-c", `source $argv[2]; or exit 1; exec $argv[1] -0`, env, file)
		if !ok {
			return nil
		}
		return pairsOf(out)
	})
}

func gnuMake(t *testing.T) readFiles {
	gmake, env, dir := interop.Need(t, "make"), interop.Need(t, "env"), t.TempDir()
	return each(func(file string) map[string]string {
		makefile := filepath.Join(dir, "Makefile")
		if err := os.WriteFile(makefile, []byte("include "+file+"\nall:\n\t@"+env+" -0\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		out, ok := run(t, dir, nil, "", gmake, "-s", "-f", makefile)
		if !ok {
			return nil
		}
		return pairsOf(out)
	})
}

func djangoEnviron(t *testing.T) readFiles {
	py := "/usr/bin/python3"
	if _, ok := run(t, "", nil, "", py, "-c", "import environ"); !ok {
		interop.Missing(t, "python3-django-environ", "not installed for "+py)
	}
	return script(t, nil, py, "-c", `
import sys, os, json, logging, warnings
import environ
logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")
all = []
for f in sys.stdin.read().split("\n"):
    class Env(environ.Env):
        ENVIRON = {}
    before = dict(os.environ)
    Env.read_env(f)
    all.append({k: v for k, v in {**os.environ, **Env.ENVIRON}.items() if k not in before})
    for k in list(os.environ):
        if k not in before:
            del os.environ[k]
print(json.dumps(all))`)
}

// phpdotenv reads with vlucas/phpdotenv, as Laravel does.
func phpdotenv(t *testing.T) readFiles {
	php := interop.Need(t, "php")
	const load = `require "Dotenv/autoload.php";`
	if _, ok := run(t, "", nil, "", php, "-r", load); !ok {
		interop.Missing(t, "php-vlucas-phpdotenv", "php does not find it")
	}
	return script(t, nil, php, "-r", load+`
$all = [];
foreach (explode("\n", stream_get_contents(STDIN)) as $f) {
	try { $all[] = (object) Dotenv\Dotenv::parse(file_get_contents($f)); } catch (Throwable $e) { $all[] = null; }
}
echo json_encode($all, JSON_THROW_ON_ERROR);`)
}

// goReader builds a program of one Go library, from the module proxy.
func goReader(module, path, call string) func(*testing.T) readFiles {
	return func(t *testing.T) readFiles {
		dir := t.TempDir()
		build(t, dir, map[string]string{
			"go.mod": "module reader\n\ngo 1.25\n\nrequire " + module + "\n",
			"main.go": `package main

import (
	"encoding/json"
	"io"
	"os"
	"strings"

	"` + path + `"
)

func main() {
	in, _ := io.ReadAll(os.Stdin)
	var all []map[string]string
	for _, file := range strings.Split(string(in), "\n") {
		f, err := os.Open(file)
		if err != nil {
			panic(err)
		}
		m, err := ` + call + `
		if err != nil {
			m = nil
		}
		all = append(all, m)
	}
	json.NewEncoder(os.Stdout).Encode(all)
}
`}, "reader")
		return script(t, nil, filepath.Join(dir, "reader"))
	}
}
