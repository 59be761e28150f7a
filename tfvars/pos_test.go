package tfvars

import (
	"fmt"
	"strings"
	"testing"
)

// The places of all names are found in one pass, and are those that a look from
// the beginning of the file finds for each.
func TestPositions(t *testing.T) {
	many := func(format, glue string) string {
		parts := make([]string, 500)
		for i := range parts {
			parts[i] = fmt.Sprintf(format, i)
		}
		return strings.Join(parts, glue)
	}
	for _, c := range []struct{ name, src string }{
		{"a.tfvars", many("n%d = \"é\"", "\n")},
		{"crlf.tfvars", many("  n%d = <<-E\r\n  ü\r\n  E", "\r\n\r\n") + "\r\n"},
		{"bom.tfvars", "\ufeff" + many("n%d = [\n1]", "\n# ä\n")},
		{"one-line.tfvars.json", "{" + many(`"ä%d": "ö"`, ", ") + "}"},
		{"a.tfvars.json", "{\n" + many("\t\"n%d\": [1,\n2]", ",\n") + "\n}\n"},
	} {
		f, err := Parse([]byte(c.src), c.name)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		places := cursor{src: f.src}
		for _, it := range f.items {
			line, column := position(f.src, it.nameAt)
			if l, col := f.Pos(it.name); l != line || col != column {
				t.Errorf("%s: %s is at %d:%d, want %d:%d", c.name, it.name, l, col, line, column)
			}
			places.at(it.nameAt)
		}
		if len(f.items) != 500 || places.looked > len(f.src) {
			t.Errorf("%s: %d names, %d bytes looked at of %d", c.name, len(f.items), places.looked, len(f.src))
		}
	}
}

// A name or a file name with a line break looks like no other line.
func TestLineBreaksInNames(t *testing.T) {
	_, err := Parse([]byte("{\"a\": 1,\n \"b\\nhci: all is well\": 2}"), "x\ny.tfvars.json")
	if err == nil || err.Error() != "x?y.tfvars.json:2:2: a name with a line break in it" {
		t.Error(err)
	}
}
