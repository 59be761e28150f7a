package files_test

import (
	"fmt"
	"strings"
	"testing"

	"hci/internal/env/files"
)

func TestFindReaders(t *testing.T) {
	for _, c := range []struct {
		files map[string]string
		want  string
	}{
		{nil, ""},
		{map[string]string{"Pipfile": "[packages]\ndjango = \"*\"\npython-dotenv = \"*\"\n"}, "python python-dotenv Pipfile"},
		{map[string]string{"Pipfile": "[packages]\ndjango = \"*\"\ndjango-environ = \"*\"\n"}, ""},
		{map[string]string{"pyproject.toml": "dependencies = [\n  \"django\",\n  \"python-dotenv>=1\",\n]\n"}, "python python-dotenv pyproject.toml"},
		{map[string]string{"pyproject.toml": "[tool.poetry.dependencies]\nenvirons = \"^9\"\n"}, "python environs (python-dotenv) pyproject.toml"},
		{map[string]string{"requirements.txt": "django\nPython-Dotenv==1.0\n"}, "python python-dotenv requirements.txt"},
		{map[string]string{"requirements/local.txt": "python-dotenv\n"}, "python python-dotenv requirements/local.txt"},
		{map[string]string{"package.json": `{"dependencies":{"next":"15","dotenv":"1"}}`}, "next next package.json"},
		{map[string]string{"package.json": `{"devDependencies":{"vite":"7"}}`}, "next vite package.json"},
		{map[string]string{"package.json": `{"dependencies":{"dotenv":"16"}}`}, "npm dotenv package.json"},
		{map[string]string{"package.json": `{"scripts":{"start":"node --env-file=.env app.js"}}`}, "node node --env-file package.json"},
		{map[string]string{"package.json": `{"dependencies":{"next":"15"}}`, "bun.lock": "{}\n"}, "next bun bun.lock"},
		{map[string]string{"package.json": `{"name":"next"}`}, ""},
		{map[string]string{"package.json": `{`}, ""},
		{map[string]string{"Gemfile": "gem 'rails'\ngem \"dotenv-rails\", groups: [:development]\n"}, "ruby dotenv-ruby Gemfile"},
		{map[string]string{"composer.json": `{"require":{"laravel/framework": "^11"}}`}, "php phpdotenv composer.json"},
		{map[string]string{"composer.json": `{"require":{"symfony/dotenv": "^7"}}`}, ""},
		{map[string]string{"go.mod": "require github.com/joho/godotenv v1.5.1\n"}, "godotenv godotenv go.mod"},
		{map[string]string{".envrc": "dotenv\n"}, "direnv direnv .envrc"},
		{map[string]string{".envrc": "set -a\nsource .env\n"}, "sh the shell .envrc"},
		{map[string]string{"compose.yaml": "services:\n  web:\n    env_file: .env\n", "Pipfile": "python-dotenv = \"*\"\n"}, "python python-dotenv Pipfile, compose Docker Compose compose.yaml"},
	} {
		var got []string
		for _, r := range files.FindReaders(func(name string) []byte { return []byte(c.files[name]) }) {
			got = append(got, fmt.Sprintf("%s %s %s", r.Format, r.What, r.File))
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%v: %q, want %q", c.files, got, c.want)
		}
	}
}
