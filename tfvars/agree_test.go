package tfvars

import (
	"os"
	"path/filepath"
	"testing"
)

// agree fails if reading line by line and HashiCorp's parser differ.
func agree(t *testing.T, src []byte) {
	t.Helper()
	fast, ok := parseLines(src, "x.tfvars")
	if !ok {
		return
	}
	slow, problems := parseWhole(src, "x.tfvars")
	if problems != nil {
		t.Fatal("read line by line, but refused by HashiCorp's parser")
	}
	if len(fast) != len(slow) {
		t.Fatalf("%d names line by line, %d by HashiCorp's parser", len(fast), len(slow))
	}
	for i, f := range fast {
		s := slow[i]
		if f.name != s.name || f.nameAt != s.nameAt || f.nameEnd != s.nameEnd || f.valueAt != s.valueAt || f.valueEnd != s.valueEnd {
			t.Errorf("name %d lies elsewhere", i)
		}
		if !f.value.RawEquals(s.value) {
			t.Errorf("name %d has another value", i)
		}
	}
}

// FuzzAgree compares the two ways to read a file.
func FuzzAgree(f *testing.F) {
	paths, err := filepath.Glob("testdata/*/*/in.tfvars")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, path := range paths {
		src, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if len(src) < 4000 {
			f.Add(src)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) { agree(t, src) })
}
