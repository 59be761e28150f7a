package tfvars_test

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"hci/tfvars"
	"hci/tfvars/module/shape"
)

// TestSetAt changes one element; comments and layout around it stay.
func TestSetAt(t *testing.T) {
	attr := func(name string) cty.PathStep { return cty.GetAttrStep{Name: name} }
	at := func(i int64) cty.PathStep { return cty.IndexStep{Key: cty.NumberIntVal(i)} }
	key := func(name string) cty.PathStep { return cty.IndexStep{Key: cty.StringVal(name)} }
	for _, c := range []struct {
		name, src, want string
		path            cty.Path
	}{
		{"attribute", "db = { # the database\n  user = \"u\" // who\n\n  \"pass word\" : \"old\",\n}\n", "db = { # the database\n  user = \"u\" // who\n\n  \"pass word\" : \"new\",\n}\n", cty.Path{attr("pass word")}},
		{"nested", "db = { a = [1, { b = \"old\" }] } # x\n", "db = { a = [1, { b = \"new\" }] } # x\n", cty.Path{attr("a"), at(1), attr("b")}},
		{"map key", "db = { \"a.b\" = \"old\" }\n", "db = { \"a.b\" = \"new\" }\n", cty.Path{key("a.b")}},
		{"heredoc", "db = {\n  a = <<EOT\nold\nEOT\n  b = 1\n}\n", "db = {\n  a = \"new\"\n  b = 1\n}\n", cty.Path{attr("a")}},
		{"template", "db = { a = \"o${\"l\"}d\" }\n", "db = { a = \"new\" }\n", cty.Path{attr("a")}},
		{"whole", "db = \"old\"\n", "db = \"new\"\n", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := tfvars.Parse([]byte(c.src), "x.tfvars")
			if err != nil {
				t.Fatal(err)
			}
			old, _ := f.Value("db")
			whole, err := shape.Put(old, c.path, cty.StringVal("new"))
			if err != nil {
				t.Fatal(err)
			}
			if err := f.SetAt("db", c.path, whole); err != nil {
				t.Fatal(err)
			}
			if got := string(f.Bytes()); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}
