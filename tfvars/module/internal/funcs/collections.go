package funcs

import (
	"errors"
	"math/big"
	"slices"

	"github.com/hashicorp/hcl/v2/ext/customdecode"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

func collections() map[string]function.Function {
	return map[string]function.Function{
		"alltrue":   allOf(true),
		"anytrue":   allOf(false),
		"can":       can(),
		"coalesce":  coalesce(),
		"index":     index(),
		"length":    length(),
		"lookup":    lookup(),
		"matchkeys": matchKeys(),
		"one":       one(),
		"sum":       sum(),
		"transpose": transpose(),
		"try":       try(),
	}
}

// try is hcl's own tryfunc, except that an unknown result keeps its marks.
func try() function.Function {
	return function.New(&function.Spec{
		VarParam: &function.Parameter{Name: "expressions", Type: customdecode.ExpressionClosureType},
		Type: func(args []cty.Value) (cty.Type, error) {
			v, err := firstThatWorks(args)
			if err != nil {
				return cty.NilType, err
			}
			return v.Type(), nil
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return firstThatWorks(args) },
	})
}

func firstThatWorks(args []cty.Value) (cty.Value, error) {
	for _, arg := range args {
		v, diags := customdecode.ExpressionClosureFromVal(arg).Value()
		if diags.HasErrors() {
			continue
		}
		if bare, marks := v.UnmarkDeep(); !bare.IsWhollyKnown() {
			// Whether the expression works can change when it is known.
			return cty.DynamicVal.WithMarks(marks), nil
		}
		return v, nil
	}
	return cty.NilVal, tellable{"no expression succeeded"}
}

// can is hcl's own, except that an unknown result keeps its marks.
func can() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "expression", Type: customdecode.ExpressionClosureType}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, diags := customdecode.ExpressionClosureFromVal(args[0]).Value()
			if diags.HasErrors() {
				return cty.False, nil
			}
			if bare, marks := v.UnmarkDeep(); !bare.IsWhollyKnown() {
				return cty.UnknownVal(cty.Bool).WithMarks(marks), nil
			}
			return cty.True, nil
		},
	})
}

func coalesce() function.Function {
	return function.New(&function.Spec{
		VarParam: &function.Parameter{
			Name: "vals", Type: cty.DynamicPseudoType,
			AllowNull: true, AllowUnknown: true, AllowDynamicType: true, AllowMarked: true,
		},
		Type: func(args []cty.Value) (cty.Type, error) {
			types := make([]cty.Type, len(args))
			for i, a := range args {
				types[i] = a.Type()
			}
			ty, _ := convert.UnifyUnsafe(types)
			if ty == cty.NilType {
				return ty, tellable{"all arguments must have the same type"}
			}
			return ty, nil
		},
		Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
			passed := cty.ValueMarks{}
			for _, a := range args {
				a, err := convert.Convert(a, ty)
				if err != nil {
					return cty.NilVal, err
				}
				bare, marks := a.Unmark()
				if !bare.IsKnown() {
					return cty.UnknownVal(ty).WithMarks(marks, passed), nil
				}
				if bare.IsNull() || bare.RawEquals(cty.StringVal("")) {
					// What was passed over had a say in the result.
					for m := range marks {
						passed[m] = struct{}{}
					}
					continue
				}
				return a.WithMarks(passed), nil
			}
			return cty.NilVal, tellable{"no non-null, non-empty-string arguments"}
		},
	})
}

func length() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{
			Name: "value", Type: cty.DynamicPseudoType, AllowDynamicType: true, AllowUnknown: true, AllowMarked: true,
		}},
		Type: func(args []cty.Value) (cty.Type, error) {
			ty := args[0].Type()
			if ty == cty.String || ty == cty.DynamicPseudoType || ty.IsTupleType() || ty.IsObjectType() || ty.IsCollectionType() {
				return cty.Number, nil
			}
			return cty.NilType, tellable{"the argument must be a string, a collection type, or a structural type"}
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, marks := args[0].Unmark()
			n := cty.UnknownVal(cty.Number)
			var err error
			switch ty := v.Type(); {
			case ty == cty.DynamicPseudoType:
			case ty == cty.String:
				n, err = stdlib.Strlen(v)
			case ty.IsTupleType():
				n = cty.NumberIntVal(int64(ty.Length()))
			case ty.IsObjectType():
				n = cty.NumberIntVal(int64(len(ty.AttributeTypes())))
			default:
				n = v.Length()
			}
			if err != nil {
				return cty.NilVal, err
			}
			return n.WithMarks(marks), nil
		},
	})
}

func lookup() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{
			{Name: "inputMap", Type: cty.DynamicPseudoType, AllowMarked: true},
			{Name: "key", Type: cty.String, AllowMarked: true},
		},
		VarParam: &function.Parameter{
			Name: "default", Type: cty.DynamicPseudoType,
			AllowUnknown: true, AllowDynamicType: true, AllowNull: true, AllowMarked: true,
		},
		Type: lookupType,
		Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
			m, mapMarks := args[0].Unmark()
			key, keyMarks := args[1].Unmark()
			if !m.IsKnown() || !key.IsKnown() {
				return cty.UnknownVal(ty).WithMarks(mapMarks, keyMarks), nil
			}
			var v cty.Value
			name := key.AsString()
			switch {
			case m.Type().IsObjectType() && m.Type().HasAttribute(name):
				v = m.GetAttr(name)
			case m.Type().IsMapType() && m.HasIndex(key).True():
				v = m.Index(key)
			case len(args) == 3:
				v = args[2]
			default:
				return cty.NilVal, tellable{"the given map has no such key, and there is no default"}
			}
			v, err := convert.Convert(v, ty)
			if err != nil {
				return cty.NilVal, err
			}
			return v.WithMarks(mapMarks, keyMarks), nil
		},
	})
}

func lookupType(args []cty.Value) (cty.Type, error) {
	if len(args) > 3 {
		return cty.NilType, tellable{"lookup takes two or three arguments"}
	}
	ty := args[0].Type()
	switch {
	case ty.IsObjectType():
		key, _ := args[1].Unmark()
		if !key.IsKnown() {
			return cty.DynamicPseudoType, nil
		}
		if ty.HasAttribute(key.AsString()) {
			return ty.AttributeType(key.AsString()), nil
		}
		if len(args) == 3 {
			return args[2].Type(), nil
		}
		return cty.NilType, tellable{"the given object has no such attribute, and there is no default"}
	case ty.IsMapType():
		if len(args) == 3 {
			if _, err := convert.Convert(args[2], ty.ElementType()); err != nil {
				return cty.NilType, tellable{"the default must have the type of the map's elements"}
			}
		}
		return ty.ElementType(), nil
	}
	return cty.NilType, tellable{"lookup requires a map as the first argument"}
}

// allOf is alltrue (want true) and anytrue (want false): the first element that
// differs from want decides.
func allOf(want bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Bool)}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			result := cty.BoolVal(want)
			for it := args[0].ElementIterator(); it.Next(); {
				_, v := it.Element()
				if !v.IsKnown() {
					result = cty.UnknownVal(cty.Bool)
					continue
				}
				if v.IsNull() && want || !v.IsNull() && v.True() != want {
					return cty.BoolVal(!want), nil
				}
			}
			return result, nil
		},
	})
}

func index() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{
			{Name: "list", Type: cty.DynamicPseudoType},
			{Name: "value", Type: cty.DynamicPseudoType},
		},
		Type: function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if ty := args[0].Type(); !ty.IsListType() && !ty.IsTupleType() {
				return cty.NilVal, tellable{"the first argument must be a list or tuple"}
			}
			for it := args[0].ElementIterator(); it.Next(); {
				i, v := it.Element()
				eq, err := stdlib.Equal(v, args[1])
				if err != nil {
					return cty.NilVal, err
				}
				if !eq.IsKnown() {
					return cty.UnknownVal(cty.Number), nil
				}
				if eq.True() {
					return i, nil
				}
			}
			return cty.NilVal, tellable{"item not found"}
		},
	})
}

func one() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
		Type: func(args []cty.Value) (cty.Type, error) {
			ty := args[0].Type()
			switch {
			case ty.IsListType() || ty.IsSetType():
				return ty.ElementType(), nil
			case ty.IsTupleType() && ty.Length() == 0:
				return cty.DynamicPseudoType, nil
			case ty.IsTupleType() && ty.Length() == 1:
				return ty.TupleElementType(0), nil
			}
			return cty.NilType, tellable{"must be a list, set, or tuple value with either zero or one elements"}
		},
		Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
			switch n := args[0].LengthInt(); n {
			case 0:
				return cty.NullVal(ty), nil
			case 1:
				it := args[0].ElementIterator()
				it.Next()
				_, v := it.Element()
				return v, nil
			}
			return cty.NilVal, tellable{"must be a list, set, or tuple value with either zero or one elements"}
		},
	})
}

func sum() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if !args[0].CanIterateElements() || args[0].LengthInt() == 0 {
				return cty.NilVal, tellable{"cannot sum an empty list"}
			}
			if !args[0].IsWhollyKnown() {
				return cty.UnknownVal(cty.Number), nil
			}
			total := new(big.Float)
			for it := args[0].ElementIterator(); it.Next(); {
				_, v := it.Element()
				v, err := convert.Convert(v, cty.Number)
				if err != nil || v.IsNull() {
					return cty.NilVal, tellable{"argument must be list, set, or tuple of number values"}
				}
				s, err := stdlib.Add(cty.NumberVal(total), v)
				if err != nil {
					return cty.NilVal, err
				}
				total = s.AsBigFloat()
			}
			return cty.NumberVal(total), nil
		},
	})
}

func matchKeys() function.Function {
	list := cty.List(cty.DynamicPseudoType)
	return function.New(&function.Spec{
		Params: []function.Parameter{
			{Name: "values", Type: list}, {Name: "keys", Type: list}, {Name: "searchset", Type: list},
		},
		Type: func(args []cty.Value) (cty.Type, error) {
			if ty, _ := convert.UnifyUnsafe([]cty.Type{args[1].Type(), args[2].Type()}); ty == cty.NilType {
				return cty.NilType, tellable{"keys and searchset must be of the same type"}
			}
			return args[0].Type(), nil
		},
		Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
			if !args[0].IsWhollyKnown() || !args[1].IsWhollyKnown() || !args[2].IsWhollyKnown() {
				return cty.UnknownVal(ty), nil
			}
			values, keys := args[0].AsValueSlice(), args[1].AsValueSlice()
			if len(values) != len(keys) {
				return cty.NilVal, tellable{"length of keys and values should be equal"}
			}
			var out []cty.Value
			for i, key := range keys {
				for _, want := range args[2].AsValueSlice() {
					eq, err := stdlib.Equal(key, want)
					if err != nil {
						return cty.NilVal, err
					}
					if eq.True() {
						out = append(out, values[i])
						break
					}
				}
			}
			if len(out) == 0 {
				return cty.ListValEmpty(ty.ElementType()), nil
			}
			return cty.ListVal(out), nil
		},
	})
}

func transpose() function.Function {
	ty := cty.Map(cty.List(cty.String))
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "values", Type: ty}},
		Type:   function.StaticReturnType(ty),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if !args[0].IsWhollyKnown() {
				return cty.UnknownVal(ty), nil
			}
			lists := map[string][]string{}
			for it := args[0].ElementIterator(); it.Next(); {
				key, list := it.Element()
				if list.IsNull() {
					return cty.NilVal, errors.New("null list")
				}
				for _, v := range list.AsValueSlice() {
					if v.IsNull() {
						return cty.NilVal, errors.New("null element")
					}
					lists[v.AsString()] = append(lists[v.AsString()], key.AsString())
				}
			}
			if len(lists) == 0 {
				return cty.MapValEmpty(cty.List(cty.String)), nil
			}
			out := map[string]cty.Value{}
			for name, keys := range lists {
				slices.Sort(keys)
				vals := make([]cty.Value, len(keys))
				for i, k := range keys {
					vals[i] = cty.StringVal(k)
				}
				out[name] = cty.ListVal(vals)
			}
			return cty.MapVal(out), nil
		},
	})
}
