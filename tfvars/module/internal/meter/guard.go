package meter

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"hci/tfvars"
)

// Guard returns an expression that computes what expr does, and counts. For the
// same expression it returns the same one.
func (m *Meter) Guard(expr hcl.Expression) hcl.Expression {
	if g, ok := m.guarded[expr]; ok {
		return g
	}
	g := m.GuardOnce(expr)
	if m.guarded == nil {
		m.guarded = map[hcl.Expression]hcl.Expression{}
	}
	m.guarded[expr] = g
	return g
}

// GuardOnce is Guard for an expression that is evaluated once.
func (m *Meter) GuardOnce(expr hcl.Expression) hcl.Expression {
	if native, ok := expr.(hclsyntax.Expression); ok {
		return m.native(native, nothing)
	}
	native, ok := fromJSON(expr)
	if !ok {
		return expr // hcl's own JSON expression tells what is wrong with it
	}
	return m.native(native, nothing)
}

// native guards an expression of the native syntax. What it makes anew is
// counted, and besides what its user says.
//
//hci:long one case for each kind of expression
func (m *Meter) native(expr hclsyntax.Expression, count counting) hclsyntax.Expression {
	n := &node{meter: m, count: count}
	made := func(e hclsyntax.Expression) hclsyntax.Expression {
		n.Expression = e
		n.count = max(n.count, shallow)
		return n
	}
	same := func(e hclsyntax.Expression) hclsyntax.Expression {
		n.Expression = e
		return n
	}
	switch e := expr.(type) {
	case nil:
		return nil
	case *hclsyntax.LiteralValueExpr:
		if e.Val.Type() != cty.Number {
			return e
		}
		return same(e)
	case *hclsyntax.RelativeTraversalExpr:
		c := *e
		c.Source = m.native(e.Source, nothing)
		return same(&c)
	case *hclsyntax.FunctionCallExpr:
		c := *e
		m.arguments(e, &c)
		return made(&c)
	case *hclsyntax.ConditionalExpr:
		c := *e
		c.Condition, c.TrueResult, c.FalseResult = m.native(e.Condition, nothing), m.native(e.TrueResult, nothing), m.native(e.FalseResult, nothing)
		return same(&c)
	case *hclsyntax.IndexExpr:
		c := *e
		c.Collection, c.Key = m.native(e.Collection, nothing), m.native(e.Key, nothing)
		return same(&c)
	case *hclsyntax.TupleConsExpr:
		c := *e
		c.Exprs = m.all(e.Exprs, nothing)
		return made(&c)
	case *hclsyntax.ObjectConsExpr:
		c := *e
		c.Items = make([]hclsyntax.ObjectConsItem, len(e.Items))
		for i, item := range e.Items {
			c.Items[i] = hclsyntax.ObjectConsItem{KeyExpr: m.native(item.KeyExpr, nothing), ValueExpr: m.native(item.ValueExpr, nothing)}
		}
		return made(&c)
	case *hclsyntax.ObjectConsKeyExpr:
		if _, name := e.Wrapped.(*hclsyntax.ScopeTraversalExpr); name {
			return e // whether it is a key or a reference is seen in it
		}
		c := *e
		c.Wrapped = m.native(e.Wrapped, nothing)
		return &c
	case *hclsyntax.ForExpr:
		c := *e
		c.CollExpr, c.KeyExpr, c.ValExpr, c.CondExpr = m.native(e.CollExpr, nothing), m.native(e.KeyExpr, nothing), m.native(e.ValExpr, element), m.native(e.CondExpr, nothing)
		return made(&c)
	case *hclsyntax.SplatExpr:
		c := *e // Item is the symbol that Each holds, and stays the same
		c.Source, c.Each = m.native(e.Source, nothing), m.native(e.Each, nothing)
		return made(&c)
	case *hclsyntax.BinaryOpExpr:
		c := *e
		c.LHS, c.RHS = m.native(e.LHS, nothing), m.native(e.RHS, nothing)
		return same(&c)
	case *hclsyntax.UnaryOpExpr:
		c := *e
		c.Val = m.native(e.Val, nothing)
		return same(&c)
	case *hclsyntax.TemplateExpr:
		c := *e
		c.Parts = m.all(e.Parts, inStrings)
		return same(&c)
	case *hclsyntax.TemplateJoinExpr:
		c := *e
		c.Tuple = m.native(e.Tuple, throughout)
		return same(&c)
	case *hclsyntax.TemplateWrapExpr:
		c := *e
		c.Wrapped = m.native(e.Wrapped, nothing)
		return same(&c)
	case *hclsyntax.ParenthesesExpr:
		c := *e
		c.Expression = m.native(e.Expression, nothing)
		return same(&c)
	}
	return same(expr) // without parts
}

func (m *Meter) all(exprs []hclsyntax.Expression, count counting) []hclsyntax.Expression {
	guarded := make([]hclsyntax.Expression, len(exprs))
	for i, e := range exprs {
		guarded[i] = m.native(e, count)
	}
	return guarded
}

// arguments guards the arguments of a call. The last one is followed by a look
// at all of them.
func (m *Meter) arguments(from, to *hclsyntax.FunctionCallExpr) {
	c := &call{expr: from, name: plainName(from.Name)}
	to.Args = make([]hclsyntax.Expression, len(from.Args))
	for i, arg := range from.Args {
		g := m.native(arg, nothing)
		if c.name == "try" || c.name == "can" { // which are given expressions
			to.Args[i] = g
			continue
		}
		n, ok := g.(*node)
		if !ok {
			n = &node{Expression: g, meter: m}
		} else if n.call != nil {
			n = &node{Expression: n, meter: m}
		}
		n.call, n.arg = c, i
		to.Args[i] = n
	}
}

// fromJSON is an expression of the JSON syntax in the native one: strings are
// templates.
//
// https://github.com/hashicorp/hcl/blob/main/json/spec.md
func fromJSON(expr hcl.Expression) (hclsyntax.Expression, bool) {
	if items, diags := hcl.ExprList(expr); !diags.HasErrors() {
		tuple := &hclsyntax.TupleConsExpr{SrcRange: expr.Range(), OpenRange: expr.StartRange()}
		for _, item := range items {
			native, ok := fromJSON(item)
			if !ok {
				return nil, false
			}
			tuple.Exprs = append(tuple.Exprs, native)
		}
		return tuple, true
	}
	if pairs, diags := hcl.ExprMap(expr); !diags.HasErrors() {
		return objectFromJSON(expr, pairs)
	}
	raw, diags := expr.Value(nil) // without a context, a string is what it says
	if diags.HasErrors() {
		return nil, false
	}
	if raw.Type() != cty.String || raw.IsNull() {
		return &hclsyntax.LiteralValueExpr{Val: raw, SrcRange: expr.Range()}, true
	}
	if tfvars.TemplateLimits([]byte(raw.AsString()), "") != nil {
		return nil, false
	}
	start := expr.Range().Start
	start.Column, start.Byte = start.Column+1, start.Byte+1 // behind the quote
	native, diags := hclsyntax.ParseTemplate([]byte(raw.AsString()), expr.Range().Filename, start)
	return native, !diags.HasErrors()
}

func objectFromJSON(expr hcl.Expression, pairs []hcl.KeyValuePair) (hclsyntax.Expression, bool) {
	object := &hclsyntax.ObjectConsExpr{SrcRange: expr.Range(), OpenRange: expr.StartRange()}
	seen := map[string]bool{}
	for _, pair := range pairs {
		name, diags := pair.Key.Value(nil)
		key, ok := fromJSON(pair.Key)
		value, valueOK := fromJSON(pair.Value)
		if diags.HasErrors() || !ok || !valueOK || seen[name.AsString()] {
			return nil, false
		}
		seen[name.AsString()] = true
		object.Items = append(object.Items, hclsyntax.ObjectConsItem{KeyExpr: key, ValueExpr: value})
	}
	return object, true
}
