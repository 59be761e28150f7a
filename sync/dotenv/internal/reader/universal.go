package reader

import "strings"

// Universal reads what every consumer of .env files reads alike:
//
//  1. [A-Za-z0-9_./:@%+,=-]* as it stands,
//  2. '…' around text without control characters but the tab, without "'",
//     "${" and `\\`, not ending in a backslash,
//  3. "…" around text without `"`, `\`, "$", "`" and control characters but
//     the tab,
//
// with nothing after it. Anything else means different things to different
// consumers. Code points that are not characters count as control characters:
// systemd drops a variable that holds one.
func Universal(s string) (string, int, string) {
	const differs = "consumers read this value differently; name the format it was written for"
	if s == "" || s[0] != '\'' && s[0] != '"' {
		n := plainLen(s)
		if n < len(s) && s[n] != '\n' {
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

// SingleSafe reports whether every consumer reads v alike between single
// quotes (rule 2 of [Universal]).
func SingleSafe(v string) bool {
	return !strings.ContainsFunc(v, unsafeRune) && !strings.Contains(v, "'") &&
		!strings.Contains(v, "${") && !strings.Contains(v, `\\`) && !strings.HasSuffix(v, `\`)
}

// DoubleSafe reports whether every consumer reads v alike between double
// quotes (rule 3 of [Universal]).
func DoubleSafe(v string) bool {
	return !strings.ContainsFunc(v, unsafeRune) && !strings.ContainsAny(v, "\"\\$`")
}

func unsafeRune(r rune) bool { return isControl(r) || nonCharacter(r) }
