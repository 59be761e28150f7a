package tfvars_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"hci/tfvars"
)

// manyVariables is a file of n variables, of the kinds that occur.
func manyVariables(n int) []byte {
	var b strings.Builder
	for i := range n {
		switch i % 5 {
		case 0:
			fmt.Fprintf(&b, "variable_%05d = \"a value of forty characters or more %d\"\n", i, i)
		case 1:
			fmt.Fprintf(&b, "variable_%05d = %d # a comment\n", i, i)
		case 2:
			fmt.Fprintf(&b, "variable_%05d = [\"a\", \"b\", \"c\"]\n", i)
		case 3:
			fmt.Fprintf(&b, "variable_%05d = { name = \"x\", port = %d }\n", i, i)
		case 4:
			fmt.Fprintf(&b, "variable_%05d = \"with \\\"escapes\\\" and $${more}\"\n", i)
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
