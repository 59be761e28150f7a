// Package export says which environment variables an environment's secrets
// make: one for each name in the secrets file, in upper case, as changed by
// the env blocks of hci.hcl, the general one and then the environment's own.
// A value is what Terraform makes of it: converted to the variable's type.
//
// In an env block,
//
//	KEY = "text"              adds KEY, or overrides it
//	KEY = var.NAME            renames: NAME is exported as KEY only
//	KEY = "${var.A}:${var.B}" combines; A and B are exported as well
//	KEY = secret.LABEL        takes the secret that Terraform declares as
//	                          aws_secretsmanager_secret.LABEL
//	KEY = null                drops KEY
package export

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"hci/internal/project"
	"hci/sync/dotenv"
	"hci/tfvars"
	"hci/tfvars/module"
)

// Scope is what the expressions of an env block may name.
type Scope struct {
	Vars    map[string]cty.Value // by variable name
	Secrets map[string]cty.Value // by resource label
}

// NewScope returns the scope of an evaluated Terraform directory. Where there
// is none (ev is nil), the variables are those of the secrets file.
func NewScope(secrets *tfvars.File, ev *module.Evaluated) Scope {
	s := Scope{Vars: map[string]cty.Value{}, Secrets: map[string]cty.Value{}}
	for _, name := range secrets.Names() {
		s.Vars[name], _ = secrets.Value(name)
	}
	if ev == nil {
		return s
	}
	maps.Copy(s.Vars, ev.Variables)
	for _, sec := range ev.Secrets {
		if sec.Status == module.Known {
			s.Secrets[sec.Label] = cty.StringVal(sec.Value.Reveal())
		} else {
			s.Secrets[sec.Label] = cty.UnknownVal(cty.String)
		}
	}
	return s
}

// CollisionError says that two names make the same key.
type CollisionError struct{ Key, First, Second string }

func (e *CollisionError) Error() string {
	return fmt.Sprintf("%q and %q both make the key %q", e.First, e.Second, e.Key)
}

// Entries returns what to export, sorted by key, and the names that are left
// out because their value is null.
func Entries(secrets *tfvars.File, vars []project.EnvVar, scope Scope) (entries []dotenv.Entry, null []string, err error) {
	values, null, err := fromFile(secrets, vars, scope)
	if err != nil {
		return nil, nil, err
	}
	for _, v := range vars {
		if v.IsNull() {
			delete(values, v.Key)
			continue
		}
		value, err := scope.evaluate(v)
		if err != nil {
			return nil, nil, err
		}
		values[v.Key] = value
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		text, err := tfvars.Text(values[key])
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", key, err)
		}
		entries = append(entries, dotenv.Entry{Key: key, Value: text})
	}
	return entries, null, nil
}

// fromFile takes each name of the secrets file in upper case, but for those
// that an env block renames.
func fromFile(secrets *tfvars.File, vars []project.EnvVar, scope Scope) (values map[string]cty.Value, null []string, err error) {
	renamed := map[string]bool{}
	for _, v := range vars {
		if name, ok := v.Renames(); ok {
			renamed[name] = true
		}
	}
	values = map[string]cty.Value{}
	from := map[string]string{}
	for _, name := range secrets.Names() {
		value, _ := scope.Vars[name].UnmarkDeep()
		switch {
		case renamed[name]:
			continue
		case value.IsNull():
			null = append(null, name)
			continue
		}
		key := strings.ToUpper(name)
		if first, taken := from[key]; taken {
			return nil, nil, &CollisionError{Key: key, First: first, Second: name}
		}
		from[key], values[key] = name, value
	}
	return values, null, nil
}

// evaluate computes one entry of an env block. Errors name its place and key.
func (s Scope) evaluate(v project.EnvVar) (cty.Value, error) {
	problem := func(summary string) error {
		return tfvars.Problems{{File: v.File, Line: v.Line, Column: v.Column, Summary: fmt.Sprintf("%s: %s", v.Key, summary)}}
	}
	for _, t := range v.Expr.Variables() {
		if summary := s.unknownName(t); summary != "" {
			return cty.NilVal, problem(summary)
		}
	}
	value, diags := v.Expr.Value(&hcl.EvalContext{Variables: map[string]cty.Value{
		"var": object(s.Vars), "secret": object(s.Secrets),
	}})
	switch {
	case diags.HasErrors():
		return cty.NilVal, problem("the expression cannot be evaluated") // its own words could quote a value
	case !value.IsWhollyKnown():
		return cty.NilVal, problem("the value is not known: it depends on something that only AWS knows")
	case value.IsNull():
		return cty.NilVal, problem("the value is null; write null itself to drop the key")
	}
	value, _ = value.UnmarkDeep()
	return value, nil
}

// unknownName says what is wrong with a reference, or nothing.
func (s Scope) unknownName(t hcl.Traversal) string {
	// That the root is var or secret, with a name, was checked when hci.hcl
	// was read.
	root := t.RootName()
	known := s.Vars
	if root == "secret" {
		known = s.Secrets
	}
	name := ""
	switch step := t[1].(type) {
	case hcl.TraverseAttr:
		name = step.Name
	case hcl.TraverseIndex:
		name = step.Key.AsString()
	}
	if _, ok := known[name]; !ok {
		return fmt.Sprintf("there is no %s.%s", root, name)
	}
	return ""
}

func object(m map[string]cty.Value) cty.Value {
	if len(m) == 0 {
		return cty.EmptyObjectVal
	}
	return cty.ObjectVal(m)
}
