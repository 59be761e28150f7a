//go:build interop

package dotenv

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"hci/internal/testing/interop"
	"hci/sync/dotenv/internal/reader"
	"hci/sync/secret"
)

// TestInteropArrive gives each consumer files of all the hostile values that
// its dialect takes, and of all that the universal one takes. Every value has
// to arrive byte for byte.
func TestInteropArrive(t *testing.T) {
	for _, p := range programs() {
		t.Run(p.name, func(t *testing.T) {
			read := p.start(t)
			for _, name := range p.dialects() {
				values := append(hostile(), randomValues(5000, 11)...)
				if name == "dotenv" { // which takes fewer of them
					values = append(values, randomValues(9000, 12)...)
				}
				d := mustDialect(t, name)
				written, _ := sorted(d, values)
				least := 5000
				if p.lacks != nil {
					lacks := p.lacks(t)
					written = slices.DeleteFunc(written, func(e Entry) bool { return lacks(e.Value.Reveal()) })
				}
				if p.dialect == "docker" && name == "dotenv" { // no quotes
					written = slices.DeleteFunc(written, func(e Entry) bool { return !reader.IsPlain(e.Value.Reveal()) || reader.ZshExpands(e.Value.Reveal()) })
					least = 30
				}
				if len(written) < least {
					t.Errorf("%s: only %d values", name, len(written))
				}
				for _, export := range []bool{false, true} {
					if export && (!d.Exports() || p.noExport) {
						continue
					}
					file := write(t, p, d, written, Options{Export: export, Header: "Made by a test: it's \"x\"=1, 100% $HOME"})
					arrived(t, name, read([]string{file})[0], written)
				}
				t.Logf("%s: %d values arrived, %d are refused", name, len(written), len(values)-len(written))
			}
		})
	}
}

// write encodes the entries into a file for p.
func write(t *testing.T, p program, d Dialect, entries []Entry, o Options) string {
	t.Helper()
	if p.name == "systemd" { // see systemdGenerator
		entries = slices.Clone(entries)
		for i, e := range entries {
			entries[i].Value = secret.New(strings.ReplaceAll(e.Value.Reveal(), "$", "$$"))
		}
	}
	out, err := Encode(d, entries, o)
	if err != nil {
		t.Fatalf("%s: %v", d.Name(), err)
	}
	file := filepath.Join(t.TempDir(), "test.env")
	if err := os.WriteFile(file, out, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// arrived compares what a program read with what was written.
func arrived(t *testing.T, name string, got map[string]string, written []Entry) {
	t.Helper()
	if got == nil {
		t.Errorf("%s: the program refused the file", name)
		return
	}
	wrong := 0
	for _, e := range written {
		if v, ok := got[e.Key]; !ok || v != e.Value.Reveal() {
			if wrong++; wrong <= 10 {
				t.Errorf("%s: %s (%.40q) arrived as %.40q (%v)", name, e.Key, e.Value.Reveal(), v, ok)
			}
		}
	}
	if wrong > 10 {
		t.Errorf("%s: %d values are wrong", name, wrong)
	}
}

// after stands below a value that is tried: what regular expressions take for
// the end of a value that a backslash kept open.
const after = "\nQ='# a'\nR=\"# b\"\nS='`# c'\nT=1\n"

// candidates returns texts that might stand for v.
func candidates(v string) []string {
	var texts []string
	for _, q := range []string{"", "'", `"`, "`"} {
		for _, chars := range []string{"", `\`, q, `\` + q, `\` + q + "$", `\"$`, "\\\"$`", "$", q + "$", " \\#'\"$`"} {
			e := escape(v, chars)
			texts = append(texts, q+e+q, q+breaks(e)+q, q+strings.ReplaceAll(e, "\r", `\r`)+q)
		}
		texts = append(texts, q+strings.ReplaceAll(v, "$", "$$")+q)
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

// TestInteropRefused tries to write refused values by hand: in quotes of
// every kind, escaped in every way. No text may reach the consumer as the
// value with the entries below it intact.
func TestInteropRefused(t *testing.T) {
	values := append(hostile(), randomValues(1500, 23)...)
	for _, p := range programs() {
		if p.most == 0 {
			continue // it refuses nothing, or is not the only one that its format is for
		}
		t.Run(p.name, func(t *testing.T) {
			d := mustDialect(t, p.dialect)
			_, refused := sorted(d, values)
			refused = slices.DeleteFunc(refused, func(e Entry) bool { return e.Value.Len() > 1<<10 && p.dialect != "docker" })
			if len(refused) == 0 {
				t.Logf("%s refuses no value", p.dialect)
				return
			}
			step := max(1, len(refused)/p.most)
			read := p.start(t)
			if p.dialect == "ruby" && rubyOlder(t, "3") {
				interop.Missing(t, "ruby-dotenv-3", "what is refused is what version 3 cannot read")
			}
			var files []string
			var of []Entry
			dir := t.TempDir()
			for i := 0; i < len(refused); i += step {
				texts := candidates(refused[i].Value.Reveal())
				if p.dialect == "docker" {
					texts = []string{refused[i].Value.Reveal()} // it knows no other form
				}
				for _, text := range texts {
					files = append(files, try(t, dir, len(files), text))
					of = append(of, refused[i])
				}
			}
			for i, m := range read(files) {
				v := of[i].Value.Reveal()
				if intact(p, m) && m["K"] == v && !deliberate(p, v) {
					t.Errorf("%s refuses %.60q, but there is a text for it: %s", p.dialect, v, filepath.Base(files[i]))
				}
			}
			t.Logf("%d texts for %d of %d refused values", len(files), (len(refused)+step-1)/step, len(refused))
		})
	}
}

// try writes a file that holds a candidate.
func try(t *testing.T, dir string, i int, text string) string {
	t.Helper()
	file := filepath.Join(dir, fmt.Sprintf("%d.env", i))
	if err := os.WriteFile(file, []byte("P=1\nK="+text+after), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// intact reports whether a program read the entries below a candidate.
func intact(p program, m map[string]string) bool {
	if m == nil || m["P"] != "1" || m["T"] != "1" {
		return false
	}
	return p.dialect == "docker" || m["Q"] == "# a" && m["R"] == "# b" && m["S"] == "`# c"
}

// deliberate reports whether a value is refused though the program here can
// be given it, because other versions or settings of it cannot.
func deliberate(p program, v string) bool {
	switch p.dialect {
	case "node": // 20 keeps tabs at the edges that later versions remove
		return v != strings.Trim(v, "\t")
	case "npm": // whether quotes are removed around these hangs on the m flag of a RegExp
		return strings.ContainsAny(v, "\u2028\u2029")
	case "direnv": // before 2.36, nothing keeps a "$" in double quotes from expanding
		return hasLineEnd(v) && strings.Contains(v, "$")
	case "ruby":
		// 2 and DOTENV_LINEBREAK_MODE=legacy expand \n and \r in double
		// quotes; only 3 takes backslashes outside quotes for escapes.
		return strings.HasSuffix(v, `\`) || strings.Contains(v, "'") && (strings.Contains(v, `\n`) || strings.Contains(v, `\r`))
	}
	return false
}

// TestInteropUniversalRefused shows that what the dialect "dotenv" refuses
// has no text that all consumers read alike. It needs only as many of them as
// disagree about every value.
func TestInteropUniversalRefused(t *testing.T) {
	type text struct{ file, value string }
	var texts []text
	dir := t.TempDir()
	_, refused := sorted(mustDialect(t, "dotenv"), append(hostile(), randomValues(300, 41)...))
	tried := 0
	for _, e := range refused {
		v := e.Value.Reveal()
		if len(v) > 1<<10 || cautious(v) {
			continue
		}
		tried++
		for _, form := range candidates(v) {
			texts = append(texts, text{try(t, dir, len(texts), form), v})
		}
	}
	n := len(texts)
	for _, name := range []string{
		"godotenv", "python-dotenv", "node", "dotenv-expand", "next", "env-cmd", "go-envparse", "gotenv", "django-environ", "phpdotenv", "ruby-dotenv", "zsh", "bash", "direnv",
	} {
		i := slices.IndexFunc(programs(), func(p program) bool { return p.name == name })
		p := programs()[i]
		files := []string{} // two at least, lest a program takes its longer way
		for _, x := range texts {
			files = append(files, x.file)
		}
		var left []text
		for i, m := range p.start(t)(append(files, try(t, dir, n, "1"))) {
			if i < len(texts) && intact(p, m) && m["K"] == texts[i].value {
				left = append(left, texts[i])
			}
		}
		t.Logf("%s: %d texts are left", name, len(left))
		texts = left
	}
	for _, x := range texts {
		t.Errorf("%.60q is refused, but all consumers read %s alike", x.value, filepath.Base(x.file))
	}
	t.Logf("%d texts for %d refused values", n, tried)
}

// cautious reports whether the universal rules refuse v for the sake of
// consumers that are not tried here, or of simple rules.
func cautious(v string) bool {
	control := strings.ContainsFunc(v, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' || r == '\ufffe' })
	// A "$" before what names no variable stays as it is in double quotes.
	lone := strings.Contains(v, "$") && !regexp.MustCompile(`\$[A-Za-z0-9_({*@#?!$-]`).MatchString(v)
	// Of several "$" before digits Next.js replaces the last one only.
	digits := regexp.MustCompile(`\$[0-9].*\$`).MatchString(v)
	return control || lone || digits || strings.Contains(v, "${")
}
