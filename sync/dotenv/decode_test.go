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
		{"docker", "# c\r\n  A= 'x' \r\nB=\n", []Entry{entry("A", " 'x' "), entry("B", "")}},
		{"compose", "A = x y # c\nB=\"a\\$b\\n\" # c\nC='it\\'s'\r\n", []Entry{entry("A", "x y"), entry("B", "a$b\n"), entry("C", "it's")}},
		{"python", "  export A = x#y #c\nB='it\\'s \\n' #c\nC=\"\\t\\x\"\r\n", []Entry{entry("A", "x#y"), entry("B", "it's \\n"), entry("C", "\t\\x")}},
		{"node", "export A = x y #c\nB=`it's\n\"` # c\nC=\"a\\nb\\t\"\n", []Entry{entry("A", "x y"), entry("B", "it's\n\""), entry("C", "a\nb\\t")}},
		{"npm", "A=x y#c\nB=`it's\n\"` # c\nC=\"a\\r\\nb\"\nD=''q''\n", []Entry{entry("A", "x y"), entry("B", "it's\n\""), entry("C", "a\r\nb"), entry("D", "'q'")}},
		{"godotenv", "A=x y #c\nB='a\nb' # c\nC=\"a\\$b\\!\"\n", []Entry{entry("A", "x y"), entry("B", "a\nb"), entry("C", "a$b!")}},
		{"ruby", "A=x y#c\nB='a\nb' # c\nC=\"a\\$b \\$(id) \\!\"\n", []Entry{entry("A", "x y"), entry("B", "a\nb"), entry("C", "a$b $(id) !")}},
		{"direnv", "A=x#c\nB='it's'\nC=\"a\\nb\"\n", []Entry{entry("A", "x"), entry("B", "it's"), entry("C", "a\nb")}},
		{"systemd", "; c\nA = x y # z \nB='a'\"b\\$\\c\"\\d\nC=x\\\n  y\n", []Entry{entry("A", "x y # z"), entry("B", "ab$\\cd"), entry("C", "x  y")}},
		{"github", "A=x=y \n\nB<<EOF\na\nEOF \n\nEOF\nC<<E\nE\n", []Entry{entry("A", "x=y "), entry("B", "a\nEOF \n"), entry("C", "")}},
		{"yaml", "---\n# c\nA: x.y # c\n\"no\": 'it''s'\nC: \"\\x41\\u00e9\\U0001f511\\/\"\n", []Entry{entry("A", "x.y"), entry("no", "it's"), entry("C", "Aé🔑/")}},
		{"ecs", `{"secrets": [{"valueFrom": "arn:x", "name": "B"}], "environment": [{"name": "A", "value": ""}]}`, []Entry{{Key: "B", ValueFrom: "arn:x"}, entry("A", "")}},
		{"tfvars", "A=\"x\" # c\n  B = \"$${a} $$b \\u0024{c} 5%\"\n", []Entry{entry("A", "x"), entry("B", "${a} $$b ${c} 5%")}},
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
		{"docker", "A\n", "f:1: the line is neither a comment nor KEY=value"},
		{"compose", "A=$B\n", "f:1: A: the value refers to a variable or a command"},
		{"compose", "A=\"\\a\"\n", `f:1: A: the value holds an escape other than \\, \", \$, \n, \r and \t`},
		{"python", "A='${B:-c}'\n", "f:1: A: the value refers to a variable or a command"},
		{"python", "A='b\\'\nB='c'\n", "f:1: A: there is text after the value"},
		{"node", "export A=\n", `f:1: A: there is nothing after "export KEY=", which Node.js 22 takes for another key`},
		{"node", "A= \n", `f:1: A: there is nothing but blanks or a comment after "=", which Node.js 22 reads on from`},
		{"npm", "A='b\\'\n", "f:1: A: the value ends in a backslash before the quote, and what that means depends on the lines below"},
		{"godotenv", "A=\"$B\"\n", "f:1: A: the value refers to a variable or a command"},
		{"ruby", "A=\"$(id)\"\n", "f:1: A: the value refers to a variable or a command"},
		{"ruby", "A=a\\b\n", "f:1: A: the value holds backslashes without quotes, which versions read differently"},
		{"direnv", "A='a\nb'\n", "f:1: A: the line does not end in the closing quote; direnv reads values of one line only"},
		{"direnv", "# a: 'b\nA=1\n", "f:1: the comment holds a quote that is not closed, which direnv takes for a value"},
		{"systemd", "A=\"b\n", "f:1: A: the closing quote is missing"},
		{"github", "A<<EOF\nx\n", "f:1: A: the closing delimiter is missing"},
		{"github", "# c\n", "f:1: the line is neither KEY=value nor KEY<<DELIMITER"},
		{"yaml", "A: yes\n", "f:1: A: the value is not a string in every version of YAML; put it in quotes"},
		{"yaml", "A: 12\n", "f:1: A: the value is not a string in every version of YAML; put it in quotes"},
		{"yaml", "A:\n  B: c\n", "f:1: the line is not \"key: value\""},
		{"ecs", `{"environment": [{"name": "A"}]}`, `f:1: an element does not have both "name" and "value"`},
		{"tfvars", "A = 1\n", "f:1: A: the value is not a string in double quotes"},
		{"tfvars", "A = \"${b}\"\n", "f:1: A: the value refers to a variable or a command"},
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
