package reader

import "strings"

// Fish reads lines "set -gx KEY 'value'" of the fish shell, with comments, the
// value between single quotes: there `\\` and `\'` stand for what follows the
// backslash, and everything else for itself.
//
// https://fishshell.com/docs/current/language.html#quotes
func Fish(src string) ([]Pair, *Problem) {
	var pairs []Pair
	line := 1
	for len(src) > 0 {
		text, rest, _ := strings.Cut(src, "\n")
		if strings.TrimSpace(text) == "" || text[0] == '#' {
			src, line = rest, line+1
			continue
		}
		after, ok := strings.CutPrefix(src, "set -gx ")
		n := keyLen(after)
		if !ok || n == 0 || !strings.HasPrefix(after[n:], " '") {
			return nil, &Problem{Line: line, Summary: "the line is neither a comment nor set -gx KEY 'value'"}
		}
		value, used := fishQuoted(after[n+2:])
		if used == 0 {
			return nil, &Problem{Line: line, Key: after[:n], Summary: noClosing}
		}
		end := after[n+2+used:]
		if end != "" && end[0] != '\n' {
			return nil, &Problem{Line: line, Key: after[:n], Summary: "there is text after the value"}
		}
		pairs = append(pairs, Pair{Key: after[:n], Value: value, Line: line, End: line + strings.Count(after[:n+2+used], "\n")})
		line = pairs[len(pairs)-1].End + 1
		src = strings.TrimPrefix(end, "\n")
	}
	return pairs, nil
}

// fishQuoted reads what follows an opening quote, and returns its length with
// the closing one, 0 without one.
func fishQuoted(s string) (string, int) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\'':
			return b.String(), i + 1
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '\\' || s[i+1] == '\''):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", 0
}
