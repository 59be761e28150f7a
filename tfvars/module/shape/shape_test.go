package shape_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"hci/tfvars/module/shape"
)

func lit(s string) shape.Shape { return shape.Leaf{Value: cty.StringVal(s)} }

func variable(name, value string) shape.Shape {
	return shape.Leaf{Value: cty.StringVal(value), Source: &shape.Source{Variable: name}}
}

// inverted is the outcome of Invert as text.
func inverted(s shape.Shape, text string) string {
	changes, obstacles := shape.Invert(s, text)
	var all []string
	for _, c := range changes {
		v := c.Value
		if v.Type() == cty.String {
			all = append(all, c.Source.String()+"="+v.AsString())
		} else {
			all = append(all, c.Source.String()+"="+v.GoString())
		}
	}
	for _, o := range obstacles {
		all = append(all, "! "+o.Error())
	}
	return strings.Join(all, "; ")
}

func TestInvert(t *testing.T) {
	url := shape.Concat{lit("pg://"), variable("user", "u"), lit(":"), variable("pw", "p"), lit("@host")}
	object := shape.JSON{Of: shape.Object{"user": variable("user", "u"), "fixed": lit("x"), "list": shape.Tuple{variable("pw", "p"), lit("y")}}}
	whole := shape.Leaf{Value: cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal("1"), "b": cty.StringVal("2")}), Source: &shape.Source{Variable: "obj"}}
	for _, c := range []struct {
		name, text, want string
		s                shape.Shape
	}{
		{"variable", "new", "v=new", variable("v", "old")},
		{"nothing changes", "pg://u:p@host", "pw=p; user=u", url},
		{"one of two", "pg://u:a:b@c@host", "pw=a:b@c; user=u", url},
		{"the other", "pg://new:p@host", "pw=p; user=new", url},
		{"both", "pg://new:other@host", "pw=other; user=new", url},
		{"both, in more than one way", "pg://a:b:c@host", "! it can be taken apart in more than one way", url},
		{"another form", "mysql://u:p@host", "! it does not have the form that the Terraform code gives it", url},
		{"constant", "new", "! it is fixed by the Terraform code, not by a variable", lit("x")},
		{"twice the same", "new-new", "v=new", shape.Concat{variable("v", "o"), lit("-"), variable("v", "o")}},
		{"twice, differing", "new-old", "! it does not have the form that the Terraform code gives it", shape.Concat{variable("v", "o"), lit("-"), variable("v", "o")}},
		{"unknown beside it", "a@b", "! it is fixed by the Terraform code, not by a variable", shape.Concat{variable("v", "o"), lit("@"), shape.Leaf{Value: cty.UnknownVal(cty.String)}}},
		{"JSON", `{"fixed":"x","list":["new","y"],"user":"u"}`, "pw=new; user=u", object},
		{"JSON obstacles", `{"fixed":"z","list":["p","y"],"more":1}`, "pw=p; ! key fixed is fixed by the Terraform code, not by a variable; ! key user is not in Secrets Manager; ! key more is declared nowhere", object},
		{"not JSON", "text", "! it is not JSON, which the Terraform code makes of it", object},
		{"another type", `{"fixed":"x","list":"p","user":"u"}`, "user=u; ! key list is of another JSON type than the Terraform code makes of it", object},
		{"part of an object", `{"a":"1","b":"3"}`, `obj.a=1; obj.b=3`, shape.JSON{Of: whole}},
		{"another key in it", `{"a":"1","c":"3"}`, `obj=cty.ObjectVal(map[string]cty.Value{"a":cty.StringVal("1"), "c":cty.StringVal("3")})`, shape.JSON{Of: whole}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := inverted(c.s, c.text); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
}

// TestInvertRendersAgain: for random templates and values, what Invert finds
// makes the text again, or it says that it found nothing.
func TestInvertRendersAgain(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	texts := []string{"", "a", "b", ":", "ab", "a:b", "@", "\n", "é"}
	pick := func() string { return texts[rng.IntN(len(texts))] }
	found := 0
	for range 20_000 {
		var old, now shape.Concat
		values := map[string]string{}
		for i := range 1 + rng.IntN(5) {
			if rng.IntN(2) == 0 {
				text := pick()
				old, now = append(old, lit(text)), append(now, lit(text))
				continue
			}
			name := fmt.Sprint("v", i%3)
			if _, ok := values[name]; !ok {
				values[name] = pick()
			}
			old, now = append(old, variable(name, "old-"+name)), append(now, variable(name, values[name]))
		}
		text, _ := shape.Text(now)
		changes, obstacles := shape.Invert(old, text)
		if len(obstacles) > 0 {
			continue
		}
		found++
		with := map[string]string{}
		for _, c := range changes {
			with[c.Source.Variable] = c.Value.AsString()
		}
		var again strings.Builder
		for _, part := range old {
			l := part.(shape.Leaf)
			if l.Source == nil {
				again.WriteString(l.Value.AsString())
			} else {
				again.WriteString(with[l.Source.Variable])
			}
		}
		if again.String() != text {
			t.Fatalf("%q becomes %q with %q", text, again.String(), with)
		}
	}
	if found < 5000 {
		t.Errorf("%d inverted only", found)
	}
}

func TestPut(t *testing.T) {
	attr := func(name string) cty.PathStep { return cty.GetAttrStep{Name: name} }
	v := cty.ObjectVal(map[string]cty.Value{"port": cty.NumberIntVal(1), "m": cty.MapVal(map[string]cty.Value{"k": cty.StringVal("x")}), "l": cty.ListVal([]cty.Value{cty.StringVal("a")})})
	got, err := shape.Put(v, cty.Path{attr("port")}, cty.StringVal("5432"))
	if err != nil || !got.GetAttr("port").RawEquals(cty.NumberIntVal(5432)) || !got.GetAttr("m").RawEquals(v.GetAttr("m")) {
		t.Errorf("%#v, %v", got, err)
	}
	got, err = shape.Put(v, cty.Path{attr("m"), cty.IndexStep{Key: cty.StringVal("k")}}, cty.StringVal("y"))
	if err != nil || !got.GetAttr("m").RawEquals(cty.MapVal(map[string]cty.Value{"k": cty.StringVal("y")})) {
		t.Errorf("%#v, %v", got, err)
	}
	for _, path := range []cty.Path{{attr("none")}, {attr("l"), cty.IndexStep{Key: cty.NumberIntVal(7)}}, {attr("port"), attr("x")}} {
		if _, err := shape.Put(v, path, cty.StringVal("y")); err == nil {
			t.Errorf("%#v: no error", path)
		}
	}
	for _, bad := range []cty.Value{cty.NilVal, cty.NullVal(cty.String), cty.UnknownVal(cty.String)} {
		if _, err := shape.Put(bad, cty.Path{attr("x")}, cty.StringVal("y")); err == nil {
			t.Error("no error")
		}
	}
}
