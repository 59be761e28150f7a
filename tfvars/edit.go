package tfvars

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
)

var (
	// ErrUnknownName says that the file does not set the variable.
	ErrUnknownName = errors.New("no such variable in the file")
	// ErrNameTaken says that the file sets a variable of the new name already.
	ErrNameTaken = errors.New("the file sets this variable already")
	// ErrBadName says that Terraform takes the text for no variable's name.
	ErrBadName = errors.New("not a name for a variable")
	// ErrUnwritable says that no file can hold the value: it is unknown, or
	// infinite, or holds bytes that are not UTF-8, or exceeds a limit.
	ErrUnwritable = errors.New("the value can't be written to a file")
	// ErrReadBack says that an edit was given up, and the file left as it was,
	// because the outcome did not read back as what it should be.
	ErrReadBack = errors.New("the edited file does not read back as it should")
)

// Set gives a variable a value. Of a variable that is there only the value's
// bytes change; a new one is added at the end.
//
// A heredoc stays a heredoc if the new value is a text that ends in a newline
// and needs no escape; another string is quoted. A list or an object is written
// in one line, or each element in a line of its own if the old value took
// several lines.
func (f *File) Set(name string, v cty.Value) error {
	v, _ = v.UnmarkDeep()
	if !writable(v) {
		return fmt.Errorf("%q: %w", name, ErrUnwritable)
	}
	i, ok := f.index[name]
	if !ok {
		if !validName(name) {
			return fmt.Errorf("%q: %w", name, ErrBadName)
		}
		return f.add(name, v)
	}
	it := f.items[i]
	old := f.src[it.valueAt:it.valueEnd]
	want := slices.Clone(f.items)
	want[i].value = v
	if bytes.HasPrefix(old, []byte("<<")) && !v.IsNull() && v.Type() == cty.String {
		if text, ok := heredoc(old, v.AsString()); ok && f.splice(it.valueAt, it.valueEnd, text, want) == nil {
			return nil
		}
	}
	w := writer{json: f.json != nil}
	w.value(v, f.layoutOf(it))
	return named(name, f.splice(it.valueAt, it.valueEnd, w.String(), want))
}

// add puts a new variable at the end.
func (f *File) add(name string, v cty.Value) error {
	want := append(slices.Clone(f.items), item{name: name, value: v})
	w := writer{json: f.json != nil}
	if f.json != nil {
		at, end := f.jsonEnd(&w, name, v)
		return named(name, f.splice(at, end, w.String(), want))
	}
	eol := f.eol()
	if len(f.src) > 0 && !bytes.Equal(f.src, bom) && !bytes.HasSuffix(f.src, newline) {
		w.WriteString(eol)
	}
	w.WriteString(name + " = ")
	w.value(v, layout{})
	w.WriteString(eol)
	return named(name, f.splice(len(f.src), len(f.src), w.String(), want))
}

// Unset takes a variable out: the lines it is on, with the comment that follows
// its value on the last of them. Comments on lines of their own stay, those
// directly above it too, for they may be about more than this variable.
func (f *File) Unset(name string) error {
	i, ok := f.index[name]
	if !ok {
		return fmt.Errorf("%q: %w", name, ErrUnknownName)
	}
	at, end := f.lines(f.items[i])
	if f.json != nil {
		at, end = f.jsonMember(f.items[i])
	}
	return named(name, f.splice(at, end, "", slices.Delete(slices.Clone(f.items), i, i+1)))
}

// Rename gives a variable another name, and changes nothing else.
func (f *File) Rename(old, new string) error {
	i, ok := f.index[old]
	switch {
	case !ok:
		return fmt.Errorf("%q: %w", old, ErrUnknownName)
	case !validName(new):
		return fmt.Errorf("%q: %w", new, ErrBadName)
	case old == new:
		return nil
	case f.Has(new):
		return fmt.Errorf("%q: %w", new, ErrNameTaken)
	}
	want := slices.Clone(f.items)
	want[i].name = new
	text := new
	if f.json != nil {
		text = `"` + new + `"`
	}
	return named(old, f.splice(f.items[i].nameAt, f.items[i].nameEnd, text, want))
}

func named(name string, err error) error {
	if err != nil {
		return fmt.Errorf("%q: %w", name, err)
	}
	return nil
}

// splice puts text in the place of the bytes from at to end, provided that the
// file then reads as want.
func (f *File) splice(at, end int, text string, want []item) error {
	src := slices.Concat(f.src[:at], []byte(text), f.src[end:])
	next, err := Parse(src, f.name)
	if err != nil || !slices.EqualFunc(next.items, want, sameItem) {
		return ErrReadBack
	}
	*f = *next
	return nil
}

func sameItem(got, want item) bool {
	return got.name == want.name && sameValue(got.value, want.value)
}

// sameValue reports whether what was read is the value that was to be written.
// A list reads as a tuple, a map as an object, and a null has no type.
func sameValue(got, want cty.Value) bool {
	if want.IsNull() || got.IsNull() {
		return want.IsNull() && got.IsNull()
	}
	if want.Type().IsPrimitiveType() || !got.CanIterateElements() {
		return got.RawEquals(want)
	}
	keyed := want.Type().IsObjectType() || want.Type().IsMapType()
	if keyed != got.Type().IsObjectType() || got.LengthInt() != want.LengthInt() {
		return false
	}
	g, w := got.ElementIterator(), want.ElementIterator()
	for g.Next() && w.Next() {
		gotKey, gotElement := g.Element()
		wantKey, wantElement := w.Element()
		if keyed && !gotKey.RawEquals(wantKey) || !sameValue(gotElement, wantElement) {
			return false
		}
	}
	return true
}

// writable reports whether a file can hold the value.
func writable(v cty.Value) bool {
	if v == cty.NilVal || !v.IsWhollyKnown() || widest(v) > maxDigits || hasInfinity(v) {
		return false
	}
	ok := true
	_ = cty.Walk(v, func(_ cty.Path, v cty.Value) (bool, error) {
		switch t := v.Type(); {
		case v.IsNull():
			return false, nil
		case t.IsCapsuleType():
			ok = false
		case t == cty.String:
			ok = ok && utf8.ValidString(v.AsString())
		case t.IsObjectType() || t.IsMapType():
			for it := v.ElementIterator(); it.Next(); {
				key, _ := it.Element()
				ok = ok && utf8.ValidString(key.AsString())
			}
		}
		return ok, nil
	})
	return ok
}

// eol returns the end that the first line of the file has.
func (f *File) eol() string {
	if i := bytes.IndexByte(f.src, '\n'); i > 0 && f.src[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// layoutOf returns how a collection is to be written in the place of an item's
// value.
func (f *File) layoutOf(it item) layout {
	if !bytes.Contains(f.src[it.valueAt:it.valueEnd], newline) {
		return layout{}
	}
	start := bytes.LastIndexByte(f.src[:it.nameAt], '\n') + 1
	line := bytes.TrimPrefix(f.src[start:it.nameAt], bom)
	return layout{eol: f.eol(), indent: leadingBlanks(string(line))}
}

// lines returns what Unset takes out of a file in the native syntax.
func (f *File) lines(it item) (at, end int) {
	at = bytes.LastIndexByte(f.src[:it.nameAt], '\n') + 1
	if at == 0 && bytes.HasPrefix(f.src, bom) {
		at = len(bom)
	}
	if skipBlanks(f.src, at) < it.nameAt {
		at = it.nameAt // a comment precedes the name: it and its line stay
	}
	end = it.valueEnd
	for {
		next := skipBlanks(f.src, end)
		switch rest := f.src[next:]; {
		case len(rest) == 0:
			return at, next
		case rest[0] == '#' || bytes.HasPrefix(rest, []byte("//")):
			next = seek(f.src, next, newline)
			return at, f.lineBreak(at, next)
		case bytes.HasPrefix(rest, []byte("/*")):
			closing := seek(f.src, next+2, []byte("*/")) + 2
			if bytes.Contains(f.src[next:closing], newline) {
				return at, next // it goes on to other lines, and stays
			}
			end = closing
		default:
			return at, f.lineBreak(at, next)
		}
	}
}

// lineBreak returns the offset behind the line break at end, or end itself if
// what precedes at on its line stays there.
func (f *File) lineBreak(at, end int) int {
	if at > 0 && f.src[at-1] != '\n' && !bytes.Equal(f.src[:at], bom) {
		return end
	}
	if bytes.HasPrefix(f.src[end:], []byte("\r\n")) {
		return end + 2
	}
	return min(end+1, len(f.src))
}

func skipBlanks(src []byte, i int) int {
	for i < len(src) && (src[i] == ' ' || src[i] == '\t') {
		i++
	}
	return i
}

// seek returns the offset of text at or behind from, or the end.
func seek(src []byte, from int, text []byte) int {
	if i := bytes.Index(src[min(from, len(src)):], text); i >= 0 {
		return from + i
	}
	return len(src)
}
