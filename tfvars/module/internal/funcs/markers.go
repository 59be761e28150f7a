package funcs

import (
	"maps"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"hci/tfvars/module/internal/mark"
)

// markers are the functions that read and write Terraform's own marks.
func markers() map[string]function.Function {
	return map[string]function.Function{
		"sensitive": markFunc(func(v cty.Value) cty.Value { return v.Mark(mark.Sensitive{}) }),
		"nonsensitive": markFunc(func(v cty.Value) cty.Value {
			bare, marks := v.Unmark()
			marks = maps.Clone(marks)
			delete(marks, mark.Sensitive{})
			return bare.WithMarks(marks)
		}),
		"ephemeralasnull": markFunc(func(v cty.Value) cty.Value {
			out, err := cty.Transform(v, func(_ cty.Path, v cty.Value) (cty.Value, error) {
				if _, marks := v.Unmark(); has(marks, mark.Ephemeral{}) {
					return cty.NullVal(v.Type()), nil
				}
				return v, nil
			})
			if err != nil {
				return v
			}
			return out
		}),
		"issensitive": function.New(&function.Spec{
			Params: []function.Parameter{anything()},
			Type:   function.StaticReturnType(cty.Bool),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
				_, marks := args[0].Unmark()
				return cty.BoolVal(has(marks, mark.Sensitive{})), nil
			},
		}),
	}
}

func has(marks cty.ValueMarks, m any) bool {
	_, ok := marks[m]
	return ok
}

func anything() function.Parameter {
	return function.Parameter{
		Name: "value", Type: cty.DynamicPseudoType,
		AllowNull: true, AllowUnknown: true, AllowDynamicType: true, AllowMarked: true,
	}
}

// markFunc returns a function that gives its argument back with other marks.
func markFunc(f func(cty.Value) cty.Value) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{anything()},
		Type:   func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
		Impl:   func(args []cty.Value, _ cty.Type) (cty.Value, error) { return f(args[0]), nil },
	})
}
