package reader

import "strings"

// Sh reads one word of the POSIX shell (XCU 2.2 and 2.3): unquoted
// characters, '…', "…" and backslashes, in any order. Expansions, tildes and
// operators are refused, and so is whatever bash and dash differ in.
func Sh(s string) (string, int, string) {
	var b strings.Builder
	for i := 0; ; {
		if i == len(s) || s[i] == '\n' {
			return b.String(), i, ""
		}
		switch c := s[i]; c {
		case '\'':
			end := strings.IndexByte(s[i+1:], '\'')
			if end < 0 {
				return "", 0, "the closing quote is missing"
			}
			b.WriteString(s[i+1 : i+1+end])
			i += end + 2
		case '"':
			n, problem := shDouble(&b, s[i+1:])
			if problem != "" {
				return "", 0, problem
			}
			i += n + 1
		case '\\':
			if i+1 == len(s) {
				return "", 0, "the value ends in a backslash outside quotes"
			}
			if s[i+1] != '\n' { // a continued line
				b.WriteByte(s[i+1])
			}
			i += 2
		case ' ', '\t':
			if n := trailer(s[i:]); n > 0 && !strings.HasPrefix(s[i+n:], "\r") {
				return b.String(), i + n, ""
			}
			return "", 0, "there is text after the value"
		default:
			if problem := shBare(c); problem != "" {
				return "", 0, problem
			}
			b.WriteByte(c)
			i++
		}
	}
}

// Zsh reads a word as [Sh] does, without what zsh takes for the path of a
// command.
func Zsh(s string) (string, int, string) {
	v, n, problem := Sh(s)
	if problem == "" && (strings.HasPrefix(s, "=") || !strings.HasPrefix(s, "'") && strings.Contains(s[:n], ":=")) {
		return "", 0, `the value holds "=" where zsh puts the path of a command`
	}
	return v, n, problem
}

// shBare returns why c may not stand outside quotes.
func shBare(c byte) string {
	switch {
	case c == '$' || c == '`':
		return Expands
	case c == '~':
		return "the value holds a tilde outside quotes, which the shell may expand"
	case c == '\r':
		return "the line ends in CR LF, and the shell makes the CR part of the value"
	case c < ' ' || c == 0x7f:
		return "the value holds a control character outside quotes"
	case strings.IndexByte(";&|<>()*?[]{}!", c) >= 0:
		return "the value holds a character outside quotes that means something to the shell"
	}
	return ""
}

// shDouble reads the inside of "…" and returns its length with the closing quote.
func shDouble(b *strings.Builder, s string) (int, string) {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"':
			return i + 1, ""
		case '$', '`':
			return 0, Expands
		case '\\':
			if i++; i == len(s) {
				break
			}
			switch {
			case s[i] == '\n': // a continued line
			case strings.IndexByte("$`\"\\", s[i]) >= 0:
				b.WriteByte(s[i])
			default:
				b.WriteByte('\\')
				b.WriteByte(s[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return 0, "the closing quote is missing"
}
