package eval

import (
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"hci/tfvars/module/shape"
)

// call takes the functions apart whose result shows their arguments.
func (w *shaper) call(e *hclsyntax.FunctionCallExpr, depth int) (shape.Shape, bool) {
	if e.ExpandFinal || len(e.Args) == 0 {
		return nil, false
	}
	arg := func(i int) shape.Shape { return w.of(e.Args[i], depth+1) }
	switch strings.TrimPrefix(e.Name, "core::") {
	case "sensitive", "nonsensitive":
		return arg(0), true
	case "tostring":
		return shape.Concat{arg(0)}, true
	case "jsonencode":
		return shape.JSON{Of: arg(0)}, true
	case "concat":
		return w.concat(e, depth)
	case "merge":
		return w.merge(e, depth)
	case "join":
		return w.join(e, depth)
	case "format":
		return w.format(e, depth)
	case "lookup":
		key, _ := w.eval(e.Args[1]).Unmark()
		return shape.Step(arg(0), key)
	case "coalesce":
		return w.coalesce(e, depth)
	}
	return nil, false
}

// merge is the objects' keys, the later ones winning. Of maps the result has
// one type for all keys, which their values may not have: those stay a leaf.
func (w *shaper) merge(e *hclsyntax.FunctionCallExpr, depth int) (shape.Shape, bool) {
	if v := w.eval(e); v.Type().IsMapType() && v.Type().ElementType() != cty.String {
		return nil, false
	}
	all := shape.Object{}
	for _, expr := range e.Args {
		o, ok := shape.Open(w.of(expr, depth+1)).(shape.Object)
		if !ok {
			return nil, false
		}
		for key, s := range o {
			all[key] = s
		}
	}
	return all, true
}

func (w *shaper) concat(e *hclsyntax.FunctionCallExpr, depth int) (shape.Shape, bool) {
	var all shape.Tuple
	for _, expr := range e.Args {
		t, ok := shape.Open(w.of(expr, depth+1)).(shape.Tuple)
		if !ok {
			return nil, false
		}
		all = append(all, t...)
	}
	return all, true
}

func (w *shaper) join(e *hclsyntax.FunctionCallExpr, depth int) (shape.Shape, bool) {
	if len(e.Args) != 2 {
		return nil, false
	}
	sep, _ := w.eval(e.Args[0]).Unmark()
	items, ok := shape.Open(w.of(e.Args[1], depth+1)).(shape.Tuple)
	if !ok || !sep.IsKnown() || sep.IsNull() || sep.Type() != cty.String {
		return nil, false
	}
	var c shape.Concat
	for i, item := range items {
		if i > 0 {
			c = append(c, shape.Leaf{Value: sep})
		}
		c = append(c, item)
	}
	return c, true
}

// format knows formats of %s and %% only.
func (w *shaper) format(e *hclsyntax.FunctionCallExpr, depth int) (shape.Shape, bool) {
	pattern, _ := w.eval(e.Args[0]).Unmark()
	if !pattern.IsKnown() || pattern.IsNull() || pattern.Type() != cty.String {
		return nil, false
	}
	var c shape.Concat
	next, text := 1, pattern.AsString()
	for {
		before, after, found := strings.Cut(text, "%")
		c = append(c, shape.Leaf{Value: cty.StringVal(before)})
		switch {
		case !found:
			return c, next == len(e.Args)
		case strings.HasPrefix(after, "%"):
			c = append(c, shape.Leaf{Value: cty.StringVal("%")})
		case strings.HasPrefix(after, "s") && next < len(e.Args):
			c = append(c, w.of(e.Args[next], depth+1))
			next++
		default:
			return nil, false
		}
		text = after[1:]
	}
}

// coalesce is the first argument that is neither null nor empty.
func (w *shaper) coalesce(e *hclsyntax.FunctionCallExpr, depth int) (shape.Shape, bool) {
	for _, expr := range e.Args {
		v, _ := w.eval(expr).UnmarkDeep()
		switch {
		case !v.IsKnown():
			return nil, false
		case v.IsNull(), v.Type() == cty.String && v.AsString() == "":
			continue
		}
		return w.of(expr, depth+1), v.Type() == cty.String
	}
	return nil, false
}
