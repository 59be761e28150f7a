package dotenv

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hci/sync/dotenv/internal/reader"
	"hci/sync/secret"
)

func mustDialect(t testing.TB, name string) Dialect {
	t.Helper()
	d, ok := ByName(name)
	if !ok {
		t.Fatalf("no dialect %q", name)
	}
	return d
}

func entry(key, value string) Entry { return Entry{Key: key, Value: secret.New(value)} }

func sameEntries(got, want []Entry) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d entries, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i].Key != want[i].Key || !got[i].Value.Equal(want[i].Value) {
			return fmt.Errorf("entry %d (%s) differs from the one written (%s)", i, got[i].Key, want[i].Key)
		}
	}
	return nil
}

// TestEncode pins the text of each dialect: the simplest form that is right.
func TestEncode(t *testing.T) {
	for _, tt := range []struct{ dialect, value, want string }{
		{"dotenv", "", "K=\n"},
		{"dotenv", "a-b_c./:@%+,=Z9", "K=a-b_c./:@%+,=Z9\n"},
		{"dotenv", "two words", "K='two words'\n"},
		{"dotenv", "=a", "K='=a'\n"},
		{"dotenv", "a:=b", "K='a:=b'\n"},
		{"dotenv", "a$#c\"d`e\\f", "K='a$#c\"d`e\\f'\n"},
		{"dotenv", "$(id) $", "K='$(id) $'\n"},
		{"dotenv", "it's", "K=\"it's\"\n"},
		{"dotenv", "grüße 🔑", "K='grüße 🔑'\n"},
		{"sh", "plain", "K=plain\n"},
		{"sh", "it's $HOME\n`x`\\", "K='it'\\''s $HOME\n`x`\\'\n"},
		{"sh", "a\r", "K='a\r'\n"},
		{"sh", "==x", "K='==x'\n"},
		{"zsh", "it's =", "K='it'\\''s ='\n"},
		{"fish", "it's $x\\\n", "set -gx K 'it\\'s $x\\\\\n'\n"},
		{"make", " a $b # c\\", reader.MakeHelpers + "export K := $() a $$b $(hci_hash) c\\$()\n"},
		{"make", "a=b", "export K := a=b\n"},
		{"make", "", "export K :=\n"},
		{"next", "$2b$10$abc", "K='\\$2b\\$10\\$abc'\n"},
		{"next", "it's $5", "K=\"it's \\$5\"\n"},
		{"php", "a=\"b", "K=\"a=\\\"b\"\n"},
		{"php", "a $b", "K='a $b'\n"},
		{"php", "it's $b\n", "K=\"it's \\$b\\n\"\n"},
		{"gitlab", "'a' \"b\" #c", "K='a' \"b\" #c\n"},
		{"python", "${X} y", "K='${:-$}{X} y'\n"},
		{"python", "C:\\new dir\\ ", "K='C:\\\\new dir\\\\ '\n"},
		{"python", "it's #\\", "K='it\\'s #${:-\\}'\n"},
		{"python", "a\n\\", "K=\"a\\n${:-\\}\"\n"},
		{"docker", " 'a' \"b\" $c #d \\", "K= 'a' \"b\" $c #d \\\n"},
		{"docker", "a\rb", "K=a\rb\n"},
		{"compose", "a $b\\c", "K='a $b\\c'\n"},
		{"compose", "it's $b\\n\n", "K=\"it's \\$b\\\\n\\n\"\n"},
		{"compose", "end \\", "K=\"end \\\\\"\n"},
		{"python", "a $b\\c", "K='a $b\\\\c'\n"},
		{"python", "it's", "K='it\\'s'\n"},
		{"python", "a\r\nb", "K=\"a\\r\\nb\"\n"},
		{"python", "C:\\new dir\\", "K=C:\\new dir\\\n"},
		{"python", "${a", "K='${a'\n"},
		{"node", "it's", "K=\"it's\"\n"},
		{"node", "it's \\n", "K=`it's \\n`\n"},
		{"node", "a'b\"c`d", "K=a'b\"c`d\n"},
		{"node", "a\nb\\", "K='a\nb\\'\n"},
		{"npm", "a'b\"c`d\r", "K=\"a'b\"c`d\\r\"\n"},
		{"npm", "it's \\n", "K='it's \\n'\n"},
		{"npm", "it's #1\\n", "K=`it's #1\\n`\n"},
		{"npm", "a b\\", "K=a b\\\n"},
		{"godotenv", "0 123", "K='0 123'\n"},
		{"godotenv", "0123", "K=0123\n"},
		{"godotenv", "it's $A!\n", "K=\"it's \\$A!\\n\"\n"},
		{"godotenv", "a b\\", "K=a b\\\n"},
		{"ruby", "a $(id) $b\nc\\d", "K='a $(id) $b\nc\\d'\n"},
		{"ruby", "it's $(id $(id)) $b $(", "K=\"it's \\$(id $(id)) \\$b $(\"\n"},
		{"ruby", "a b\\", "K=a b\\\n"},
		{"direnv", "it's $b\\n #", "K='it's $b\\n #'\n"},
		{"direnv", "a\nb\\", "K=\"a\\nb\\\\\"\n"},
		{"systemd", "it's $b`c\"\\\n", "K=\"it's \\$b\\`c\\\"\\\\\n\"\n"},
		{"github", " 'a' $b\\ # <<EOF", "K= 'a' $b\\ # <<EOF\n"},
		{"yaml", "yes", "K: \"yes\"\n"},
		{"yaml", "a\n\"\\\t\u2028é", "K: \"a\\n\\\"\\\\\\t\\u2028é\"\n"},
		{"ecs", "a<b", "{\n  \"environment\": [\n    {\n      \"name\": \"K\",\n      \"value\": \"a<b\"\n    }\n  ],\n  \"secrets\": []\n}\n"},
		{"tfvars", "a ${b} %{c} $$ $${d} \n", "K = \"a $${b} %%{c} $$ $\\u0024{d} \\n\"\n"},
		{"json", "it's \"$HOME\"\n<&>", "{\n  \"K\": \"it's \\\"$HOME\\\"\\n<&>\"\n}\n"},
	} {
		got, err := Encode(mustDialect(t, tt.dialect), []Entry{entry("K", tt.value)}, Options{})
		if err != nil || string(got) != tt.want {
			t.Errorf("%s %q: got %q, %v; want %q", tt.dialect, tt.value, got, err, tt.want)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		dialect, key, value string
		reason              string
		can, cannot         string // names among Formats, names not among them
	}{
		{"dotenv", "K", "a\nb", "the value holds a newline; what every consumer reads alike has no form for that", "sh json", "dotenv docker"},
		{"dotenv", "K", "it's $5", "", "sh json", "dotenv"},
		{"dotenv", "K", "end\\", "", "sh json", "dotenv"},
		{"dotenv", "K", "${x}", "", "sh json python next", "dotenv"},
		{"dotenv", "K", `a\\b`, "", "sh json", "dotenv"},
		{"dotenv", "K", "\x7f", "", "sh json", "dotenv"},
		{"dotenv", "K", "a\u0085b", "", "sh json", "dotenv"},
		{"dotenv", "UID", "1", "the variable is read-only in bash", "json", "dotenv sh"},
		// What each consumer is known not to read.
		{"docker", "K", "a\nb", "the value holds a newline; docker run --env-file has no form for that", "sh compose python node godotenv ruby npm direnv systemd github json yaml ecs tfvars", "docker dotenv"},
		{"docker", "K", "a\r", "", "sh compose python", "docker ruby node"},
		{"docker", "K", strings.Repeat("x", 64<<10-2), "the line would be too long for docker run --env-file", "dotenv sh", "docker"},
		{"node", "K", "a\rb", "", "sh docker compose python godotenv npm direnv systemd github", "node ruby dotenv"},
		{"node", "K", "a'b\"c`d ", "the value holds blanks at its edges, single quotes, double quotes and backticks; node --env-file has no form for that", "sh docker npm ruby", "node"},
		{"ruby", "K", "a\rb", "", "sh docker", "ruby node"},
		{"direnv", "K", "a\n$b", "", "sh python", "direnv"},
		{"direnv", "K", "a\nb\\n", "", "sh python", "direnv"},
		{"godotenv", "K", "a\nb\\", "", "sh compose direnv node python", "godotenv"},
		{"godotenv", "K", " a\\", "", "sh compose direnv node python", "godotenv"},
		{"godotenv", "K", "'a\\", "", "sh compose direnv node python", "godotenv"},
		{"godotenv", "K", "a #b\\", "", "sh compose direnv node python", "godotenv"},
		{"godotenv", "K", "it's # \"a\"", "", "sh compose python", "godotenv"},
		{"github", "NODE_OPTIONS", "--x", "GitHub Actions does not let a step set the variable", "dotenv node", "github"},
		{"github", "GITHUB_TOKEN", "x", "GitHub Actions does not let a step set the variable", "dotenv", "github"},
		{"systemd", "K", "a\ufffe", "", "sh python", "systemd dotenv"},
		{"direnv", "PWD", "x", "direnv does not set the variable", "dotenv sh", "direnv"},
		{"tfvars", "count", "x", "Terraform has no variables of that name", "dotenv sh", "tfvars"},
		{"tfvars", "K", "e\u0301", "the value is not in Unicode's normal form C, and Terraform would change it", "dotenv sh", "tfvars"},
		{"yaml", strings.Repeat("K", 1001), "x", "the key is too long for a YAML parser", "dotenv sh", "yaml"},
		{"dotenv", "K", "a\tb", "the value holds a tab; what every consumer reads alike has no form for that", "python next php", "dotenv"},
		{"dotenv", "K", "$2b$10$abc", "", "next php python zsh", "dotenv gitlab"},
		{"dotenv", "K", "\"x\"", "", "python", "dotenv"},
		{"dotenv", "K", "a=\"b", "", "python php", "dotenv"},
		{"dotenv", "K", "a\\nb", "", "python", "dotenv"},
		{"dotenv", "K", "\\$", "", "next", "dotenv"},
		{"dotenv", "K", " a\\b", "", "python", "dotenv"},
		{"dotenv", "K", "a\u2028b", "the value holds a line separator; what every consumer reads alike has no form for that", "python", "dotenv"},
		{"dotenv", "USERNAME", "x", "zsh keeps the variable for itself", "sh python", "dotenv zsh"},
		{"zsh", "path", "x", "zsh keeps the variable for itself", "sh python", "dotenv zsh"},
		{"fish", "status", "x", "fish sets the variable by itself", "sh", "fish dotenv"},
		{"make", "MAKEFLAGS", "x", "make keeps the variable for itself", "sh", "make"},
		{"gitlab", "K", "a$", "", "github", "gitlab"},
		{"gitlab", "K", "%A%", "", "github dotenv", "gitlab"},
		{"gitlab", "K", "a ", "", "github", "gitlab"},
		{"sh", "_", "1", "the shell sets the variable by itself", "json", "dotenv sh"},
	} {
		_, err := Encode(mustDialect(t, tt.dialect), []Entry{entry("A", "1"), entry(tt.key, tt.value)}, Options{})
		var refused *RefusedError
		if !errors.As(err, &refused) {
			t.Errorf("%s %s=%q: got %v, want a RefusedError", tt.dialect, tt.key, tt.value, err)
			continue
		}
		if refused.Key != tt.key || tt.reason != "" && refused.Reason != tt.reason {
			t.Errorf("%s %s=%q: refused for %q", tt.dialect, tt.key, tt.value, refused.Reason)
		}
		for _, name := range strings.Fields(tt.can) {
			if !slices.Contains(refused.Formats, name) {
				t.Errorf("%s %s=%q: %s is not among %v", tt.dialect, tt.key, tt.value, name, refused.Formats)
			}
		}
		for _, name := range strings.Fields(tt.cannot) {
			if slices.Contains(refused.Formats, name) {
				t.Errorf("%s %s=%q: %s is among %v", tt.dialect, tt.key, tt.value, name, refused.Formats)
			}
		}
	}
}

// TestRefusedAlways has what no dialect takes, and no dialect is offered for.
func TestRefusedAlways(t *testing.T) {
	for _, name := range Names() {
		d := mustDialect(t, name)
		for _, e := range []Entry{
			entry("", "v"), entry("1A", "v"), entry("A B", "v"), entry("A=B", "v"), entry("A-B", "v"),
			entry("A\nB", "v"), entry("É", "v"), entry("A;id", "v"),
			entry("K", "a\x00b"), entry("K", "\xff"), entry("K", "a\xed\xa0\x80"), entry("FIRST", "again"),
		} {
			out, err := Encode(d, []Entry{entry("FIRST", "1"), e}, Options{})
			var refused *RefusedError
			if !errors.As(err, &refused) || refused.Key != e.Key || len(refused.Formats) > 0 || out != nil {
				t.Errorf("%s: key %q with %d bytes: %d bytes were written, error %v", name, e.Key, e.Value.Len(), len(out), err)
			}
		}
	}
}

// TestRefusedAll lists every refused entry, in order, and hides the values.
func TestRefusedAll(t *testing.T) {
	_, err := Encode(mustDialect(t, "dotenv"), []Entry{
		entry("A", "s3cr3t\n"), entry("B", "fine"), entry("C-", "s3cr3t"), entry("D", "s3cr3t\x00"), entry("B", "s3cr3t"),
	}, Options{})
	lines := strings.Split(fmt.Sprint(err), "\n")
	if len(lines) != 4 {
		t.Fatalf("%d lines, want 4: %v", len(lines), err)
	}
	for i, key := range []string{"A", "C-", "D", "B"} {
		if !strings.HasPrefix(lines[i], fmt.Sprintf("key %q: ", key)) || strings.Contains(lines[i], "s3cr3t") {
			t.Errorf("line %d: %s", i, lines[i])
		}
	}
}

func TestOptions(t *testing.T) {
	for _, name := range Names() {
		d := mustDialect(t, name)
		entries := []Entry{entry("export", "1"), entry("B", "b")}
		out, err := Encode(d, entries, Options{Export: true})
		if d.Exports() {
			if err != nil || !strings.Contains("\n"+string(out), "\nexport export=1\nexport B=b\n") {
				t.Errorf("%s: export: %v", name, err)
			}
		} else if !errors.Is(err, ErrNoExport) {
			t.Errorf("%s: export: got %v, want ErrNoExport", name, err)
		}
		out, err = Encode(d, entries, Options{Header: "Made by hci: A=1 it's \"x\"\n\nnot for git"})
		if err != nil {
			t.Errorf("%s: header: %v", name, err)
			continue
		}
		const header = "# Made by hci: A=1 it's \"x\"\n#\n# not for git\n"
		if strings.HasPrefix(string(out), header) != d.Comments() {
			t.Errorf("%s: comments are %v, but the header is not so", name, d.Comments())
		}
		got, err := Decode(d, out, "f")
		if err == nil {
			err = sameEntries(got, entries)
		}
		if err != nil {
			t.Errorf("%s: with a header: %v", name, err)
		}
		for _, header := range []string{"a\rB=1", "a\\", "a\\\nb", "\x00", "a\u2028b\u0085"} {
			if _, err := Encode(d, entries, Options{Header: header}); d.Comments() != errors.Is(err, ErrHeader) {
				t.Errorf("%s: header %q: %v", name, header, err)
			}
		}
	}
	if _, ok := ByName("nonesuch"); ok {
		t.Error("a dialect that does not exist was found")
	}
	if _, err := Encode(Dialect{}, nil, Options{}); err == nil {
		t.Error("the zero Dialect encodes")
	}
	if _, err := Decode(Dialect{}, nil, "f"); err == nil {
		t.Error("the zero Dialect decodes")
	}
}

// TestEndings proves LF only and a final newline, for no entries too.
func TestEndings(t *testing.T) {
	for _, name := range Names() {
		d := mustDialect(t, name)
		for _, entries := range [][]Entry{nil, {entry("A", "1"), entry("B", "")}} {
			out, err := Encode(d, entries, Options{})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if strings.Contains(string(out), "\r") || len(out) > 0 && out[len(out)-1] != '\n' {
				t.Errorf("%s: %d entries: %q", name, len(entries), out)
			}
			got, err := Decode(d, out, "f")
			if err == nil {
				err = sameEntries(got, entries)
			}
			if err != nil {
				t.Errorf("%s: %d entries: %v", name, len(entries), err)
			}
		}
	}
}

// TestHidden plants a marker wherever a value can stand in a broken file.
func TestHidden(t *testing.T) {
	const marker = "s3cr3t"
	for _, name := range Names() {
		d := mustDialect(t, name)
		for _, src := range []string{
			"A=1\nB='s3cr3t\n", "A=\"s3cr3t\nB=2\n", "s3cr3t\n", "A=s3cr3t $s3cr3t\n", "A=${s3cr3t}\n", "A=\"$(s3cr3t)\"\n",
			"A=1\nA=s3cr3t\n", "A='s3cr3t' s3cr3t\n", "-s3cr3t=1\n", "A='s3cr3t\x00'\n", "A=\xffs3cr3t\n", "A s3cr3t\n",
			"A<<EOF\ns3cr3t\n", "A<<s3cr3t\n", "\ufeffA=s3cr3t\n", "# s3cr3t\\\n", "A=`s3cr3t`\n",
			`{"A":"s3cr3t"`, `{"A":"s3cr3t",}`, `{"A":["s3cr3t"]}`, `{"A":"1","A":"s3cr3t"}`, `["s3cr3t"]`, `{"A":"\ud800s3cr3t"}`,
			`{"A":"1"} s3cr3t`, `{"A":s3cr3t}`, `{"environment":[{"name":"A","value":"s3cr3t"`, `{"environment":"s3cr3t"}`,
			"A: \"s3cr3t\nB: 2\n", "A: s3cr3t: s3cr3t\n", "A: |\n  s3cr3t\n", "A: !s3cr3t\n",
			"A = \"s3cr3t\n", "A = s3cr3t\n", "A = \"${s3cr3t}\"\n",
		} {
			_, err := Decode(d, []byte(src), "some.env")
			if err == nil {
				continue
			}
			var de *DecodeError
			if !errors.As(err, &de) || !strings.HasPrefix(err.Error(), "some.env:") {
				t.Errorf("%s: the error of a broken file has no place: %v", name, reflect.TypeOf(err))
			}
			if strings.Contains(err.Error(), marker) {
				t.Errorf("%s: the error of file %.3q… quotes it", name, src)
			}
		}
	}
}
