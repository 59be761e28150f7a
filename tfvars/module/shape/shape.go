// Package shape describes how the text of a secret is put together: which
// parts of it stand in the Terraform code, which come from which variable, and
// which are not known.
//
// A shape serves two ends. A text of which something is unknown can be compared
// as far as it is known ([Shape] with unknown leaves). And a text that somebody
// wrote into Secrets Manager can be taken apart into the variables that would
// make it ([Invert]).
package shape

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// Shape is one of [Leaf], [Concat], [JSON], [Object] and [Tuple].
type Shape interface{ shape() }

// Leaf is a value that is not taken apart any further.
type Leaf struct {
	Value  cty.Value // without marks; may be unknown
	Source *Source   // the variable that it is, if it is one

	Awaits    []string  // addresses that have to be known before Value is
	Variables []string  // root variables that flow into it
	Sensitive bool      // one of them, or the expression itself, is marked sensitive
	Range     hcl.Range // of the expression; empty if it stands in several

	// Parts tells which of these belong to which part of Value; nil if they
	// belong to all of it alike.
	Parts []Part
}

// Source is a root variable, or what Path leads to in its value.
type Source struct {
	Variable string
	Path     cty.Path // of attribute names and string or number keys
}

// Concat is a text made of its parts, one after the other.
type Concat []Shape

// JSON is the text that jsonencode makes of a value.
type JSON struct{ Of Shape }

// Object is an object, or a map, whose keys are all known.
type Object map[string]Shape

// Tuple is a list whose length is known.
type Tuple []Shape

func (Leaf) shape()   {}
func (Concat) shape() {}
func (JSON) shape()   {}
func (Object) shape() {}
func (Tuple) shape()  {}

// String returns the source as it stands in an expression: db.password,
// hosts["a.example"]; without "var.".
func (s Source) String() string {
	var b strings.Builder
	b.WriteString(s.Variable)
	for _, step := range s.Path {
		switch step := step.(type) {
		case cty.GetAttrStep:
			b.WriteString("." + step.Name)
		case cty.IndexStep:
			key, err := convert.Convert(step.Key, cty.String)
			if err != nil || !key.IsKnown() || key.IsNull() {
				b.WriteString("[?]")
			} else if step.Key.Type() == cty.Number {
				b.WriteString("[" + key.AsString() + "]")
			} else {
				b.WriteString("[" + quote(key.AsString()) + "]")
			}
		}
	}
	return b.String()
}

func quote(s string) string {
	var b bytes.Buffer
	v, err := ctyjson.Marshal(cty.StringVal(s), cty.String)
	if err != nil {
		return `"?"`
	}
	b.Write(v)
	return b.String()
}

// Step returns what a key or index leads to in a shape; ok is false if that
// can't be told.
func Step(s Shape, key cty.Value) (Shape, bool) {
	switch s := s.(type) {
	case Object:
		if key.Type() != cty.String || !key.IsKnown() || key.IsNull() {
			return nil, false
		}
		next, ok := s[key.AsString()]
		return next, ok
	case Tuple:
		if key.Type() != cty.Number || !key.IsKnown() || key.IsNull() {
			return nil, false
		}
		i, _ := key.AsBigFloat().Int64()
		if i < 0 || i >= int64(len(s)) {
			return nil, false
		}
		return s[i], true
	case Leaf:
		return s.step(key)
	}
	return nil, false
}

func (l Leaf) step(key cty.Value) (Shape, bool) {
	v := l.Value
	if !v.IsKnown() || v.IsNull() {
		return nil, false
	}
	var next cty.Value
	var step cty.PathStep
	switch {
	case v.Type().IsObjectType():
		if key.Type() != cty.String || !v.Type().HasAttribute(key.AsString()) {
			return nil, false
		}
		next, step = v.GetAttr(key.AsString()), cty.GetAttrStep{Name: key.AsString()}
	case v.Type().IsMapType(), v.Type().IsListType(), v.Type().IsTupleType():
		if has := v.HasIndex(key); !has.IsKnown() || has.False() {
			return nil, false
		}
		next, step = v.Index(key), cty.IndexStep{Key: key}
	default:
		return nil, false
	}
	out := l.inside(step)
	out.Value = next
	if next.IsWhollyKnown() {
		out.Awaits = nil
	}
	if l.Source != nil {
		out.Source = &Source{Variable: l.Source.Variable, Path: append(slices.Clone(l.Source.Path), step)}
	}
	return out, true
}

// Open turns a leaf that is a known object or map into an [Object] and one that
// is a known tuple or list into a [Tuple]; other shapes stay.
func Open(s Shape) Shape {
	l, ok := s.(Leaf)
	if !ok || !l.Value.IsKnown() || l.Value.IsNull() {
		return s
	}
	switch ty := l.Value.Type(); {
	case ty.IsObjectType(), ty.IsMapType():
		o := Object{}
		for it := l.Value.ElementIterator(); it.Next(); {
			key, _ := it.Element()
			if o[key.AsString()], ok = l.step(key); !ok {
				return s
			}
		}
		return o
	case ty.IsTupleType(), ty.IsListType():
		var t Tuple
		for it := l.Value.ElementIterator(); it.Next(); {
			key, _ := it.Element()
			item, ok := l.step(key)
			if !ok {
				return s
			}
			t = append(t, item)
		}
		return t
	}
	return s
}

// Value returns the value of a shape; unknown where something is.
func Value(s Shape) cty.Value {
	switch s := s.(type) {
	case Leaf:
		return s.Value
	case Concat:
		var b strings.Builder
		for _, part := range s {
			text, ok := Text(part)
			if !ok {
				return cty.UnknownVal(cty.String)
			}
			b.WriteString(text)
		}
		return cty.StringVal(b.String())
	case JSON:
		v := Value(s.Of)
		if !v.IsWhollyKnown() {
			return cty.UnknownVal(cty.String)
		}
		text, err := ctyjson.Marshal(v, v.Type())
		if err != nil {
			return cty.UnknownVal(cty.String)
		}
		return cty.StringVal(string(text))
	case Object:
		attrs := make(map[string]cty.Value, len(s))
		for key, of := range maps.All(s) {
			attrs[key] = Value(of)
		}
		return cty.ObjectVal(attrs)
	case Tuple:
		items := make([]cty.Value, len(s))
		for i, of := range s {
			items[i] = Value(of)
		}
		return cty.TupleVal(items)
	}
	return cty.DynamicVal
}

// Text returns the text of a shape that is known throughout, as a template
// would insert it.
func Text(s Shape) (string, bool) {
	v, err := convert.Convert(Value(s), cty.String)
	if err != nil || !v.IsKnown() || v.IsNull() {
		return "", false
	}
	return v.AsString(), true
}

// Leaves returns the leaves of a shape, in order; those of an object by key.
func Leaves(s Shape) []Leaf {
	var all []Leaf
	switch s := s.(type) {
	case Leaf:
		return []Leaf{s}
	case Concat:
		for _, part := range s {
			all = append(all, Leaves(part)...)
		}
	case JSON:
		return Leaves(s.Of)
	case Object:
		for _, key := range slices.Sorted(maps.Keys(s)) {
			all = append(all, Leaves(s[key])...)
		}
	case Tuple:
		for _, item := range s {
			all = append(all, Leaves(item)...)
		}
	}
	return all
}

// flat returns the parts of a text in order, those of nested Concats included.
func flat(s Shape) []Shape {
	c, ok := s.(Concat)
	if !ok {
		return []Shape{s}
	}
	var out []Shape
	for _, part := range c {
		out = append(out, flat(part)...)
	}
	return out
}
