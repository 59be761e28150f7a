package files_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"hci/internal/env/files"
	"hci/sync/dotenv"
	"hci/sync/secret"
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
	for _, c := range [][2]string{{"A=\"hunter2", "dotenv"}, {"A=\"hunter2", ""}, {"hunter2", "dotenv"}, {"A=1", "nothing"}, {"A=1\nhunter2=\"x", ""}} {
		if _, err := files.Read([]byte(c[0]), ".env", c[1]); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v", err)
		}
	}
}

// TestReadMultiline reads two certificates whose bodies share a line: it is no
// key that is given twice.
func TestReadMultiline(t *testing.T) {
	const leaf, chain = "-----BEGIN C-----\nqhT5s0A=\nMII=\n-----END C-----", "-----BEGIN C-----\nqhT5s0A=\nABC=\n-----END C-----"
	f, err := files.Read([]byte("LEAF='"+leaf+"'\nCHAIN=\""+chain+"\"\n"), ".env", "")
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Duplicates) != 0 || len(f.Entries) != 2 || f.Entries[0].Value.Reveal() != leaf || f.Entries[1].Value.Reveal() != chain {
		t.Errorf("%d entries, duplicates %q, %d and %d bytes", len(f.Entries), f.Duplicates, f.Entries[0].Value.Len(), f.Entries[1].Value.Len())
	}
}

// TestReadAgrees reads files that every tool reads alike, and refuses those that
// mean one thing to one tool and another to the next.
func TestReadAgrees(t *testing.T) {
	for _, c := range []struct{ src, want, problem string }{
		{"A='x' # it's\n", "A=x", ""},
		{"A=\"x\" # \"q\"\n", "A=x", ""},
		{"A=x y\n", "A=x y", ""},
		{"A=\"a $ b\"\n", "A=a $ b", ""},
		{"A='a $B'\n", "A=a $B", ""},
		{"A=\"a\\nb\"\n", "", ".env: the tools that read such files ("},
		{"OK=1\nA=\"a $B\"\nC=\"$D\"\n", "", "take different values for A"},
		{"A='it'\\''s'\n", "", "take different values for A"},
		{"A=x#y\n", "", "take different values for A"},
	} {
		f, err := files.Read([]byte(c.src), ".env", "")
		var ambiguous *files.AmbiguousError
		if c.problem != "" {
			if !errors.As(err, &ambiguous) || !strings.Contains(err.Error(), c.problem) || !strings.Contains(ambiguous.Next(), "--format") {
				t.Errorf("%q: %v", c.src, err)
			}
			continue
		}
		if err != nil || len(f.Entries) != 1 || "A="+f.Entries[0].Value.Reveal() != c.want {
			t.Errorf("%q: %v", c.src, err)
		}
	}
}

// TestReadOwn writes files in every dialect with comments, and reads each as
// what its header says: the values are those that were written.
func TestReadOwn(t *testing.T) {
	entries := []dotenv.Entry{{Key: "A", Value: secret.New("it's")}, {Key: "B", Value: secret.New("a $b \\n # c")}, {Key: "C", Value: secret.New("say \"x\"")}}
	for _, name := range dotenv.Names() {
		d, _ := dotenv.ByName(name)
		if !d.Comments() {
			continue
		}
		h := files.Header{Environment: "staging", Format: name, Only: []string{"A*", "B"}, Container: "web/app", Local: true}
		var written []dotenv.Entry
		for _, e := range entries {
			if _, err := dotenv.Encode(d, []dotenv.Entry{e}, dotenv.Options{}); err == nil {
				written = append(written, e)
			}
		}
		made, err := dotenv.Encode(d, written, dotenv.Options{Header: h.String()})
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := files.ReadHeader(made); !ok || fmt.Sprint(got) != fmt.Sprint(h) {
			t.Errorf("%s: the header reads as %v", name, got)
		}
		f, err := files.Read(made, ".env", "")
		if err != nil || f.Dialect != name || !f.Made || len(f.Entries) != len(written) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, e := range f.Entries {
			if !e.Value.Equal(written[i].Value) {
				t.Errorf("%s: %s arrived as something else", name, e.Key)
			}
		}
	}
	if h, ok := files.ReadHeader([]byte("# Made by hci env export staging. It holds secrets: keep it out of git.\nA=1\n")); !ok || h.Format != "" || h.Environment != "staging" {
		t.Errorf("the header of an earlier version reads as %v", h)
	}
}

func TestTemplate(t *testing.T) {
	got := files.ReadTemplate([]byte("# A comment\nA=\n#B=1\nexport C=x\nA=2\nD=<yours>\n"), ".env.template")
	if want := []string{"C", "A", "D"}; !slices.Equal(got.Keys, want) {
		t.Errorf("%q, want %q", got.Keys, want)
	}
	if v, ok := got.Default("C"); !ok || v.Reveal() != "x" || got.Local {
		t.Error("C has no default, or the template is taken for a local one")
	}
	if _, ok := got.Default("D"); ok {
		t.Error("a placeholder is a default")
	}
	broken := files.ReadTemplate([]byte("A=\"x\nexport B = y\n"), ".env.template")
	if want := []string{"A", "B"}; !slices.Equal(broken.Keys, want) {
		t.Errorf("%q, want %q", broken.Keys, want)
	}
}

func TestCheck(t *testing.T) {
	made := []byte("# Made by hci env export staging --format dotenv. It holds secrets: keep it out of git.\nSAME=1\nOTHER=2\nEMPTY=\nEMPTY_TOO=\nBLANK=\nHOLDER=changeme\nWORD=password\nEXTRA=x\nONLY_TEMPLATE=x\nTWICE=1\nTWICE=2\ndiscovery.type=single\nMINE=a\n")
	file, err := files.Renew(nil, made, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	f, err := files.Read(append(file, "MINE=b\nMY_OWN=a b # not in the universal form\nHOLDER_TOO=todo\n"...), ".env", "")
	if err != nil {
		t.Fatal(err)
	}
	var needed []dotenv.Entry
	for _, kv := range [][2]string{{"SAME", "1"}, {"OTHER", "3"}, {"EMPTY", "x"}, {"EMPTY_TOO", ""}, {"BLANK", "x"}, {"WORD", "password"}, {"MISSING", "z"}, {"TWICE", "2"}, {"MINE", "a"}} {
		needed = append(needed, dotenv.Entry{Key: kv[0], Value: secret.New(kv[1])})
	}
	template := files.ReadTemplate([]byte("SAME=\nONLY_TEMPLATE=\nGONE=\nBLANK=\nHOLDER=changeme\nHOLDER_TOO=todo\n"), ".env.template")
	var got []string
	for _, x := range files.Check(f, files.Sources{Template: template, Needed: needed}) {
		got = append(got, fmt.Sprintf("%s %s", x.Key, x.Kind))
	}
	want := []string{"EMPTY empty", "EXTRA extra", "GONE missing", "HOLDER placeholder", "HOLDER_TOO placeholder", "MISSING missing", "OTHER differs", "TWICE duplicate", "line 13 bad_key"}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
}
