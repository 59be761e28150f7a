package words_test

import (
	"testing"
	"time"

	"hci/internal/deploy/words"
)

func TestSome(t *testing.T) {
	for _, c := range []struct {
		names []string
		want  string
	}{
		{nil, ""}, {[]string{"a"}, "a"}, {[]string{"a", "b", "c"}, "a, b, c"}, {[]string{"a", "b", "c", "d", "e"}, "a, b, c and 2 more"},
	} {
		if got := words.Some(c.names); got != c.want {
			t.Errorf("%q: %q, want %q", c.names, got, c.want)
		}
	}
}

func TestClock(t *testing.T) {
	at := time.Date(2026, 11, 29, 14, 5, 6, 0, time.FixedZone("CET", 3600))
	if got := words.Clock(&at); got != "2026-11-29 13:05:06 UTC" {
		t.Error(got)
	}
	if got := words.Clock(nil); got != "a time that AWS doesn't tell" {
		t.Error(got)
	}
}
