package eval

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"hci/tfvars/module/shape"
)

// loop takes a for expression apart: one shape for each element of what it
// goes through, as long as it is known which ones the result has.
func (w *shaper) loop(e *hclsyntax.ForExpr, depth int) (shape.Shape, bool) {
	if e.Group {
		return nil, false
	}
	list, object := shape.Tuple{}, shape.Object{}
	err := w.elements(e, depth, func(inner *shaper) bool {
		if e.CondExpr != nil {
			cond, _ := inner.eval(e.CondExpr).Unmark()
			if !cond.IsKnown() || cond.IsNull() || cond.Type() != cty.Bool {
				return false
			}
			if cond.False() {
				return true
			}
		}
		value := inner.of(e.ValExpr, depth+1)
		if e.KeyExpr == nil {
			list = append(list, value)
			return true
		}
		key, _ := inner.eval(e.KeyExpr).Unmark()
		if !key.IsKnown() || key.IsNull() || key.Type() != cty.String {
			return false
		}
		object[key.AsString()] = value
		return true
	})
	if e.KeyExpr != nil {
		return object, err
	}
	return list, err
}

// elements calls f with a shaper for each element, until it returns false.
func (w *shaper) elements(e *hclsyntax.ForExpr, depth int, f func(inner *shaper) bool) bool {
	with := func(key cty.Value, of shape.Shape) *shaper {
		inner := &shaper{in: w.in, rep: w.rep, forEach: w.forEach, bound: maps.Clone(w.bound), values: maps.Clone(w.values)}
		if inner.bound == nil {
			inner.bound, inner.values = map[string]shape.Shape{}, map[string]cty.Value{}
		}
		if e.KeyVar != "" {
			inner.bound[e.KeyVar], inner.values[e.KeyVar] = shape.Leaf{Value: key}, key
		}
		inner.bound[e.ValVar], inner.values[e.ValVar] = of, marked(of)
		return inner
	}
	switch s := shape.Open(w.of(e.CollExpr, depth+1)).(type) {
	case shape.Object:
		for _, key := range slices.Sorted(maps.Keys(s)) {
			if !f(with(cty.StringVal(key), s[key])) {
				return false
			}
		}
		return true
	case shape.Tuple:
		for i, of := range s {
			if !f(with(cty.NumberIntVal(int64(i)), of)) {
				return false
			}
		}
		return true
	}
	return false
}

// marked is a shape's value with the marks of its leaves.
func marked(s shape.Shape) cty.Value {
	v := shape.Value(s)
	for _, l := range shape.Leaves(s) {
		for _, m := range marksOf(l) {
			v = v.Mark(m)
		}
	}
	return v
}
