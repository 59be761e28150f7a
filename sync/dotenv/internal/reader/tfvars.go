package reader

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// TFVars reads a string of a Terraform .tfvars file, "…" on one line with the
// escapes of HCL (hashicorp/hcl, hclsyntax/spec.md, "Template Expressions").
// Values of other types, heredocs and interpolation are refused, and so is
// what Terraform would bring into Unicode's normal form C.
func TFVars(s string) (string, int, string) {
	if s == "" || s[0] != '"' {
		return "", 0, "the value is not a string in double quotes"
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			if v := b.String(); norm.NFC.IsNormalString(v) {
				return v, i + 1 + trailer(s[i+1:]), ""
			}
			return "", 0, "the value is not in Unicode's normal form C, and Terraform changes it"
		case c == '\n' || c == '\r':
			return "", 0, noClosing
		case c == '\\':
			r, n := hclEscape(s[i+1:])
			if n == 0 {
				return "", 0, "the value holds an escape that HCL does not have"
			}
			b.WriteRune(r)
			i += n
		case (c == '$' || c == '%') && strings.HasPrefix(s[i+1:], "{"):
			return "", 0, Expands
		case (c == '$' || c == '%') && strings.HasPrefix(s[i+1:], string(c)):
			if !strings.HasPrefix(s[i+2:], "{") {
				b.WriteByte(c)
				continue
			}
			if strings.HasSuffix(s[:i], string(c)) {
				return "", 0, "the value holds more than two $ or % before a brace"
			}
			b.WriteString(string(c) + "{")
			i += 2
		default:
			b.WriteByte(c)
		}
	}
	return "", 0, noClosing
}

// hclEscape reads what follows a backslash and returns its length.
func hclEscape(s string) (rune, int) {
	if s != "" && strings.IndexByte(`"\nrtuU`, s[0]) >= 0 {
		return yamlEscape(s) // YAML's mean the same
	}
	return 0, 0
}
