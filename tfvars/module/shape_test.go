package module_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"hci/tfvars/module"
	"hci/tfvars/module/shape"
)

// TestShapes: over all fixtures, a value that is known has a shape that makes
// just that value, and giving the variables that it names other values changes
// the value as the shape says.
func TestShapes(t *testing.T) {
	sources := 0
	for _, dir := range fixtures(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			m, err := module.Load(os.DirFS(dir))
			if err != nil {
				t.Fatal(err)
			}
			values := inputs(t, varFiles(dir)...)
			ev, err := m.Evaluate(module.Inputs{Workspace: workspace, Values: values, Shapes: true})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range ev.Secrets {
				if s.Status != module.Known || s.Binary {
					continue
				}
				if s.Shape == nil {
					t.Errorf("%s has no shape", s.Address)
					continue
				}
				if text, ok := shape.Text(s.Shape); !ok || text != s.Value.Reveal() {
					t.Errorf("%s has a shape that makes something else", s.Address)
				}
				for _, l := range shape.Leaves(s.Shape) {
					if l.Source != nil && l.Value.Type() == cty.String && l.Value.IsKnown() && !l.Value.IsNull() {
						sources++
						changed(t, m, values, s, *l.Source)
					}
				}
			}
		})
	}
	if sources < 60 {
		t.Errorf("%d variables found in values only", sources)
	}
}

// changed gives a source another value, and compares what the shape then says
// with what is evaluated.
func changed(t *testing.T, m *module.Module, values map[string]cty.Value, s module.Secret, src shape.Source) {
	t.Helper()
	old, ok := values[src.Variable]
	if !ok {
		return // a default
	}
	const marker = "mArKeR"
	next, err := shape.Put(old, src.Path, cty.StringVal(marker))
	if err != nil {
		t.Errorf("%s: %s: %v", s.Address, src, err)
		return
	}
	with := map[string]cty.Value{}
	for name, v := range values {
		with[name] = v
	}
	with[src.Variable] = next
	ev, err := m.Evaluate(module.Inputs{Workspace: workspace, Values: with})
	if err != nil {
		return // a validation refuses it
	}
	for _, now := range ev.Secrets {
		if now.Address != s.Address || now.Status != module.Known {
			continue
		}
		if got, ok := shape.Text(replaced(s.Shape, src, marker)); !ok || got != now.Value.Reveal() {
			if conditional[s.Label] {
				continue
			}
			t.Errorf("%s: with another %s the shape makes something else", s.Address, src)
		}
	}
}

// conditional are the secrets in which a variable also decides which shape it
// is.
var conditional = map[string]bool{"nested": true, "cond": true, "choice": true, "coalesce": true}

// replaced is a shape with a source's leaves given another value.
func replaced(s shape.Shape, src shape.Source, text string) shape.Shape {
	switch s := s.(type) {
	case shape.Leaf:
		if s.Source != nil && s.Source.String() == src.String() {
			s.Value = cty.StringVal(text)
		}
		return s
	case shape.Concat:
		out := shape.Concat{}
		for _, part := range s {
			out = append(out, replaced(part, src, text))
		}
		return out
	case shape.JSON:
		return shape.JSON{Of: replaced(s.Of, src, text)}
	case shape.Object:
		out := shape.Object{}
		for key, of := range s {
			out[key] = replaced(of, src, text)
		}
		return out
	case shape.Tuple:
		out := shape.Tuple{}
		for _, of := range s {
			out = append(out, replaced(of, src, text))
		}
		return out
	}
	return s
}
