package tfvars

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

// TestSetAll compares setting many variables at once with setting them one
// after the other.
func TestSetAll(t *testing.T) {
	many := []Assignment{{"b", cty.StringVal("x ${y}\n")}, {"new", cty.NumberIntVal(5)}, {"a", cty.TupleVal([]cty.Value{cty.StringVal("1"), cty.True})}, {"other", cty.StringVal("")}}
	for _, c := range []struct{ name, src string }{
		{"x.tfvars", ""},
		{"x.tfvars", "a = [\n  1,\n] # kept\nb = <<EOT\nold\nEOT\n# end"},
		{"x.tfvars", "\ufeffb = \"1\" # kept\r\na = 2\r\n"},
		{"x.tfvars.json", "{}\n"},
		{"x.tfvars.json", "{\n  \"//\": \"c\",\n  \"b\": \"1\",\n  \"a\": 2\n}\n"},
	} {
		one, err := Parse([]byte(c.src), c.name)
		if err != nil {
			t.Fatal(err)
		}
		all, _ := Parse([]byte(c.src), c.name)
		for _, a := range many {
			if err := one.Set(a.Name, a.Value); err != nil {
				t.Fatal(err)
			}
		}
		if err := all.SetAll(many); err != nil || string(all.Bytes()) != string(one.Bytes()) {
			t.Errorf("%q: %v\n%s\nwant\n%s", c.src, err, all.Bytes(), one.Bytes())
		}
	}
}

// TestSetAllOrNone leaves the file as it is when one variable can't be set.
func TestSetAllOrNone(t *testing.T) {
	f, err := Parse([]byte("a = 1\n"), "x.tfvars")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []struct {
		a    Assignment
		want error
	}{{Assignment{"no name", cty.True}, ErrBadName}, {Assignment{"b", cty.StringVal("\xff")}, ErrUnwritable}} {
		if err := f.SetAll([]Assignment{{"a", cty.NumberIntVal(2)}, bad.a}); !errors.Is(err, bad.want) || string(f.Bytes()) != "a = 1\n" {
			t.Errorf("%v: %q", err, f.Bytes())
		}
	}
	if err := f.SetAll([]Assignment{{"a", cty.NumberIntVal(2)}, {"a", cty.NumberIntVal(3)}}); err != nil || string(f.Bytes()) != "a = 3\n" {
		t.Errorf("given twice: %v: %q", err, f.Bytes())
	}
}

// TestSetAllReadsOnce bounds what setting 5,000 variables takes: it counts the
// allocations, which do not depend on how fast the machine is.
func TestSetAllReadsOnce(t *testing.T) {
	var src strings.Builder
	var all []Assignment
	for i := range 5000 {
		if i%2 == 0 {
			fmt.Fprintf(&src, "k%d = \"old\"\n", i)
		}
		all = append(all, Assignment{fmt.Sprintf("k%d", i), cty.StringVal("new")})
	}
	one := testing.AllocsPerRun(1, func() {
		if _, err := Parse([]byte(src.String()), "x.tfvars"); err != nil {
			t.Fatal(err)
		}
	})
	many := testing.AllocsPerRun(1, func() {
		f, _ := Parse([]byte(src.String()), "x.tfvars")
		if err := f.SetAll(all); err != nil {
			t.Fatal(err)
		}
	})
	if many > 10*one {
		t.Errorf("%.0f allocations, where reading the file takes %.0f", many, one)
	}
}
