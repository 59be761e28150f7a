package module_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"hci/tfvars/module"
)

func lines(n int, format string) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		b.WriteString(strings.NewReplacer("$i", fmt.Sprint(i), "$j", fmt.Sprint(i-1)).Replace(format) + "\n")
	}
	return b.String()
}

const secretOf = `
resource "aws_secretsmanager_secret" "a" { name = "a" }
resource "aws_secretsmanager_secret_version" "a" {
  secret_id     = aws_secretsmanager_secret.a.id
  secret_string = %s
}
`

// TestBombs: a few lines that would take all memory, all time, or the stack, are
// refused with file and line.
func TestBombs(t *testing.T) {
	list := "range(0, 1000)"
	const few = 200_000
	for _, c := range []struct {
		name  string
		file  string // "main.tf" if empty
		code  string
		value string // what the secret holds; the code is the whole if empty
		want  string
		line  int   // 0: any
		steps int64 // the bound; that of a real evaluation if 0
	}{
		{name: "brackets", code: "locals {\n  a = " + strings.Repeat("[", 1_000_000) + "\n}\n", want: "nesting is deeper than 1000", line: 2},
		{name: "blocks", code: strings.Repeat("a {\n", 100_000), want: "nesting is deeper than 1000"},
		{name: "operators", code: "locals {\n  a = " + strings.Repeat("-", 200_000) + "1\n}\n", want: "nesting is deeper than 1000", line: 2},
		{name: "templates", code: "locals {\n  a = " + strings.Repeat(`"${`, 100_000) + "\n}\n", want: "nesting is deeper than 1000", line: 2},
		{name: "JSON arrays", file: "main.tf.json", code: `{"locals": {"a": ` + strings.Repeat("[", 1_000_000) + "}}", want: "nesting is deeper than 1000", line: 1},
		{name: "a template in JSON", file: "main.tf.json", code: `{"locals": {"a": "` + strings.Repeat("${[", 100_000) + `"}}`, want: "nesting is deeper than 1000", line: 1},
		{name: "too large", code: strings.Repeat("#", 17<<20), want: "larger than 16 MiB"},
		{name: "doubling locals", code: "locals {\n  l0 = \"0123456789\"\n" + lines(64, `  l$i = "${local.l$j}${local.l$j}"`) + "}\n", value: "local.l64", want: "64 MiB|256 MiB"},
		{name: "doubling locals in JSON", file: "main.tf.json", code: `{"resource": {"aws_secretsmanager_secret": {"a": {"name": "a"}}, "aws_secretsmanager_secret_version": {"a": {"secret_id": "${aws_secretsmanager_secret.a.id}", "secret_string": "${local.l64}"}}},
"locals": {` + lines(64, `"l$i": "${local.l$j}${local.l$j}",`) + `"l0": "0123456789"}}`, want: "64 MiB|256 MiB"},
		{name: "doubling lists", code: "locals {\n  l0 = [1, 2]\n" + lines(64, `  l$i = concat(local.l$j, local.l$j)`) + "}\n", value: "jsonencode(local.l64)", want: "64 MiB|256 MiB"},
		{name: "nested lists", code: "locals {\n  l0 = [1, 2]\n" + lines(64, `  l$i = [local.l$j, local.l$j]`) + "}\n", value: "jsonencode(local.l64)", want: "64 MiB|256 MiB"},
		{name: "nested for", value: "jsonencode([for a in " + list + " : [for b in " + list + " : [for c in " + list + " : a]]])", want: "too many steps|64 MiB|256 MiB"},
		{name: "nested for of a condition", value: "jsonencode([for a in " + list + " : [for b in " + list + " : [for c in " + list + " : a if false]]])", want: "too many steps|64 MiB|256 MiB", steps: few},
		{name: "for in a template", value: `"%{for a in ` + list + `}%{for b in ` + list + `}%{for c in ` + list + `}${a}%{endfor}%{endfor}%{endfor}"`, want: "too many steps|64 MiB|256 MiB", steps: few},
		{name: "wide format", value: `format("%1000000000s", "x")`, want: "64 MiB|256 MiB", line: 5},
		{name: "precise format", value: `format("%.1000000000f", 1)`, want: "64 MiB|256 MiB", line: 5},
		{name: "width beyond all", value: `format("%99999999999999999999s", "x")`, want: "64 MiB|256 MiB", line: 5},
		{name: "wide formatlist", value: `join("", formatlist("%100000000s", ` + list + `))`, want: "64 MiB|256 MiB", line: 5},
		{name: "core:: too", value: `core::format("%1000000000s", "x")`, want: "64 MiB|256 MiB", line: 5},
		{name: "indent", value: `indent(1000000000, "a\nb\nc")`, want: "64 MiB|256 MiB", line: 5},
		{name: "setproduct", value: `jsonencode(setproduct(` + list + ", " + list + ", " + list + `))`, want: "64 MiB|256 MiB", line: 5},
		{name: "setproduct, expanded", value: `jsonencode(setproduct([` + list + ", " + list + ", " + list + `]...))`, want: "64 MiB|256 MiB", line: 5},
		{name: "replace", code: "locals {\n  l0 = \"aaaaaaaaaa\"\n" + lines(20, `  l$i = replace(local.l$j, "a", "aaaaaaaaaa")`) + "}\n", value: "local.l20", want: "64 MiB|256 MiB"},
		{name: "replace by an expression", code: "locals {\n  l0 = \"aaaaaaaaaa\"\n" + lines(20, `  l$i = replace(local.l$j, "/a/", "$0$0$0$0$0$0$0$0$0$0")`) + "}\n", value: "local.l20", want: "64 MiB|256 MiB"},
		{name: "join", code: "locals {\n  sep = format(\"%10000000s\", \"\")\n}\n", value: "join(local.sep, " + list + ")", want: "64 MiB|256 MiB"},
		{name: "join of what is shared", code: "locals {\n  s = format(\"%10000000s\", \"\")\n}\n", value: `join("", [for a in ` + list + " : local.s])", want: "64 MiB|256 MiB"},
		{name: "a template's loop over what is shared", code: "locals {\n  s = format(\"%10000000s\", \"\")\n}\n", value: `"%{for a in ` + list + `}${local.s}%{endfor}"`, want: "64 MiB|256 MiB"},
		{name: "a digest, again and again", code: "locals {\n  s = format(\"%10000000s\", \"\")\n}\n", value: `jsonencode([for a in ` + list + " : [for b in " + list + " : sha256(local.s)]])", want: "too many steps", steps: few},
		{name: "split", code: "locals {\n  s = format(\"%20000000s\", \"\")\n}\n", value: `jsonencode(split("", local.s))`, want: "64 MiB|256 MiB"},
		{name: "jsondecode", code: "locals {\n  s = replace(format(\"%100000s\", \"\"), \" \", \"[\")\n}\n", value: "jsonencode(jsondecode(local.s))", want: "64 MiB|256 MiB"},
		{name: "a wide number", value: `"${1e99999999}"`, want: "more than 100000 digits", line: 5},
		{name: "a wide number, multiplied", value: `jsonencode([1e99999 * 1e99999])`, want: "more than 100000 digits", line: 5},
		{name: "a wide number from YAML", value: `jsonencode(yamldecode("[1e99999999]"))`, want: "64 MiB|256 MiB|more than 100000 digits", line: 5},
		{name: "a wide number from JSON", value: `jsonencode(jsondecode("[1e99999999]"))`, want: "64 MiB|256 MiB|more than 100000 digits", line: 5},
		{name: "templatestring", code: "locals {\n  t = \"%%{for a in r}%%{for b in r}%%{for c in r}x%%{endfor}%%{endfor}%%{endfor}\"\n}\n", value: `templatestring(local.t, { r = ` + list + ` })`, want: "too many steps|64 MiB|256 MiB", steps: few},
		{name: "within try", value: `try(format("%1000000000s", "x"), "else")`, want: "64 MiB|256 MiB", line: 5},
		{name: "distinct", code: "locals {\n  l = flatten([for a in " + list + " : [for b in range(0, 100) : \"${a}-${b}\"]])\n}\n", value: "jsonencode(distinct(local.l))", want: "too many steps", steps: few},
		{name: "a variable's default", code: "variable \"a\" {\n  default = [for a in [1,2,3,4,5,6,7,8,9,0] : [" + strings.Repeat("for a in [1,2,3,4,5,6,7,8,9,0] : [", 9) + "a" + strings.Repeat("]", 10) + "]\n}\n", want: "too many steps|64 MiB|256 MiB", line: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			file, code := c.file, c.code
			if file == "" {
				file = "main.tf"
			}
			if c.value != "" {
				code = fmt.Sprintf(secretOf, c.value) + c.code
			}
			m, err := module.Load(fstest.MapFS{file: {Data: []byte(code)}})
			if err == nil {
				_, err = m.Evaluate(module.Inputs{Workspace: "default", Steps: c.steps})
			}
			if err == nil {
				t.Fatal("no error")
			}
			text := err.Error()
			if len(text) > 2000 {
				t.Fatalf("an error of %d bytes: %.500s", len(text), text)
			}
			ok := false
			for want := range strings.SplitSeq(c.want, "|") {
				ok = ok || strings.Contains(text, want)
			}
			place := file + ":"
			if c.line > 0 {
				place = fmt.Sprintf("%s:%d:", file, c.line)
			}
			if !ok || !strings.Contains(text, place) {
				t.Errorf("error %v, want %q at %s", err, c.want, place)
			}
		})
	}
}

// TestYAMLBombs: a text in YAML that could be larger than it looks, or deeper than
// a reader that is recursive takes, is not read; what needs it is unknown.
func TestYAMLBombs(t *testing.T) {
	laughs := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for _, c := range "bcdefghij" {
		before := string(c - 1)
		laughs += string(c) + ": &" + string(c) + " [*" + before + strings.Repeat(", *"+before, 9) + "]\n"
	}
	for name, text := range map[string]string{
		"aliases": laughs, "merge keys": "a: &a {b: 1}\nc:\n  <<: *a\n", "an anchor of the whole": "&a\nb: 1\n",
		"flow": strings.Repeat("[", 1000) + strings.Repeat("]", 1000), "flow over lines": strings.Repeat("[\n", 1000),
		"sequences in one line": strings.Repeat("- ", 1000) + "x", "keys in one line": strings.Repeat("? ", 1000) + "x",
		"indentation": lines(300, strings.Repeat(" ", 250)+"k$i:"), "long": "a: " + strings.Repeat("x", 300<<10),
	} {
		m, err := module.Load(fstest.MapFS{"x.yaml": {Data: []byte(text)}, "main.tf": {Data: []byte(fmt.Sprintf(secretOf, `jsonencode(yamldecode(file("${path.module}/x.yaml")))`))}})
		if err != nil {
			t.Fatal(err)
		}
		ev, err := m.Evaluate(module.Inputs{Workspace: "default"})
		if err != nil || len(ev.Secrets) != 1 || ev.Secrets[0].Status != module.Unknown {
			t.Errorf("%s: %v, %v", name, err, ev)
		}
	}
}

// TestNoBombs: what is large as real code is large is computed.
func TestNoBombs(t *testing.T) {
	code := "locals {\n  keys = [for i in range(0, 1000) : \"key-${i}\"]\n  all = { for p in setproduct(local.keys, [\"a\", \"b\", \"c\"]) : \"${p[0]}-${p[1]}\" => upper(p[0]) }\n" +
		"  big = join(\"\\n\", [for k, v in local.all : format(\"%-40s=%040d\", k, length(v))])\n  padded = indent(8, local.big)\n" +
		"  found = [for k in local.keys : lookup(local.all, \"${k}-a\", \"none\")]\n}\n"
	m, err := module.Load(fstest.MapFS{"main.tf": {Data: []byte(fmt.Sprintf(secretOf, `"${sha256(local.padded)} ${length(local.found)} ${length(local.padded)}"`) + code)}})
	if err != nil {
		t.Fatal(err)
	}
	ev, err := m.Evaluate(module.Inputs{Workspace: "default"})
	if err != nil || len(ev.Secrets) != 1 || ev.Secrets[0].Status != module.Known || !strings.HasSuffix(ev.Secrets[0].Value.Reveal(), " 1000 269991") {
		t.Fatalf("%v: %s", err, ev.Secrets[0].Value.Reveal())
	}
}
