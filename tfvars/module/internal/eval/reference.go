package eval

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"hci/tfvars/module/internal/config"
)

// Reference tells which instance's id or arn an expression is, if it is nothing
// but a reference to a managed resource of this module: type.name.id,
// type.name["key"].arn, type.name[each.key].id.
func (in *Instance) Reference(expr hcl.Expression, rep Repetition) (address, attribute string, ok bool) {
	var t, rest hcl.Traversal
	key := cty.NilVal
	switch e := expr.(type) {
	case *hclsyntax.ScopeTraversalExpr:
		t, rest = e.Traversal, nil
	case *hclsyntax.RelativeTraversalExpr:
		index, isIndex := e.Source.(*hclsyntax.IndexExpr)
		if !isIndex {
			return "", "", false
		}
		block, isBlock := index.Collection.(*hclsyntax.ScopeTraversalExpr)
		if !isBlock || len(block.Traversal) != 2 {
			return "", "", false
		}
		t, rest = block.Traversal, e.Traversal
		before := len(in.graph.diags)
		key, _ = in.Eval(index.Key, rep).Unmark()
		in.graph.diags = in.graph.diags[:before] // reported when the whole is evaluated
	default:
		return "", "", false
	}
	names := steps(t, 1)
	if len(names) == 0 {
		return "", "", false
	}
	r, ok := in.Config.Resources[t.RootName()+"."+names[0]]
	if !ok || r.Mode != config.Managed {
		return "", "", false
	}
	if rest == nil {
		rest = t[2:]
		if index, isIndex := first(rest).(hcl.TraverseIndex); isIndex {
			key, rest = index.Key, rest[1:]
		}
	}
	attr, isAttr := first(rest).(hcl.TraverseAttr)
	if !isAttr || len(rest) != 1 || attr.Name != "id" && attr.Name != "arn" {
		return "", "", false
	}
	return in.instanceAddress(r, key, attr.Name)
}

func (in *Instance) instanceAddress(r *config.Resource, key cty.Value, attribute string) (string, string, bool) {
	e := in.Instances(r)
	switch {
	case e.Items == nil, (key == cty.NilVal) != (e.kind == single):
		return "", "", false
	case e.kind == single:
		return in.Address(r.Key()), attribute, true
	}
	rep, ok := e.find(key)
	if !ok {
		return "", "", false
	}
	return in.Address(r.Key() + rep.Suffix()), attribute, true
}

func first(t hcl.Traversal) hcl.Traverser {
	if len(t) == 0 {
		return nil
	}
	return t[0]
}
