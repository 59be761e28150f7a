package funcs

import (
	"regexp"
	"strings"
	"sync"

	yaml "github.com/zclconf/go-cty-yaml"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"hci/tfvars/module/internal/mark"
)

// decodeYAML is yamldecode, by Terraform's own library. A text whose value could
// be far larger than it, by aliases, or that is nested too deep for a reader that
// is recursive, is not evaluated.
func decodeYAML() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "src", Type: cty.String}},
		Type: func(args []cty.Value) (cty.Type, error) {
			if !args[0].IsKnown() || !plainYAML(args[0].AsString()) {
				return cty.DynamicPseudoType, nil
			}
			return yaml.YAMLDecodeFunc.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if !plainYAML(args[0].AsString()) {
				return mark.Unknown(cty.DynamicPseudoType, "yamldecode()"), nil
			}
			return yaml.YAMLDecodeFunc.Call(args)
		},
	})
}

// maxYAML bounds the length of a text in YAML in bytes, and with it its nesting.
const maxYAML = 256 << 10

// maxNested bounds the nesting of a text in YAML.
const maxNested = 200

// anchor is where a text can name a part of itself, to be repeated.
var anchor = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)(?:^|[\s\[{,:?-])&[^\s&]`) })

// plainYAML reports whether a text in YAML is small, flat, and without anchors.
// It errs by false.
func plainYAML(text string) bool {
	if len(text) > maxYAML || anchor().MatchString(text) || strings.Count(text, "[")+strings.Count(text, "{") > 20*maxNested {
		return false
	}
	flow, deepest := 0, 0
	for line := range strings.Lines(text) {
		lead := len(line) - len(strings.TrimLeft(line, " -?:\t"))
		for _, c := range line {
			switch c {
			case '[', '{':
				flow++
				deepest = max(deepest, flow)
			case ']', '}':
				flow = max(0, flow-1)
			}
		}
		if lead > maxNested || deepest > maxNested {
			return false
		}
	}
	return true
}
