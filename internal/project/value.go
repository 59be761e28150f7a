package project

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/gocty"

	"hci/tfvars"
)

// setting is a value that hci.hcl may set, with its place.
type setting[T any] struct {
	set   bool
	value T
	place hcl.Range
}

// or returns the value, or another one if it is not set.
func (s setting[T]) or(other T) T {
	if s.set {
		return s.value
	}
	return other
}

// problem is an error about the value.
func (s setting[T]) problem(summary string) error {
	return tfvars.Problems{{File: s.place.Filename, Line: s.place.Start.Line, Column: s.place.Start.Column, Summary: summary}}
}

// into returns the function that reads an attribute into a setting.
func into[T any](r *reader, s *setting[T], convert func(cty.Value) (T, error)) func(*hclsyntax.Attribute) {
	return func(attr *hclsyntax.Attribute) {
		place := attr.Expr.Range()
		if why := tfvars.ExpressionLimits(attr.Expr); why != "" {
			r.report(&place, fmt.Sprintf("%q: %s", attr.Name, why))
			return
		}
		v, diags := attr.Expr.Value(nil)
		if diags.HasErrors() || !v.IsWhollyKnown() {
			r.report(&place, fmt.Sprintf("%q must be written out, without variables or functions", attr.Name))
			return
		}
		if v.IsNull() {
			return // as if it were not there
		}
		value, err := convert(v)
		if err != nil {
			r.report(&place, fmt.Sprintf("%q %v", attr.Name, err))
			return
		}
		*s = setting[T]{set: true, value: value, place: place}
	}
}

func stringValue(v cty.Value) (string, error) {
	if v.Type() != cty.String {
		return "", errors.New("must be a string")
	}
	s := v.AsString()
	switch {
	case s == "":
		return "", errors.New("must not be empty")
	case strings.ContainsRune(s, 0):
		return "", errors.New("must not hold a NUL")
	}
	return s, nil
}

// pathValue reads a path, relative to hci.hcl or absolute.
func pathValue(v cty.Value) (string, error) {
	s, err := stringValue(v)
	if err == nil && strings.HasPrefix(s, "~") {
		return "", errors.New("must be a path from the directory of hci.hcl; ~ means nothing in it")
	}
	return filepath.FromSlash(s), err
}

// binaryValue reads which program runs the code. It is one of two words, never
// a path: a repository must not name a program to run.
func binaryValue(v cty.Value) (string, error) {
	s, err := stringValue(v)
	if err == nil && s != Terraform && s != OpenTofu {
		return "", fmt.Errorf("must be %q or %q", Terraform, OpenTofu)
	}
	return s, err
}

func boolValue(v cty.Value) (bool, error) {
	if v.Type() != cty.Bool {
		return false, errors.New("must be true or false")
	}
	return v.True(), nil
}

func intValue(v cty.Value) (int, error) {
	var n int
	if v.Type() != cty.Number || gocty.FromCtyValue(v, &n) != nil {
		return 0, errors.New("must be a whole number")
	}
	return n, nil
}

// listOf reads a list.
func listOf(v cty.Value, element func(cty.Value) (string, error)) ([]string, error) {
	if !v.Type().IsTupleType() {
		return nil, errors.New("must be a list of strings")
	}
	list := []string{}
	for _, e := range v.AsValueSlice() {
		if e.IsNull() || e.Type() != cty.String {
			return nil, errors.New("must be a list of strings")
		}
		s, err := element(e)
		if err != nil {
			return nil, fmt.Errorf("holds a string that %w", err)
		}
		list = append(list, s)
	}
	return list, nil
}

func pathsValue(v cty.Value) ([]string, error) { return listOf(v, pathValue) }

// argvValue reads a command: a program and its arguments, which may be empty.
func argvValue(v cty.Value) ([]string, error) {
	if v.Type() == cty.String {
		return nil, errors.New(`must be a list, as no shell is involved: ["program", "argument"]`)
	}
	argv, err := listOf(v, func(e cty.Value) (string, error) {
		if strings.ContainsRune(e.AsString(), 0) {
			return "", errors.New("must not hold a NUL")
		}
		return e.AsString(), nil
	})
	if err != nil {
		return nil, err
	}
	if len(argv) == 0 || argv[0] == "" {
		return nil, errors.New("must name a program")
	}
	return argv, nil
}
