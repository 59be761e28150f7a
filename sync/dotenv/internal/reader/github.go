package reader

import "strings"

// GitHub reads the file that $GITHUB_ENV names as the Actions runner does
// (src/Runner.Worker/FileCommandManager.cs): lines KEY=value, taken as they
// stand, and KEY<<DELIMITER with the value on the lines up to DELIMITER.
// There are no comments.
func GitHub(src string) ([]Pair, *Problem) {
	var pairs []Pair
	line := 1
	for len(src) > 0 {
		text, rest, ended := strings.Cut(src, "\n")
		if text == "" {
			src, line = rest, line+1
			continue
		}
		n := keyLen(text)
		p := Pair{Key: text[:n], Line: line}
		switch {
		case n > 0 && strings.HasPrefix(text[n:], "="):
			p.Value = text[n+1:]
			if strings.HasSuffix(p.Value, "\r") {
				return nil, &Problem{Line: line, Key: p.Key, Summary: "the line ends in CR LF, and on some systems the CR becomes part of the value"}
			}
			src, line = rest, line+1
		case n > 0 && strings.HasPrefix(text[n:], "<<") && len(text) > n+2 && ended:
			delimiter := text[n+2:]
			if strings.Contains(delimiter, "\r") {
				return nil, &Problem{Line: line, Key: p.Key, Summary: "the delimiter holds a carriage return"}
			}
			value, after, ok := heredoc(rest, delimiter)
			if !ok {
				return nil, &Problem{Line: line, Key: p.Key, Summary: "the closing delimiter is missing"}
			}
			p.Value = value
			line += strings.Count(src[:len(src)-len(after)], "\n")
			src = after
		default:
			return nil, &Problem{Line: line, Summary: "the line is neither KEY=value nor KEY<<DELIMITER"}
		}
		pairs = append(pairs, p)
	}
	return pairs, nil
}

// heredoc returns the lines of s up to the one that is the delimiter, without
// the last newline, and what follows.
func heredoc(s, delimiter string) (value, rest string, ok bool) {
	for at := 0; ; {
		text, after, more := strings.Cut(s[at:], "\n")
		if text == delimiter {
			return strings.TrimSuffix(s[:at], "\n"), after, true
		}
		if !more {
			return "", "", false
		}
		at = len(s) - len(after)
	}
}
