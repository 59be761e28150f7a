// Package lint finds what is wrong with a project without asking AWS: check
// looks at the Terraform code and the tracked files, verify at each
// environment's sealed file.
//
// What Secrets Manager holds against what the code declares is compared by
// hci/internal/compare.
package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"hci/tfvars/module"
)

// Rule is a kind of finding.
type Rule struct {
	ID    string // stable
	Short string // what is wrong
	Why   string // why it matters
	Fix   string // what to do
}

// The rules.
var (
	SensitiveEnvironment = Rule{
		"sensitive-in-environment", "a sensitive variable in a container's plain environment",
		"whoever may describe the task definition reads it, and it stays in every revision",
		"move it to the container's \"secrets\", with valueFrom = the ARN of a secret",
	}
	NotGranted = Rule{
		"secret-not-granted", "a container's secret that no policy grants",
		"ECS can't read it, and the task does not start",
		"grant secretsmanager:GetSecretValue on its ARN to the task's execution role",
	}
	Unused = Rule{
		"secret-unused", "a secret that nothing reads",
		"it costs money, is forgotten when values are changed, and leaks like any other",
		"grant it to the role that reads it, or remove it",
	}
	NoSuchKey = Rule{
		"json-key-missing", "a valueFrom that names a JSON key the secret does not have",
		"ECS can't resolve it, and the task does not start",
		"add the key to the secret, or correct valueFrom",
	}
	SensitiveDefault = Rule{
		"sensitive-default", "a sensitive variable with a default",
		"the default stands in git in the clear, and is used in silence where no value is set",
		"remove the default; give each environment its value with 'hci secrets set'",
	}
	InTrackedFile = Rule{
		"secret-in-tracked-file", "a secret value in a file that git tracks",
		"everybody who ever gets the repository reads it, in every later version too",
		"remove it there, and change the secret: git keeps the old versions",
	}
)

// Rules are all rules, in the order in which they are documented.
var Rules = []Rule{SensitiveEnvironment, NotGranted, Unused, NoSuchKey, SensitiveDefault, InTrackedFile}

// Finding is one thing that check or verify found. It holds no value.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"`           // of its rule; stable, for scripts
	Text     string   `json:"text"`           // what exactly: names, never values
	Next     string   `json:"next,omitempty"` // the command that fixes it
	File     string   `json:"-"`              // as the caller's path function gives it
	Line     int      `json:"-"`
	Rule     Rule     `json:"-"` // of check; empty for verify
}

// breaks is a finding of a rule on code and tracked files.
func breaks(rule Rule, file string, line int, text string) Finding {
	return Finding{Severity: Problem, Code: rule.ID, Text: text, File: file, Line: line, Rule: rule}
}

// Code is what the rules on Terraform code look at.
type Code struct {
	Module     *module.Module
	Evaluated  *module.Evaluated // for one environment, with shapes
	References *References
	Path       func(file string) string // of a file that the reader names
}

// Check applies the rules on Terraform code.
func (c Code) Check() []Finding {
	var all []Finding
	add := func(rule Rule, file string, line int, format string, args ...any) {
		all = append(all, breaks(rule, c.Path(file), line, fmt.Sprintf(format, args...)))
	}
	for _, v := range c.Module.Variables() {
		if v.Sensitive && v.HasDefault && !v.Default.IsNull() && !emptyDefault(v) {
			add(SensitiveDefault, v.File, v.Line, "var.%s is sensitive and has a default", v.Name)
		}
	}
	secrets := map[string]module.Secret{}
	for _, s := range c.Evaluated.Secrets {
		secrets[s.Address] = s
	}
	inContainer := map[string]bool{}
	for _, t := range c.Evaluated.Tasks {
		for _, ct := range t.Containers {
			for _, e := range ct.Environment {
				if e.Sensitive {
					add(SensitiveEnvironment, e.File, e.Line, "%s of container %s holds %s, which is sensitive", e.Name, ct.Name, sensitive(e, c.Module))
				}
			}
			for _, ref := range ct.Secrets {
				inContainer[ref.Secret] = true
				s, declared := secrets[ref.Secret]
				if !declared {
					continue
				}
				if !c.References.Granted(s.Address, s.Name) {
					add(NotGranted, ref.File, ref.Line, "%s of container %s comes from %s, which no policy grants", ref.Name, ct.Name, s.Address)
				}
				if missing, sure := lacksKey(s, ref.JSONKey); sure && missing {
					add(NoSuchKey, ref.File, ref.Line, "%s of container %s names the key %q, which %s does not have", ref.Name, ct.Name, ref.JSONKey, s.Address)
				}
			}
		}
	}
	for _, s := range c.Evaluated.Secrets {
		if s.Managed() && !inContainer[s.Address] && !c.References.Granted(s.Address, s.Name) && !c.References.Used(s.Address) {
			add(Unused, s.File, s.Line, "%s is granted to nobody and used nowhere", s.Address)
		}
	}
	return all
}

func emptyDefault(v module.Variable) bool {
	d, _ := v.Default.UnmarkDeep()
	return d.Type().FriendlyName() == "string" && d.IsKnown() && d.AsString() == ""
}

// sensitive names the sensitive variables of an entry.
func sensitive(e module.EnvEntry, m *module.Module) string {
	var all []string
	for _, name := range e.Variables {
		if v, ok := m.Variable(name); ok && v.Sensitive {
			all = append(all, "var."+name)
		}
	}
	if len(all) == 0 {
		return "a value"
	}
	return strings.Join(all, ", ")
}

// Sort puts findings into the order of their places, each once.
func Sort(all []Finding) []Finding {
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Text, b.Text))
	})
	return slices.Compact(all)
}
