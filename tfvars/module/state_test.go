package module_test

import (
	"errors"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"hci/tfvars/module"
)

func TestParseState(t *testing.T) {
	s, err := module.ParseState([]byte(`{"format_version":"1.0","values":{"root_module":{
  "resources":[{"address":"a.b[\"k\"]","values":{"id":"x","n":1.50,"null":null,"list":["a",{"b":true}]}}],
  "child_modules":[{"address":"module.m","resources":[{"address":"module.m.data.c.d","values":{"id":"y"}}],"child_modules":[]}]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if v := s[`a.b["k"]`]["id"]; !v.RawEquals(cty.StringVal("x")) {
		t.Errorf("%#v", v)
	}
	if v := s["module.m.data.c.d"]["id"]; !v.RawEquals(cty.StringVal("y")) {
		t.Errorf("%#v", v)
	}
	if s, err := module.ParseState([]byte(`{"format_version":"1.0"}`)); err != nil || len(s) != 0 {
		t.Errorf("an empty state: %v, %v", s, err)
	}
	for _, text := range []string{"", "[]", `{"format_version":"2.0"}`, `{"values":{}}`, `s3cr3t`} {
		if _, err := module.ParseState([]byte(text)); !errors.Is(err, module.ErrState) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
