package reader

import (
	"strings"
	"unicode/utf8"
)

// Python reads a value as python-dotenv does (dotenv/parser.py and
// variables.py, the same from 0.21 to 1.2), with its interpolation on.
func Python(s string) (string, int, string) {
	var v string
	var n int
	if s != "" && (s[0] == '\'' || s[0] == '"') {
		content, used, problem := quoted(s)
		if problem != "" {
			return "", 0, problem
		}
		v, n = pythonUnescape(content, s[0]), used
	} else {
		line := unquoted(s)
		if strings.Contains(line, "\r") {
			return "", 0, holdsCR
		}
		if r, _ := utf8.DecodeRuneInString(line); line != "" && pySpace(r) {
			return "", 0, "there are odd blanks before the value"
		}
		v = cutComment(line, func(before string) bool {
			r, _ := utf8.DecodeLastRuneInString(before)
			return before != "" && pySpace(r)
		})
		v, n = strings.TrimRightFunc(v, pySpace), len(line)
	}
	v, ok := pythonReplace(v)
	if !ok {
		return "", 0, Expands
	}
	return v, n, ""
}

// pythonUnescape replaces \\ and \' in '…', and \\ \' \" \a \b \f \n \r \t \v
// in "…".
func pythonUnescape(content string, quote byte) string {
	from, to := `\'`, `\'`
	if quote == '"' {
		from, to = `\'"abfnrtv`, "\\'\"\a\b\f\n\r\t\v"
	}
	var b strings.Builder
	for i := 0; i < len(content); i++ {
		if content[i] == '\\' && i+1 < len(content) {
			if at := strings.IndexByte(from, content[i+1]); at >= 0 {
				b.WriteByte(to[at])
				i++
				continue
			}
		}
		b.WriteByte(content[i])
	}
	return b.String()
}

// pythonReplace replaces what matches \$\{[^\}:]*(?::-[^\}]*)?\}, as python-dotenv
// does whatever the quotes, once. Only "${:-text}" stands for something that the
// file holds, its text; ok is false if there is anything else.
func pythonReplace(v string) (replaced string, ok bool) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(v, "${")
		b.WriteString(before)
		if !found {
			return b.String(), true
		}
		i := strings.IndexAny(after, "}:")
		switch {
		case i >= 0 && after[i] == '}':
			return "", false
		case i >= 0 && strings.HasPrefix(after[i:], ":-") && strings.Contains(after[i:], "}"):
			if i > 0 {
				return "", false
			}
			text, rest, _ := strings.Cut(after[2:], "}")
			b.WriteString(text)
			v = rest
		default:
			b.WriteString("${")
			v = after
		}
	}
}

// PythonLiteral writes v so that python-dotenv puts it together again: "${" and,
// where it has to stand before a quote, a backslash at the end are the defaults
// of variables without a name.
func PythonLiteral(v string) (text, end string) {
	if strings.HasSuffix(v, `\`) {
		v, end = v[:len(v)-1], `${:-\}`
	}
	return strings.ReplaceAll(v, "${", "${:-$}{"), end
}
