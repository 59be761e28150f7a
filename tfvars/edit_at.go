package tfvars

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// SetAt gives a variable the value whole, of which only the element at the path
// is new. In the native syntax only the bytes of that element change, and of an
// object or a map only those members that are new or gone, so that comments,
// order and layout inside of the value survive; where the path can't be
// followed in the source text, and in JSON, it does what [File.Set] does.
func (f *File) SetAt(name string, path cty.Path, whole cty.Value) error {
	whole, _ = whole.UnmarkDeep()
	i, ok := f.index[name]
	if !ok || f.json != nil || !writable(whole) {
		return f.Set(name, whole)
	}
	element, ok := at(whole, path)
	if !ok {
		return f.Set(name, whole)
	}
	it := f.items[i]
	src := f.src[it.valueAt:it.valueEnd]
	expr, diags := hclsyntax.ParseExpression(src, f.name, hcl.Pos{Line: 1, Column: 1})
	if diags.HasErrors() {
		return f.Set(name, whole)
	}
	found := follow(expr, path)
	if found == nil {
		return f.Set(name, whole)
	}
	want := slices.Clone(f.items)
	want[i].value = whole
	var w writer
	w.value(element, layout{})
	r := found.Range()
	if text, ok := membersText(src, found, element); ok && f.splice(it.valueAt+r.Start.Byte, it.valueAt+r.End.Byte, string(text), want) == nil {
		return nil
	}
	if len(path) == 0 {
		return f.Set(name, whole)
	}
	if f.splice(it.valueAt+r.Start.Byte, it.valueAt+r.End.Byte, w.String(), want) != nil {
		return f.Set(name, whole)
	}
	return nil
}

// at returns the element at a path. An object is gone into by a key as well as
// by an attribute's name: the file does not tell a map from an object.
func at(v cty.Value, path cty.Path) (cty.Value, bool) {
	for _, step := range path {
		if v.IsNull() || !v.IsKnown() || !v.CanIterateElements() {
			return cty.NilVal, false
		}
		name := stepName(step)
		if v.Type().IsObjectType() || v.Type().IsMapType() {
			next, ok := v.AsValueMap()[name]
			if !ok {
				return cty.NilVal, false
			}
			v = next
			continue
		}
		next, err := step.Apply(v)
		if err != nil {
			return cty.NilVal, false
		}
		v = next
	}
	return v, true
}

// follow returns the expression at a path, nil if the text doesn't show it.
func follow(expr hclsyntax.Expression, path cty.Path) hclsyntax.Expression {
	for _, step := range path {
		if p, ok := expr.(*hclsyntax.ParenthesesExpr); ok {
			expr = p.Expression
		}
		switch e := expr.(type) {
		case *hclsyntax.ObjectConsExpr:
			expr = member(e, stepName(step))
		case *hclsyntax.TupleConsExpr:
			expr = element(e, step)
		default:
			return nil
		}
		if expr == nil {
			return nil
		}
	}
	return expr
}

func stepName(step cty.PathStep) string {
	switch step := step.(type) {
	case cty.GetAttrStep:
		return step.Name
	case cty.IndexStep:
		if step.Key.Type() == cty.String && step.Key.IsKnown() && !step.Key.IsNull() {
			return step.Key.AsString()
		}
	}
	return ""
}

// member returns the value of a key, nil unless the key stands there once.
func member(e *hclsyntax.ObjectConsExpr, name string) hclsyntax.Expression {
	var found hclsyntax.Expression
	for _, item := range e.Items {
		key, diags := item.KeyExpr.Value(nil)
		if diags.HasErrors() || !key.IsKnown() || key.IsNull() || keyText(key) != name {
			continue
		}
		if found != nil {
			return nil
		}
		found = item.ValueExpr
	}
	return found
}

func keyText(key cty.Value) string {
	text, err := Text(key)
	if err != nil {
		return ""
	}
	return text.Reveal()
}

func element(e *hclsyntax.TupleConsExpr, step cty.PathStep) hclsyntax.Expression {
	idx, ok := step.(cty.IndexStep)
	if !ok || idx.Key.Type() != cty.Number || !idx.Key.IsKnown() || idx.Key.IsNull() {
		return nil
	}
	i, _ := idx.Key.AsBigFloat().Int64()
	if i < 0 || i >= int64(len(e.Exprs)) {
		return nil
	}
	return e.Exprs[i]
}
