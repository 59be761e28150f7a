package eval

import (
	"regexp"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"hci/tfvars/module/internal/config"
	"hci/tfvars/module/shape"
)

// Texts calls visit with the texts that stand in this module and those that it
// calls: their known pieces, between which something is not known.
func (in *Instance) Texts(visit func(pieces []string)) {
	// What can't be evaluated here is of no interest, or was reported before.
	defer func(n int) { in.graph.diags = in.graph.diags[:n] }(len(in.graph.diags))
	for _, f := range in.Config.Files {
		body, ok := f.Body.(*hclsyntax.Body)
		if !ok {
			rawTexts(f.Bytes, visit)
			continue
		}
		in.bodyTexts(body, visit)
	}
	for _, child := range in.Calls(func(*config.Call, []string) {}) {
		child.Texts(visit)
	}
}

// bodyTexts goes through the blocks of a file, each instance of one that is
// repeated.
func (in *Instance) bodyTexts(body *hclsyntax.Body, visit func([]string)) {
	for _, b := range body.Blocks {
		key := strings.Join(b.Labels, ".")
		e := &Expansion{Items: []Repetition{{}}}
		var forEach hcl.Expression
		switch b.Type {
		case "resource", "data", "ephemeral":
			if b.Type != "resource" {
				key = b.Type + "." + key
			}
			if r := in.Config.Resources[key]; r != nil {
				e, forEach = in.Instances(r), r.ForEach
			}
		case "module":
			if c := in.Config.Calls[key]; c != nil {
				e, forEach = in.expand("module."+key, c.Count, c.ForEach), c.ForEach
			}
		}
		items := e.Items
		if items == nil {
			items = []Repetition{{}} // what each.key stands for is then not known
		}
		for _, rep := range items {
			w := &texts{shaper: &shaper{in: in, rep: rep, forEach: forEach}, visit: visit}
			w.body(b.Body)
		}
	}
}

// texts finds the texts in one instance of a block.
type texts struct {
	*shaper
	visit func([]string)
}

func (w *texts) body(b *hclsyntax.Body) {
	for _, a := range b.Attributes {
		w.expression(a.Expr)
	}
	for _, inner := range b.Blocks {
		w.body(inner.Body)
	}
}

// expression visits the texts of an expression: its value's if that is known
// throughout, else those that its parts make.
func (w *texts) expression(expr hclsyntax.Expression) {
	if v, ok := w.known(expr); ok {
		w.value(v)
		return
	}
	_ = hclsyntax.VisitAll(expr, func(node hclsyntax.Node) hcl.Diagnostics {
		switch e := node.(type) {
		case *hclsyntax.TemplateExpr:
			w.shape(w.template(e, 0))
		case *hclsyntax.FunctionCallExpr:
			w.shape(w.of(e, 0))
		case hclsyntax.Expression:
			if v, ok := w.known(e); ok {
				w.value(v)
			}
		}
		return nil
	})
}

// known evaluates an expression; ok is false unless the value is known
// throughout.
func (w *texts) known(expr hclsyntax.Expression) (v cty.Value, ok bool) {
	before := len(w.in.graph.diags)
	v, _ = w.eval(expr).UnmarkDeep()
	failed := len(w.in.graph.diags) > before
	w.in.graph.diags = w.in.graph.diags[:before]
	return v, !failed && v.IsWhollyKnown()
}

// value visits all texts in a value, the keys of maps and objects too.
func (w *texts) value(v cty.Value) {
	_ = cty.Walk(v, func(path cty.Path, v cty.Value) (bool, error) {
		if len(path) > 0 {
			switch step := path[len(path)-1].(type) {
			case cty.GetAttrStep:
				w.visit([]string{step.Name})
			case cty.IndexStep:
				if step.Key.Type() == cty.String && step.Key.IsKnown() && !step.Key.IsNull() {
					w.visit([]string{step.Key.AsString()})
				}
			}
		}
		if !v.IsNull() && v.IsKnown() && v.Type() == cty.String {
			w.visit([]string{v.AsString()})
		}
		return true, nil
	})
}

// shape visits the texts of something that is known in part.
func (w *texts) shape(s shape.Shape) {
	switch s := s.(type) {
	case shape.Concat:
		pieces := []string{""}
		flatten(s, &pieces)
		w.visit(pieces)
	case shape.JSON:
		w.shape(s.Of)
	case shape.Object:
		for key, of := range s {
			w.visit([]string{key})
			w.shape(of)
		}
	case shape.Tuple:
		for _, of := range s {
			w.shape(of)
		}
	case shape.Leaf:
		if s.Value != cty.NilVal && s.Value.IsWhollyKnown() {
			w.value(s.Value)
		}
	}
}

// flatten appends what is known of a text to its pieces.
func flatten(s shape.Shape, pieces *[]string) {
	if c, ok := s.(shape.Concat); ok {
		for _, part := range c {
			flatten(part, pieces)
		}
		return
	}
	if text, ok := shape.Text(s); ok {
		(*pieces)[len(*pieces)-1] += text
		return
	}
	*pieces = append(*pieces, "")
}

var (
	quoted        = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`"(?:[^"\\]|\\.)*"`) })
	interpolation = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[$%]\{[^{}]*\}`) })
)

// rawTexts visits the strings of a file in the JSON syntax; what is interpolated
// in them counts as not known.
func rawTexts(src []byte, visit func([]string)) {
	for _, text := range quoted().FindAll(src, -1) {
		visit(interpolation().Split(strings.Trim(string(text), `"`), -1))
	}
}
