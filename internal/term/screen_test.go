package term

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func TestScreen(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"text":             {"naïve 日本 🙂\ta\n", "naïve 日本 🙂\ta\n"},
		"escape":           {"a\x1b[31mred\x1b]0;title\x07", "a?[31mred?]0;title?"},
		"bell, backspace":  {"a\a\b\x7f", "a???"},
		"return":           {"safe\rhidden", "safe?hidden"},
		"a Windows line":   {"one\r\ntwo\r\n", "one\ntwo\n"},
		"C1":               {"\u009b31m\u0085", "?31m?"},
		"turned around":    {"a\u202eb\u2066c\u200f\u061c", "a?b?c??"},
		"invisible":        {"a\u200bb\ufeff\U000e0041", "a?b??"},
		"other line ends":  {"a\u2028b\u2029c", "a?b?c"},
		"not UTF-8":        {"a\xffb\x9b", "a?b?"},
		"a cut character":  {"a\xe2\x82", "a"},
		"NUL":              {"a\x00b", "a?b"},
		"not hci's colour": {"\U000f0000\U000fefff", "\U000f0000\U000fefff"},
	} {
		var b bytes.Buffer
		if _, err := io.WriteString(NewScreen(false).Writer(&b), c.in); err != nil || b.String() != c.want {
			t.Errorf("%s: %q, want %q (%v)", name, b.String(), c.want, err)
		}
		b.Reset()
		w := NewScreen(false).Writer(&b)
		for i := range len(c.in) { // byte by byte
			if n, err := w.Write([]byte{c.in[i]}); n != 1 || err != nil {
				t.Fatal(n, err)
			}
		}
		if got := strings.ReplaceAll(b.String(), "?\n", "\n"); got != strings.ReplaceAll(c.want, "?\n", "\n") {
			t.Errorf("%s, byte by byte: %q, want %q", name, got, c.want)
		}
	}
}

// The colours of Style pass, and no others.
func TestScreenColours(t *testing.T) {
	s := NewScreen(true)
	var b bytes.Buffer
	line := s.Style().Sign("+", "+") + " \x1b[31mname\x1b[0m\n"
	if _, err := io.WriteString(s.Writer(&b), line); err != nil || b.String() != "\x1b[32m+\x1b[0m ?[31mname?[0m\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
	if got := s.Style().Sign("=", "= name"); got != "= name" {
		t.Errorf("%q", got)
	}
	if got := NewScreen(false).Style().Sign("+", "+"); got != "+" {
		t.Errorf("%q", got)
	}
}
