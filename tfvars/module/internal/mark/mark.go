// Package mark defines the cty marks that values carry through the evaluation
// of a Terraform configuration. cty and hcl hand the marks of operands on to
// results, so that a result tells what it is made from.
package mark

import (
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"
)

type (
	// Origin marks what the value of a root variable flows into.
	Origin struct{ Variable string }
	// Awaits marks an unknown value, and what derives from one, with the
	// address of what would have to be known.
	Awaits struct{ Address string }
	// Sensitive and Ephemeral are Terraform's own marks, which the functions
	// issensitive, nonsensitive and ephemeralasnull ask for.
	Sensitive struct{}
	Ephemeral struct{}
)

// Unknown returns an unknown value of the type that awaits the address.
func Unknown(ty cty.Type, address string) cty.Value {
	return cty.UnknownVal(ty).Mark(Awaits{address})
}

// Of returns the marks of a value and of everything in it.
func Of(vals ...cty.Value) cty.ValueMarks {
	all := cty.ValueMarks{}
	for _, v := range vals {
		_, marks := v.UnmarkDeep()
		maps.Copy(all, marks)
	}
	return all
}

// Variables returns the names of the root variables that flow into a value.
func Variables(v cty.Value) []string {
	var names []string
	for m := range Of(v) {
		if o, ok := m.(Origin); ok {
			names = append(names, o.Variable)
		}
	}
	slices.Sort(names)
	return names
}

// Awaited returns the addresses of what has to be known before the value is;
// none if it is known throughout.
func Awaited(v cty.Value) []string {
	v, marks := v.UnmarkDeep()
	if v.IsWhollyKnown() {
		return nil
	}
	var addresses []string
	for m := range marks {
		if a, ok := m.(Awaits); ok {
			addresses = append(addresses, a.Address)
		}
	}
	slices.Sort(addresses)
	return addresses
}

// Trace makes sure that an unknown result tells what it awaits. A few
// operations on values of unknown type drop their marks; their result then
// awaits whatever its expression refers to.
func Trace(v cty.Value, scope map[string]cty.Value) cty.Value {
	bare, marks := v.UnmarkDeep()
	if bare.IsWhollyKnown() {
		return v
	}
	for m := range marks {
		if _, ok := m.(Awaits); ok {
			return v
		}
	}
	return v.WithMarks(Of(slices.Collect(maps.Values(scope))...))
}
