package lint

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"hci/tfvars"
)

// Literal is a password that stands in the Terraform code.
type Literal struct {
	File string
	Line int
	Text string // what exactly, without the value
}

// literals collects, from the text of the code, the arguments whose name says
// that they hold a secret and that are given as a literal text, or as a local
// that is one.
type literals struct {
	found  []Literal
	locals map[string]string // literal texts, by directory and name
	asked  []asked
}

// asked is an argument that is a local.
type asked struct {
	Literal
	argument, local string // the local with its directory
}

// Passwords returns the passwords that stand in the code.
func (r *References) Passwords() []Literal {
	all := slices.Clone(r.literals.found)
	for _, a := range r.literals.asked {
		if text, ok := r.literals.locals[a.local]; ok && secretText(a.argument, text) {
			all = append(all, a.Literal)
		}
	}
	return all
}

// read takes up the literals of a file.
func (l *literals) read(body *hclsyntax.Body, file string) {
	for _, b := range body.Blocks {
		switch b.Type {
		case "locals":
			for name, attr := range b.Body.Attributes {
				if text, ok := literalText(attr.Expr); ok {
					l.locals[path.Join(path.Dir(file), name)] = text
				}
				l.argument(attr, "local."+name, file)
			}
		case "variable":
			l.variable(b, file)
		case "resource", "provider", "module":
			where := strings.Join(append([]string{b.Type}, b.Labels...), ".")
			l.body(b.Body, strings.TrimPrefix(where, "resource."), file, ignored(b.Body))
		}
	}
}

// variable looks at a default. One of a variable that is marked sensitive has a
// rule of its own.
func (l *literals) variable(b *hclsyntax.Block, file string) {
	attr, ok := b.Body.Attributes["default"]
	if !ok || len(b.Labels) != 1 {
		return
	}
	if s, ok := b.Body.Attributes["sensitive"]; ok {
		if v, diags := s.Expr.Value(nil); !diags.HasErrors() && v.Type() == cty.Bool && v.IsKnown() && !v.IsNull() && v.True() {
			return
		}
	}
	if text, ok := literalText(attr.Expr); ok && SecretName(b.Labels[0]) && secretText(b.Labels[0], text) {
		l.found = append(l.found, Literal{file, attr.SrcRange.Start.Line, fmt.Sprintf("var.%s has a default", b.Labels[0])})
	}
}

// body looks at the arguments of a block, and of those in it.
func (l *literals) body(body *hclsyntax.Body, where, file string, skip map[string]bool) {
	if skip["*"] {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(body.Attributes)) {
		if !skip[name] {
			l.argument(body.Attributes[name], where+"."+name, file)
		}
	}
	for _, b := range body.Blocks {
		if b.Type != "lifecycle" && !skip[b.Type] {
			l.body(b.Body, where+"."+b.Type, file, nil)
		}
	}
}

func (l *literals) argument(attr *hclsyntax.Attribute, where, file string) {
	if !SecretName(attr.Name) {
		return
	}
	one := Literal{file, attr.SrcRange.Start.Line, where + " is a literal text"}
	if text, ok := literalText(attr.Expr); ok {
		if secretText(attr.Name, text) {
			l.found = append(l.found, one)
		}
		return
	}
	if t, ok := attr.Expr.(*hclsyntax.ScopeTraversalExpr); ok && t.Traversal.RootName() == "local" && len(t.Traversal) == 2 {
		if step, ok := t.Traversal[1].(hcl.TraverseAttr); ok {
			l.asked = append(l.asked, asked{one, attr.Name, path.Join(path.Dir(file), step.Name)})
		}
	}
}

// ignored are the arguments under ignore_changes: what stands there is used once,
// and then replaced. "*" stands for all.
func ignored(body *hclsyntax.Body) map[string]bool {
	names := map[string]bool{}
	for _, b := range body.Blocks {
		attr, ok := b.Body.Attributes["ignore_changes"]
		if b.Type != "lifecycle" || !ok {
			continue
		}
		if hcl.ExprAsKeyword(attr.Expr) == "all" {
			names["*"] = true
		}
		items, _ := hcl.ExprList(attr.Expr)
		for _, item := range items {
			if text, ok := literalText(item); ok {
				names[text] = true
			} else if t, diags := hcl.RelTraversalForExpr(item); !diags.HasErrors() {
				if step, ok := t[0].(hcl.TraverseAttr); ok {
					names[step.Name] = true
				}
			}
		}
	}
	return names
}

// literalText is an expression's text, if it is nothing but one.
func literalText(expr hcl.Expression) (string, bool) {
	if len(expr.Variables()) > 0 {
		return "", false
	}
	switch expr.(type) {
	case *hclsyntax.TemplateExpr, *hclsyntax.LiteralValueExpr, *hclsyntax.ParenthesesExpr:
	default:
		return "", false
	}
	if tfvars.ExpressionLimits(expr) != "" {
		return "", false
	}
	v, diags := expr.Value(nil)
	if diags.HasErrors() || !v.IsKnown() || v.IsNull() || v.Type() != cty.String {
		return "", false
	}
	return v.AsString(), true
}

// readJSON takes up the literals of a file in the JSON syntax, whose lines are
// not told.
func (l *literals) readJSON(src []byte, file string) {
	var top struct {
		Resource, Provider, Module any
		Variable                   map[string]struct {
			Default   any
			Sensitive bool
		}
	}
	if json.Unmarshal(src, &top) != nil {
		return
	}
	for name, v := range top.Variable {
		if text, ok := v.Default.(string); ok && !v.Sensitive && SecretName(name) && secretText(name, text) {
			l.found = append(l.found, Literal{file, 1, fmt.Sprintf("var.%s has a default", name)})
		}
	}
	for where, v := range map[string]any{"": top.Resource, "provider": top.Provider, "module": top.Module} {
		l.json(v, where, file)
	}
}

func (l *literals) json(v any, where, file string) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			l.json(item, where, file)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			inner := strings.TrimPrefix(where+"."+name, ".")
			text, ok := v[name].(string)
			if ok && SecretName(name) && secretText(name, text) && !strings.Contains(text, "${") {
				l.found = append(l.found, Literal{file, 1, inner + " is a literal text"})
			}
			l.json(v[name], inner, file)
		}
	}
}
