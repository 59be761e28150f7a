package tfvars_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"hci/tfvars"
)

var types = []cty.Type{
	cty.String, cty.Number, cty.Bool, cty.DynamicPseudoType, cty.List(cty.String), cty.Map(cty.Number),
	cty.Set(cty.Bool), cty.Object(map[string]cty.Type{"a": cty.String}),
}

func seeds(f *testing.F) {
	for _, c := range slices.Concat(cases(f, "valid"), cases(f, "invalid")) {
		if len(c.src) < 4000 {
			f.Add(c.src, filepath.Ext(c.path) == ".json")
		}
	}
}

func name(json bool) string {
	if json {
		return "x.tfvars.json"
	}
	return "x.tfvars"
}

// FuzzParse: what is read comes back byte for byte, and every value has a
// text or a reason why not.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src []byte, json bool) {
		file, err := tfvars.Parse(src, name(json))
		if err != nil {
			return
		}
		if !bytes.Equal(file.Bytes(), src) {
			t.Fatal("Bytes is not what was parsed")
		}
		for _, n := range file.Names() {
			v, ok := file.Value(n)
			if !ok || !file.Has(n) {
				t.Fatal("a name without a value")
			}
			_, _ = tfvars.Text(v)
		}
	})
}

// FuzzEdit: an edit changes its own name alone, and can be taken back.
func FuzzEdit(f *testing.F) {
	for _, c := range cases(f, "valid") {
		if len(c.src) < 2000 {
			f.Add(c.src, filepath.Ext(c.path) == ".json", "new value\nof two lines", uint8(1))
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, json bool, text string, pick uint8) {
		file, err := tfvars.Parse(src, name(json))
		if err != nil {
			return
		}
		before, err := tfvars.Parse(src, name(json))
		if err != nil {
			t.Fatal(err)
		}
		target := "hci_fuzz_new_name"
		if names := file.Names(); len(names) > 0 && pick%3 != 0 {
			target = names[int(pick)%len(names)]
		}
		value := cty.StringVal(text)
		if err := file.Set(target, value); err != nil {
			if !bytes.Equal(file.Bytes(), src) {
				t.Fatal("a refused edit changed the file")
			}
			return
		}
		if got, ok := file.Value(target); !ok || !got.RawEquals(value) {
			t.Fatal("the value is not what was set")
		}
		again, err := tfvars.Parse(file.Bytes(), name(json))
		if err != nil {
			t.Fatal("the edited file cannot be parsed")
		}
		for _, c := range tfvars.Compare(before, again) {
			if c.Name != target {
				t.Fatal("another name changed")
			}
		}
		if before.Has(target) {
			return
		}
		if err := file.Unset(target); err != nil {
			t.Fatal("what was added cannot be removed")
		}
		if changes := tfvars.Compare(before, file); len(changes) != 0 {
			t.Fatal("adding and removing changed something")
		}
	})
}
