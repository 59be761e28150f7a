package reader

import "strings"

// PHP reads a value as vlucas/phpdotenv 5 does (src/Parser), which Laravel uses.
// Values of several lines are refused, and what phpdotenv takes for the start
// of one: a line that holds `="` and no second quote.
func PHP(s string) (string, int, string) {
	if phpOpen("=" + restOfLine(s)) {
		return "", 0, `the line holds =" and no quote that closes it, which begins a value of several lines`
	}
	var v string
	n := 0
	switch {
	case s != "" && s[0] == '\'':
		end := strings.IndexByte(restOfLine(s)[1:], '\'')
		if end < 0 {
			return "", 0, noClosing
		}
		v, n = s[1:1+end], end+2
	case s != "" && s[0] == '"':
		var problem string
		if v, n, problem = phpDouble(restOfLine(s)); problem != "" {
			return "", 0, problem
		}
	default:
		n = strings.IndexFunc(restOfLine(s), func(r rune) bool { return r == '#' || r == ' ' || r == '\t' || r == '\r' })
		if n < 0 {
			n = len(restOfLine(s))
		}
		v = s[:n]
		if strings.ContainsAny(v, "'\"\\$\v\f\u0085\u00a0") {
			return "", 0, "the value holds quotes, a backslash or \"$\" without quotes"
		}
		if strings.HasPrefix(s[n:], "#") {
			return "", 0, "there is a comment directly after the value"
		}
	}
	if strings.Contains(s[:n], "\r") {
		return "", 0, holdsCR
	}
	return v, n + trailer(s[n:]), ""
}

// phpDouble reads "…" on one line.
func phpDouble(s string) (string, int, string) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), i + 1, ""
		case '$':
			return "", 0, Expands
		case '\\':
			if i++; i == len(s) {
				break
			}
			at := strings.IndexByte(`"\$fnrtv`, s[i])
			if at < 0 {
				return "", 0, `the value holds an escape other than \", \\, \$, \f, \n, \r, \t and \v`
			}
			b.WriteByte("\"\\$\f\n\r\t\v"[at])
		default:
			b.WriteByte(s[i])
		}
	}
	return "", 0, noClosing
}

// phpOpen reports whether phpdotenv reads on from a line (Parser/Lines.php).
func phpOpen(line string) bool {
	if !strings.Contains(line, `="`) {
		return false
	}
	line = strings.ReplaceAll(line, `\\`, "")
	quotes := 0
	for i := 1; i < len(line); i++ {
		if line[i] == '"' && line[i-1] != '\\' {
			quotes++
		}
	}
	return quotes < 2
}

// PHPComment refuses a comment that phpdotenv takes for the start of a value of
// several lines.
func PHPComment(text string) string {
	if phpOpen(text) {
		return `the comment holds =" and no quote that closes it, which begins a value of several lines`
	}
	return ""
}
