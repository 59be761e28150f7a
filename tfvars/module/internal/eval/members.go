package eval

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"hci/tfvars/module/internal/config"
)

// members returns the attributes that an expression takes of a resource's
// instances, where it takes nothing else of them: x[each.key].name, x[*].name,
// [for q in x : q.name]. It is nil if the expression can see an instance as a
// whole, as jsonencode(x) does.
func members(expr hcl.Expression, r *config.Resource) []string {
	node, ok := expr.(hclsyntax.Expression)
	if !ok || r.Mode != config.Managed {
		return nil
	}
	w := &memberWalk{typ: r.Type, name: r.Name}
	_ = hclsyntax.Walk(node, w)
	if w.whole {
		return nil
	}
	return w.names
}

// memberWalk follows the path from the expression's top to each node.
type memberWalk struct {
	typ, name string
	path      []hclsyntax.Node
	names     []string
	whole     bool
}

func (w *memberWalk) Enter(n hclsyntax.Node) hcl.Diagnostics {
	if t, ok := n.(*hclsyntax.ScopeTraversalExpr); ok && w.means(t.Traversal) {
		name, ok := w.member(t)
		w.names, w.whole = append(w.names, name), w.whole || !ok
	}
	w.path = append(w.path, n)
	return nil
}

func (w *memberWalk) Exit(hclsyntax.Node) hcl.Diagnostics {
	w.path = w.path[:len(w.path)-1]
	return nil
}

// means reports whether a reference is to the resource.
func (w *memberWalk) means(t hcl.Traversal) bool {
	if len(t) < 2 || t.RootName() != w.typ {
		return false
	}
	step, ok := t[1].(hcl.TraverseAttr)
	return ok && step.Name == w.name
}

// up is the node that is n levels above the one at hand, nil if there is none.
func (w *memberWalk) up(n int) hclsyntax.Node {
	if len(w.path) < n {
		return nil
	}
	return w.path[len(w.path)-n]
}

// member is the attribute that a reference to the resource ends in.
func (w *memberWalk) member(t *hclsyntax.ScopeTraversalExpr) (string, bool) {
	rest := t.Traversal[2:]
	if len(rest) > 0 {
		if _, indexed := rest[0].(hcl.TraverseIndex); indexed { // x[0].name
			rest = rest[1:]
		}
		return attrName(rest)
	}
	switch parent := w.up(1).(type) {
	case *hclsyntax.IndexExpr: // x[each.key].name
		if outer, ok := w.up(2).(*hclsyntax.RelativeTraversalExpr); ok && parent.Collection == t && outer.Source == parent {
			return attrName(outer.Traversal)
		}
	case *hclsyntax.SplatExpr: // x[*].name
		if each, ok := parent.Each.(*hclsyntax.RelativeTraversalExpr); ok && parent.Source == t && each.Source == parent.Item {
			return attrName(each.Traversal)
		}
	case *hclsyntax.ForExpr: // [for q in x : q.name]
		if parent.CollExpr == t {
			return w.loop(parent)
		}
	}
	return "", false
}

// loop looks at what a for expression takes of the element that it is at. More
// than one attribute is noted as it is found.
func (w *memberWalk) loop(e *hclsyntax.ForExpr) (last string, ok bool) {
	for _, part := range []hclsyntax.Expression{e.KeyExpr, e.ValExpr, e.CondExpr} {
		if part == nil {
			continue
		}
		for _, t := range part.Variables() {
			if t.RootName() != e.ValVar {
				continue
			}
			if last, ok = attrName(t[1:]); !ok {
				return "", false
			}
			w.names = append(w.names, last)
		}
	}
	return last, last != ""
}

func attrName(t hcl.Traversal) (string, bool) {
	step, ok := first(t).(hcl.TraverseAttr)
	return step.Name, ok
}
