package reader

import "strings"

// Direnv reads a value as direnv's "dotenv" does (pkg/dotenv/parse.go). It
// works on single lines, and its quoted values end at the last quote of one.
func Direnv(s string) (string, int, string) {
	line := unquoted(s)
	text := strings.TrimRight(line, " \t")
	switch {
	case strings.Contains(text, "\r"):
		return "", 0, "the value holds a carriage return, which ends a line"
	case text == "" || text[0] != '\'' && text[0] != '"':
		text = strings.TrimRight(cutComment(text, func(string) bool { return true }), " \t")
		if strings.ContainsAny(text, " \t\v\f") {
			return "", 0, "the value holds blanks without quotes, which versions read differently"
		}
	case len(text) == 1 || text[len(text)-1] != text[0]:
		return "", 0, "the line does not end in the closing quote; direnv reads values of one line only"
	case text[0] == '\'':
		return text[1 : len(text)-1], len(line), ""
	default:
		text = text[1 : len(text)-1]
		text = strings.ReplaceAll(text, `\n`, "\n")
		text = strings.ReplaceAll(text, `\r`, "\r")
		text = rubyUnescape(text)
	}
	if strings.Contains(text, "$") {
		return "", 0, Expands
	}
	return text, len(line), ""
}

// DirenvComment refuses a comment that newer versions of direnv take for the
// start of a value of several lines.
func DirenvComment(text string) string {
	if i := strings.IndexAny(text, "=:"); i > 0 {
		if v := strings.TrimLeft(text[i+1:], " \t"); v != "" && (v[0] == '"' || v[0] == '\'') && strings.Count(v, v[:1]) == 1 {
			return "the comment holds a quote that is not closed, which direnv takes for a value"
		}
	}
	return ""
}
