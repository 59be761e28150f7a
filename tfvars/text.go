package tfvars

import (
	"errors"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"hci/sync/secret"
)

var (
	// ErrNull is the error of [Text] for null, which has no text.
	ErrNull = errors.New("the value is null")
	// ErrUnknown is the error of [Text] for a value that is not known, in
	// whole or in part.
	ErrUnknown = errors.New("the value is not known")
	// ErrNoText is the error of [Text] for what JSON can't hold: infinity
	// inside of a list or an object.
	ErrNoText = errors.New("the value can't be written as JSON")
	// ErrNotValue is the error of [FromText] for a text that is not of the
	// declared type.
	ErrNotValue = errors.New("not a value of the declared type")
)

// Text returns a value's text: Terraform's tostring for a string, a number and
// a bool, and its jsonencode for the others, byte for byte.
func Text(v cty.Value) (secret.Value, error) {
	v, _ = v.UnmarkDeep()
	switch {
	case v == cty.NilVal || !v.IsWhollyKnown():
		return secret.Value{}, ErrUnknown
	case v.IsNull():
		return secret.Value{}, ErrNull
	case widest(v) > maxDigits:
		return secret.Value{}, errors.New(tooWide)
	case v.Type().IsPrimitiveType():
		s, err := convert.Convert(v, cty.String)
		if err != nil {
			return secret.Value{}, ErrNoText
		}
		return secret.New(s.AsString()), nil
	}
	b, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		return secret.Value{}, ErrNoText
	}
	// Terraform's strings are normalized (NFC), the text of jsonencode too: a
	// combining accent behind "\u003c" becomes one with the "c" there. What
	// Terraform writes is what is compared with, so the same is done here.
	return secret.New(cty.StringVal(string(b)).AsString()), nil
}

// FromText returns the value of the type want that a text typed by a user
// stands for. For a string, and where no type is declared, it is the text
// itself; for a number and a bool the text is converted as Terraform converts
// a TF_VAR_ variable; for the other types it is an expression in Terraform's
// language, without variables and functions. Errors do not quote the text.
func FromText(text string, want cty.Type) (cty.Value, error) {
	switch {
	case len(text) > MaxSize:
		return cty.NilVal, fmt.Errorf("%w: it is larger than 16 MiB", ErrNotValue)
	case want == cty.String || want == cty.DynamicPseudoType:
		return cty.StringVal(text), nil
	case want.IsPrimitiveType():
		return converted(cty.StringVal(text), want)
	}
	v, err := expression(text)
	if err != nil {
		return cty.NilVal, err
	}
	return converted(v, want)
}

func converted(v cty.Value, want cty.Type) (cty.Value, error) {
	got, err := convert.Convert(v, want)
	switch {
	case err != nil || !got.IsWhollyKnown():
		return cty.NilVal, fmt.Errorf("%w: %s is expected", ErrNotValue, article(want))
	case widest(got) > maxDigits:
		return cty.NilVal, fmt.Errorf("%w: %s", ErrNotValue, tooWide)
	case hasInfinity(got):
		return cty.NilVal, fmt.Errorf("%w: infinity can't be written", ErrNotValue)
	}
	return got, nil
}

// article returns "a list of string", "an object".
func article(t cty.Type) string {
	name := t.FriendlyNameForConstraint()
	if name[0] == 'o' || name[0] == 'a' {
		return "an " + name
	}
	return "a " + name
}

func hasInfinity(v cty.Value) bool {
	found := false
	_ = cty.Walk(v, func(_ cty.Path, v cty.Value) (bool, error) {
		if v.Type() == cty.Number && v.IsKnown() && !v.IsNull() && v.AsBigFloat().IsInf() {
			found = true
		}
		return true, nil
	})
	return found
}

// expression computes the value of an expression that refers to nothing.
func expression(text string) (v cty.Value, err error) {
	defer func() {
		if recover() != nil {
			v, err = cty.NilVal, fmt.Errorf("%w: it can't be parsed", ErrNotValue)
		}
	}()
	src := []byte(text)
	if why := tooComplex(src); why != "" {
		return cty.NilVal, fmt.Errorf("%w: %s", ErrNotValue, why)
	}
	expr, diags := hclsyntax.ParseExpression(src, "", hcl.InitialPos)
	if !diags.HasErrors() {
		v, diags = compute(expr)
	}
	if diags.HasErrors() {
		first := problems(diags, src, "")[0]
		return cty.NilVal, fmt.Errorf("%w: line %d, column %d: %s", ErrNotValue, first.Line, first.Column, first.Summary)
	}
	return v, nil
}
