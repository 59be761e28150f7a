// Package reader knows how each consumer of environment files reads them.
//
// Every reader here is a strict one: it accepts what it can tell the meaning
// of, and that meaning is exactly the one the consumer gives it. It refuses
// what the consumer would refuse, skip or misread, what versions of the
// consumer read differently, and what takes its value from outside the file
// (a variable, a command). A value's meaning never depends on the lines
// around it, even where the consumer's does: text whose meaning does is
// refused.
//
// Problems name a line, a key and what is wrong; they never hold text of the
// file.
package reader

import "strings"

// A Pair is one variable of a file.
type Pair struct {
	Key, Value string
	// From is where the value is kept when the file only refers to it:
	// an ECS container definition's valueFrom.
	From string
	// Line is the line the key stands on, counted from 1. End is the one that
	// the value ends on, where a format of lines says so.
	Line, End int
}

// A Problem is why a file was not read.
type Problem struct {
	Line    int
	Key     string // empty where no key was found
	Summary string
}

// ReadFunc reads a whole file.
type ReadFunc func(src string) ([]Pair, *Problem)

// ValueFunc reads the value at the start of s, which is the text after
// "KEY=". It returns what the consumer sees and how many bytes of s that
// took, everything up to the end of the line but without it. A problem that
// is not empty says why there is no such value.
type ValueFunc func(s string) (value string, n int, problem string)

// Lines is a format of lines "KEY=value".
type Lines struct {
	Value    ValueFunc
	Comments string // the characters that start a comment line
	Blank    string // the characters skipped before a key
	Around   string // the characters skipped before "=", and unless Narrow after it
	Export   bool   // "export KEY=value" means the same
	Narrow   bool   // but only with one space after "export" and a text after "="
	CRLF     bool   // "\r\n" ends a line too
	Dotted   bool   // keys may hold "." and "-"; the caller judges them
	MaxLine  int    // the longest line in bytes, without its end; 0: any
	// Comment returns what else is wrong with a comment line; it may be nil.
	Comment func(text string) string
}

// Read reads a file. Keys may repeat; the caller judges that.
func (l Lines) Read(src string) ([]Pair, *Problem) {
	var pairs []Pair
	line := 1
	for len(src) > 0 {
		s := strings.TrimLeft(src, l.Blank)
		if n := l.end(s); n > 0 { // an empty line
			src, line = s[n:], line+1
			continue
		}
		if s == "" {
			break
		}
		if strings.IndexByte(l.Comments, s[0]) >= 0 {
			text, rest, _ := strings.Cut(s, "\n")
			if p := l.comment(text); p != "" {
				return nil, &Problem{Line: line, Summary: p}
			}
			src, line = rest, line+1
			continue
		}
		key, exported, s, p := l.key(s)
		if p != "" {
			return nil, &Problem{Line: line, Key: key, Summary: p}
		}
		value, n, p := l.Value(s)
		if exported && l.Narrow && n == 0 && p == "" {
			p = "there is nothing after \"export KEY=\", which Node.js 22 takes for another key"
		}
		if p != "" {
			return nil, &Problem{Line: line, Key: key, Summary: p}
		}
		end := l.end(s[n:])
		if end == 0 && n < len(s) {
			return nil, &Problem{Line: line, Key: key, Summary: "there is text after the value"}
		}
		if used := len(src) - len(s) + n; l.MaxLine > 0 && used > l.MaxLine {
			return nil, &Problem{Line: line, Key: key, Summary: "the line is too long"}
		}
		pairs = append(pairs, Pair{Key: key, Value: value, Line: line, End: line + strings.Count(s[:n], "\n")})
		line += strings.Count(s[:n+end], "\n")
		src = s[n+end:]
	}
	return pairs, nil
}

// comment returns what is wrong with a comment line. A control character in
// one may end the line for some readers, and a backslash may continue it.
func (l Lines) comment(text string) string {
	if l.CRLF {
		text = strings.TrimSuffix(text, "\r")
	}
	if strings.HasSuffix(text, `\`) {
		return "the comment ends in a backslash"
	}
	if strings.IndexFunc(text, isControl) >= 0 {
		return "the comment holds a control character"
	}
	if l.Comment != nil {
		return l.Comment(text)
	}
	return ""
}

// end returns the length of the line end at the start of s, 0 if there is none.
func (l Lines) end(s string) int {
	switch {
	case strings.HasPrefix(s, "\n"):
		return 1
	case l.CRLF && strings.HasPrefix(s, "\r\n"):
		return 2
	}
	return 0
}

// key reads "KEY=" or "export KEY=" and returns the text that follows.
func (l Lines) key(s string) (key string, exported bool, rest, problem string) {
	if after, ok := strings.CutPrefix(s, "export"); ok && l.Export {
		t := strings.TrimLeft(after, " \t")
		if l.Narrow {
			t = strings.TrimPrefix(after, " ")
		}
		if len(t) < len(after) && keyLen(t) > 0 {
			s, exported = t, true
		}
	}
	n := keyLen(s)
	if n > 0 && l.Dotted {
		n += len(s[n:]) - len(strings.TrimLeftFunc(s[n:], dotted))
	}
	key, s = s[:n], strings.TrimLeft(s[n:], l.Around)
	if key == "" || !strings.HasPrefix(s, "=") {
		// What looks like a key here may be a line of a secret.
		return "", false, "", "the line is neither a comment nor KEY=value"
	}
	if l.Narrow {
		return key, exported, s[1:], ""
	}
	return key, exported, strings.TrimLeft(s[1:], l.Around), ""
}

func dotted(r rune) bool {
	return r == '.' || r == '-' || r == '_' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z'
}

// keyLen returns the length of the key [A-Za-z_][A-Za-z0-9_]* that s starts with.
func keyLen(s string) int {
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '_', 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z':
		case '0' <= c && c <= '9' && i > 0:
		default:
			return i
		}
	}
	return len(s)
}

// IsKey reports whether s is [A-Za-z_][A-Za-z0-9_]*, the form of a name that
// POSIX gives to environment variables.
func IsKey(s string) bool { return s != "" && keyLen(s) == len(s) }

// IsPlain reports whether s is one of the texts that every consumer reads
// alike without quotes: [A-Za-z0-9_./:@%+,=-]*.
func IsPlain(s string) bool { return plainLen(s) == len(s) }

func plainLen(s string) int {
	for i := range len(s) {
		if !plain(s[i]) {
			return i
		}
	}
	return len(s)
}

func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("_./:@%+,=-", c) >= 0
}

// isControl reports whether r is a control character other than the tab.
func isControl(r rune) bool {
	return r < ' ' && r != '\t' || 0x7f <= r && r < 0xa0
}

// restOfLine splits s at the first newline.
func restOfLine(s string) string {
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		return s[:i]
	}
	return s
}

// trailer returns the length of the blanks and the comment at the start of s,
// after a quoted value.
func trailer(s string) int {
	t := restOfLine(s)
	t = strings.TrimSuffix(t, "\r")
	b := strings.TrimLeft(t, " \t")
	switch {
	case b == "":
		return len(t) // blanks only
	case b[0] == '#' && len(b) < len(t) && strings.IndexFunc(b, isControl) < 0 && !strings.HasSuffix(b, `\`):
		return len(t)
	}
	return 0
}
