package tfvars

import (
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
		return tooMany
	case openers <= maxDepth && pieces <= maxPieces:
		return ""
	}
	tokens, _ := hclsyntax.LexConfig(src, "", hcl.InitialPos)
	switch {
	case depth(tokens) > maxDepth:
		return tooDeep
	case longest(tokens) > maxPieces:
		return tooLong
	}
	return ""
}

// longest returns the most pieces that a string consists of.
func longest(tokens hclsyntax.Tokens) int {
	most, run := 0, 0
	for _, tok := range tokens {
		if tok.Type == hclsyntax.TokenStringLit || tok.Type == hclsyntax.TokenQuotedLit {
			run++
			most = max(most, run)
		} else {
			run = 0
		}
	}
	return most
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

// depth returns a bound of how deep the parser and the evaluation recurse:
// brackets nest, and so do operators, "1+1+1" being "(1+1)+1". A comma ends
// what operators opened, and so does the end of a line where it separates
// elements.
func depth(tokens hclsyntax.Tokens) int {
	type level struct {
		operators int
		lines     bool // the end of a line separates elements
	}
	levels := []level{{lines: true}}
	deepest, total := 0, 0 // total counts the levels and all their operators
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
		deepest = max(deepest, total)
	}
	return deepest
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
