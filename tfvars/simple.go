package tfvars

import (
	"bytes"

	"github.com/zclconf/go-cty/cty"
)

// simpleLine reads the line that starts at at, if it is blank, a comment, or
// sets a name to a plain string, a plain heredoc, a whole number, a bool or
// null, all of it in printable ASCII. The item of a line that sets nothing is zero. next is the
// start of the line that follows. What is not as simple is left, ok being
// false, to the real parser, with which this one must agree (FuzzParse).
func simpleLine(src []byte, at int) (it item, next int, ok bool) {
	i := skipBlanks(src, at)
	if next, ok := lineEnd(src, i); ok {
		return item{}, next, true
	}
	it.nameAt = i
	for i < len(src) && identifierByte(src[i], i > it.nameAt) {
		i++
	}
	it.nameEnd = i
	if it.nameEnd == it.nameAt {
		return item{}, 0, false
	}
	i = skipBlanks(src, i)
	if i >= len(src) || src[i] != '=' {
		return item{}, 0, false
	}
	it.valueAt = skipBlanks(src, i+1)
	if bytes.HasPrefix(src[it.valueAt:], []byte("<<")) {
		it.value, it.valueEnd, ok = simpleHeredoc(src, it.valueAt)
	} else {
		it.value, it.valueEnd, ok = simpleValue(src, it.valueAt)
	}
	if !ok {
		return item{}, 0, false
	}
	next, ok = lineEnd(src, skipBlanks(src, it.valueEnd))
	if !ok {
		return item{}, 0, false
	}
	it.name = string(src[it.nameAt:it.nameEnd])
	return it, next, true
}

func skipBlanks(src []byte, i int) int {
	for i < len(src) && (src[i] == ' ' || src[i] == '\t') {
		i++
	}
	return i
}

// lineEnd returns the start of the next line, if between i and the end of this
// line there is nothing or a comment.
func lineEnd(src []byte, i int) (next int, ok bool) {
	if i < len(src) && (src[i] == '#' || src[i] == '/' && i+1 < len(src) && src[i+1] == '/') {
		for i < len(src) && (printable(src[i]) || src[i] == '\t') {
			i++
		}
	}
	switch {
	case i == len(src):
		return i, true
	case src[i] == '\n':
		return i + 1, true
	case src[i] == '\r' && i+1 < len(src) && src[i+1] == '\n':
		return i + 2, true
	}
	return 0, false
}

func printable(c byte) bool { return 0x20 <= c && c < 0x7f }

func identifierByte(c byte, inside bool) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_':
		return true
	case '0' <= c && c <= '9', c == '-':
		return inside
	}
	return false
}

// simpleValue reads a plain value.
func simpleValue(src []byte, at int) (v cty.Value, end int, ok bool) {
	if at >= len(src) {
		return cty.NilVal, 0, false
	}
	if src[at] == '"' {
		return simpleString(src, at+1)
	}
	i := at
	for i < len(src) && identifierByte(src[i], true) {
		i++
	}
	word := src[at:i]
	switch string(word) {
	case "true":
		return cty.True, i, true
	case "false":
		return cty.False, i, true
	case "null":
		return cty.NullVal(cty.DynamicPseudoType), i, true
	}
	if len(word) == 0 || len(word) > 300 {
		return cty.NilVal, 0, false
	}
	for _, c := range word {
		if c < '0' || '9' < c {
			return cty.NilVal, 0, false
		}
	}
	v, err := cty.ParseNumberVal(string(word))
	return v, i, err == nil
}

// simpleString reads a quoted string from behind its first quote. It knows the
// common escapes, and no templates.
func simpleString(src []byte, at int) (v cty.Value, end int, ok bool) {
	var text []byte // with escapes replaced, once there was one
	from := at
	for i := at; i < len(src); i++ {
		switch c := src[i]; c {
		case '"':
			if text == nil {
				return cty.StringVal(string(src[at:i])), i + 1, true
			}
			return cty.StringVal(string(append(text, src[from:i]...))), i + 1, true
		case '\\':
			if i+1 >= len(src) {
				return cty.NilVal, 0, false
			}
			plain := unescape(src[i+1])
			if plain == 0 {
				return cty.NilVal, 0, false
			}
			text = append(append(text, src[from:i]...), plain)
			i++
			from = i + 1
		case '$', '%':
			if i+1 >= len(src) {
				return cty.NilVal, 0, false
			}
			switch src[i+1] {
			case '{', '$', '%', '\\', '"':
				return cty.NilVal, 0, false
			}
		default:
			if !printable(c) {
				return cty.NilVal, 0, false
			}
		}
	}
	return cty.NilVal, 0, false
}

// simpleHeredoc reads a heredoc whose indentation counts ("<<", not "<<-"), and
// that holds no template.
func simpleHeredoc(src []byte, at int) (v cty.Value, end int, ok bool) {
	i := at + len("<<")
	for i < len(src) && identifierByte(src[i], i > at+len("<<")) {
		i++
	}
	mark := src[at+len("<<") : i]
	if len(mark) == 0 || i == len(src) || src[i] != '\n' {
		return cty.NilVal, 0, false
	}
	text := i + 1
	for line := text; line < len(src); {
		end := seek(src, line, newline)
		if end == len(src) {
			break
		}
		if bytes.Equal(bytes.Trim(src[line:end], " \t"), mark) {
			return cty.StringVal(string(src[text:line])), end, true
		}
		for i, c := range src[line:end] {
			plain := printable(c) || c == '\t'
			if c == '$' || c == '%' {
				plain = identifierByte(src[line+i+1], true) || src[line+i+1] == ' '
			}
			if !plain {
				return cty.NilVal, 0, false
			}
		}
		line = end + 1
	}
	return cty.NilVal, 0, false
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case '"', '\\':
		return c
	}
	return 0
}
