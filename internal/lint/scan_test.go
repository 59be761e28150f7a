package lint

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"hci/sync/secret"
)

// The scanner finds what a plain search finds: in texts of three letters, in
// which beginnings of values are everywhere.
func TestScannerAgreesWithSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	text := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte("ab\n"[r.IntN(3)])
		}
		return b.String()
	}
	hits := 0
	for range 2000 {
		data := []byte(text(r.IntN(200)))
		var needles []Needle
		for i := range 6 {
			value := strings.ReplaceAll(text(4+r.IntN(9)), "\n", "c")
			if at := r.IntN(len(data) + 1); r.IntN(2) == 0 && at+10 < len(data) {
				value = string(data[at : at+8+r.IntN(3)])
			}
			needles = append(needles, Needle{Name: fmt.Sprint(i), value: secret.New(value)})
		}
		got := map[string]int{}
		for line, names := range newScanner(needles).find(data) {
			for _, name := range names {
				got[name] = line
			}
		}
		for _, n := range needles {
			want := 0
			if at := bytes.Index(data, []byte(n.value.Reveal())); at >= 0 {
				want = 1 + bytes.Count(data[:at], []byte("\n"))
				hits++
			}
			if got[n.Name] != want {
				t.Fatalf("%q in %q: line %d, want %d", n.value.Reveal(), data, got[n.Name], want)
			}
		}
	}
	if hits < 1000 {
		t.Fatalf("%d hits only", hits)
	}
}

func TestGuardNames(t *testing.T) {
	g := NewGuard(nil)
	for file, want := range map[string]string{
		"infra/prod_secrets.tfvars":        "plaintext-committed",
		"secrets.tfvars.json":              "plaintext-committed",
		"infra/prod_secrets.tfvars.enc":    "",
		"infra/prod.tfvars":                "",
		".env":                             "dotenv-committed",
		"app/.env.production":              "dotenv-committed",
		".env.example":                     "",
		".env.production.template":         "",
		".envrc":                           "",
		"environment.md":                   "",
		"infra/staging_secret.tfvars":      "plaintext-committed",
		"docs/secrets.tfvars.md":           "",
		"infra/staging_secrets.tfvars.bak": "",
	} {
		got := ""
		for _, f := range g.Look(file, []byte("nothing"), "") {
			got = f.Code
		}
		if got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}

func BenchmarkGuard(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	var needles []Needle
	for i := range 1000 {
		needles = append(needles, Needle{Name: fmt.Sprint(i), value: secret.New(fmt.Sprintf("value-%x-%d", r.Uint64(), i))})
	}
	file := make([]byte, 4096)
	for i := range file {
		file[i] = byte(' ' + r.IntN(90))
	}
	b.SetBytes(int64(len(file)))
	scan := newScanner(needles)
	for b.Loop() {
		scan.find(file)
	}
}

// A file in pieces has the findings that it has in one, also where a value lies
// across two pieces.
func TestLarge(t *testing.T) {
	needles := []Needle{{Name: "a", value: secret.New("s3cr3t-value-one")}, {Name: "b", value: secret.New(strings.Repeat("long", 500))}}
	filler := strings.Repeat("some line of a large file\n", piece/26)
	for _, shift := range []int{0, 1, 7, 25} {
		data := []byte(strings.Repeat("x", shift) + filler + "s3cr3t-value-one\n" + filler + strings.Repeat("long", 500) + filler + "s3cr3t-value-one")
		l, ok := NewGuard(needles).Large("data.bin")
		if !ok {
			t.Fatal("not looked at")
		}
		for rest := data; len(rest) > 0; {
			n := min(len(rest), 32<<10+shift)
			if _, err := l.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		got := map[int]bool{}
		for _, f := range l.Findings() {
			got[f.Line] = true
		}
		for _, value := range []string{"s3cr3t-value-one", strings.Repeat("long", 500)} {
			line := 1 + bytes.Count(data[:bytes.Index(data, []byte(value))], []byte("\n"))
			if !got[line] || len(got) != 2 {
				t.Errorf("shift %d: findings in lines %v, want one in %d", shift, got, line)
			}
		}
	}
	if _, ok := NewGuard(needles).Large("prod_secrets.tfvars"); ok {
		t.Error("a plaintext secrets file is looked at for values only")
	}
}
