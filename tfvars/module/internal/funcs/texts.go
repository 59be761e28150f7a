package funcs

import (
	"encoding/base64"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/ianaindex"
)

func texts() map[string]function.Function {
	return map[string]function.Function{
		"base64decode":     textFunc(decodeBase64, "str"),
		"base64encode":     textFunc(func(a []string) (string, error) { return base64.StdEncoding.EncodeToString([]byte(a[0])), nil }, "str"),
		"endswith":         testFunc(strings.HasSuffix, "str", "suffix"),
		"replace":          textFunc(replace, "str", "substr", "replace"),
		"startswith":       testFunc(strings.HasPrefix, "str", "prefix"),
		"strcontains":      testFunc(strings.Contains, "str", "substr"),
		"textdecodebase64": textFunc(decodeText, "source", "encoding"),
		"textencodebase64": textFunc(encodeText, "string", "encoding"),
		"timecmp":          timeCmp(),
		"yamldecode":       decodeYAML(),
		"urlencode":        textFunc(func(a []string) (string, error) { return url.QueryEscape(a[0]), nil }, "str"),
	}
}

// textFunc returns a function from strings to a string.
func textFunc(f func(args []string) (string, error), params ...string) function.Function {
	return function.New(&function.Spec{
		Params: stringParams(params),
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			in := make([]string, len(args))
			for i, a := range args {
				in[i] = a.AsString()
			}
			out, err := f(in)
			if err != nil {
				return cty.NilVal, err
			}
			return cty.StringVal(out), nil
		},
	})
}

// testFunc returns a predicate of two strings.
func testFunc(f func(s, part string) bool, params ...string) function.Function {
	return function.New(&function.Spec{
		Params: stringParams(params),
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(f(args[0].AsString(), args[1].AsString())), nil
		},
	})
}

func stringParams(names []string) []function.Parameter {
	params := make([]function.Parameter, len(names))
	for i, name := range names {
		params[i] = function.Parameter{Name: name, Type: cty.String}
	}
	return params
}

func decodeBase64(a []string) (string, error) {
	out, err := base64.StdEncoding.DecodeString(a[0])
	if err != nil {
		return "", tellable{"the text is not base64"}
	}
	if !utf8.Valid(out) {
		return "", tellable{"the decoded bytes are not UTF-8"}
	}
	return string(out), nil
}

// replace takes its second argument for a regular expression if it stands
// between slashes.
func replace(a []string) (string, error) {
	str, substr, with := a[0], a[1], a[2]
	if len(substr) > 1 && substr[0] == '/' && substr[len(substr)-1] == '/' {
		v, err := stdlib.RegexReplace(cty.StringVal(str), cty.StringVal(substr[1:len(substr)-1]), cty.StringVal(with))
		if err != nil {
			return "", err
		}
		return v.AsString(), nil
	}
	return strings.ReplaceAll(str, substr, with), nil
}

func charset(name string) (encoding.Encoding, error) {
	enc, err := ianaindex.IANA.Encoding(name)
	if err != nil || enc == nil {
		return nil, tellable{"the encoding is not a supported IANA name"}
	}
	return enc, nil
}

func encodeText(a []string) (string, error) {
	enc, err := charset(a[1])
	if err != nil {
		return "", err
	}
	out, err := enc.NewEncoder().Bytes([]byte(a[0]))
	if err != nil {
		return "", tellable{"the text has characters that the encoding has not"}
	}
	return base64.StdEncoding.EncodeToString(out), nil
}

func decodeText(a []string) (string, error) {
	enc, err := charset(a[1])
	if err != nil {
		return "", err
	}
	raw, err := base64.StdEncoding.DecodeString(a[0])
	if err != nil {
		return "", tellable{"the text is not base64"}
	}
	out, err := enc.NewDecoder().Bytes(raw)
	if err != nil {
		return "", tellable{"the bytes are not of the encoding"}
	}
	return string(out), nil
}

func timeCmp() function.Function {
	return function.New(&function.Spec{
		Params: stringParams([]string{"timestamp_a", "timestamp_b"}),
		Type:   function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			a, errA := time.Parse(time.RFC3339, args[0].AsString())
			b, errB := time.Parse(time.RFC3339, args[1].AsString())
			if errA != nil || errB != nil {
				return cty.NilVal, tellable{"a timestamp is not RFC 3339"}
			}
			return cty.NumberIntVal(int64(a.Compare(b))), nil
		},
	})
}
