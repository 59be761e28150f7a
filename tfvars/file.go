package tfvars

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
)

// File is a variables file: its bytes, and what Terraform reads in them.
// It is not safe for use by several goroutines while one of them edits it.
type File struct {
	name  string
	src   []byte
	items []item // in the order of the file
	index map[string]int
	json  *object // how a .tfvars.json is laid out; nil for the native syntax
}

// item is one assignment: where it lies in the bytes, and its value.
type item struct {
	name              string
	nameAt, nameEnd   int // of a JSON name, with its quotes
	valueAt, valueEnd int
	value             cty.Value
	line, column      int // of the name, from 1
}

// New returns a file without variables. The name decides the syntax, as it
// does for [Parse].
func New(name string) *File {
	f := &File{name: name, index: map[string]int{}}
	if isJSON(name) {
		f.src = []byte("{}\n")
		f.json = &object{open: 0, close: 1}
	}
	return f
}

// Parse reads a file as Terraform does: in JSON if the name ends in ".json", in
// Terraform's native syntax otherwise. The name appears in errors, which are
// [Problems].
func Parse(src []byte, name string) (f *File, err error) {
	defer func() {
		// A panic of a parser would print a part of the file.
		if recover() != nil {
			f, err = nil, Problems{{File: name, Summary: "the file can't be parsed"}}
		}
	}()
	if len(src) > MaxSize {
		return nil, Problems{{File: name, Summary: "the file is larger than 16 MiB"}}
	}
	f = &File{name: name, src: bytes.Clone(src)}
	var problems Problems
	if isJSON(name) {
		f.items, f.json, problems = parseJSON(f.src, name)
	} else {
		f.items, problems = parseNative(f.src, name)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	f.index = make(map[string]int, len(f.items))
	places := cursor{src: f.src}
	for i := range f.items {
		it := &f.items[i]
		f.index[it.name] = i
		it.line, it.column = places.at(it.nameAt)
	}
	return f, nil
}

func isJSON(name string) bool { return strings.HasSuffix(name, ".json") }

// Bytes returns the whole file.
func (f *File) Bytes() []byte { return bytes.Clone(f.src) }

// Names returns the names that the file sets, in the order of the file.
func (f *File) Names() []string {
	names := make([]string, len(f.items))
	for i, it := range f.items {
		names[i] = it.name
	}
	return names
}

// Has reports whether the file sets the variable.
func (f *File) Has(name string) bool {
	_, ok := f.index[name]
	return ok
}

// Value returns a variable's value as Terraform reads it before it converts it
// to the declared type: a list is a tuple here, a map is an object.
func (f *File) Value(name string) (cty.Value, bool) {
	i, ok := f.index[name]
	if !ok {
		return cty.NilVal, false
	}
	return f.items[i].value, true
}

// Pos returns the place of a variable's name, from 1, with columns counted in
// characters. It is 0, 0 for a name that the file does not set.
func (f *File) Pos(name string) (line, column int) {
	i, ok := f.index[name]
	if !ok {
		return 0, 0
	}
	return f.items[i].line, f.items[i].column
}

// cursor finds the places of rising offsets in one pass, as [position] finds
// that of one.
type cursor struct {
	src          []byte
	offset       int
	line, column int // of offset, from 0
	looked       int // bytes that were looked at so far
}

func (c *cursor) at(offset int) (line, column int) {
	piece := c.src[c.offset:offset]
	if c.offset == 0 {
		piece = bytes.TrimPrefix(piece, bom)
	}
	c.looked += len(piece)
	if n := bytes.Count(piece, newline); n > 0 {
		c.line += n
		c.column = 0
		piece = piece[bytes.LastIndexByte(piece, '\n')+1:]
	}
	c.column += utf8.RuneCount(piece)
	c.offset = offset
	return 1 + c.line, 1 + c.column
}

// position returns the line and column of an offset.
func position(src []byte, at int) (line, column int) {
	before := bytes.TrimPrefix(src[:at], bom)
	start := bytes.LastIndexByte(before, '\n') + 1
	return 1 + bytes.Count(before, newline), 1 + utf8.RuneCount(before[start:])
}

var (
	bom     = []byte("\ufeff")
	newline = []byte("\n")
)

// sortItems puts items in the order of the file.
func sortItems(items []item) {
	slices.SortFunc(items, func(a, b item) int { return a.nameAt - b.nameAt })
}

// JSON reports whether the file is in the JSON syntax.
func (f *File) JSON() bool { return f.json != nil }
