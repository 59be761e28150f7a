package tfvars

import (
	"bytes"
	"slices"

	"github.com/zclconf/go-cty/cty"
)

// jsonEnd writes a new member of the outermost object to w, laid out as the
// last one is, and returns the bytes in whose place it goes.
func (f *File) jsonEnd(w *writer, name string, v cty.Value) (at, end int) {
	members := f.json.members
	if len(members) == 0 {
		eol := f.eol()
		w.WriteString(eol + "  ")
		w.key(name)
		w.value(v, layout{})
		w.WriteString(eol)
		return f.json.open + 1, f.json.close
	}
	last := members[len(members)-1]
	before := bytes.LastIndexAny(f.src[:last.nameAt], "{,") + 1
	w.WriteByte(',')
	w.Write(f.src[before:last.nameAt])
	w.text(name)
	w.Write(f.src[last.nameEnd:last.valueAt])
	w.value(v, layout{})
	return last.valueEnd, last.valueEnd
}

// jsonMember returns the bytes to take out with a member: up to the next one,
// or from the end of the one before.
func (f *File) jsonMember(it item) (at, end int) {
	members := f.json.members
	i := slices.IndexFunc(members, func(m item) bool { return m.nameAt == it.nameAt })
	switch {
	case i+1 < len(members):
		return it.nameAt, members[i+1].nameAt
	case i > 0:
		return members[i-1].valueEnd, it.valueEnd
	}
	return it.nameAt, it.valueEnd
}
