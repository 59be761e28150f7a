package tfvars

import (
	"math"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// tooLarge says why an expression must not be computed, if it must not. A few
// "for" expressions inside one another multiply their elements, and their
// variables can double a string at each level; 1e999999999 is short, its digits
// are not. So the size of the result, and the work to get there, are bounded
// from the expression's shape before it is computed. The bound is generous:
// what a person writes is many orders of magnitude below the limit.
func tooLarge(expr hclsyntax.Expression) string {
	switch e := expr.(type) {
	case *hclsyntax.TemplateExpr:
		if e.IsStringLiteral() {
			return ""
		}
	}
	g := growth{}
	total := g.of(expr, nil).total
	switch {
	case g.wide:
		return tooWide
	case total > maxGrowth:
		return tooBig
	}
	return ""
}

// extent is how large a value can be, in bytes of its text. Floating point,
// because it must not wrap around.
type extent struct {
	total float64
	count float64 // elements, to iterate over
	item  float64 // the largest element
	text  bool    // it may be or hold a string, which may turn into a number
}

// opaque is the extent of a value of which only the total is known.
func opaque(total float64, text bool) extent {
	return extent{total: total, count: total, item: total, text: text}
}

// scope holds the extents of the variables of the "for" expressions around.
type scope struct {
	parent *scope
	vars   map[string]extent
	item   extent // what a splat goes through
}

func (s *scope) lookup(name string) extent {
	for ; s != nil; s = s.parent {
		if e, ok := s.vars[name]; ok {
			return e
		}
	}
	return opaque(1, true)
}

type growth struct {
	wide bool // a number has too many digits
}

//hci:long one case for each kind of expression
func (g *growth) of(expr hclsyntax.Expression, s *scope) extent {
	switch e := expr.(type) {
	case *hclsyntax.LiteralValueExpr:
		return g.literal(e.Val)
	case *hclsyntax.ParenthesesExpr:
		return g.of(e.Expression, s)
	case *hclsyntax.UnaryOpExpr:
		if e.Op == hclsyntax.OpNegate {
			return g.number(g.of(e.Val, s))
		}
		return opaque(1+g.of(e.Val, s).total, false)
	case *hclsyntax.BinaryOpExpr:
		return g.binary(e, s)
	case *hclsyntax.ScopeTraversalExpr:
		of := s.lookup(e.Traversal.RootName())
		if len(e.Traversal) > 1 {
			return opaque(of.total, of.text)
		}
		return of
	case *hclsyntax.AnonSymbolExpr:
		return splatItem(s)
	case *hclsyntax.ForExpr:
		return g.loop(e, s)
	case *hclsyntax.SplatExpr:
		source := g.of(e.Source, s)
		source.count = max(source.count, 1)
		each := g.of(e.Each, &scope{parent: s, item: opaque(max(source.item, source.total), source.text)})
		return extent{total: source.total + source.count*(1+each.total), count: source.count, item: each.total, text: true}
	case *hclsyntax.TupleConsExpr:
		return g.all(s, e.Exprs...)
	case *hclsyntax.ObjectConsExpr:
		var parts []hclsyntax.Expression
		for _, it := range e.Items {
			parts = append(parts, it.KeyExpr, it.ValueExpr)
		}
		all := g.all(s, parts...)
		all.text = true
		return all
	case *hclsyntax.ObjectConsKeyExpr:
		return extent{total: g.of(e.Wrapped, s).total + length(e), text: true}
	case *hclsyntax.TemplateExpr:
		all := g.all(s, e.Parts...)
		return extent{total: all.total, count: 1, item: all.total, text: true}
	case *hclsyntax.TemplateWrapExpr:
		return g.of(e.Wrapped, s)
	case *hclsyntax.TemplateJoinExpr:
		of := g.of(e.Tuple, s)
		return extent{total: of.total, count: 1, item: of.total, text: true}
	case *hclsyntax.ConditionalExpr:
		all := g.all(s, e.Condition, e.TrueResult, e.FalseResult)
		return opaque(all.total, true)
	case *hclsyntax.IndexExpr:
		all := g.all(s, e.Collection, e.Key)
		return opaque(all.total, all.text)
	case *hclsyntax.RelativeTraversalExpr:
		of := g.of(e.Source, s)
		return opaque(of.total, of.text)
	default:
		// A call of a function, or what the parser could not read: an error.
		return opaque(length(expr), true)
	}
}

func splatItem(s *scope) extent {
	for ; s != nil; s = s.parent {
		if s.vars == nil {
			return s.item
		}
	}
	return opaque(1, true)
}

// length is that of the source text.
func length(e hclsyntax.Expression) float64 {
	r := e.Range()
	return float64(1 + r.End.Byte - r.Start.Byte)
}

// all is the extent of a sequence.
func (g *growth) all(s *scope, parts ...hclsyntax.Expression) extent {
	sum := extent{total: 1}
	for _, p := range parts {
		of := g.of(p, s)
		sum.total += 1 + of.total
		sum.count++
		sum.item = max(sum.item, of.total)
		sum.text = sum.text || of.text
	}
	return sum
}

// loop is the extent of a "for" expression.
func (g *growth) loop(e *hclsyntax.ForExpr, s *scope) extent {
	coll := g.of(e.CollExpr, s)
	inner := &scope{parent: s, vars: map[string]extent{}}
	if e.KeyVar != "" {
		// A key of an object is among the text of the collection.
		inner.vars[e.KeyVar] = opaque(max(20, coll.item), coll.text)
	}
	inner.vars[e.ValVar] = opaque(coll.item, coll.text)
	each := extent{total: 1}
	for _, part := range []hclsyntax.Expression{e.KeyExpr, e.ValExpr, e.CondExpr} {
		if part != nil {
			of := g.of(part, inner)
			each.total += of.total
			each.text = each.text || of.text
		}
	}
	text := each.text || e.KeyExpr != nil
	return extent{total: coll.total + coll.count*each.total, count: coll.count, item: each.total, text: text}
}

func (g *growth) literal(v cty.Value) extent {
	switch {
	case v.IsNull() || !v.IsKnown():
		return opaque(4, false)
	case v.Type() == cty.String:
		return opaque(float64(1+len(v.AsString())), true)
	case v.Type() == cty.Number:
		return g.number(opaque(digits(v), false))
	default:
		return opaque(5, false)
	}
}

// fraction is how many digits 512 bits can have behind the point.
const fraction = 160

// digits returns about how many digits a number has, written without exponent.
func digits(v cty.Value) float64 {
	f := v.AsBigFloat()
	if f.IsInf() {
		return 4
	}
	exp := math.Abs(float64(f.MantExp(nil))) * math.Log10(2)
	if f.IsInt() {
		return 1 + exp
	}
	return fraction + exp
}

// binary is the extent of an operation: those on numbers at most add the
// digits of their operands.
func (g *growth) binary(e *hclsyntax.BinaryOpExpr, s *scope) extent {
	l, r := g.of(e.LHS, s), g.of(e.RHS, s)
	switch e.Op {
	case hclsyntax.OpAdd, hclsyntax.OpSubtract, hclsyntax.OpMultiply, hclsyntax.OpDivide, hclsyntax.OpModulo,
		hclsyntax.OpLessThan, hclsyntax.OpLessThanOrEqual, hclsyntax.OpGreaterThan, hclsyntax.OpGreaterThanOrEqual:
		l, r = g.number(l), g.number(r)
		total := l.total + r.total
		if e.Op == hclsyntax.OpDivide || e.Op == hclsyntax.OpModulo {
			total += fraction
		}
		return g.number(opaque(total, false))
	}
	return opaque(1+l.total+r.total, false)
}

// number is the extent of a value that is taken as a number. A string may hold
// an exponent: the number has up to as many digits as its own digits say.
func (g *growth) number(of extent) extent {
	total := of.total
	if of.text && total > 5 {
		total += math.Pow(10, min(total, 10))
	}
	if total > maxDigits {
		g.wide = true
	}
	return opaque(total, false)
}

// widest returns the digits of the widest number in a value.
func widest(v cty.Value) float64 {
	var most float64
	_ = cty.Walk(v, func(_ cty.Path, v cty.Value) (bool, error) {
		if v.Type() == cty.Number && v.IsKnown() && !v.IsNull() {
			most = max(most, digits(v))
		}
		return true, nil
	})
	return most
}
