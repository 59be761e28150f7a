package tfvars

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
)

// writer writes values as source text, in the native syntax or in JSON.
type writer struct {
	bytes.Buffer
	json bool
}

// layout says how the elements of a collection are laid out: all in one line,
// or each in a line of its own if it has an end of line.
type layout struct {
	eol    string
	indent string // of the line with the closing bracket
}

// value writes a value. What is inside of a collection's elements is always
// written in one line.
func (w *writer) value(v cty.Value, l layout) {
	switch t := v.Type(); {
	case v.IsNull():
		w.WriteString("null")
	case t == cty.String:
		w.text(v.AsString())
	case t == cty.Number:
		w.WriteString(numberText(v.AsBigFloat()))
	case t == cty.Bool && v.True():
		w.WriteString("true")
	case t == cty.Bool:
		w.WriteString("false")
	case t.IsObjectType() || t.IsMapType():
		w.collection(v, '{', '}', l)
	default:
		w.collection(v, '[', ']', l)
	}
}

func (w *writer) collection(v cty.Value, opening, closing byte, l layout) {
	w.WriteByte(opening)
	if v.LengthInt() == 0 {
		w.WriteByte(closing)
		return
	}
	lines := l.eol != ""
	if opening == '{' && !lines && !w.json {
		w.WriteByte(' ')
	}
	first := true
	for it := v.ElementIterator(); it.Next(); first = false {
		if !first {
			w.WriteByte(',')
		}
		switch {
		case lines:
			w.WriteString(l.eol + l.indent + "  ")
		case !first:
			w.WriteByte(' ')
		}
		key, element := it.Element()
		if opening == '{' {
			w.key(key.AsString())
		}
		w.value(element, layout{})
	}
	switch {
	case lines && !w.json:
		w.WriteString("," + l.eol + l.indent)
	case lines:
		w.WriteString(l.eol + l.indent)
	case opening == '{' && !w.json:
		w.WriteByte(' ')
	}
	w.WriteByte(closing)
}

// key writes the key of an object and what separates it from its value.
func (w *writer) key(key string) {
	switch {
	case w.json:
		w.text(key)
		w.WriteString(": ")
	case plainKey(key):
		w.WriteString(key + " = ")
	default:
		w.text(key)
		w.WriteString(" = ")
	}
}

// plainKey reports whether a key needs no quotes in the native syntax.
func plainKey(key string) bool {
	switch key {
	case "", "for", "if", "in", "true", "false", "null":
		return false
	}
	for i := range len(key) {
		if !identifierByte(key[i], i > 0) {
			return false
		}
	}
	return true
}

// text writes a string with its quotes.
func (w *writer) text(s string) {
	if w.json {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		_ = e.Encode(s) // a string can be encoded, and the buffer takes it
		w.Truncate(w.Len() - 1)
		return
	}
	w.WriteByte('"')
	for i, r := range s {
		switch {
		case r == '"' || r == '\\':
			w.WriteByte('\\')
			w.WriteRune(r)
		case r == '\n':
			w.WriteString(`\n`)
		case r == '\r':
			w.WriteString(`\r`)
		case r == '\t':
			w.WriteString(`\t`)
		case invisible(r):
			w.escape(r)
		default:
			w.literal(s, i, r)
		}
	}
	w.WriteByte('"')
}

// Quote writes a string as a literal of Terraform's language, with its quotes.
func Quote(s string) string {
	var w writer
	w.text(s)
	return w.String()
}

// literal writes a character that needs no escape, unless it starts a template:
// "${" becomes "$${". What follows another of its kind becomes an escape,
// because HashiCorp's parser is not at one with itself about "$$${".
func (w *writer) literal(s string, i int, r rune) {
	starts := (r == '$' || r == '%') && strings.HasPrefix(s[i+1:], "{")
	switch {
	case starts && i > 0 && (s[i-1] == '$' || s[i-1] == '%'):
		w.escape(r)
	case starts:
		w.WriteRune(r)
		w.WriteRune(r)
	default:
		w.WriteRune(r)
	}
}

// invisible reports whether a character is a control character, or one that
// looks like a blank, a line's end or nothing at all in an editor.
func invisible(r rune) bool {
	switch {
	case r < 0x20, 0x7f <= r && r < 0xa0, r == 0xa0, r == 0xad, r == 0xfeff:
		return true
	case 0x200b <= r && r <= 0x200f, 0x2028 <= r && r <= 0x202e, 0x2060 <= r && r <= 0x2069:
		return true
	}
	return false
}

const hexDigits = "0123456789abcdef"

func (w *writer) escape(r rune) {
	w.WriteString(`\u`)
	for shift := 12; shift >= 0; shift -= 4 {
		w.WriteByte(hexDigits[r>>shift&0xf])
	}
}

// numberText writes a number as Terraform does, but for an exponent where the
// digits would be many. The text reads back as the same number: two numbers
// are equal to Terraform if their shortest texts are.
func numberText(f *big.Float) string {
	if exp := f.MantExp(nil); -200 < exp && exp < 200 {
		return f.Text('f', -1)
	}
	return f.Text('e', -1)
}

// heredoc writes a text between the marks of the heredoc that old is, if it
// can be written so that each line stands for itself.
func heredoc(old []byte, text string) (string, bool) {
	eol := bytes.IndexByte(old, '\n') + 1
	mark := strings.TrimLeft(strings.TrimSpace(string(old[:eol])), "<-")
	last := bytes.LastIndexByte(old, '\n') + 1
	if !strings.HasSuffix(text, "\n") || mark == "" || eol >= last && eol == 0 {
		return "", false
	}
	indent := ""
	if bytes.HasPrefix(old, []byte("<<-")) {
		indent = leadingBlanks(string(old[eol:]))
		if eol == last {
			indent = leadingBlanks(string(old[last:]))
		}
	}
	var b strings.Builder
	b.Write(old[:eol])
	for line := range strings.Lines(text) {
		body := strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(body) == mark || !heredocLine(body) || strings.HasSuffix(line, "\r\r\n") {
			return "", false
		}
		if body != "" {
			b.WriteString(indent)
		}
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll(body, "${", "$${"), "%{", "%%{"))
		b.WriteString(line[len(body):])
	}
	b.Write(old[last:])
	return b.String(), true
}

// heredocLine reports whether a heredoc can hold the line: there are no escapes
// in heredocs.
func heredocLine(line string) bool {
	for i, r := range line {
		if r != '\t' && invisible(r) || r == utf8.RuneError {
			return false
		}
		if i > 0 && r == '{' && i > 1 && (line[i-1] == '$' || line[i-1] == '%') && (line[i-2] == '$' || line[i-2] == '%') {
			return false
		}
	}
	return true
}

// leadingBlanks returns the blanks that s starts with.
func leadingBlanks(s string) string {
	return s[:len(s)-len(strings.TrimLeft(s, " \t"))]
}

func identifierByte(c byte, inside bool) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_':
		return true
	case '0' <= c && c <= '9', c == '-':
		return inside
	}
	return false
}
