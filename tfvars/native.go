package tfvars

import (
	"bytes"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// parseNative reads Terraform's native syntax: HashiCorp's parser, and what
// Terraform's addVarsFromFile does with the result.
func parseNative(src []byte, name string) ([]item, Problems) {
	if why, at := complexity(src, hclsyntax.LexConfig); why != "" {
		return nil, Problems{{File: name, Line: at.Line, Column: at.Column, Summary: why}}
	}
	f, diags := hclsyntax.ParseConfig(src, name, hcl.InitialPos)
	body := f.Body.(*hclsyntax.Body)
	if !diags.HasErrors() {
		diags = append(blocks(body), newLetters(src, name)...)
	}
	if diags.HasErrors() {
		return nil, problems(diags, src, name)
	}
	items, diags := evaluate(body)
	if diags.HasErrors() {
		return nil, problems(diags, src, name)
	}
	for i := range items {
		items[i].valueAt = skipToValue(src, items[i].valueAt)
	}
	return items, nil
}

// blocks refuses the blocks of a file.
func blocks(body *hclsyntax.Body) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, block := range body.Blocks {
		summary := "a block, where only variables may be set"
		if block.Type == "variable" {
			summary = "a variable is declared, where only variables may be set"
		}
		diags = append(diags, own(summary, block.TypeRange))
	}
	return diags
}

// evaluate computes the values of a body's attributes. As in Terraform there
// is nothing that an expression could refer to, neither variable nor function.
func evaluate(body *hclsyntax.Body) ([]item, hcl.Diagnostics) {
	var diags hcl.Diagnostics
	items := make([]item, 0, len(body.Attributes))
	for name, attr := range body.Attributes {
		value, more := compute(attr.Expr)
		diags = append(diags, more...)
		items = append(items, item{
			name:     name,
			nameAt:   attr.NameRange.Start.Byte,
			nameEnd:  attr.NameRange.End.Byte,
			valueAt:  attr.EqualsRange.End.Byte,
			valueEnd: attr.SrcRange.End.Byte,
			value:    value,
		})
	}
	sortItems(items)
	return items, diags
}

// compute returns an expression's value.
func compute(expr hclsyntax.Expression) (cty.Value, hcl.Diagnostics) {
	if why := tooLarge(expr); why != "" {
		return cty.DynamicVal, hcl.Diagnostics{own(why, expr.Range())}
	}
	// Since its version 2.25, after the one in Terraform 1.11, HCL forgives
	// errors in the operand that does not matter: "true || nonsense". Without
	// the callback for that, it does not.
	_ = hclsyntax.VisitAll(expr, func(node hclsyntax.Node) hcl.Diagnostics {
		if e, ok := node.(*hclsyntax.BinaryOpExpr); ok && e.Op.ShortCircuit != nil {
			e.Op = &hclsyntax.Operation{Impl: e.Op.Impl, Type: e.Op.Type}
		}
		return nil
	})
	value, diags := expr.Value(nil)
	if !diags.HasErrors() && !value.IsWhollyKnown() {
		diags = append(diags, own("the value can't be known", expr.Range()))
	}
	return value, diags
}

// skipToValue returns the offset of the value whose equals sign ends at at: of
// what comes next that is neither blank nor comment.
func skipToValue(src []byte, at int) int {
	for at < len(src) {
		switch {
		case src[at] == ' ' || src[at] == '\t':
			at++
		case bytes.HasPrefix(src[at:], []byte("/*")):
			end := bytes.Index(src[at+2:], []byte("*/"))
			if end < 0 {
				return at
			}
			at += 2 + end + 2
		default:
			return at
		}
	}
	return at
}
