package files_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"hci/internal/env/files"
	"hci/internal/secret"
	"hci/sync/dotenv"
)

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name, src, dialect, want string
		duplicates               []string
	}{
		{"universal", "# c\nA=1\nB='x y'\n", "dotenv", "A=1 B=x y", nil},
		{"exported by hand", "export A=\"1\"\nexport B=\"x#y\"\n", "dotenv", "A=1 B=x#y", nil},
		{"duplicates", "A=1\nB=2\nA=3\n", "dotenv", "A=3 B=2", []string{"A"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := files.Read([]byte(c.src), ".env", "")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range f.Entries {
				got = append(got, e.Key+"="+e.Value.Reveal())
			}
			slices.Sort(got)
			if f.Dialect != c.dialect || strings.Join(got, " ") != c.want || !slices.Equal(f.Duplicates, c.duplicates) {
				t.Errorf("%s: %q, %q", f.Dialect, got, f.Duplicates)
			}
		})
	}
	for _, c := range [][2]string{{"A=\"hunter2", "dotenv"}, {"A=\"hunter2", ""}, {"hunter2", "dotenv"}, {"A=1", "nothing"}} {
		if _, err := files.Read([]byte(c[0]), ".env", c[1]); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v", err)
		}
	}
}

func TestTemplateKeys(t *testing.T) {
	got := files.TemplateKeys([]byte("# A comment\nA=\n#B=1\nexport C = x\nA=2\n  D=\n"))
	if want := []string{"A", "C", "D"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestCheck(t *testing.T) {
	f, err := files.Read([]byte("SAME=1\nOTHER=2\nEMPTY=\nEMPTY_TOO=\nHOLDER=changeme\nEXTRA=x\nONLY_TEMPLATE=x\nTWICE=1\nTWICE=2\n"), ".env", "")
	if err != nil {
		t.Fatal(err)
	}
	var needed []dotenv.Entry
	for _, kv := range [][2]string{{"SAME", "1"}, {"OTHER", "3"}, {"EMPTY", "x"}, {"EMPTY_TOO", ""}, {"HOLDER", "y"}, {"MISSING", "z"}, {"TWICE", "2"}} {
		needed = append(needed, dotenv.Entry{Key: kv[0], Value: secret.New(kv[1])})
	}
	var got []string
	for _, x := range files.Check(f, files.Sources{Template: []string{"SAME", "ONLY_TEMPLATE", "GONE"}, TemplateName: ".env.template", Needed: needed}) {
		got = append(got, fmt.Sprintf("%s %s", x.Key, x.Kind))
	}
	want := []string{"EMPTY empty", "EXTRA extra", "GONE missing", "HOLDER placeholder", "MISSING missing", "OTHER differs", "TWICE duplicate"}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
}
