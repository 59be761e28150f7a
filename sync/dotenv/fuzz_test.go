package dotenv

import (
	"errors"
	"testing"
	"unicode/utf8"
)

// FuzzEncodeDecode writes three entries in every dialect, the fuzzed ones
// between and after others, and reads them back.
func FuzzEncodeDecode(f *testing.F) {
	for _, v := range hostile() {
		f.Add("KEY", v, "other")
		f.Add("KEY_2", "'", v)
	}
	dialects := all()
	f.Fuzz(func(t *testing.T, key, a, b string) {
		entries := []Entry{entry("FIRST", "it's"), entry(key, a), entry("LAST_", b)}
		for _, d := range dialects {
			out, err := Encode(d, entries, Options{Header: "made by a test"})
			var refused *RefusedError
			if errors.As(err, &refused) {
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", d.name, err)
				continue
			}
			got, err := Decode(d, out, "f")
			if err == nil {
				err = sameEntries(got, entries)
			}
			if err != nil {
				t.Errorf("%s: %v", d.name, err)
			}
		}
	})
}

// FuzzDecode proves that no file makes a reader panic, and that whatever one
// accepts can be judged: each entry is written back or refused.
func FuzzDecode(f *testing.F) {
	dialects := all()
	for i, v := range hostile() { // each in one dialect: every dialect reads every seed
		d := dialects[i%len(dialects)]
		if out, err := Encode(d, []Entry{entry("A", v), entry("B", "two words")}, Options{}); err == nil {
			f.Add(string(out))
		}
	}
	f.Add("A=$B\nC=`x`\nD=\"${E}\" # f\r\nG='h\n")
	f.Add(`{"environment":[{"name":"A","value":"1"}],"secrets":[{"name":"B","valueFrom":"arn"}]}`)
	f.Fuzz(func(t *testing.T, src string) {
		for _, d := range dialects {
			entries, err := Decode(d, []byte(src), "f")
			var de *DecodeError
			if err != nil {
				if !errors.As(err, &de) || de.Line < 1 || entries != nil {
					t.Errorf("%s: an error without a place, or with entries", d.name)
				}
				continue
			}
			if !utf8.ValidString(src) {
				t.Errorf("%s: read what is not UTF-8", d.name)
			}
			_, err = Encode(d, entries, Options{})
			var refused *RefusedError
			if err != nil && !errors.As(err, &refused) {
				t.Errorf("%s: %v", d.name, err)
			}
		}
	})
}
