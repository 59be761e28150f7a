package tfvars_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hci/tfvars"
)

const marker = "s3cr3tM4rk3r"

// quotes reports whether an error holds a piece of the marker.
func quotes(err error) bool {
	for i := 0; i+8 <= len(marker); i++ {
		if strings.Contains(err.Error(), marker[i:i+8]) {
			return true
		}
	}
	return false
}

// TestErrorsQuoteNothing plants the marker at every byte of every file, valid
// and invalid, as a word and as a string: no error holds a piece of it, but
// where the marker became the name of a variable that is set twice or misused,
// which is a name and no value.
func TestErrorsQuoteNothing(t *testing.T) {
	all := slices.Concat(cases(t, "valid"), cases(t, "invalid"))
	failed := 0
	for _, c := range all {
		if len(c.src) > 4000 {
			continue // the large ones are about size
		}
		for i := 0; i <= len(c.src); i++ {
			for _, piece := range []string{marker, `"` + marker + `"`, `"` + marker, "${" + marker + "}", "\n" + marker} {
				src := slices.Concat(c.src[:i], []byte(piece), c.src[i:])
				failed++
				if _, err := tfvars.Parse(src, filepath.Base(c.path)); err == nil {
					failed--
				} else if quotes(err) {
					t.Errorf("%s, byte %d, %d bytes planted: the error quotes them", c.name, i, len(piece))
				}
			}
		}
	}
	if failed < 1000 {
		t.Errorf("only %d files were refused", failed)
	}
}

// TestFromTextQuotesNothing does the same with a text that a person typed.
func TestFromTextQuotesNothing(t *testing.T) {
	for _, ty := range types {
		for _, text := range []string{marker, `"` + marker, "[" + marker, "{" + marker + "}", "${" + marker + "}", marker + "(1)", "1" + marker} {
			if _, err := tfvars.FromText(text, ty); err != nil && quotes(err) {
				t.Errorf("%s: the error quotes the text", ty.FriendlyName())
			}
		}
	}
}
