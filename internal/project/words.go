package project

import (
	"slices"
	"strings"
)

// environmentWords are the words by which teams name environments. A name that
// holds one of them as a word ("eu-prod", "staging_2") is an environment's.
var environmentWords = []string{
	"production", "prod", "prd", "live", "staging", "stage", "stag", "stg", "development", "develop", "devel", "dev",
	"testing", "test", "tst", "qa", "uat", "preprod", "preproduction", "preview", "sandbox", "sbx", "demo", "integration", "int",
	"acceptance", "acc", "review", "canary", "perf", "nonprod", "dr", "beta", "local", "ephemeral",
}

// unlikelyDirectories are environment words that name other things as often,
// where a directory stands alone.
var unlikelyDirectories = []string{"test", "testing", "local", "int", "acc", "dr", "perf", "integration", "review", "live"}

// collections are the names of directories whose directories, and var files,
// are environments.
var collections = []string{"environments", "environment", "envs", "env", "live", "stages", "workspaces"}

// fileDirectories are the directories, in the Terraform directory or beside it,
// in which var files and secrets files lie.
var fileDirectories = []string{
	"tfvars", "environments", "environment", "envs", "env", "vars", "variables", "var-files", "var_files", "varfiles",
	"config", "configs", "stages", "workspaces", "secrets", "secret",
}

// secretDirectories hold secrets files under the environment's bare name.
var secretDirectories = []string{"secrets", "secret"}

// notEnvironments are the names, in a collection, of what serves several
// environments.
var notEnvironments = []string{
	"modules", "module", "global", "shared", "common", "base", "bootstrap", "templates", "template", "example", "examples",
	"sample", "default", "defaults", "terraform", "backend", "all", "secrets", "secret", "tfvars", "vars", "variables", "config", "scripts",
}

// plainWords are what a var file's name may hold beside its environment's.
var plainWords = []string{"terraform", "variables", "variable", "vars", "var", "tfvars", "values", "inputs", "config", "settings", "params", "environment", "env"}

var secretWords = []string{"secrets", "secret"}

const nameSeparators = "._-"

func words(name string) []string {
	return strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return strings.ContainsRune(nameSeparators, r) })
}

// soundsLikeEnvironment reports whether a name holds one of the words.
func soundsLikeEnvironment(name string) bool {
	return slices.ContainsFunc(words(name), func(w string) bool {
		return slices.Contains(environmentWords, strings.TrimRight(w, "0123456789"))
	})
}

// inCollection reports whether a name in a collection is an environment's.
func inCollection(name string) bool {
	return environmentName().MatchString(name) && !strings.HasPrefix(name, "_") && !slices.Contains(notEnvironments, strings.ToLower(name))
}

// strip takes one of the words, with a separator, from either end of a name;
// all is true if the name was the word.
func strip(name string, from []string) (rest string, did, all bool) {
	for _, w := range from {
		switch {
		case strings.EqualFold(name, w):
			return "", true, true
		case len(name) <= len(w)+1:
		case strings.EqualFold(name[:len(w)], w) && strings.ContainsRune(nameSeparators, rune(name[len(w)])):
			return name[len(w)+1:], true, false
		case strings.EqualFold(name[len(name)-len(w):], w) && strings.ContainsRune(nameSeparators, rune(name[len(name)-len(w)-1])):
			return name[:len(name)-len(w)-1], true, false
		}
	}
	return name, false, false
}

// varFile is what the name of a var file says.
type varFile struct {
	plain  string // its name without .enc
	env    string // the environment that it names; "" if it names none
	secret bool   // it says of itself that it holds secrets
	sealed bool
	auto   bool // Terraform loads it by itself, in its own directory
}

// readName recognizes the name of a var file, sealed or not.
func readName(name string) (f varFile, ok bool) {
	f.plain, f.sealed = strings.CutSuffix(name, sealedSuffix)
	if strings.HasPrefix(f.plain, ".") || strings.HasPrefix(f.plain, "-") {
		return f, false
	}
	stem, is := strings.CutSuffix(f.plain, ".tfvars")
	if !is {
		if stem, is = strings.CutSuffix(f.plain, ".tfvars.json"); !is {
			return f, false
		}
	}
	f.auto = stem == "terraform"
	if bare, is := strings.CutSuffix(stem, ".auto"); is {
		stem, f.auto = bare, true
	}
	if stem == "" || strings.Trim(stem, nameSeparators) == "" {
		return f, false
	}
	if rest, did, all := strip(stem, secretWords); did {
		if rest == "" && !all {
			return f, false
		}
		stem, f.secret = rest, true
	}
	f.env = withoutPlainWords(stem)
	return f, f.env == "" || environmentName().MatchString(f.env)
}

// withoutPlainWords is the environment in the name of a var file.
func withoutPlainWords(stem string) string {
	rest, did, all := strip(stem, plainWords)
	switch {
	case all:
		return ""
	case did && soundsLikeEnvironment(rest):
		return rest
	default:
		return stem
	}
}
