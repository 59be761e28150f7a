package project

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// What an expression of an env block may name.
const (
	rootVar    = "var"    // var.NAME, a Terraform variable
	rootSecret = "secret" // secret.LABEL, a secret that Terraform declares
)

// envKey is what POSIX allows as the name of an environment variable.
//
// https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html
var envKey = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`) })

// EnvVar is one entry of an env block. Its expression names nothing but
// variables and secrets, and calls no functions.
type EnvVar struct {
	Key          string
	Expr         hcl.Expression
	File         string // hci.hcl, with the place of the key
	Line, Column int
}

// IsNull reports whether the expression is the word null: the key is dropped.
func (v EnvVar) IsNull() bool {
	lit, ok := bare(v.Expr).(*hclsyntax.LiteralValueExpr)
	return ok && lit.Val.IsNull()
}

// Renames returns NAME if the expression is exactly var.NAME: the variable is
// exported under this key instead of its own.
func (v EnvVar) Renames() (name string, ok bool) {
	t, ok := bare(v.Expr).(*hclsyntax.ScopeTraversalExpr)
	if !ok || len(t.Traversal) != 2 || t.Traversal.RootName() != rootVar {
		return "", false
	}
	return attribute(t.Traversal)
}

// bare takes the parentheses from an expression.
func bare(e hcl.Expression) hcl.Expression {
	for {
		p, ok := e.(*hclsyntax.ParenthesesExpr)
		if !ok {
			return e
		}
		e = p.Expression
	}
}

// References returns the names of the variables and the labels of the secrets
// that the expression names, each sorted.
func (v EnvVar) References() (variables, secrets []string) {
	vars, secs := map[string]bool{}, map[string]bool{}
	for _, t := range v.Expr.Variables() {
		name, ok := attribute(t)
		if !ok {
			continue
		}
		switch t.RootName() {
		case rootVar:
			vars[name] = true
		case rootSecret:
			secs[name] = true
		}
	}
	return slices.Sorted(maps.Keys(vars)), slices.Sorted(maps.Keys(secs))
}

// attribute returns the name after the root of a traversal: NAME in var.NAME
// and in var["NAME"].
func attribute(t hcl.Traversal) (string, bool) {
	if len(t) < 2 {
		return "", false
	}
	switch step := t[1].(type) {
	case hcl.TraverseAttr:
		return step.Name, true
	case hcl.TraverseIndex:
		if step.Key.Type() == cty.String && step.Key.IsKnown() && !step.Key.IsNull() {
			return step.Key.AsString(), true
		}
	}
	return "", false
}

// env reads an env block.
func (r *reader) env(b *hclsyntax.Block) []EnvVar {
	for _, inner := range b.Body.Blocks {
		r.report(&inner.TypeRange, "an env block holds KEY = expression only")
	}
	var vars []EnvVar
	for _, key := range slices.Sorted(maps.Keys(b.Body.Attributes)) {
		attr := b.Body.Attributes[key]
		if !envKey().MatchString(key) {
			r.report(&attr.NameRange, fmt.Sprintf("%q is no name of an environment variable: letters, digits and _ only, and no digit first", key))
			continue
		}
		r.expression(key, attr.Expr)
		vars = append(vars, EnvVar{
			Key: key, Expr: attr.Expr, File: r.path,
			Line: attr.NameRange.Start.Line, Column: attr.NameRange.Start.Column,
		})
	}
	return vars
}

// expression reports what the expression of an env block must not hold.
func (r *reader) expression(key string, expr hclsyntax.Expression) {
	for _, t := range expr.Variables() {
		at := t.SourceRange()
		if root := t.RootName(); root != rootVar && root != rootSecret {
			r.report(&at, fmt.Sprintf("%s: %q is not known here: var.NAME and secret.LABEL are", key, root))
		} else if _, ok := attribute(t); !ok {
			r.report(&at, fmt.Sprintf("%s: %q alone names nothing: write %s.NAME", key, root, root))
		}
	}
	_ = hclsyntax.VisitAll(expr, func(n hclsyntax.Node) hcl.Diagnostics {
		if call, ok := n.(*hclsyntax.FunctionCallExpr); ok {
			r.report(&call.NameRange, fmt.Sprintf("%s: functions cannot be used here; compute it in Terraform", key))
		}
		return nil
	})
}
