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

// TestSetAtMembers gives a map other members: those that stay keep their bytes,
// their order and their comments.
func TestSetAtMembers(t *testing.T) {
	text := func(kv ...string) cty.Value {
		m := map[string]cty.Value{}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i]] = cty.StringVal(kv[i+1])
		}
		return cty.ObjectVal(m)
	}
	for _, c := range []struct {
		name, src, want string
		v               cty.Value
	}{
		{"a value", "m = { # all\n  z = \"1\" # last first\n\n  # the other\n  a = \"2\",\n}\n", "m = { # all\n  z = \"1\" # last first\n\n  # the other\n  a = \"3\",\n}\n", text("z", "1", "a", "3")},
		{"one more", "m = {\n  z = \"1\" # why\n  a = \"2\" # end\n}\n", "m = {\n  z = \"1\" # why\n  a = \"2\" # end\n  \"n w\" = \"3\"\n}\n", text("z", "1", "a", "2", "n w", "3")},
		{"one less", "m = {\n  z = \"1\" # why\n  # about a\n  a = \"2\" # gone\n  b = \"3\"\n}\n", "m = {\n  z = \"1\" # why\n  # about a\n  b = \"3\"\n}\n", text("z", "1", "b", "3")},
		{"in one line", "m = { z = \"1\", a = \"2\", b = \"3\" } # x\n", "m = { a = \"2\", b = \"4\", c = \"5\" } # x\n", text("a", "2", "b", "4", "c", "5")},
		{"the last of a line", "m = { z = \"1\", a = \"2\" }\n", "m = { z = \"1\" }\n", text("z", "1")},
		{"the first of none", "m = {}\n", "m = { a = \"1\" }\n", text("a", "1")},
		{"inside", "m = {\n  o = { b = \"1\", a = \"2\" } # o\n}\n", "m = {\n  o = { b = \"1\", a = \"3\" } # o\n}\n", cty.ObjectVal(map[string]cty.Value{"o": text("b", "1", "a", "3")})},
		{"Windows' lines", "m = {\r\n  z = \"1\" # why\r\n}\r\n", "m = {\r\n  z = \"1\" # why\r\n  a = \"2\"\r\n}\r\n", text("z", "1", "a", "2")},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := tfvars.Parse([]byte(c.src), "x.tfvars")
			if err != nil {
				t.Fatal(err)
			}
			if err := f.SetAt("m", nil, c.v); err != nil {
				t.Fatal(err)
			}
			if got := string(f.Bytes()); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}
