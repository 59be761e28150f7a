package eval

import (
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"hci/tfvars/module/internal/mark"

	"hci/tfvars"
)

// Repetition is what count.index, each.key and each.value mean in a block.
// The zero Repetition is that of a block without count and for_each.
type Repetition struct {
	Key   cty.Value // number or string; cty.NilVal without repetition
	Value cty.Value // each.value
}

// Suffix returns the instance key as it stands in addresses: "", [0], ["a"].
func (r Repetition) Suffix() string {
	switch {
	case r.Key == cty.NilVal:
		return ""
	case r.Key.Type() == cty.Number:
		n, _ := r.Key.AsBigFloat().Int64()
		return "[" + strconv.FormatInt(n, 10) + "]"
	}
	key := r.Key.AsString()
	if plain(key) {
		return `["` + key + `"]`
	}
	return "[" + tfvars.Quote(key) + "]"
}

// plain reports whether a text stands in quotes as it is.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '$' || c == '%' {
			return false
		}
	}
	return true
}

// kind tells how a block is repeated.
type kind int

const (
	single kind = iota
	counted
	each
)

// Expansion is the list of a block's instances.
type Expansion struct {
	kind  kind
	Items []Repetition
	// Awaits tells why Items is nil: the instances are not known yet.
	Awaits []string
	marks  cty.ValueMarks
	index  map[string]int // of Items, by suffix
}

// expand evaluates count or for_each of a block, once per address.
func (in *Instance) expand(key string, count, forEach hcl.Expression) *Expansion {
	if count == nil && forEach == nil {
		return &Expansion{Items: []Repetition{{}}}
	}
	if e, ok := in.expanded[key]; ok {
		return e
	}
	// A block whose count refers to the block itself finds this one.
	in.expanded[key] = &Expansion{kind: counted, Awaits: []string{in.Address(key)}}
	var e *Expansion
	if count != nil {
		e = in.counted(count)
	} else {
		e = in.each(forEach)
	}
	if e.Items == nil && e.Awaits == nil {
		e.Awaits = []string{in.Address(key)}
	}
	in.expanded[key] = e
	return e
}

// maxCount bounds count; AWS allows half a million secrets.
const maxCount = 1_000_000

func (in *Instance) counted(expr hcl.Expression) *Expansion {
	v := in.Eval(expr, Repetition{})
	e := &Expansion{kind: counted, Awaits: mark.Awaited(v)}
	v, e.marks = v.Unmark()
	v, err := convert.Convert(v, cty.Number)
	if err != nil || v.IsNull() {
		in.graph.Report("count must be a number", expr.Range())
		return e
	}
	if !v.IsKnown() {
		return e
	}
	n, exact := v.AsBigFloat().Int64()
	if exact != 0 || n < 0 || n > maxCount {
		in.graph.Report("count must be a whole number, not negative", expr.Range())
		return e
	}
	e.Items = make([]Repetition, n)
	for i := range e.Items {
		e.Items[i] = Repetition{Key: cty.NumberIntVal(int64(i))}
	}
	return e
}

func (in *Instance) each(expr hcl.Expression) *Expansion {
	v := in.Eval(expr, Repetition{})
	e := &Expansion{kind: each}
	v, e.marks = v.Unmark()
	ty := v.Type()
	switch {
	case ty == cty.DynamicPseudoType && !v.IsKnown():
		e.Awaits = mark.Awaited(v.WithMarks(e.marks))
		return e
	case v.IsNull(), !ty.IsMapType() && !ty.IsObjectType() && !ty.IsSetType():
		in.graph.Report("for_each must be a map, or a set of strings", expr.Range())
		return e
	case !v.IsKnown(), ty.IsSetType() && !v.IsWhollyKnown():
		e.Awaits = mark.Awaited(v.WithMarks(e.marks))
		return e
	}
	e.Items = make([]Repetition, 0, v.LengthInt())
	for it := v.ElementIterator(); it.Next(); {
		key, val := it.Element()
		if ty.IsSetType() {
			if val.IsNull() || val.Type() != cty.String {
				in.graph.Report("for_each must be a map, or a set of strings", expr.Range())
				return e
			}
			key = val
		}
		e.Items = append(e.Items, Repetition{Key: key, Value: val.WithMarks(e.marks)})
	}
	return e
}

// find returns the instance with a key; ok is false if there is none.
func (e *Expansion) find(key cty.Value) (r Repetition, ok bool) {
	if e.index == nil {
		e.index = make(map[string]int, len(e.Items))
		for i, r := range e.Items {
			e.index[r.Suffix()] = i
		}
	}
	key, err := convert.Convert(key, e.keyType())
	if err != nil || key.IsNull() || !key.IsKnown() {
		return Repetition{}, false
	}
	i, ok := e.index[Repetition{Key: key}.Suffix()]
	if !ok {
		return Repetition{}, false
	}
	return e.Items[i], true
}

func (e *Expansion) keyType() cty.Type {
	if e.kind == each {
		return cty.String
	}
	return cty.Number
}

// collect puts one value per instance together as a reference to the whole
// block sees it.
func (e *Expansion) collect(values []cty.Value) cty.Value {
	switch {
	case e.kind == single:
		return values[0]
	case e.kind == counted:
		return cty.TupleVal(values).WithMarks(e.marks)
	}
	attrs := make(map[string]cty.Value, len(values))
	for i, r := range e.Items {
		attrs[r.Key.AsString()] = values[i]
	}
	return cty.ObjectVal(attrs).WithMarks(e.marks)
}
