package tfvars

import (
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"golang.org/x/text/unicode/rangetable"
)

// lettersVersion is the version of Unicode whose letters Terraform 1.11 takes
// in names. HCL's version 2.25 takes those of Unicode 17.
const lettersVersion = "9.0.0"

// newLetters refuses names with letters that Terraform does not know.
func newLetters(src []byte, name string) hcl.Diagnostics {
	if isASCII(src) {
		return nil
	}
	known := rangetable.Assigned(lettersVersion)
	var diags hcl.Diagnostics
	tokens, _ := hclsyntax.LexConfig(src, name, hcl.InitialPos)
	for _, tok := range tokens {
		if (tok.Type == hclsyntax.TokenIdent || tok.Type == hclsyntax.TokenOHeredoc) && !allIn(known, string(tok.Bytes)) {
			diags = append(diags, own("a name with a letter that Terraform does not know", tok.Range))
		}
	}
	return diags
}

// validName reports whether Terraform takes the text for a name.
func validName(s string) bool {
	return hclsyntax.ValidIdentifier(s) && (isASCII([]byte(s)) || allIn(rangetable.Assigned(lettersVersion), s))
}

func allIn(table *unicode.RangeTable, s string) bool {
	for _, r := range s {
		if r > unicode.MaxASCII && !unicode.Is(table, r) {
			return false
		}
	}
	return true
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}
