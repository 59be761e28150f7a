package reader

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Universal reads what every consumer of .env files reads alike:
//
//  1. [A-Za-z0-9_./:@%+,=-]* as it stands, but for what starts with "=" or
//     holds ":=", which zsh expands,
//  2. '…' around text for which [SingleSafe] holds,
//  3. "…" around text for which [DoubleSafe] holds,
//
// with nothing after it. Anything else means different things to different
// consumers.
func Universal(s string) (string, int, string) {
	const differs = "consumers read this value differently; name the format it was written for"
	if s == "" || s[0] != '\'' && s[0] != '"' {
		n := plainLen(s)
		if n < len(s) && s[n] != '\n' {
			return "", 0, differs
		}
		if ZshExpands(s[:n]) {
			return "", 0, differs
		}
		return s[:n], n, ""
	}
	end := strings.IndexByte(s[1:], s[0])
	if end < 0 {
		return "", 0, "the closing quote is missing"
	}
	v, n := s[1:1+end], end+2
	ok := SingleSafe(v)
	if s[0] == '"' {
		ok = DoubleSafe(v)
	}
	if !ok {
		return "", 0, differs
	}
	return v, n, ""
}

// ZshExpands reports whether zsh takes a value without quotes for the path of a
// command: "=ls", "a:=ls".
func ZshExpands(v string) bool { return strings.HasPrefix(v, "=") || strings.Contains(v, ":=") }

// SingleSafe reports whether every consumer reads v alike between single quotes.
// Not safe are, besides what ends or opens quotes somewhere:
//
//   - control characters, the tab among them, which go-envparse refuses;
//   - U+2028 and U+2029, at which JavaScript and Python end a line;
//   - "$" before a name, a digit or "{", which Next.js, Vite, bun and
//     dotenv-expand replace in any quotes; `\$`, from which they take the backslash;
//   - `\\`, `\'` and a backslash at the end; `\n`, which env-cmd makes a newline;
//     any backslash behind a blank at the start, which gotenv refuses;
//   - `="`, at which phpdotenv begins a value of several lines;
//   - double quotes at both ends, which django-environ takes away;
//   - code points that are not characters, for which systemd drops the variable.
func SingleSafe(v string) bool {
	if strings.ContainsFunc(v, unsafeRune) || DollarExpands(v) || strings.HasSuffix(v, `\`) {
		return false
	}
	for _, bad := range []string{"'", `\\`, `\$`, `\n`, `="`} {
		if strings.Contains(v, bad) {
			return false
		}
	}
	first, _ := utf8.DecodeRuneInString(v)
	if unicode.IsSpace(first) && strings.Contains(v, `\`) {
		return false
	}
	return len(v) < 2 || !strings.HasPrefix(v, `"`) || !strings.HasSuffix(v, `"`)
}

// DollarExpands reports whether v holds a "$" that dotenv-expand and its like
// take for the start of a variable.
func DollarExpands(v string) bool {
	for i := 0; i+1 < len(v); i++ {
		if c := v[i+1]; v[i] == '$' && (c == '{' || c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
			return true
		}
	}
	return false
}

// DoubleSafe reports whether every consumer reads v alike between double quotes.
func DoubleSafe(v string) bool {
	return !strings.ContainsFunc(v, unsafeRune) && !strings.ContainsAny(v, "\"\\$`")
}

func unsafeRune(r rune) bool {
	return r < ' ' || 0x7f <= r && r < 0xa0 || r == 0x2028 || r == 0x2029 || nonCharacter(r)
}
