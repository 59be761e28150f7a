package tfvars

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"
)

// Assignment is a variable's name and the value that it is to have.
type Assignment struct {
	Name  string
	Value cty.Value
}

// SetAll does what [File.Set] does, for many variables at once: all of them are
// set, or none. The file is read back once, not once for each of them.
func (f *File) SetAll(all []Assignment) error {
	for _, a := range all {
		switch v, _ := a.Value.UnmarkDeep(); {
		case !writable(v):
			return fmt.Errorf("%q: %w", a.Name, ErrUnwritable)
		case !f.Has(a.Name) && !validName(a.Name):
			return fmt.Errorf("%q: %w", a.Name, ErrBadName)
		}
	}
	if f.setAtOnce(all) {
		return nil
	}
	next := *f
	for _, a := range all {
		if err := next.Set(a.Name, a.Value); err != nil {
			return err
		}
	}
	*f = next
	return nil
}

// change is one replacement of bytes.
type change struct {
	at, end int
	text    string
}

// setAtOnce makes all the changes in one pass. It reports false, and changes
// nothing, where the outcome does not read back or a name is given twice.
func (f *File) setAtOnce(all []Assignment) bool {
	var changes []change
	var added bytes.Buffer
	eol := f.eol()
	want := slices.Clone(f.items)
	given := map[string]bool{}
	for _, a := range all {
		if given[a.Name] {
			return false
		}
		given[a.Name] = true
		v, _ := a.Value.UnmarkDeep()
		i, there := f.index[a.Name]
		if there {
			changes = append(changes, f.change(i, v))
			want[i].value = v
			continue
		}
		if f.json != nil && len(f.json.members) == 0 {
			return false // there is no member to lay the new ones out by
		}
		want = append(want, item{name: a.Name, value: v})
		w := writer{json: f.json != nil}
		if f.json != nil {
			f.jsonEnd(&w, a.Name, v)
		} else {
			w.WriteString(a.Name + " = ")
			w.value(v, layout{})
			w.WriteString(eol)
		}
		added.Write(w.Bytes())
	}
	if added.Len() > 0 {
		changes = append(changes, f.addition(added.String(), eol))
	}
	return f.replace(changes, want)
}

// change is what [File.Set] does to the value of an item.
func (f *File) change(i int, v cty.Value) change {
	it := f.items[i]
	old := f.src[it.valueAt:it.valueEnd]
	if bytes.HasPrefix(old, []byte("<<")) && !v.IsNull() && v.Type() == cty.String {
		if text, ok := heredoc(old, v.AsString()); ok {
			return change{it.valueAt, it.valueEnd, text}
		}
	}
	w := writer{json: f.json != nil}
	w.value(v, f.layoutOf(it))
	return change{it.valueAt, it.valueEnd, w.String()}
}

// addition puts text for new variables at the end.
func (f *File) addition(text, eol string) change {
	if f.json != nil {
		end := f.json.members[len(f.json.members)-1].valueEnd
		return change{end, end, text}
	}
	end := len(f.src)
	if end > 0 && !bytes.Equal(f.src, bom) && !bytes.HasSuffix(f.src, newline) {
		text = eol + text
	}
	return change{end, end, text}
}

// replace makes the changes, provided that the file then reads as want.
func (f *File) replace(changes []change, want []item) bool {
	slices.SortStableFunc(changes, func(a, b change) int { return a.at - b.at })
	var src []byte
	at := 0
	for _, c := range changes {
		if c.at < at {
			return false
		}
		src = append(append(src, f.src[at:c.at]...), c.text...)
		at = c.end
	}
	src = append(src, f.src[at:]...)
	next, err := Parse(src, f.name)
	if err != nil || !slices.EqualFunc(next.items, want, sameItem) {
		return false
	}
	*f = *next
	return true
}
