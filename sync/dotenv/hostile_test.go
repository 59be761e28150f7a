package dotenv

import (
	"math/rand/v2"
	"strings"
)

// hostile returns values that some consumer of environment files misreads:
// every pair of awkward pieces, alone, between letters and at the edges.
func hostile() []string {
	pieces := []string{
		"'", `"`, "`", "$", "${", "${A}", "$A", "$(", "$(id)", "$$", "$5", `\`, `\\`, `\n`, `\r`, `\t`, `\"`, `\'`, `\$`,
		"\n", "\r", "\r\n", "\t", "\u00a0", "\u2028", "\u0085", "\ufeff", "\x01", "\x1b", "\x7f", " ", "#", " #", "=", "==", ":", "!", "~",
		"*", "?", "[a]", "{a,b}", ";", "&", "|", "<", ">", "(", ")", "%", "%{", "%{if}", "@", "^", ",", "🔑", "e\u0301", "\ufffd", "\ufffe",
	}
	values := []string{
		"", "a", "0", "0123", "+5", "1e3", "true", "null", "~", "export A=1", "A=1", "A: 1", "-", "--", "- a", "? a",
		"EOF", "GHADELIMITER", "::add-mask::x", "%0A", "<<EOF", "A<<EOF", "postgres://u:p%40w@h:5432/d?sslmode=require&x=y#f",
		`{"a":"b","c":[1,2],"d":"it's $5"}`, "-----BEGIN KEY-----\nMIIB+/=\n-----END KEY-----\n", `C:\dir\new\`, `\\srv\share`,
		strings.Repeat("x", 60<<10), strings.Repeat("x ", 30<<10), strings.Repeat("é'\"$\\`\n", 6<<10), strings.Repeat(`\`, 1001), strings.Repeat("'", 1000),
		strings.Repeat("\n", 100), "django-insecure-#x$(v)&y!z@%^*_-+=", "'quoted'", `"quoted"`, "`quoted`", `'a"b`, `"a'b`, "`a'b\"", "a'b\"c`d",
		"a'b\"c`d\n", `a'b"c\`, "two\nlines\\", "a #b\\", " a\\", `'a\`, "it's\\", "a\n$x", "a\n\\n", "a\r\\n", "a\r\"", "${A:-b}", "${A-b}", "${}", "${a", "$}", "$-", "$*", "$1",
	}
	for _, p := range pieces {
		values = append(values, p, "a"+p+"b", p+"b", "a"+p, " "+p, p+" ", p+p, "it's "+p, `"`+p+`"`, p+"'\"`")
		for _, q := range []string{"'", `"`, "`", "$", `\`, "\n", "\r", "#", " ", "$(x)", "${x}"} {
			values = append(values, p+q, "a"+p+"b"+q+"c")
		}
	}
	return values
}

// randomValues returns n values drawn from awkward characters, the same for
// every run with one seed.
func randomValues(n int, seed uint64) []string {
	rnd := rand.New(rand.NewPCG(seed, 1))
	alphabet := []rune("''\"\"``$$\\\\\\nr{}()#= \t\n\rab0_:!~%;&|<>*?[]@\u00a0\u2028é🔑\x01")
	values := make([]string, n)
	for i := range values {
		var b strings.Builder
		for range 1 + rnd.IntN(12) {
			b.WriteRune(alphabet[rnd.IntN(len(alphabet))])
		}
		values[i] = b.String()
	}
	return values
}
