package shape

import (
	"slices"

	"github.com/zclconf/go-cty/cty"
)

// Part says what is known of one part of a leaf, and of everything in it.
type Part struct {
	Path      cty.Path // empty for the whole
	Awaits    []string
	Variables []string
	Sensitive bool
}

// inside is what the leaf says of the part that a step leads to, without its
// value.
func (l Leaf) inside(step cty.PathStep) Leaf {
	if l.Parts == nil {
		return Leaf{Awaits: l.Awaits, Variables: l.Variables, Sensitive: l.Sensitive, Range: l.Range}
	}
	out := Leaf{Range: l.Range, Parts: []Part{}}
	for _, p := range l.Parts {
		if len(p.Path) > 0 {
			if !p.Path[:1].Equals(cty.Path{step}) {
				continue
			}
			p.Path = p.Path[1:]
		}
		out.Parts = append(out.Parts, p)
		out.Awaits, out.Variables = append(out.Awaits, p.Awaits...), append(out.Variables, p.Variables...)
		out.Sensitive = out.Sensitive || p.Sensitive
	}
	out.Awaits, out.Variables = unique(out.Awaits), unique(out.Variables)
	return out
}

func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
