package reader

import "strings"

// Systemd reads a value of an EnvironmentFile= (systemd.exec(5);
// src/basic/env-file.c): quoted and unquoted parts in a row. Outside quotes a
// backslash escapes anything, in "…" only `"`, `\`, "`" and "$", in '…'
// nothing. Values that systemd does not take for UTF-8 are refused.
func Systemd(s string) (string, int, string) {
	var b strings.Builder
	unquoted := false // in an unquoted part, where quotes stand for themselves
	kept := 0         // how much of b blanks at the end are not cut from
	i := 0
	for ; i < len(s) && s[i] != '\n' && s[i] != '\r'; i++ {
		switch c := s[i]; {
		case !unquoted && (c == '\'' || c == '"'):
			n := systemdQuoted(&b, s[i:])
			if n == 0 {
				return "", 0, noClosing
			}
			i += n - 1
			kept = b.Len()
		case c == '\\':
			if i++; i == len(s) {
				return "", 0, "the value ends in a backslash"
			}
			if s[i] != '\n' && s[i] != '\r' { // a continued line
				b.WriteByte(s[i])
			}
			unquoted, kept = true, b.Len()
		case c == ' ' || c == '\t':
			if unquoted {
				b.WriteByte(c)
			}
		default:
			b.WriteByte(c)
			unquoted, kept = true, b.Len()
		}
	}
	v := b.String()[:kept]
	if strings.ContainsFunc(v, nonCharacter) {
		return "", 0, "the value holds a code point that is not a character, for which systemd drops the variable"
	}
	return v, i, ""
}

// systemdQuoted reads the quoted part that s starts with and returns its
// length, 0 if the closing quote is missing.
func systemdQuoted(b *strings.Builder, s string) int {
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == s[0]:
			return i + 1
		case c == '\\' && s[0] == '"' && i+1 < len(s):
			i++
			switch {
			case s[i] == '\n': // a continued line
			case strings.IndexByte("\"\\`$", s[i]) >= 0:
				b.WriteByte(s[i])
			default:
				b.WriteByte('\\')
				b.WriteByte(s[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return 0
}

// nonCharacter reports whether systemd's unichar_is_valid refuses r.
func nonCharacter(r rune) bool {
	return 0xfdd0 <= r && r <= 0xfdef || r&0xfffe == 0xfffe
}
