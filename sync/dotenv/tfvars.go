package dotenv

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"hci/sync/dotenv/internal/reader"
)

// tfvars writes string variables for Terraform, under the keys as they are.
// Not written: names that Terraform keeps for itself; text that is not in
// Unicode's normal form C, which Terraform would bring into it.
func tfvars() Dialect {
	d := lines(Dialect{name: "tfvars", consumer: "Terraform"},
		reader.Lines{Value: reader.TFVars, Comments: "#", Blank: " \t", Around: " \t", CRLF: true},
		func(v string) []string { return []string{hclString(v)} },
		func(key string) string {
			switch key {
			case "source", "version", "providers", "count", "for_each", "lifecycle", "depends_on", "locals", "_":
				return "Terraform has no variables of that name"
			}
			return ""
		})
	cannot := d.cannot
	d.cannot = func(key, v string) string {
		if !norm.NFC.IsNormalString(v) {
			return "the value is not in Unicode's normal form C, and Terraform would change it"
		}
		return cannot(key, v)
	}
	d.write = func(b *strings.Builder, entries []Entry, _ bool) {
		for _, e := range entries {
			b.WriteString(e.Key + " = " + hclString(e.Value.Reveal()) + "\n")
		}
	}
	return d
}

// hclString returns v as a quoted template without any templates in it.
func hclString(v string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range v {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsControl(r) || r == '\ufeff':
			fmt.Fprintf(&b, `\u%04x`, r)
		case (r == '$' || r == '%') && strings.HasPrefix(v[i+1:], "{"):
			if strings.HasSuffix(v[:i], string(r)) {
				fmt.Fprintf(&b, `\u%04x`, r) // "$$${" would be read otherwise
			} else {
				b.WriteString(strings.Repeat(string(r), 2))
			}
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
