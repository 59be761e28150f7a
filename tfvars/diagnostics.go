package tfvars

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// ours marks, as their Extra, diagnostics whose summary was written here.
type ours struct{}

func own(summary string, at hcl.Range) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Subject: &at, Extra: ours{}}
}

const (
	hclTwice  = "Attribute redefined"
	jsonTwice = "Duplicate attribute definition"
	jsonRoot  = "Root value must be object"
)

// problems turns the errors of HashiCorp's parser into ours. Of theirs nothing
// is shown but the place, because details quote the source and values, and a
// few summaries do too.
//
// The one thing from the file that is shown is a name that is set twice, and
// only when nothing else is wrong: then each of its places parsed as a name and
// a value of its own. In a file that is malformed otherwise, what looks like a
// name may be a piece of a secret that lost its quotes.
func problems(diags hcl.Diagnostics, src []byte, name string) Problems {
	var out Problems
	twiceOnly := true
	for _, d := range diags {
		twiceOnly = twiceOnly && isTwice(d)
	}
	for _, d := range diags {
		if d.Severity != hcl.DiagError || d.Summary == jsonRoot && len(diags) > 1 {
			continue // the root of a file with errors is none
		}
		p := Problem{File: name, Summary: summary(d)}
		if d.Subject != nil {
			p.Line, p.Column = d.Subject.Start.Line, d.Subject.Start.Column
			if twice := trimQuotes(src, *d.Subject); twiceOnly && hclsyntax.ValidIdentifier(twice) {
				p.Summary = fmt.Sprintf("%q is set twice", twice)
			}
		}
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(out)
}

func isTwice(d *hcl.Diagnostic) bool {
	return d.Severity != hcl.DiagError || d.Summary == hclTwice || d.Summary == jsonTwice
}

// trimQuotes returns the text of a range, without the quotes of JSON.
func trimQuotes(src []byte, r hcl.Range) string {
	if r.End.Byte > len(src) || r.Start.Byte > r.End.Byte { // HCL's ranges may end behind the file
		return ""
	}
	return strings.Trim(string(src[r.Start.Byte:r.End.Byte]), `"`)
}

// summary says what is wrong in words of this package.
func summary(d *hcl.Diagnostic) string {
	if _, ok := d.Extra.(ours); ok {
		return d.Summary
	}
	if s := syntaxSummary(d.Summary); s != "" {
		return s
	}
	if s := valueSummary(d.Summary); s != "" {
		return s
	}
	if s := jsonSummary(d.Summary); s != "" {
		return s
	}
	return "invalid syntax"
}

//hci:long one case for each message of HCL
func syntaxSummary(theirs string) string {
	switch theirs {
	case hclTwice:
		return "a name is set twice"
	case "Argument or block definition required", "Invalid argument name":
		return `a name and "=" are expected here`
	case "Missing newline after argument":
		return "a value must be followed by the end of the line"
	case "Unexpected comma after argument":
		return "a value must be followed by the end of the line, not by a comma"
	case "Invalid block definition":
		return `a name must be followed by "=" and a value`
	case "Invalid single-argument block definition", "Unclosed configuration block",
		"Missing newline after block definition", "Argument definition required":
		return "a block, where only variables may be set"
	case "Invalid expression", "Missing expression":
		return "a value is expected here"
	case "Invalid character":
		return "a character that has no meaning here"
	case "Invalid character encoding":
		return "the file is not UTF-8"
	case "Unsupported operator":
		return "an operator that does not exist"
	case "Invalid multi-line string":
		return "a quoted string can't go on in the next line"
	case "Invalid string literal":
		return "invalid string"
	case "Unterminated string literal", "Unterminated template string":
		return "a string or heredoc is not closed"
	case "Invalid escape sequence":
		return `invalid escape: after a backslash only n, r, t, ", \, uXXXX and UXXXXXXXX`
	case "Invalid number literal":
		return "invalid number"
	case "Unbalanced parentheses", "Missing closing parenthesis", "Unterminated function call":
		return "a parenthesis is not closed"
	case "Unterminated tuple constructor expression", "Unterminated object constructor expression":
		return "a bracket is not closed"
	case "Missing item separator", "Missing attribute separator":
		return "a comma is expected here"
	case "Missing key/value separator", "Missing attribute value":
		return `a key must be followed by "=" and a value`
	case "Missing false expression in conditional":
		return `":" is expected here`
	case "Unclosed template interpolation sequence", "Extra characters after interpolation expression":
		return `"${" starts a template: a literal one is written "$${"`
	case "Invalid template control keyword", "Invalid template directive", "Unexpected end of template":
		return `"%{" starts a template: a literal one is written "%%{"`
	case "Extra characters after expression":
		return "unexpected text after the value"
	}
	if strings.HasSuffix(theirs, " directive") || strings.HasPrefix(theirs, "Extra characters in ") {
		return `"%{" starts a template: a literal one is written "%%{"`
	}
	return ""
}

func valueSummary(theirs string) string {
	switch theirs {
	case "Variables not allowed", "Unknown variable":
		return "a variable can't be used here: a string needs quotes"
	case "Function calls not allowed", "Call to unknown function", "Invalid function name":
		return "a function can't be used here: a string needs quotes"
	case "Ambiguous attribute key", "Null value as key", "Incorrect key type", "Invalid object key", "Duplicate object key":
		return "invalid key of an object"
	case "Invalid operand", "Operation failed":
		return "an operator does not apply to its operands"
	case "Invalid template interpolation value":
		return "a template holds a value that is not text"
	case "Null condition", "Incorrect condition type", "Inconsistent conditional result types":
		return "invalid condition"
	case "Iteration over null value", "Iteration over non-iterable value", "Condition is null",
		"Invalid 'for' condition", "Invalid 'for' expression", "Invalid 'for' directive":
		return "invalid for expression"
	case "Invalid index", "Unsupported attribute", "Attempt to index null value",
		"Attempt to get attribute from null value", "Missing map element", "Splat of null value",
		"Invalid nested splat expressions", "Nested splat expression not allowed",
		"Invalid attribute name", "Invalid legacy index syntax", "Missing close bracket on index",
		"Missing close bracket on splat index":
		return "invalid index"
	}
	return ""
}

func jsonSummary(theirs string) string {
	switch theirs {
	case jsonTwice:
		return "a name is set twice"
	case "Duplicate object attribute":
		return "a key is set twice in one object"
	case jsonRoot, "Incorrect JSON value type":
		return "the file must hold one JSON object"
	case "Extraneous data after value":
		return "unexpected text after the JSON object"
	case "Missing JSON value", "Missing array element value", "Missing value", "Invalid start of value", "Missing object value":
		return "a JSON value is expected here"
	case "Invalid object property name":
		return "a key must be a quoted string"
	case "Missing property value colon":
		return `":" is expected here`
	case "Trailing comma in object", "Trailing comma in array":
		return "JSON has no comma after the last element"
	case "Unclosed object", "Mismatched braces", "Mismatched brackets":
		return "a bracket is not closed"
	case "Missing attribute seperator comma", "Invalid array value":
		return "a comma is expected here"
	case "Invalid JSON number":
		return "invalid number"
	case "Invalid JSON string":
		return "invalid string"
	case "Invalid JSON keyword":
		return "a word that is neither true, false nor null: a string needs quotes"
	}
	return ""
}
