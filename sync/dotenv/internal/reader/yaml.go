package reader

import (
	"strconv"
	"strings"
)

// YAML reads a mapping of strings, one "key: value" on each line, in the
// subset that YAML 1.1 and 1.2 parsers read alike: keys as they stand or
// between quotes; values "…" with the escapes of JSON and \xNN, or '…', or
// plain ones that start with a letter and are no boolean or null. A "---" may
// come first. Values of several lines, tags, anchors, numbers and nesting are
// refused.
func YAML(src string) ([]Pair, *Problem) {
	var pairs []Pair
	line := 0
	for text := range strings.Lines(src) {
		line++
		text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
		if t := strings.TrimLeft(text, " "); t == "" || t[0] == '#' || text == "---" && len(pairs) == 0 || text == "{}" {
			continue
		}
		key, rest, ok := yamlKey(text)
		if !ok {
			return nil, &Problem{Line: line, Summary: "the line is not \"key: value\""}
		}
		value, n, problem := yamlScalar(strings.TrimLeft(rest, " "))
		if problem == "" && n < len(strings.TrimLeft(rest, " ")) {
			problem = "there is text after the value"
		}
		if problem != "" {
			return nil, &Problem{Line: line, Key: key, Summary: problem}
		}
		pairs = append(pairs, Pair{Key: key, Value: value, Line: line})
	}
	return pairs, nil
}

// yamlKey reads "KEY: " or "\"KEY\": ".
func yamlKey(text string) (key, rest string, ok bool) {
	quote := ""
	if strings.HasPrefix(text, `"`) || strings.HasPrefix(text, "'") {
		quote = text[:1]
		text = text[1:]
	}
	n := keyLen(text)
	rest, ok = strings.CutPrefix(text[n:], quote+": ")
	return text[:n], rest, ok && n > 0 && (quote != "" || !YAMLWord(text[:n]))
}

// YAMLWord reports whether a YAML 1.1 or 1.2 parser takes the plain scalar s
// for a boolean or null.
func YAMLWord(s string) bool {
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return true
	}
	return false
}

// yamlScalar reads the value that s starts with, and a comment after it.
func yamlScalar(s string) (value string, n int, problem string) {
	const plain = "the value is not a string in every version of YAML; put it in quotes"
	switch {
	case s == "":
		return "", 0, "the value is missing, which is null"
	case s[0] == '"':
		value, n, problem = yamlDouble(s)
	case s[0] == '\'':
		value, n, problem = yamlSingle(s)
	default:
		n = plainLen(s)
		value = s[:n]
		c := s[0] | 0x20
		if c < 'a' || c > 'z' || YAMLWord(value) || strings.HasSuffix(value, ":") {
			problem = plain
		}
	}
	switch {
	case problem != "":
		return "", 0, problem
	case strings.ContainsFunc(s[:n], YAMLHidden):
		return "", 0, "the value holds a character that YAML wants escaped"
	}
	return value, n + trailer(s[n:]), ""
}

// YAMLHidden reports whether r must be escaped in "…": it is not printable in
// the sense of YAML, or may be taken for the end of a line.
func YAMLHidden(r rune) bool {
	switch r {
	case 0x2028, 0x2029, 0xfeff, 0xfffe, 0xffff:
		return true
	}
	return isControl(r)
}

func yamlSingle(s string) (string, int, string) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] == '\'' {
			if !strings.HasPrefix(s[i+1:], "'") {
				return b.String(), i + 1, ""
			}
			i++
		}
		b.WriteByte(s[i])
	}
	return "", 0, "the closing quote is missing on the line"
}

func yamlDouble(s string) (string, int, string) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), i + 1, ""
		case '\\':
			r, n := yamlEscape(s[i+1:])
			if n == 0 {
				return "", 0, "the value holds an escape other than those of JSON and \\xNN"
			}
			b.WriteRune(r)
			i += n
		default:
			b.WriteByte(s[i])
		}
	}
	return "", 0, "the closing quote is missing on the line"
}

// yamlEscape reads what follows a backslash and returns its length.
func yamlEscape(s string) (rune, int) {
	if s == "" {
		return 0, 0
	}
	if i := strings.IndexByte(`"\/bfnrt`, s[0]); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), 1
	}
	var digits int
	switch s[0] {
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	}
	if digits == 0 || len(s) <= digits {
		return 0, 0
	}
	r, err := strconv.ParseUint(s[1:1+digits], 16, 32)
	if err != nil || r > 0x10ffff || 0xd800 <= r && r < 0xe000 {
		return 0, 0
	}
	return rune(r), 1 + digits
}
