package layers

import (
	"encoding/base64"
	"fmt"
	"maps"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"hci/internal/project"
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
		if _, taken := s.Secrets[sec.Label]; taken && sec.Parameter != nil { // secrets come first by their address
			continue
		}
		switch {
		case sec.Status == module.Known && sec.Binary: // as the argument secret_binary has it
			s.Secrets[sec.Label] = cty.StringVal(base64.StdEncoding.EncodeToString([]byte(sec.Value.Reveal())))
		case sec.Status == module.Known:
			s.Secrets[sec.Label] = cty.StringVal(sec.Value.Reveal())
		default:
			s.Secrets[sec.Label] = cty.UnknownVal(cty.String)
		}
	}
	return s
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
	value, diags := module.Value(v.Expr, &hcl.EvalContext{Variables: map[string]cty.Value{
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
