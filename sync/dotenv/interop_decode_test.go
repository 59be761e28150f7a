//go:build interop

package dotenv

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// handwritten returns a file such as people write them, with every habit and
// mistake: comments, blanks, quotes, escapes, line ends.
func handwritten(rnd *rand.Rand) string {
	pick := func(from ...string) string { return from[rnd.IntN(len(from))] }
	text := func(n int) string {
		var b strings.Builder
		for range rnd.IntN(n) {
			b.WriteString(pick("a", "B", "7", "_", " ", " ", "\t", "#", " #", "'", `"`, "`", "$", "${", "}", "(", ")", `\`, `\\`, `\n`, `\"`, `\'`, `\$`,
				"=", ":", ";", "&", "~", "!", "*", "{", "[", "|", "é", "\u00a0", "\u2028", "\u0085", "\ufeff", "\r", "\n", "\x01", "\v"))
		}
		return b.String()
	}
	calm := func(n int) string {
		var b strings.Builder
		for range rnd.IntN(n) {
			b.WriteString(pick("a", "B", "7", "_", " ", "-", ".", "=", ":", "/", "é", `\`, "#", "$", "'", `"`))
		}
		return b.String()
	}
	var b strings.Builder
	eol := pick("\n", "\n", "\n", "\r\n")
	for i := range 1 + rnd.IntN(5) {
		if rnd.IntN(5) == 0 {
			b.WriteString(pick("# "+calm(8), "", "  ", "; x", "#", "\t# a: 'b", "  # x=\"") + eol)
		}
		q := pick("", "", "'", `"`, "`", "'", `"`)
		value := pick(calm(8), calm(8), text(6), strings.ReplaceAll(strings.ReplaceAll(calm(10), "'", ""), `"`, ""))
		b.WriteString(pick("", "", "", "", "export ", "export\t", " ", "\t", "exports ") + fmt.Sprintf("K%d", i) +
			pick("=", "=", "=", "=", "=", "=", " =", "= ", " = ", "\t=\t", ":", ": ", "") +
			q + value + q + pick("", "", "", "", " ", " # c", "# c", " #'", " # it's", " # \"q\"", " # `", "\t", ";") + eol)
	}
	if rnd.IntN(4) == 0 {
		return strings.TrimSuffix(b.String(), eol)
	}
	return b.String()
}

// TestInteropDecode gives each consumer the handwritten files that Decode
// accepts for it. Both have to read the same, and nothing else.
func TestInteropDecode(t *testing.T) {
	for _, p := range programs() {
		if p.alone {
			continue // nobody writes such files by hand as the others
		}
		t.Run(p.name, func(t *testing.T) {
			read := p.start(t)
			lacks := func(string) bool { return false }
			if p.lacks != nil {
				lacks = p.lacks(t)
			}
			for _, name := range p.dialects() {
				if name == "dotenv" && p.dialect == "docker" {
					continue // it takes quotes for a part of the value
				}
				d := mustDialect(t, name)
				files, decoded := accepted(t, d, p, lacks)
				compare(t, d, read(files), files, decoded)
				t.Logf("%s: %d files were read alike", name, len(files))
			}
		})
	}
}

// accepted writes handwritten files until there are enough that d accepts.
func accepted(t *testing.T, d Dialect, p program, lacks func(string) bool) (files []string, decoded [][]Entry) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(5, 9))
	dir := t.TempDir()
	want := max(p.most*3, 20)
	for tries := 0; len(files) < want; tries++ {
		if tries > 1_000_000 {
			t.Fatalf("%s: only %d of a million files were accepted", d.Name(), len(files))
		}
		src := handwritten(rnd)
		entries, err := Decode(d, []byte(src), "f")
		if err != nil || len(entries) == 0 || p.name == "systemd" && strings.Contains(src, "$") || p.noExport && strings.Contains(src, "export") {
			continue // the generator expands variables
		}
		if anyEntry(entries, lacks) {
			continue
		}
		file := filepath.Join(dir, fmt.Sprintf("%d.env", len(files)))
		if err := os.WriteFile(file, []byte(src), 0o600); err != nil {
			t.Fatal(err)
		}
		files, decoded = append(files, file), append(decoded, entries)
	}
	return files, decoded
}

func anyEntry(entries []Entry, lacks func(string) bool) bool {
	for _, e := range entries {
		if lacks(e.Value.Reveal()) {
			return true
		}
	}
	return false
}

// compare reports where a program and Decode differ.
func compare(t *testing.T, d Dialect, got []map[string]string, files []string, decoded [][]Entry) {
	t.Helper()
	wrong := 0
	for i, m := range got {
		keys := 0
		for key := range m {
			if strings.HasPrefix(key, "K") {
				keys++
			}
		}
		same := keys == len(decoded[i])
		for _, e := range decoded[i] {
			v, ok := m[e.Key]
			same = same && ok && v == e.Value.Reveal()
		}
		if !same {
			if wrong++; wrong <= 8 {
				src, _ := os.ReadFile(files[i])
				t.Errorf("%s: the program and Decode read %q differently", d.Name(), src)
			}
		}
	}
	if wrong > 8 {
		t.Errorf("%s: %d files differ", d.Name(), wrong)
	}
}
