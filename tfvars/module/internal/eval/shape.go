package eval

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"hci/tfvars"
	"hci/tfvars/module/internal/config"
	"hci/tfvars/module/internal/mark"
	"hci/tfvars/module/shape"
)

// ArgumentShape tells how the value of a resource's argument is put together,
// for one instance. It must be there.
func (in *Instance) ArgumentShape(r *config.Resource, rep Repetition, name string) shape.Shape {
	// What can't be evaluated has been reported when the value was.
	defer func(n int) { in.graph.diags = in.graph.diags[:n] }(len(in.graph.diags))
	w := &shaper{in: in, rep: rep, forEach: r.ForEach}
	return w.of(r.Attrs[name], 0)
}

// EncodedShape is ArgumentShape of an argument that holds base64. Where that is
// made of a text by base64encode, the shape is the text's, and encoded is false.
func (in *Instance) EncodedShape(r *config.Resource, rep Repetition, name string) (s shape.Shape, encoded bool) {
	call, ok := r.Attrs[name].(*hclsyntax.FunctionCallExpr)
	if !ok || len(call.Args) != 1 || call.ExpandFinal || strings.TrimPrefix(call.Name, "core::") != "base64encode" {
		return in.ArgumentShape(r, rep, name), true
	}
	defer func(n int) { in.graph.diags = in.graph.diags[:n] }(len(in.graph.diags))
	w := &shaper{in: in, rep: rep, forEach: r.ForEach}
	return w.of(call.Args[0], 0), false
}

// shaper takes expressions of one block apart. It never says more than is
// certain: what it doesn't know how to take apart is a leaf.
type shaper struct {
	in      *Instance
	rep     Repetition
	forEach hcl.Expression // what each.value comes from

	bound  map[string]shape.Shape // variables of for expressions
	values map[string]cty.Value   // theirs
}

func (w *shaper) eval(expr hcl.Expression) cty.Value {
	return w.in.evalWith(expr, w.rep, w.values)
}

func known(v cty.Value) bool {
	v, _ = v.UnmarkDeep()
	return v.IsWhollyKnown()
}

// maxShape bounds how deep a shape follows references.
const maxShape = 200

func (w *shaper) leaf(expr hcl.Expression) shape.Shape {
	return leafOf(w.eval(expr), expr.Range())
}

// leafOf is a value without its marks, and what they say.
func leafOf(v cty.Value, at hcl.Range) shape.Leaf {
	bare, marks := v.UnmarkDeepWithPaths()
	l := shape.Leaf{Value: bare, Awaits: mark.Awaited(v), Variables: mark.Variables(v), Range: at}
	alike := true
	for _, m := range marks {
		_, sensitive := m.Marks[mark.Sensitive{}]
		l.Sensitive = l.Sensitive || sensitive
		alike = alike && len(m.Path) == 0
	}
	if alike {
		return l
	}
	for _, m := range marks {
		// An unknown value alone tells what it waits for.
		of := cty.DynamicVal.WithMarks(m.Marks)
		_, sensitive := m.Marks[mark.Sensitive{}]
		l.Parts = append(l.Parts, shape.Part{Path: m.Path, Awaits: mark.Awaited(of), Variables: mark.Variables(of), Sensitive: sensitive})
	}
	return l
}

//hci:long one case for each kind of expression
func (w *shaper) of(expr hcl.Expression, depth int) shape.Shape {
	if depth > maxShape || !w.in.graph.spend(expr.Range()) {
		return w.leaf(expr)
	}
	switch e := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		return w.of(e.Expression, depth+1)
	case *hclsyntax.TemplateWrapExpr:
		return w.of(e.Wrapped, depth+1)
	case *hclsyntax.TemplateExpr:
		return w.template(e, depth)
	case *hclsyntax.ConditionalExpr:
		return w.conditional(e, depth)
	case *hclsyntax.ScopeTraversalExpr:
		if s, ok := w.reference(e.Traversal, depth); ok {
			return s
		}
	case *hclsyntax.RelativeTraversalExpr:
		if s, ok := steppedBy(w.of(e.Source, depth+1), e.Traversal); ok {
			return s
		}
	case *hclsyntax.IndexExpr:
		key, _ := w.eval(e.Key).Unmark()
		if s, ok := shape.Step(w.of(e.Collection, depth+1), key); ok {
			return s
		}
	case *hclsyntax.ObjectConsExpr:
		if s, ok := w.object(e, depth); ok {
			return s
		}
	case *hclsyntax.TupleConsExpr:
		t := make(shape.Tuple, len(e.Exprs))
		for i, item := range e.Exprs {
			t[i] = w.of(item, depth+1)
		}
		return t
	case *hclsyntax.ForExpr:
		// Of a resource, the loop as a whole can tell what its elements by
		// themselves can't: see [members].
		if s, ok := w.loop(e, depth); ok && (shape.Value(s).IsWhollyKnown() || !known(w.eval(e))) {
			return s
		}
	case *hclsyntax.FunctionCallExpr:
		if s, ok := w.call(e, depth); ok {
			return s
		}
	case hclsyntax.Expression:
	default:
		return w.json(expr, depth)
	}
	return w.leaf(expr)
}

// marksOf are the marks of which a leaf tells.
func marksOf(l shape.Leaf) []any {
	var all []any
	for _, name := range l.Variables {
		all = append(all, mark.Origin{Variable: name})
	}
	for _, address := range l.Awaits {
		all = append(all, mark.Awaits{Address: address})
	}
	if l.Sensitive {
		all = append(all, mark.Sensitive{})
	}
	return all
}

// json takes apart an expression of the JSON syntax, in which a string is a
// template.
func (w *shaper) json(expr hcl.Expression, depth int) shape.Shape {
	if items, diags := hcl.ExprList(expr); !diags.HasErrors() {
		t := make(shape.Tuple, len(items))
		for i, item := range items {
			t[i] = w.of(item, depth+1)
		}
		return t
	}
	if pairs, diags := hcl.ExprMap(expr); !diags.HasErrors() {
		o := make(shape.Object, len(pairs))
		for _, pair := range pairs {
			key, _ := w.eval(pair.Key).Unmark()
			if !key.IsKnown() || key.IsNull() || key.Type() != cty.String {
				return w.leaf(expr)
			}
			o[key.AsString()] = w.of(pair.Value, depth+1)
		}
		return o
	}
	raw, diags := expr.Value(nil) // without a context, a string is what it says
	if diags.HasErrors() || raw.Type() != cty.String || raw.IsNull() {
		return w.leaf(expr)
	}
	if tfvars.TemplateLimits([]byte(raw.AsString()), "") != nil {
		return w.leaf(expr)
	}
	inner, diags := hclsyntax.ParseTemplate([]byte(raw.AsString()), expr.Range().Filename, hcl.InitialPos)
	if diags.HasErrors() {
		return w.leaf(expr)
	}
	return w.of(inner, depth+1)
}

func (w *shaper) template(e *hclsyntax.TemplateExpr, depth int) shape.Shape {
	c := make(shape.Concat, len(e.Parts))
	for i, part := range e.Parts {
		c[i] = w.of(part, depth+1)
	}
	return c
}

// conditional is the branch that is taken, if that is known and the result has
// its type.
func (w *shaper) conditional(e *hclsyntax.ConditionalExpr, depth int) shape.Shape {
	cond, _ := w.eval(e.Condition).Unmark()
	if !cond.IsKnown() || cond.IsNull() || cond.Type() != cty.Bool {
		return w.leaf(e)
	}
	branch := e.FalseResult
	if cond.True() {
		branch = e.TrueResult
	}
	whole, _ := w.eval(e).Unmark()
	taken, _ := w.eval(branch).Unmark()
	if !whole.Type().Equals(taken.Type()) {
		return w.leaf(e)
	}
	return w.of(branch, depth+1)
}

// reference follows a reference to where its value comes from.
func (w *shaper) reference(t hcl.Traversal, depth int) (shape.Shape, bool) {
	if s, ok := w.bound[t.RootName()]; ok {
		return steppedBy(s, t[1:])
	}
	names := steps(t, 1)
	if len(names) == 0 {
		return nil, false
	}
	rest := t[2:]
	switch t.RootName() {
	case "local":
		l, ok := w.in.Config.Locals[names[0]]
		if !ok {
			return nil, false
		}
		return steppedBy((&shaper{in: w.in}).of(l.Expr, depth+1), rest)
	case "var":
		s, ok := w.variable(names[0], t.SourceRange(), depth)
		if !ok {
			return nil, false
		}
		return steppedBy(s, rest)
	case "each":
		if names[0] != "value" || w.forEach == nil || w.rep.Key == cty.NilVal {
			return nil, false
		}
		s, ok := shape.Step((&shaper{in: w.in}).of(w.forEach, depth+1), w.rep.Key)
		if !ok {
			return nil, false
		}
		return steppedBy(s, rest)
	case "module":
		return w.output(t, names[0], depth)
	}
	return nil, false
}

func steppedBy(s shape.Shape, t hcl.Traversal) (shape.Shape, bool) {
	for _, step := range t {
		var ok bool
		switch step := step.(type) {
		case hcl.TraverseAttr:
			s, ok = shape.Step(s, cty.StringVal(step.Name))
		case hcl.TraverseIndex:
			s, ok = shape.Step(s, step.Key)
		}
		if !ok {
			return nil, false
		}
	}
	return s, true
}

// variable is a root variable's value or, in a called module, what the caller
// gives, where that stays as it is.
func (w *shaper) variable(name string, at hcl.Range, depth int) (shape.Shape, bool) {
	v, ok := w.in.Config.Variables[name]
	if !ok {
		return nil, false
	}
	if w.in.Parent == nil {
		l := leafOf(w.in.Variable(name), at)
		l.Source = &shape.Source{Variable: name}
		return l, true
	}
	expr, ok := w.in.call.Inputs[name]
	if !ok || !v.Type.IsPrimitiveType() && v.Type != cty.DynamicPseudoType {
		return nil, false
	}
	up := &shaper{in: w.in.Parent, rep: w.in.repeat, forEach: w.in.call.ForEach}
	s := up.of(expr, depth+1)
	switch given := shape.Value(s); {
	case given.IsKnown() && given.IsNull(): // the default may take its place
		return nil, false
	case v.Type == cty.String:
		return shape.Concat{s}, true
	default:
		return s, v.Type == cty.DynamicPseudoType || given.Type() == v.Type
	}
}

// output follows module.name.output and module.name["key"].output.
func (w *shaper) output(t hcl.Traversal, name string, depth int) (shape.Shape, bool) {
	call, ok := w.in.Config.Calls[name]
	if !ok || call.Module == nil {
		return nil, false
	}
	e := w.in.expand("module."+name, call.Count, call.ForEach)
	rest, rep := t[2:], Repetition{}
	if e.kind != single {
		if len(rest) == 0 {
			return nil, false
		}
		idx, ok := rest[0].(hcl.TraverseIndex)
		if !ok {
			return nil, false
		}
		if rep, ok = e.find(idx.Key); !ok {
			return nil, false
		}
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return nil, false
	}
	attr, ok := rest[0].(hcl.TraverseAttr)
	if !ok {
		return nil, false
	}
	out, ok := call.Module.Outputs[attr.Name]
	if !ok {
		return nil, false
	}
	return steppedBy((&shaper{in: w.in.child(call, rep)}).of(out.Expr, depth+1), rest[1:])
}

func (w *shaper) object(e *hclsyntax.ObjectConsExpr, depth int) (shape.Shape, bool) {
	o := make(shape.Object, len(e.Items))
	for _, item := range e.Items {
		key, _ := w.eval(item.KeyExpr).Unmark()
		if !key.IsKnown() || key.IsNull() || key.Type() != cty.String {
			return nil, false
		}
		o[key.AsString()] = w.of(item.ValueExpr, depth+1)
	}
	return o, true
}
