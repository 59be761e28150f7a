package main

import (
	"slices"
	"testing"
)

func TestOddities(t *testing.T) {
	for value, want := range map[string][]string{
		"plain": nil, "": nil, "two words": nil, "-----BEGIN-----\nx\n-----END-----\n": nil, `it's "quoted"`: nil,
		"line\n": {"ends in a newline"}, "line\r\n": {"ends in a newline"}, " a": {"begins with a blank"}, "a\t": {"ends in a blank"},
		"a\x1b": {"holds a control character"}, "a\xff": {"is not UTF-8"}, `"a"`: {"stands in quotes, which become part of it"},
		"'a' \n": {"ends in a newline", "ends in a blank"},
	} {
		if got := oddities(value); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}
