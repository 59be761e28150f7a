package reader

import "strings"

// Docker reads a value of "docker run --env-file" (docker/cli, pkg/kvfile):
// the rest of the line, quotes and all, without the CR of a CR LF.
func Docker(s string) (string, int, string) {
	v := unquoted(s)
	if len(v) == len(s)-1 && s[len(v)] == '\r' {
		return "", 0, "the file ends in a carriage return"
	}
	return v, len(v), ""
}

// DockerMaxLine is the longest line that docker/cli reads, in bytes without
// its end: one less than bufio.MaxScanTokenSize.
const DockerMaxLine = 64<<10 - 1

// Compose reads a value of an env_file of Docker Compose
// (compose-spec/compose-go, package dotenv).
func Compose(s string) (string, int, string) {
	if s == "" || s[0] != '\'' && s[0] != '"' {
		line := restOfLine(s)
		v, _, _ := strings.Cut(strings.TrimLeftFunc(line, goSpace), " #")
		switch {
		case strings.Contains(v, "$"):
			return "", 0, Expands
		case len(line) > 0 && goSpace(rune(line[0])) || strings.HasPrefix(line, "\u0085") || strings.HasPrefix(line, "\u00a0"):
			return "", 0, "there are odd blanks before the value"
		}
		return strings.TrimRightFunc(v, pySpace), len(line), ""
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		c := s[i]
		if c == s[0] {
			return b.String(), i + 1 + trailer(s[i+1:]), ""
		}
		if c == '\\' && i+1 < len(s) {
			i++
			if !composeEscape(&b, s[0], s[i]) {
				return "", 0, "the value holds an escape other than \\\\, \\\", \\$, \\n, \\r and \\t"
			}
			continue
		}
		if c == '$' && s[0] == '"' {
			return "", 0, Expands
		}
		b.WriteByte(c)
	}
	return "", 0, noClosing
}

// composeEscape writes what a backslash and c mean inside quote.
func composeEscape(b *strings.Builder, quote, c byte) bool {
	if c == quote {
		b.WriteByte(c)
		return true
	}
	if quote == '"' {
		if i := strings.IndexByte(`\$nrt`, c); i >= 0 {
			b.WriteByte("\\$\n\r\t"[i])
			return true
		}
		if strings.IndexByte("abcfv0", c) >= 0 {
			return false
		}
	}
	b.WriteByte('\\')
	b.WriteByte(c)
	return true
}
