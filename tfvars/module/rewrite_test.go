//go:build interop

package module_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// kept are the arguments of resources that mean something, by resource type.
var kept = map[string][]string{
	secretType:              {"name", "name_prefix"},
	secretType + "_version": {"secret_id", "secret_string", "secret_string_wo"},
}

// label is what terraform_data is called in the place of a resource.
func label(mode, typ, name string) string {
	switch {
	case typ == secretType && mode == "resource":
		return "secret_" + name
	case typ == secretType+"_version":
		return "version_" + name
	case mode == "data":
		return "data_" + typ + "_" + name
	default:
		return "other_" + typ + "_" + name
	}
}

func rewriteNative(t *testing.T, src []byte, path string, root bool) []byte {
	t.Helper()
	file, diags := hclwrite.ParseConfig([]byte(references(string(src))), path, hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%s cannot be parsed after the rewriting: %v", path, diags)
	}
	for _, b := range file.Body().Blocks() {
		switch labels := b.Labels(); {
		case b.Type() == "provider", b.Type() == "terraform", b.Type() == "output" && root:
			file.Body().RemoveBlock(b)
		case b.Type() == "module" && labels[0] == "vpc":
			file.Body().RemoveBlock(b)
			file.Body().AppendNewBlock("resource", []string{"terraform_data", "module_vpc"})
		case b.Type() == "module":
			b.Body().RemoveAttribute("providers")
		case b.Type() == "resource" && labels[0] != "terraform_data" || b.Type() == "data":
			rewriteBlock(b)
		}
	}
	return file.Bytes()
}

func rewriteBlock(b *hclwrite.Block) {
	mode, typ, name := b.Type(), b.Labels()[0], b.Labels()[1]
	b.SetType("resource")
	b.SetLabels([]string{"terraform_data", label(mode, typ, name)})
	tokens := hclwrite.TokensForIdentifier("{\n")
	body := b.Body()
	var given []string
	meta := map[string]hclwrite.Tokens{}
	for attr, value := range body.Attributes() {
		body.RemoveAttribute(attr)
		if attr == "count" || attr == "for_each" || attr == "depends_on" {
			meta[attr] = value.Expr().BuildTokens(nil)
			continue
		}
		if slices.Contains(kept[typ], attr) {
			given = append(given, attr)
			key := strings.TrimSuffix(attr, "_wo")
			tokens = slices.Concat(tokens, hclwrite.TokensForIdentifier(key+" = tostring("), value.Expr().BuildTokens(nil), hclwrite.TokensForIdentifier("\n)\n"))
		}
	}
	body.Clear()
	body.AppendNewline()
	for attr, value := range meta {
		body.SetAttributeRaw(attr, value)
	}
	if len(given) > 0 {
		body.SetAttributeRaw("input", slices.Concat(tokens, hclwrite.TokensForIdentifier("}")))
	}
}

func rewriteJSON(t *testing.T, src []byte) []byte {
	t.Helper()
	var top map[string]any
	if err := json.Unmarshal([]byte(references(string(src))), &top); err != nil {
		t.Fatal(err)
	}
	made := map[string]any{}
	each(top["resource"], func(typ string, v any) {
		each(v, func(name string, v any) {
			each(v, func(attr string, v any) {
				at := label("resource", typ, name)
				if made[at] == nil {
					made[at] = map[string]any{"input": map[string]any{}}
				}
				block := made[at].(map[string]any)
				switch {
				case attr == "count" || attr == "for_each":
					block[attr] = v
				case slices.Contains(kept[typ], attr):
					block["input"].(map[string]any)[attr] = v
				}
			})
		})
	})
	top["resource"] = map[string]any{"terraform_data": made}
	out, err := json.Marshal(top)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// each calls f for the members of an object, or of each object of a list.
func each(v any, f func(key string, v any)) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			each(item, f)
		}
	case map[string]any:
		for key, value := range v {
			f(key, value)
		}
	}
}
