package reader

import (
	"strings"
	"unicode/utf8"

	"github.com/joho/godotenv"
)

// GoDotenv reads a value as github.com/joho/godotenv does: this finds where
// the value ends, and the library itself says what it means.
func GoDotenv(s string) (string, int, string) {
	n := 0
	if s != "" && (s[0] == '\'' || s[0] == '"') {
		content, used, problem := quotedAny(s)
		switch {
		case problem != "":
			return "", 0, problem
		case strings.HasPrefix(content, s[:1]) || strings.HasSuffix(content, s[:1]):
			return "", 0, "the value ends in a quote of its own kind, which godotenv removes"
		case strings.Contains(content, "\r\n"):
			return "", 0, holdsCR
		case s[0] == '"' && bareDollar(content):
			return "", 0, Expands
		}
		n = used
		if s[0] == '\'' {
			return content, n, ""
		}
		s = s[:len(content)+2]
	} else {
		s = unquoted(s)
		n = len(s)
		first, _ := utf8.DecodeRuneInString(s)
		switch {
		case strings.Contains(s, "\r"):
			return "", 0, holdsCR
		case strings.Count(s, "$") > strings.Count(s, `\$`):
			return "", 0, Expands
		case s != "" && goSpace(first):
			return "", 0, "there are odd blanks before the value"
		}
	}
	// The error is dropped because it quotes the file.
	m, err := godotenv.Unmarshal("K=" + s + "\n")
	if err != nil || len(m) != 1 {
		return "", 0, "godotenv cannot read the value"
	}
	return m["K"], n, ""
}

// bareDollar reports whether s holds a "$" without a backslash of its own.
func bareDollar(s string) bool {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '$':
			return true
		}
	}
	return false
}
