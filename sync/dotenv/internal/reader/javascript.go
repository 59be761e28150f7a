package reader

import (
	"strings"
	"unicode/utf8"
)

// Node reads a value as node --env-file does (src/node_dotenv.cc, from
// 20.6 to 24).
func Node(s string) (string, int, string) {
	blanks := len(s) - len(strings.TrimLeft(s, " "))
	s = s[blanks:]
	if s == "" || strings.IndexByte("'\"`", s[0]) < 0 {
		line := unquoted(s)
		text, _, _ := strings.Cut(line, "#")
		v := strings.TrimRight(text, " ")
		switch {
		case strings.Contains(v, "\r"):
			return "", 0, holdsCR
		case v != strings.Trim(v, " \t"):
			return "", 0, "there is a tab at the edge of the value, which versions read differently"
		case v == "" && blanks+len(line) > 0:
			return "", 0, "there is nothing but blanks or a comment after \"=\", which Node.js 22 reads on from"
		}
		return v, blanks + len(line), ""
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
	return v, blanks + n + trailer(s[n:]), ""
}

// NPM reads a value as the npm package dotenv does (lib/main.js, 16 to 18).
func NPM(s string) (string, int, string) {
	if s == "" || strings.IndexByte("'\"`", s[0]) < 0 {
		v, n, problem := npmBare(s)
		return strings.TrimFunc(v, jsSpace), n, problem
	}
	v, n, problem := quoted(s)
	switch {
	case problem != "":
		return "", 0, problem
	case n == len(s) || s[n] == '\n' || s[n] == '\r':
	case strings.ContainsAny(s[:n], "\n#") || strings.Contains(unquoted(s), "#"):
		return "", 0, "there is text after the value"
	default:
		// The next quote does not end the line, so the value is the whole
		// line; it then loses quotes of one kind at its ends.
		if v, n, problem = npmBare(s); problem != "" {
			return "", 0, problem
		}
		v = strings.TrimFunc(v, jsSpace)
		if v[len(v)-1] == v[0] {
			v = v[1 : len(v)-1]
		}
	}
	if s[0] == '"' {
		v = strings.ReplaceAll(v, `\n`, "\n")
		v = strings.ReplaceAll(v, `\r`, "\r")
	}
	return v, n, ""
}

// npmBare reads a line up to "#".
func npmBare(s string) (string, int, string) {
	line := unquoted(s)
	text, _, _ := strings.Cut(line, "#")
	first, _ := utf8.DecodeRuneInString(text)
	switch {
	case strings.ContainsAny(text, "\r\u2028\u2029"):
		return "", 0, "the value holds a character that JavaScript takes for the end of a line"
	case text != "" && jsSpace(first) && strings.TrimFunc(text, jsSpace) != "":
		return "", 0, "there are odd blanks before the value"
	}
	return text, len(line), ""
}

// Next reads a value as @next/env, Vite, bun, dotenv-cli and dotenv-expand do.
// Some of them read the file as [NPM], others as [Node] (Vite from 8), so that
// both have to agree. Then "$NAME" and "${…}" are replaced, whatever the quotes,
// and `\$` stands for "$".
func Next(s string) (string, int, string) {
	v, n, problem := NPM(s)
	other, m, problemToo := Node(s)
	switch {
	case problem != "":
		return "", 0, problem
	case problemToo != "":
		return "", 0, problemToo
	case v != other || n != m:
		return "", 0, "Next.js and Vite read the value differently"
	case DollarExpands(strings.ReplaceAll(v, `\$`, "")):
		return "", 0, Expands
	}
	return strings.ReplaceAll(v, `\$`, "$"), n, ""
}
