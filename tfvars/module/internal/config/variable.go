package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"hci/tfvars/module/internal/meter"
)

var variableSchema = &hcl.BodySchema{
	Attributes: []hcl.AttributeSchema{
		{Name: "description"}, {Name: "default"}, {Name: "type"},
		{Name: "sensitive"}, {Name: "ephemeral"}, {Name: "nullable"},
	},
	Blocks: []hcl.BlockHeaderSchema{{Type: "validation"}},
}

func (d *decoder) variable(b *hcl.Block) hcl.Diagnostics {
	v := &Variable{Name: b.Labels[0], Nullable: true, Range: b.DefRange}
	content, _, diags := b.Body.PartialContent(variableSchema)
	attr := func(name string) (hcl.Expression, bool) {
		a, ok := content.Attributes[name]
		if !ok {
			return nil, false
		}
		return a.Expr, true
	}

	v.Type = cty.DynamicPseudoType
	typeExpr, typed := attr("type")
	if typed {
		var moreDiags hcl.Diagnostics
		v.Type, v.Defaults, moreDiags = typeConstraint(typeExpr)
		diags = append(diags, moreDiags...)
	}
	if expr, ok := attr("default"); ok {
		var moreDiags hcl.Diagnostics
		v.Default, moreDiags = meter.Value(expr)
		diags = append(diags, moreDiags...)
	}
	if expr, ok := attr("description"); ok {
		val, moreDiags := meter.Value(expr)
		diags = append(diags, moreDiags...)
		v.Description, _ = knownString(val)
	}
	flags := map[string]*bool{"sensitive": &v.Sensitive, "ephemeral": &v.Ephemeral, "nullable": &v.Nullable}
	for name, flag := range flags {
		if expr, ok := attr(name); ok {
			diags = append(diags, decodeBool(expr, flag)...)
		}
	}
	for _, vb := range content.Blocks {
		attrs, _, moreDiags := arguments(vb.Body, "condition", "error_message")
		diags = append(diags, moreDiags...)
		if attrs["condition"] == nil {
			diags = append(diags, Problem(fmt.Sprintf("a validation of variable %q has no condition", v.Name), vb.DefRange))
			continue
		}
		v.Validations = append(v.Validations, Validation{Condition: attrs["condition"], Message: attrs["error_message"]})
	}

	target := v
	moreDiags := put(d, d.module.Variables, v.Name, v, fmt.Sprintf("variable %q", v.Name), b.DefRange, func(old *Variable) {
		old.override(v, content.Attributes)
		target = old
	})
	diags = append(diags, moreDiags...)
	if diags.HasErrors() {
		return diags
	}
	return append(diags, target.checkDefault()...)
}

// override takes over what an override file's block for the variable sets.
func (v *Variable) override(from *Variable, set hcl.Attributes) {
	for name := range set {
		switch name {
		case "type":
			v.Type, v.Defaults = from.Type, from.Defaults
		case "default":
			v.Default = from.Default
		case "description":
			v.Description = from.Description
		case "sensitive":
			v.Sensitive = from.Sensitive
		case "ephemeral":
			v.Ephemeral = from.Ephemeral
		case "nullable":
			v.Nullable = from.Nullable
		}
	}
	if from.Validations != nil {
		v.Validations = from.Validations
	}
}

// checkDefault converts the default to the variable's type.
func (v *Variable) checkDefault() hcl.Diagnostics {
	if v.Default == cty.NilVal {
		return nil
	}
	val, err := v.Convert(v.Default)
	if err != nil {
		return hcl.Diagnostics{Problem(fmt.Sprintf("the default of variable %q does not fit its type, %s",
			v.Name, typeexpr.TypeString(v.Type.WithoutOptionalAttributesDeep())), v.Range)}
	}
	if val.IsNull() && !v.Nullable {
		return hcl.Diagnostics{Problem(fmt.Sprintf("the default of variable %q is null, and the variable is not nullable", v.Name), v.Range)}
	}
	v.Default = val
	return nil
}

// Convert applies the defaults of optional attributes and converts to the
// variable's type, as Terraform does with every value the variable is given.
func (v *Variable) Convert(val cty.Value) (cty.Value, error) {
	if v.Defaults != nil && !val.IsNull() {
		val = v.Defaults.Apply(val)
	}
	return convert.Convert(val, v.Type)
}

// typeConstraint reads a type argument, in the native syntax or as a string in JSON.
func typeConstraint(expr hcl.Expression) (cty.Type, *typeexpr.Defaults, hcl.Diagnostics) {
	// Terraform still takes these two without an element type.
	switch hcl.ExprAsKeyword(expr) {
	case "list":
		return cty.List(cty.DynamicPseudoType), nil, nil
	case "map":
		return cty.Map(cty.DynamicPseudoType), nil, nil
	}
	return typeexpr.TypeConstraintWithDefaults(expr)
}

func decodeBool(expr hcl.Expression, into *bool) hcl.Diagnostics {
	val, diags := meter.Value(expr)
	if diags.HasErrors() {
		return diags
	}
	val, err := convert.Convert(val, cty.Bool)
	if err != nil || val.IsNull() || !val.IsKnown() {
		return hcl.Diagnostics{Problem("a bool is required", expr.Range())}
	}
	*into = val.True()
	return nil
}

func knownString(v cty.Value) (string, bool) {
	if v == cty.NilVal || !v.IsKnown() || v.IsNull() || v.Type() != cty.String {
		return "", false
	}
	return v.AsString(), true
}
