package tfvars_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"hci/tfvars"
)

// manyVariables is a file of n variables as secrets files have them: of ten,
// six plain texts, one with escapes, one with a comment, a number, an object.
func manyVariables(n int) []byte {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "variable_%05d = ", i)
		switch i % 10 {
		default:
			fmt.Fprintf(&b, "\"a value of forty characters or more: %d\"\n", i)
		case 6:
			fmt.Fprintf(&b, "\"with \\\"escapes\\\" and $${more}\"\n")
		case 7:
			fmt.Fprintf(&b, "\"a value\" # and a comment\n")
		case 8:
			fmt.Fprintf(&b, "%d\n", i)
		case 9:
			fmt.Fprintf(&b, "{ name = \"x\", port = %d }\n", i)
		}
	}
	return []byte(b.String())
}

func BenchmarkParse10000(b *testing.B) {
	src := manyVariables(10_000)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if _, err := tfvars.Parse(src, "x.tfvars"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEdit10000 is reading a file and setting one of its values.
func BenchmarkEdit10000(b *testing.B) {
	src := manyVariables(10_000)
	for b.Loop() {
		f, err := tfvars.Parse(src, "x.tfvars")
		if err != nil {
			b.Fatal(err)
		}
		if err := f.Set("variable_05000", cty.StringVal("new")); err != nil {
			b.Fatal(err)
		}
	}
}
