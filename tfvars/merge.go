package tfvars

import (
	"bytes"
	"slices"

	"github.com/zclconf/go-cty/cty"
)

// Conflict is a variable that two files changed differently since the file
// that both come from.
type Conflict struct {
	Name         string
	Ours, Theirs ChangeKind // what each did since the base; 0: nothing
}

// Merge joins what two files changed since the base that both come from, as
// git's three-way merge does, but variable by variable: what only one side
// changed is taken, what both changed alike is taken once, and a variable that
// both changed differently is a conflict. Attributes of an object are merged
// each for itself. Comments, blank lines and layout are merged as well; where
// both sides changed the same comment, both are kept.
//
// The order is that of ours; what only theirs has stands behind the variable
// that it follows there. With conflicts the merged file is nil: no half of a
// merge is handed out. base may be nil, for a file that both sides added.
func Merge(base, ours, theirs *File) (*File, []Conflict, error) {
	return MergeWith(base, ours, theirs, nil)
}

// Side says whose value a conflict gets.
type Side int

// The sides of a merge.
const (
	Undecided Side = iota
	Ours
	Theirs
)

// MergeWith is [Merge] with conflicts decided by name. A name that is no
// conflict is not looked at.
func MergeWith(base, ours, theirs *File, decided map[string]Side) (*File, []Conflict, error) {
	if base == nil {
		base = New(ours.name)
	}
	m := &merge{base: base, ours: ours, theirs: theirs, decided: decided}
	want, conflicts := m.values()
	if len(conflicts) > 0 {
		return nil, conflicts, nil
	}
	merged, err := m.write(want)
	return merged, nil, err
}

type merge struct {
	base, ours, theirs *File
	decided            map[string]Side
}

// merged is what a variable shall be, and which side's text says so.
type merged struct {
	item
	from Side // Undecided: neither side's text, the value is put together
}

// values decides what each variable shall be, in the order of the outcome.
func (m *merge) values() (want []merged, conflicts []Conflict) {
	for _, name := range m.order() {
		b, o, t := m.base.get(name), m.ours.get(name), m.theirs.get(name)
		switch {
		case same(o, t), same(t, b):
			want = keep(want, name, o, Ours)
		case same(o, b):
			want = keep(want, name, t, Theirs)
		case m.decided[name] == Ours:
			want = keep(want, name, o, Ours)
		case m.decided[name] == Theirs:
			want = keep(want, name, t, Theirs)
		default:
			if v, ok := mergeObjects(b, o, t); ok {
				want = keep(want, name, v, Undecided)
				continue
			}
			conflicts = append(conflicts, Conflict{Name: name, Ours: kind(b, o), Theirs: kind(b, t)})
		}
	}
	return want, conflicts
}

func keep(want []merged, name string, v cty.Value, from Side) []merged {
	if v == cty.NilVal {
		return want
	}
	return append(want, merged{item{name: name, value: v}, from})
}

// get is a variable's value, [cty.NilVal] where it is not set.
func (f *File) get(name string) cty.Value {
	v, _ := f.Value(name)
	return v
}

func same(a, b cty.Value) bool {
	if a == cty.NilVal || b == cty.NilVal {
		return a == b
	}
	return a.RawEquals(b)
}

func kind(before, after cty.Value) ChangeKind {
	switch {
	case same(before, after):
		return 0
	case before == cty.NilVal:
		return Added
	case after == cty.NilVal:
		return Removed
	}
	return Changed
}

// order lists all names: ours in their order, and what only theirs has behind
// its predecessor there.
func (m *merge) order() []string {
	follow := map[string][]string{} // by predecessor
	before := ""
	for _, name := range m.theirs.Names() {
		if m.ours.Has(name) {
			before = name
		} else {
			follow[before] = append(follow[before], name)
		}
	}
	names := slices.Clone(follow[""])
	for _, name := range m.ours.Names() {
		names = append(append(names, name), follow[name]...)
	}
	return names
}

// mergeObjects merges three objects attribute by attribute.
func mergeObjects(b, o, t cty.Value) (cty.Value, bool) {
	for _, v := range []cty.Value{b, o, t} {
		if v == cty.NilVal || v.IsNull() || !v.Type().IsObjectType() {
			return cty.NilVal, false
		}
	}
	bs, os, ts := b.AsValueMap(), o.AsValueMap(), t.AsValueMap()
	names := map[string]bool{}
	for _, of := range []map[string]cty.Value{bs, os, ts} {
		for name := range of {
			names[name] = true
		}
	}
	out := map[string]cty.Value{}
	for name := range names {
		v, ok := mergeAttribute(bs[name], os[name], ts[name])
		if !ok {
			return cty.NilVal, false
		}
		if v != cty.NilVal {
			out[name] = v
		}
	}
	return cty.ObjectVal(out), true
}

func mergeAttribute(b, o, t cty.Value) (cty.Value, bool) {
	switch {
	case same(o, t), same(t, b):
		return o, true
	case same(o, b):
		return t, true
	}
	return mergeObjects(b, o, t)
}

// write makes the file that holds the values, with the text of both sides.
func (m *merge) write(want []merged) (*File, error) {
	items := make([]item, len(want))
	for i, w := range want {
		items[i] = w.item
	}
	if m.ours.json == nil && m.theirs.json == nil && m.base.json == nil {
		src, err := m.text(want)
		if err != nil {
			return nil, err
		}
		if f, err := Parse(src, m.ours.name); err == nil && slices.EqualFunc(f.items, items, sameItem) {
			return f, nil
		}
	}
	return m.edit(want)
}

// edit makes the merged file out of ours by [File.Set] and [File.Unset]: in
// JSON, which has no comments, and where the texts don't go together.
func (m *merge) edit(want []merged) (*File, error) {
	f, err := Parse(m.ours.src, m.ours.name)
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, w := range want {
		wanted[w.name] = true
		if !same(f.get(w.name), w.value) {
			if err := f.setWithin(w.name, f.get(w.name), w.value); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range f.Names() {
		if !wanted[name] {
			if err := f.Unset(name); err != nil {
				return nil, err
			}
		}
	}
	for _, w := range want { // proof, whatever way it took
		if !f.Has(w.name) || !sameValue(f.get(w.name), w.value) {
			return nil, ErrReadBack
		}
	}
	if len(f.items) != len(want) {
		return nil, ErrReadBack
	}
	return f, nil
}

// setWithin sets only the attributes that differ where both values are objects
// with the same attributes, so that comments inside of them survive.
func (f *File) setWithin(name string, old, new cty.Value) error {
	if f.Has(name) && !old.IsNull() && !new.IsNull() && old.Type().IsObjectType() && new.Type().IsObjectType() {
		before, after := old.AsValueMap(), new.AsValueMap()
		if sameKeys(before, after) {
			whole := before
			for attr, v := range after {
				if same(before[attr], v) {
					continue
				}
				whole[attr] = v
				if err := f.SetAt(name, cty.GetAttrPath(attr), cty.ObjectVal(whole)); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return f.Set(name, new)
}

func sameKeys(a, b map[string]cty.Value) bool {
	if len(a) != len(b) {
		return false
	}
	for key := range a {
		if _, ok := b[key]; !ok {
			return false
		}
	}
	return true
}

// part is the text of one variable: what stands on lines above it, the
// assignment, and what follows it on its last line.
type part struct{ above, assignment, behind []byte }

// begins reports whether the part has to begin on a line of its own. A comment
// that began on the line before does not.
func (p part) begins() bool {
	above := bytes.TrimLeft(p.above, " \t")
	return len(above)+len(p.assignment) > 0 && !bytes.HasPrefix(above, []byte("/*"))
}

// parts splits a file. What follows the last variable has no name.
func (f *File) parts() map[string]part {
	all := make(map[string]part, len(f.items)+1)
	at := 0
	if bytes.HasPrefix(f.src, bom) {
		at = len(bom)
	}
	for _, it := range f.items {
		_, end := f.lines(it)
		end = max(end, it.valueEnd)
		all[it.name] = part{above: f.src[at:it.nameAt], assignment: f.src[it.nameAt:it.valueEnd], behind: f.src[it.valueEnd:end]}
		at = end
	}
	all[""] = part{above: f.src[at:]}
	return all
}

// text puts the parts of both sides together.
func (m *merge) text(want []merged) ([]byte, error) {
	b, o, t := m.base.parts(), m.ours.parts(), m.theirs.parts()
	var out bytes.Buffer
	if bytes.HasPrefix(m.ours.src, bom) {
		out.Write(bom)
	}
	for _, w := range append(slices.Clone(want), merged{from: Ours}) {
		in, p := b[w.name], part{}
		mine, inOurs := o[w.name]
		other, inTheirs := t[w.name]
		switch {
		case !inTheirs:
			p = mine
		case !inOurs:
			p = other
		default:
			p.above = mergeLines(in.above, mine.above, other.above)
			p.behind = pick(in.behind, mine.behind, other.behind)
			p.assignment = mine.assignment
			if w.from == Theirs || w.from == Ours && same(m.ours.get(w.name), m.theirs.get(w.name)) && bytes.Equal(mine.assignment, in.assignment) {
				p.assignment = other.assignment
			}
		}
		if w.name != "" && w.from == Undecided {
			text, err := m.inner(w)
			if err != nil {
				return nil, err
			}
			p.assignment = text
		}
		if p.begins() && out.Len() > 0 && !bytes.HasSuffix(out.Bytes(), newline) && !bytes.Equal(out.Bytes(), bom) {
			out.WriteString(m.ours.eol())
		}
		out.Write(p.above)
		out.Write(p.assignment)
		out.Write(p.behind)
	}
	return out.Bytes(), nil
}

// inner is the assignment of an object of which both sides changed something.
func (m *merge) inner(w merged) ([]byte, error) {
	f, err := Parse(m.ours.src, m.ours.name)
	if err != nil {
		return nil, err
	}
	if err := f.setWithin(w.name, f.get(w.name), w.value); err != nil {
		return nil, err
	}
	return f.parts()[w.name].assignment, nil
}

// pick is the text that one side changed; ours if both did.
func pick(base, ours, theirs []byte) []byte {
	if bytes.Equal(ours, base) {
		return theirs
	}
	return ours
}

// mergeLines merges comments and blank lines. Where both sides changed them,
// the lines that only theirs has follow those of ours.
func mergeLines(base, ours, theirs []byte) []byte {
	if bytes.Equal(ours, theirs) || bytes.Equal(theirs, base) {
		return ours
	}
	if bytes.Equal(ours, base) {
		return theirs
	}
	last := bytes.LastIndexByte(ours, '\n') + 1 // what stands before the name on its own line
	out := slices.Clone(ours[:last])
	known := map[string]bool{}
	for _, text := range [][]byte{base, ours} {
		for line := range bytes.Lines(text) {
			known[string(bytes.TrimSpace(line))] = true
		}
	}
	for line := range bytes.Lines(theirs) {
		if bytes.HasSuffix(line, newline) && !known[string(bytes.TrimSpace(line))] {
			out = append(out, line...)
		}
	}
	return append(out, ours[last:]...)
}
