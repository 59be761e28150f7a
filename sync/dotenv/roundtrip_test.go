package dotenv

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// sorted splits values into the entries that d writes and those it refuses.
func sorted(d Dialect, values []string) (written, refused []Entry) {
	for i, v := range values {
		e := entry(fmt.Sprintf("K%d", i), v)
		if badValue(v) == "" && d.cannot(e.Key, v) == "" {
			written = append(written, e)
		} else {
			refused = append(refused, e)
		}
	}
	return written, refused
}

// TestRoundTrip writes all the hostile values that a dialect takes into one
// file and reads it back; the rest it refuses one by one.
func TestRoundTrip(t *testing.T) {
	values := append(hostile(), randomValues(2000, 7)...)
	for _, name := range Names() {
		d := mustDialect(t, name)
		written, refused := sorted(d, values)
		if len(written) < 300 {
			t.Errorf("%s: only %d of %d values are written", name, len(written), len(values))
		}
		out, err := Encode(d, written, Options{Export: d.Exports()})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := Decode(d, out, "f")
		if err == nil {
			err = sameEntries(got, written)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_, err = Encode(d, refused, Options{})
		if n := len(strings.Split(fmt.Sprint(err), "\n")); len(refused) > 0 && n != len(refused) {
			t.Errorf("%s: %d entries were refused, want %d", name, n, len(refused))
		}
	}
}

// TestUniversalRules states the rules of the dialect "dotenv" a second time.
func TestUniversalRules(t *testing.T) {
	raw := regexp.MustCompile(`^[A-Za-z0-9_./:@%+,=-]*$`)
	zsh := regexp.MustCompile(`^=|:=`)
	control := regexp.MustCompile(`[\x00-\x1f\x7f\x{80}-\x{9f}\x{2028}\x{2029}\x{fdd0}-\x{fdef}\x{fffe}\x{ffff}]`)
	notSingle := regexp.MustCompile(`'|\$[A-Za-z0-9_{]|\\\\|\\\z|\\[$n]|="|^[\s\x{a0}].*\\|^".*"$`)
	notDouble := regexp.MustCompile("[\"\\\\$`]")
	d := mustDialect(t, "dotenv")
	for _, v := range append(hostile(), randomValues(5000, 3)...) {
		want := ""
		switch {
		case strings.HasSuffix(v, "\n"): // "$" would match before it
		case raw.MatchString(v) && !zsh.MatchString(v):
			want = "K=" + v + "\n"
		case !control.MatchString(v) && !notSingle.MatchString(v):
			want = "K='" + v + "'\n"
		case !control.MatchString(v) && !notDouble.MatchString(v):
			want = `K="` + v + "\"\n"
		}
		out, err := Encode(d, []Entry{entry("K", v)}, Options{})
		var re *RefusedError
		if string(out) != want || (want == "") != errors.As(err, &re) {
			t.Errorf("%q: got %q, %v; want %q", v, out, err, want)
		}
	}
}
