package dotenv

import (
	"errors"
	"testing"
)

// TestDecode reads what people write, as each consumer does.
func TestDecode(t *testing.T) {
	for _, tt := range []struct {
		dialect, src string
		want         []Entry
	}{
		{"dotenv", "# c\n\nA=1\nexport B='x y'\nC=\"it's\"\nD=", []Entry{entry("A", "1"), entry("B", "x y"), entry("C", "it's"), entry("D", "")}},
		{"sh", "A=a'b c'\"d \\\"e\\\\ \\x\"\\ f # comment\n  export\tB=x#y\nC='1\n2'\n", []Entry{entry("A", "ab cd \"e\\ \\x f"), entry("B", "x#y"), entry("C", "1\n2")}},
		{"sh", "A=\"a\\\nb\"c\\\nd\n", []Entry{entry("A", "abcd")}},
		{"json", " { \"A\" : \"\\u0061\\ud83d\\udd11\\n\" }\n", []Entry{entry("A", "a🔑\n")}},
	} {
		got, err := Decode(mustDialect(t, tt.dialect), []byte(tt.src), "f")
		if err == nil {
			err = sameEntries(got, tt.want)
		}
		if err != nil {
			t.Errorf("%s %q: %v", tt.dialect, tt.src, err)
		}
	}
}

// TestDecodeRefuses names the line, the key and what is wrong.
func TestDecodeRefuses(t *testing.T) {
	for _, tt := range []struct {
		dialect, src, want string
	}{
		{"dotenv", "A=1\nB=two words\n", "f:2: B: consumers read this value differently; name the format it was written for"},
		{"dotenv", "A='1' # c\n", "f:1: A: there is text after the value"},
		{"dotenv", "A=1\r\n", "f:1: A: consumers read this value differently; name the format it was written for"},
		{"dotenv", "A='1\n2'\n", "f:1: A: consumers read this value differently; name the format it was written for"},
		{"dotenv", "A=1\n\nA=2\n", "f:3: A: the key was given on line 1 already"},
		{"dotenv", " A=1\n", "f:1: the line is neither a comment nor KEY=value"},
		{"dotenv", "A =1\n", "f:1: the line is neither a comment nor KEY=value"},
		{"dotenv", "A=1\nB=\x00\n", "f:2: the line holds NUL, or is not UTF-8"},
		{"dotenv", "A=1\n\xff\n", "f:2: the line holds NUL, or is not UTF-8"},
		{"dotenv", "\ufeffA=1\n", "f:1: the file starts with a byte order mark, which not every consumer skips"},
		{"dotenv", "# c\\\nA=1\n", "f:1: the comment ends in a backslash"},
		{"dotenv", "# c\rA=1\n", "f:1: the comment holds a control character"},
		{"sh", "A=$B\n", "f:1: A: the value refers to a variable or a command"},
		{"sh", "A=\"`id`\"\n", "f:1: A: the value refers to a variable or a command"},
		{"sh", "A='1\n2\n", "f:1: A: the closing quote is missing"},
		{"sh", "A='1\n2'\nB=\"3\n", "f:3: B: the closing quote is missing"},
		{"sh", "A=1\r\n", "f:1: A: the line ends in CR LF, and the shell makes the CR part of the value"},
		{"sh", "A=~/x\n", "f:1: A: the value holds a tilde outside quotes, which the shell may expand"},
		{"sh", "A=1; id\n", "f:1: A: the value holds a character outside quotes that means something to the shell"},
		{"sh", "A=1 id\n", "f:1: A: there is text after the value"},
		{"json", "{\n\"A\": 1}", "f:2: A: the value is not a string"},
		{"json", "{\n\"A\": \"1\",\n\"A\": \"2\"}", "f:3: A: the key was given on line 2 already"},
		{"json", "{\"A\": \"\\ud800\"}", `f:1: A: a string holds half a surrogate pair (\uD800 to \uDFFF), which is not a character`},
		{"json", "{\"A\": \"\\u0000\"}", "f:1: A: the value holds NUL"},
		{"json", "{\"A-B\": \"1\"}", "f:1: the key is not of the form [A-Za-z_][A-Za-z0-9_]*"},
		{"json", "{} {}", "f:1: the file is not one JSON object"},
	} {
		got, err := Decode(mustDialect(t, tt.dialect), []byte(tt.src), "f")
		var de *DecodeError
		if !errors.As(err, &de) || err.Error() != tt.want || got != nil {
			t.Errorf("%s %q: got %v, want %s", tt.dialect, tt.src, err, tt.want)
		}
	}
}
