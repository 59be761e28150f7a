package tfvars

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Limits that Terraform does not have: what is beyond them would use up the
// memory or the stack of this program, as it does Terraform's.
const (
	// MaxSize is the size in bytes that a file may have.
	MaxSize = 16 << 20

	maxDepth  = 1000      // brackets, templates and operators that are open at once
	maxMarks  = 2_000_000 // characters that are not part of a word: so many tokens at most
	maxPieces = 30_000    // lines of a heredoc, or parts of a string that a "$" begins
	maxGrowth = 64 << 20  // bytes that an expression may grow to while it is computed
	maxDigits = 100_000   // of one number, written without an exponent
)

const (
	tooDeep = "the nesting is deeper than 1000"
	tooMany = "there are more than 2000000 elements"
	tooLong = "a string has more than 30000 lines"
	tooBig  = "the expression could grow beyond 64 MiB"
	tooWide = "a number has more than 100000 digits"
)

// tooComplex says why src must not be given to HashiCorp's parser, if it must
// not: it is recursive, and a stack that overflows ends the program.
func tooComplex(src []byte) string {
	why, _ := complexity(src, hclsyntax.LexConfig)
	return why
}

// lexer is one of hclsyntax's.
type lexer func(src []byte, name string, start hcl.Pos) (hclsyntax.Tokens, hcl.Diagnostics)

// complexity is tooComplex for what a lexer reads, with the place.
func complexity(src []byte, lex lexer) (why string, at hcl.Pos) {
	marks, openers, pieces := 0, 0, 0
	for _, c := range src {
		switch {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c >= 0x80:
			continue
		case c == '\n' || c == '$':
			pieces++
		case c == '%':
			pieces++
			openers++
		case isOpener(c):
			openers++
		}
		marks++
	}
	switch {
	case marks > maxMarks:
		return tooMany, hcl.InitialPos
	case openers <= maxDepth && pieces <= maxPieces:
		return "", at
	}
	tokens, _ := lex(src, "", hcl.InitialPos)
	if n := tooDeepAt(tokens); n >= 0 {
		return tooDeep, tokens[n].Range.Start
	}
	if n := tooLongAt(tokens); n >= 0 {
		return tooLong, tokens[n].Range.Start
	}
	return "", at
}

// Limits fails with a [Problem] if a file of Terraform code, or an hci.hcl, must
// not be given to HashiCorp's parser, for which its nesting is too deep or of
// which there is too much. A name that ends in .json is that of a file in JSON.
func Limits(src []byte, name string) error {
	if len(src) > MaxSize {
		return Problem{File: name, Summary: "the file is larger than 16 MiB"}
	}
	if strings.HasSuffix(name, ".json") {
		return limitsJSON(src, name)
	}
	if why, at := complexity(src, hclsyntax.LexConfig); why != "" {
		return Problem{File: name, Line: at.Line, Column: at.Column, Summary: why}
	}
	return nil
}

// ExpressionLimits says why an expression without variables must not be computed,
// if it must not: a few "for" expressions inside one another never end. It
// returns "" for one that may be.
func ExpressionLimits(expr hcl.Expression) string {
	native, ok := expr.(hclsyntax.Expression)
	if !ok {
		return ""
	}
	return tooLarge(native)
}

// TemplateLimits is Limits for the text of a template.
func TemplateLimits(text []byte, name string) error {
	if len(text) > MaxSize {
		return Problem{File: name, Summary: "the template is larger than 16 MiB"}
	}
	if why, at := complexity(text, hclsyntax.LexTemplate); why != "" {
		return Problem{File: name, Line: at.Line, Column: at.Column, Summary: why}
	}
	return nil
}

// limitsJSON looks at the nesting of the values, and at that of the templates
// in the strings.
func limitsJSON(src []byte, name string) error {
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.UseNumber()
	for depth := 0; ; {
		token, err := dec.Token()
		if err != nil {
			return nil // the end, or what HashiCorp's parser reports at this place at the latest
		}
		why := ""
		switch t := token.(type) {
		case json.Delim:
			if t == '[' || t == '{' {
				depth++
			} else {
				depth--
			}
			if depth > maxDepth {
				why = tooDeep
			}
		case string:
			why, _ = complexity([]byte(t), hclsyntax.LexTemplate)
		}
		if why != "" {
			line, column := position(src, int(dec.InputOffset())-1)
			return Problem{File: name, Line: line, Column: column, Summary: why}
		}
	}
}

// tooLongAt returns the index of the token with which a string consists of more
// than [maxPieces]; -1 if there is none.
func tooLongAt(tokens hclsyntax.Tokens) int {
	run := 0
	for i, tok := range tokens {
		if tok.Type != hclsyntax.TokenStringLit && tok.Type != hclsyntax.TokenQuotedLit {
			run = 0
			continue
		}
		if run++; run > maxPieces {
			return i
		}
	}
	return -1
}

// isOpener reports whether the character can begin, or be, what makes the
// parser go one level down.
func isOpener(c byte) bool {
	switch c {
	case '(', '[', '{', '?', '!', '-', '+', '*', '/', '<', '>', '=', '&', '|', '"':
		return true
	}
	return false
}

// tooDeepAt returns the index of the token with which the parser and the
// evaluation would recurse deeper than [maxDepth], -1 if there is none:
// brackets nest, and so do operators, "1+1+1" being "(1+1)+1". A comma ends
// what operators opened, and so does the end of a line where it separates
// elements.
func tooDeepAt(tokens hclsyntax.Tokens) int {
	type level struct {
		operators int
		lines     bool // the end of a line separates elements
	}
	levels := []level{{lines: true}}
	total := 0 // counts the levels and all their operators
	for i, tok := range tokens {
		top := &levels[len(levels)-1]
		switch tok.Type {
		case hclsyntax.TokenOParen, hclsyntax.TokenOBrack, hclsyntax.TokenOBrace,
			hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl,
			hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc:
			// What is indexed, or follows an "if" in a template, is a level too.
			top.operators++
			total += 2
			levels = append(levels, level{lines: tok.Type == hclsyntax.TokenOBrace && !isFor(tokens[i+1:])})
		case hclsyntax.TokenCParen, hclsyntax.TokenCBrack, hclsyntax.TokenCBrace,
			hclsyntax.TokenTemplateSeqEnd, hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc:
			if len(levels) > 1 {
				total -= 1 + top.operators
				levels = levels[:len(levels)-1]
			}
		case hclsyntax.TokenComma:
			total -= top.operators
			top.operators = 0
		case hclsyntax.TokenNewline, hclsyntax.TokenComment:
			if top.lines {
				total -= top.operators
				top.operators = 0
			}
		case hclsyntax.TokenPlus, hclsyntax.TokenMinus, hclsyntax.TokenStar, hclsyntax.TokenSlash,
			hclsyntax.TokenPercent, hclsyntax.TokenBang, hclsyntax.TokenQuestion,
			hclsyntax.TokenEqualOp, hclsyntax.TokenNotEqual, hclsyntax.TokenLessThan,
			hclsyntax.TokenLessThanEq, hclsyntax.TokenGreaterThan, hclsyntax.TokenGreaterThanEq,
			hclsyntax.TokenAnd, hclsyntax.TokenOr:
			top.operators++
			total++
		}
		if total > maxDepth {
			return i
		}
	}
	return -1
}

// isFor reports whether a brace is followed by "for", which makes its lines
// one expression.
func isFor(after hclsyntax.Tokens) bool {
	for _, tok := range after {
		switch tok.Type {
		case hclsyntax.TokenNewline, hclsyntax.TokenComment:
		default:
			return tok.Type == hclsyntax.TokenIdent && string(tok.Bytes) == "for"
		}
	}
	return false
}
