package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// decoder adds the blocks of one file to a module. An override file's blocks
// change the ones that are there.
type decoder struct {
	module   *Module
	override bool
}

var fileSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "variable", LabelNames: []string{"name"}},
	{Type: "locals"},
	{Type: "output", LabelNames: []string{"name"}},
	{Type: "resource", LabelNames: []string{"type", "name"}},
	{Type: "data", LabelNames: []string{"type", "name"}},
	{Type: "ephemeral", LabelNames: []string{"type", "name"}},
	{Type: "module", LabelNames: []string{"name"}},
	{Type: "provider", LabelNames: []string{"name"}},
	{Type: "removed"},
}}

func (d *decoder) file(body hcl.Body) hcl.Diagnostics {
	content, _, diags := body.PartialContent(fileSchema)
	for _, b := range content.Blocks {
		for i, label := range b.Labels {
			if !hclsyntax.ValidIdentifier(label) {
				diags = append(diags, Problem("a block's label is not a valid name", b.LabelRanges[i]))
				return diags
			}
		}
		switch b.Type {
		case "variable":
			diags = append(diags, d.variable(b)...)
		case "locals":
			diags = append(diags, d.locals(b)...)
		case "output":
			diags = append(diags, d.output(b)...)
		case "resource":
			diags = append(diags, d.resource(b, Managed)...)
		case "data":
			diags = append(diags, d.resource(b, Data)...)
		case "ephemeral":
			diags = append(diags, d.resource(b, Ephemeral)...)
		case "module":
			diags = append(diags, d.call(b)...)
		case "provider":
			diags = append(diags, d.provider(b)...)
		case "removed":
			diags = append(diags, d.removed(b)...)
		}
	}
	return diags
}

func (d *decoder) locals(b *hcl.Block) hcl.Diagnostics {
	attrs, diags := b.Body.JustAttributes()
	for name, a := range attrs {
		if !hclsyntax.ValidIdentifier(name) {
			diags = append(diags, Problem("a local value's name is not valid", a.NameRange))
			continue
		}
		v := &Value{Name: name, Expr: a.Expr, Range: a.NameRange}
		diags = append(diags, put(d, d.module.Locals, name, v, "local."+name, a.NameRange, func(old *Value) {
			old.Expr = v.Expr
		})...)
	}
	return diags
}

func (d *decoder) output(b *hcl.Block) hcl.Diagnostics {
	attrs, _, diags := arguments(b.Body, "value")
	v := &Value{Name: b.Labels[0], Expr: attrs["value"], Range: b.DefRange}
	if v.Expr == nil && !d.override {
		return append(diags, Problem(fmt.Sprintf("output %q has no value", v.Name), b.DefRange))
	}
	return append(diags, put(d, d.module.Outputs, v.Name, v, "output "+v.Name, b.DefRange, func(old *Value) {
		if v.Expr != nil {
			old.Expr = v.Expr
		}
	})...)
}

// removed reads a removed block, and keeps it in mind if what it names stays.
//
// https://developer.hashicorp.com/terraform/language/block/removed
func (d *decoder) removed(b *hcl.Block) hcl.Diagnostics {
	attrs, rest, diags := arguments(b.Body, "from")
	content, _, moreDiags := rest.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "lifecycle"}}})
	diags = append(diags, moreDiags...)
	destroy := true
	for _, l := range content.Blocks {
		inner, _, moreDiags := arguments(l.Body, "destroy")
		diags = append(diags, moreDiags...)
		if expr, ok := inner["destroy"]; ok {
			diags = append(diags, decodeBool(expr, &destroy)...)
		}
	}
	if destroy {
		return diags
	}
	f := Forgotten{Type: "module", Range: b.DefRange}
	if expr, ok := attrs["from"]; ok {
		if t, moreDiags := traversal(expr); !moreDiags.HasErrors() {
			f.Type = t.RootName()
		}
	}
	d.module.Forgotten = append(d.module.Forgotten, f)
	return diags
}

// put stores a declaration under its key, or merges it into the one that is
// there if it comes from an override file.
func put[T any](d *decoder, m map[string]*T, key string, v *T, name string, at hcl.Range, merge func(old *T)) hcl.Diagnostics {
	old, there := m[key]
	switch {
	case d.override && there:
		merge(old)
	case d.override && !overridable(name):
		return hcl.Diagnostics{Problem(fmt.Sprintf("%s is overridden but declared nowhere", name), at)}
	case there:
		return hcl.Diagnostics{Problem(fmt.Sprintf("%s is declared twice", name), at)}
	default:
		m[key] = v
	}
	return nil
}

// overridable reports whether an override file may declare the thing anew.
func overridable(name string) bool {
	return len(name) > len("provider ") && name[:len("provider ")] == "provider "
}

// arguments returns the named arguments that are there, and the rest.
func arguments(body hcl.Body, names ...string) (map[string]hcl.Expression, hcl.Body, hcl.Diagnostics) {
	schema := &hcl.BodySchema{}
	for _, name := range names {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: name})
	}
	content, rest, diags := body.PartialContent(schema)
	attrs := make(map[string]hcl.Expression, len(content.Attributes))
	for name, a := range content.Attributes {
		attrs[name] = a.Expr
	}
	return attrs, rest, diags
}
