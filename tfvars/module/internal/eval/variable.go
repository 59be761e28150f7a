package eval

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"

	"hci/tfvars/module/internal/config"
	"hci/tfvars/module/internal/mark"
	"hci/tfvars/module/internal/meter"
)

// rootVariable returns the value of a variable of the root module.
func (in *Instance) rootVariable(v *config.Variable, given cty.Value) cty.Value {
	return in.settle(v, given).Mark(mark.Origin{Variable: v.Name})
}

// variable returns the value of a variable; ok is false if there is none.
func (in *Instance) variable(name string) (val cty.Value, ok bool) {
	v, ok := in.Config.Variables[name]
	if !ok {
		return cty.NilVal, false
	}
	return in.value("var."+name, v.Range, func() cty.Value {
		given := cty.NilVal
		if expr, ok := in.call.Inputs[name]; ok {
			given = in.Parent.Eval(expr, in.repeat)
		}
		return in.settle(v, given)
	}), true
}

// settle turns what a variable was given, cty.NilVal for nothing, into its
// value: the default, conversion to its type, and its marks.
func (in *Instance) settle(v *config.Variable, given cty.Value) cty.Value {
	val := given
	if val != cty.NilVal {
		var err error
		if val, err = v.Convert(val); err != nil {
			in.graph.Report(fmt.Sprintf("the value of variable %q is not of its type, %s",
				in.Address(v.Name), typeexpr.TypeString(v.Type.WithoutOptionalAttributesDeep())), v.Range)
			val = cty.UnknownVal(v.Type.WithoutOptionalAttributesDeep())
		} else if !v.Nullable && val.IsNull() {
			val = cty.NilVal
		}
	}
	switch {
	case val != cty.NilVal:
	case v.Default != cty.NilVal:
		val = v.Default
	case given != cty.NilVal:
		in.graph.Report(fmt.Sprintf("variable %q must not be null", in.Address(v.Name)), v.Range)
		fallthrough
	default:
		val = mark.Unknown(v.Type.WithoutOptionalAttributesDeep(), in.Address("var."+v.Name))
	}
	if v.Sensitive {
		val = val.Mark(mark.Sensitive{})
	}
	if v.Ephemeral {
		val = val.Mark(mark.Ephemeral{})
	}
	return val
}

// Variable returns the value of a variable of this module.
func (in *Instance) Variable(name string) cty.Value {
	v, _ := in.variable(name)
	return v
}

// Validate checks the validation blocks of every variable of this module and
// reports those that fail. The author's message is shown only where it is a
// plain text: one that is computed can hold the value.
func (in *Instance) Validate() {
	for _, name := range sortedKeys(in.Config.Variables) {
		v := in.Config.Variables[name]
		for _, rule := range v.Validations {
			ok := in.Eval(rule.Condition, Repetition{})
			ok, _ = ok.Unmark()
			if !ok.IsKnown() {
				continue
			}
			if ok.IsNull() || ok.Type() != cty.Bool {
				in.graph.Report(fmt.Sprintf("a condition of variable %q is not a bool", in.Address(name)), rule.Condition.Range())
				continue
			}
			if ok.False() {
				in.graph.Report(fmt.Sprintf("variable %q: %s", in.Address(name), message(rule.Message)), v.Range)
			}
		}
	}
}

// message returns a validation's message if it is a literal.
func message(expr hcl.Expression) string {
	const plain = "its value does not pass its validation"
	if expr == nil || len(expr.Variables()) != 0 {
		return plain
	}
	v, diags := meter.Value(expr)
	if diags.HasErrors() || !v.IsKnown() || v.IsNull() || v.Type() != cty.String {
		return plain
	}
	return v.AsString()
}
