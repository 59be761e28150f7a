package reader

import (
	"strings"
	"unicode"
)

// Expands is the problem of a value that is not in the file: the consumer puts
// the value of another variable, or the output of a command, there.
const Expands = "the value refers to a variable or a command"

const (
	noClosing  = "the closing quote is missing"
	holdsCR    = "the value holds a carriage return, which the consumer changes"
	endsInSlip = "the value ends in a backslash before the quote, and what that means depends on the lines below"
)

// closing returns the place of the first quote in s, of the kind that s
// starts with, that no backslash stands directly before: where consumers
// built on regular expressions end the value. It returns -1 if there is none.
func closing(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] == s[0] && s[i-1] != '\\' {
			return i
		}
	}
	return -1
}

// quoted reads '…', "…" or `…` with [closing], and the comment behind it. The
// content may not hold a carriage return.
func quoted(s string) (content string, n int, problem string) {
	content, n, problem = quotedAny(s)
	if strings.Contains(content, "\r") {
		return "", 0, holdsCR
	}
	return content, n, problem
}

// quotedAny is quoted for consumers that leave carriage returns alone.
func quotedAny(s string) (content string, n int, problem string) {
	end := closing(s)
	if end < 0 {
		if strings.Contains(s[1:], `\`+s[:1]) {
			return "", 0, endsInSlip
		}
		return "", 0, noClosing
	}
	return s[1:end], end + 1 + trailer(s[end+1:]), ""
}

// unquoted returns the rest of the line without the CR of a CR LF.
func unquoted(s string) string { return strings.TrimSuffix(restOfLine(s), "\r") }

// cutComment cuts text at the first "#" that satisfies after, which is given
// the text before it.
func cutComment(text string, after func(before string) bool) string {
	for i := range len(text) {
		if text[i] == '#' && after(text[:i]) {
			return text[:i]
		}
	}
	return text
}

// goSpace is what Go's parsers (compose, godotenv) skip around a value.
func goSpace(r rune) bool {
	switch r {
	case '\t', '\v', '\f', '\r', ' ', 0x85, 0xa0:
		return true
	}
	return false
}

// pySpace is \s in Python's str patterns.
func pySpace(r rune) bool { return 0x1c <= r && r <= 0x1f || unicode.IsSpace(r) }

// jsSpace is what JavaScript's String.prototype.trim and \s take.
func jsSpace(r rune) bool {
	return r == 0xfeff || r != 0x85 && unicode.IsSpace(r)
}
