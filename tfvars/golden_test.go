package tfvars_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"hci/tfvars"
)

var update = flag.Bool("update", false, "rewrite the want.json files")

// golden is one folder of testdata.
type golden struct {
	name string // of the folder
	path string // of the variables file
	src  []byte
}

// cases returns the folders of testdata/kind. None at all is a failure.
func cases(t testing.TB, kind string) []golden {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", kind, "*", "in.tfvars*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases in testdata/%s (error %v)", kind, err)
	}
	dirs, err := os.ReadDir(filepath.Join("testdata", kind))
	if err != nil || len(dirs) != len(paths) {
		t.Fatalf("%d folders in testdata/%s hold %d files (error %v)", len(dirs), kind, len(paths), err)
	}
	var all []golden
	for _, path := range paths {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, golden{name: filepath.Base(filepath.Dir(path)), path: path, src: src})
	}
	return all
}

// variable is what is compared of a variable: its text, and jsonencode's view
// of it, which tells "1" from 1. Null has no text, and infinity no JSON.
type variable struct {
	Name string  `json:"name"`
	Text *string `json:"text,omitempty"`
	JSON *string `json:"json,omitempty"`
}

func variables(t testing.TB, f *tfvars.File) []variable {
	t.Helper()
	vars := []variable{}
	for _, name := range f.Names() {
		v, ok := f.Value(name)
		if !ok || !f.Has(name) {
			t.Fatalf("%q is a name without a value", name)
		}
		one := variable{Name: name}
		if text, err := tfvars.Text(v); err == nil {
			s := text.Reveal()
			one.Text = &s
		}
		if text, err := tfvars.Text(cty.TupleVal([]cty.Value{v})); err == nil {
			s := text.Reveal()
			s = s[1 : len(s)-1]
			one.JSON = &s
		}
		vars = append(vars, one)
	}
	return vars
}

func TestValid(t *testing.T) {
	for _, c := range cases(t, "valid") {
		t.Run(c.name, func(t *testing.T) {
			f, err := tfvars.Parse(c.src, filepath.Base(c.path))
			if err != nil {
				t.Fatal(err)
			}
			if string(f.Bytes()) != string(c.src) {
				t.Error("the bytes are not those that were parsed")
			}
			got := variables(t, f)
			golden := filepath.Join(filepath.Dir(c.path), "want.json")
			if *update {
				writeJSON(t, golden, got)
			}
			var want []variable
			if err := json.Unmarshal(read(t, golden), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
		})
	}
}

func TestInvalid(t *testing.T) {
	for _, c := range cases(t, "invalid") {
		t.Run(c.name, func(t *testing.T) {
			f, err := tfvars.Parse(c.src, filepath.Base(c.path))
			if f != nil || err == nil {
				t.Fatal("accepted")
			}
			problems, ok := err.(tfvars.Problems)
			if !ok || len(problems) == 0 {
				t.Fatalf("a %T", err)
			}
			for _, p := range problems {
				if p.File != filepath.Base(c.path) || p.Line < 1 || p.Column < 1 || p.Summary == "" {
					t.Errorf("incomplete: %#v", p)
				}
				if p.Summary == "invalid syntax" || p.Summary == "invalid JSON" {
					t.Errorf("%v: a reason would be better", p)
				}
			}
			golden := filepath.Join(filepath.Dir(c.path), "want.txt")
			got := err.Error() + "\n"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := string(read(t, golden)); got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeJSON(t testing.TB, path string, v any) {
	t.Helper()
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}
