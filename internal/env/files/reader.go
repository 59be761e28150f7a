package files

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// Reader is what in a project reads its .env file.
type Reader struct {
	Format string // the dialect to write for it
	What   string // its name, as its users know it
	File   string // the file that names it
	First  bool   // versions of it that are in use don't read what all others read alike
}

// manifest is a kind of file that tells which reader a project has.
type manifest struct {
	names []string
	read  func(src []byte) (format, what string)
}

// manifests are in the order in which the readers are named.
var manifests = []manifest{
	{[]string{"Pipfile", "pyproject.toml", "requirements.txt", "requirements-dev.txt", "requirements/base.txt", "requirements/dev.txt", "requirements/local.txt"}, pythonReader},
	{[]string{"bun.lock", "bun.lockb"}, mentions(``, "next", bun)},
	{[]string{"package.json"}, nodeReader},
	{[]string{"Gemfile"}, mentions(`gem\s*\(?\s*["']dotenv(-rails)?["']`, "ruby", "dotenv-ruby")},
	{[]string{"composer.json"}, mentions(`"(vlucas/phpdotenv|laravel/framework)"\s*:`, "php", "phpdotenv")},
	{[]string{"go.mod"}, mentions(`github\.com/joho/godotenv\s`, "godotenv", "godotenv")},
	{[]string{".envrc"}, envrcReader},
	{[]string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"}, mentions(`(?m)^\s*env_file\s*:`, "compose", "Docker Compose")},
}

// bun before 1.4 takes any "$" for the start of a variable.
const bun = "bun"

// FindReaders returns what reads a project's .env file, as far as the files of
// its packages tell: each format once. read returns a file of the project, or
// nil where there is none.
func FindReaders(read func(name string) []byte) []Reader {
	var all []Reader
	for _, m := range manifests {
		for _, name := range m.names {
			format, what := m.read(read(name))
			if format == "" {
				continue
			}
			if !slices.ContainsFunc(all, func(r Reader) bool { return r.Format == format }) {
				all = append(all, Reader{Format: format, What: what, File: name, First: what == bun})
			}
		}
	}
	return all
}

// mentions finds a reader in a file that names it in one way.
func mentions(pattern, format, what string) func([]byte) (string, string) {
	return func(src []byte) (string, string) {
		if len(src) > 0 && regexp.MustCompile(pattern).Match(src) {
			return format, what
		}
		return "", ""
	}
}

// pythonReader knows python-dotenv, and what is built on it.
func pythonReader(src []byte) (format, what string) {
	if len(src) == 0 {
		return "", ""
	}
	named := regexp.MustCompile(`(?im)^\s*["']?(python-dotenv|environs|pydantic-settings|django-dotenv-rw)\b|["'](python-dotenv|environs|pydantic-settings)\b`)
	m := named.FindSubmatch(src)
	if m == nil {
		return "", ""
	}
	what = strings.ToLower(string(m[1]) + string(m[2]))
	if what != "python-dotenv" {
		what += " (python-dotenv)"
	}
	return "python", what
}

// expanders are the npm packages that read .env files with dotenv-expand, or as
// it does; others read them with dotenv.
var (
	expanders = []string{"next", "vite", "dotenv-expand", "dotenv-cli", "@sveltejs/kit", "astro", "nuxt", "react-scripts", "@nestjs/config", "bun-types", "@types/bun"}
	dotenvs   = []string{"dotenv", "dotenv-flow", "dotenv-safe"}
)

func nodeReader(src []byte) (format, what string) {
	var p struct {
		Dependencies    map[string]json.RawMessage `json:"dependencies"`
		DevDependencies map[string]json.RawMessage `json:"devDependencies"`
		Scripts         map[string]json.RawMessage `json:"scripts"`
	}
	if len(src) == 0 || json.Unmarshal(src, &p) != nil {
		return "", ""
	}
	has := func(name string) bool { return p.Dependencies[name] != nil || p.DevDependencies[name] != nil }
	if i := slices.IndexFunc(expanders, has); i >= 0 {
		return "next", expanders[i]
	}
	if i := slices.IndexFunc(dotenvs, has); i >= 0 {
		return "npm", dotenvs[i]
	}
	for _, script := range p.Scripts {
		if strings.Contains(string(script), "--env-file") {
			return "node", "node --env-file"
		}
	}
	return "", ""
}

// envrcReader knows direnv's "dotenv", and an .envrc that sources the file.
func envrcReader(src []byte) (format, what string) {
	switch {
	case len(src) == 0:
		return "", ""
	case regexp.MustCompile(`(?m)^\s*dotenv(_if_exists)?\b`).Match(src):
		return "direnv", "direnv"
	case regexp.MustCompile(`(?m)^\s*(source|\.|source_env|source_env_if_exists)\s+["']?(\./)?\.env\b`).Match(src):
		return "sh", "the shell"
	}
	return "", ""
}
