package reader

import (
	"strings"
	"unicode/utf8"
)

// Node reads a value as node --env-file does (src/node_dotenv.cc, from
// 20.6 to 24).
func Node(s string) (string, int, string) {
	if s == "" || strings.IndexByte("'\"`", s[0]) < 0 {
		line := unquoted(s)
		text, _, _ := strings.Cut(line, "#")
		v := strings.TrimRight(text, " ")
		switch {
		case strings.Contains(v, "\r"):
			return "", 0, holdsCR
		case v != strings.Trim(v, " \t"):
			return "", 0, "there is a tab at the edge of the value, which versions read differently"
		}
		return v, len(line), ""
	}
	end := strings.IndexByte(s[1:], s[0])
	if end < 0 {
		return "", 0, noClosing
	}
	v := s[1 : 1+end]
	if strings.Contains(v, "\r") {
		return "", 0, holdsCR
	}
	if s[0] == '"' {
		v = strings.ReplaceAll(v, `\n`, "\n")
	}
	n := end + 2
	return v, n + trailer(s[n:]), ""
}

// NPM reads a value as the npm package dotenv does (lib/main.js, 16 to 18).
func NPM(s string) (string, int, string) {
	if s == "" || strings.IndexByte("'\"`", s[0]) < 0 {
		line := unquoted(s)
		text, _, _ := strings.Cut(line, "#")
		first, _ := utf8.DecodeRuneInString(text)
		switch {
		case strings.ContainsAny(text, "\r\u2028\u2029"):
			return "", 0, "the value holds a character that JavaScript takes for the end of a line"
		case text != "" && jsSpace(first) && strings.TrimFunc(text, jsSpace) != "":
			return "", 0, "there are odd blanks before the value"
		}
		return strings.TrimFunc(text, jsSpace), len(line), ""
	}
	v, n, problem := quoted(s)
	if s[0] == '"' {
		v = strings.ReplaceAll(v, `\n`, "\n")
		v = strings.ReplaceAll(v, `\r`, "\r")
	}
	return v, n, problem
}
