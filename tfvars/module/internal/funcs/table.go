// Package funcs holds the functions of the Terraform language, as documented at
// https://developer.hashicorp.com/terraform/language/functions, over go-cty's
// function library.
//
// The functions are pure. Those that read files see one directory and what lies
// below it; what lies elsewhere is unknown, not an error. Functions whose
// result changes from one run to the next (timestamp, uuid, bcrypt), depends on
// the machine (abspath, pathexpand), or on the release of a library (base64gzip)
// are not evaluated: see [Unevaluated].
package funcs

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"hci/tfvars/module/internal/mark"
)

// Table returns the functions by name, each also as "core::name". Paths are
// taken from dir, a directory in fsys, as Terraform takes them from the
// directory it runs in. Templates are evaluated as guard returns them.
func Table(fsys fs.FS, dir string, guard func(hcl.Expression) hcl.Expression) map[string]function.Function {
	files := fileTable(fsys, dir)
	table := map[string]function.Function{}
	for _, part := range []map[string]function.Function{
		library(), collections(), texts(), digests(), networks(), markers(), files, unevaluated(),
	} {
		maps.Copy(table, part)
	}
	// A template sees every function but those that render templates.
	inner := maps.Clone(table)
	table["templatefile"] = templateFile(fsys, dir, renderer{inner, guard})
	table["templatestring"] = templateString(renderer{inner, guard})
	for name, f := range maps.Clone(table) {
		table["core::"+name] = f
	}
	return table
}

// library lists the functions that are go-cty's as they stand.
func library() map[string]function.Function {
	return map[string]function.Function{
		"abs": stdlib.AbsoluteFunc, "ceil": stdlib.CeilFunc, "chomp": stdlib.ChompFunc,
		"chunklist": stdlib.ChunklistFunc, "coalescelist": stdlib.CoalesceListFunc,
		"compact": stdlib.CompactFunc, "concat": stdlib.ConcatFunc, "contains": stdlib.ContainsFunc,
		"csvdecode": stdlib.CSVDecodeFunc, "distinct": stdlib.DistinctFunc, "element": stdlib.ElementFunc,
		"flatten": stdlib.FlattenFunc, "floor": stdlib.FloorFunc, "format": stdlib.FormatFunc,
		"formatdate": stdlib.FormatDateFunc, "formatlist": stdlib.FormatListFunc, "indent": stdlib.IndentFunc,
		"join": stdlib.JoinFunc, "jsondecode": stdlib.JSONDecodeFunc, "jsonencode": stdlib.JSONEncodeFunc,
		"keys": stdlib.KeysFunc, "log": stdlib.LogFunc, "lower": stdlib.LowerFunc, "max": stdlib.MaxFunc,
		"merge": stdlib.MergeFunc, "min": stdlib.MinFunc, "parseint": stdlib.ParseIntFunc, "pow": stdlib.PowFunc,
		"range": stdlib.RangeFunc, "regex": stdlib.RegexFunc, "regexall": stdlib.RegexAllFunc,
		"reverse": stdlib.ReverseListFunc, "setintersection": stdlib.SetIntersectionFunc,
		"setproduct": stdlib.SetProductFunc, "setsubtract": stdlib.SetSubtractFunc,
		"setunion": stdlib.SetUnionFunc, "signum": stdlib.SignumFunc, "slice": stdlib.SliceFunc,
		"sort": stdlib.SortFunc, "split": stdlib.SplitFunc, "strrev": stdlib.ReverseFunc,
		"substr": stdlib.SubstrFunc, "timeadd": stdlib.TimeAddFunc, "title": stdlib.TitleFunc,
		"trim": stdlib.TrimFunc, "trimprefix": stdlib.TrimPrefixFunc, "trimspace": stdlib.TrimSpaceFunc,
		"trimsuffix": stdlib.TrimSuffixFunc, "upper": stdlib.UpperFunc, "values": stdlib.ValuesFunc,
		"zipmap": stdlib.ZipmapFunc,

		"tobool":   stdlib.MakeToFunc(cty.Bool),
		"tonumber": stdlib.MakeToFunc(cty.Number),
		"tostring": stdlib.MakeToFunc(cty.String),
		"tolist":   stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)),
		"tomap":    stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)),
		"toset":    stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
	}
}

// unevaluated lists the functions of Terraform that hci leaves unknown.
func unevaluated() map[string]function.Function {
	table := map[string]function.Function{}
	for _, name := range []string{
		"abspath", "base64gzip", "bcrypt", "pathexpand", "plantimestamp", "rsadecrypt",
		"timestamp", "uuid", "yamlencode",
	} {
		table[name] = Unevaluated(name)
	}
	return table
}

// Unevaluated returns a function that takes anything, and whose result is
// unknown and awaits the function.
func Unevaluated(name string) function.Function {
	return function.New(&function.Spec{
		VarParam: &function.Parameter{
			Name: "args", Type: cty.DynamicPseudoType,
			AllowNull: true, AllowUnknown: true, AllowDynamicType: true, AllowMarked: true,
		},
		Type: function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return mark.Unknown(cty.DynamicPseudoType, name+"()").WithMarks(mark.Of(args...)), nil
		},
	})
}

// tellable is an error whose text holds nothing of the arguments.
type tellable struct{ text string }

func (e tellable) Error() string { return e.text }

// Reason returns what may be told of a failed function call: the function's
// name and, for a few, why. It is empty for other diagnostics.
func Reason(d *hcl.Diagnostic) string {
	call, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d)
	if !ok || call.CalledFunctionName() == "" {
		return ""
	}
	var t tellable
	if errors.As(call.FunctionCallError(), &t) {
		return fmt.Sprintf("error in a call of %s: %s", call.CalledFunctionName(), t.text)
	}
	return fmt.Sprintf("error in a call of %s", call.CalledFunctionName())
}
