package tfvars

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/hashicorp/hcl/v2"
	hcljson "github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
)

// object is how the outermost object of a .tfvars.json lies in the file.
type object struct {
	open, close int // offsets of its braces
	members     []item
}

// commentKey is the key that Terraform ignores in the outermost object, so that
// its value can be a comment. It may be there many times.
const commentKey = "//"

// parseJSON reads a .tfvars.json. HashiCorp's parser keeps no offsets to edit
// by, and is slow; it is asked for the reasons when this one finds an error,
// and it decides in the one case where the names matter.
func parseJSON(src []byte, name string) ([]item, *object, Problems) {
	r := jsonReader{src: src}
	layout, ok := r.file()
	if !ok {
		return nil, nil, r.refusal(name)
	}
	items := make([]item, 0, len(layout.members))
	seen := make(map[string]bool, len(layout.members))
	for _, m := range layout.members {
		switch {
		case m.name == commentKey:
			continue
		case strings.Contains(m.name, "\n"): // which Terraform takes, and no variable can have
			line, column := position(src, m.nameAt)
			return nil, nil, Problems{{File: name, Line: line, Column: column, Summary: "a name with a line break in it"}}
		case seen[m.name] || m.name == "variable" && declares(src, name):
			return nil, nil, r.refusal(name)
		}
		seen[m.name] = true
		items = append(items, m)
	}
	return items, layout, nil
}

// declares reports whether Terraform takes the key "variable" for declarations
// of variables, which it refuses.
func declares(src []byte, name string) bool {
	f, _ := hcljson.Parse(src, name)
	return len(declarations(f.Body)) > 0
}

func declarations(body hcl.Body) hcl.Blocks {
	content, _, _ := body.PartialContent(&hcl.BodySchema{
		Blocks: []hcl.BlockHeaderSchema{{Type: "variable", LabelNames: []string{"name"}}},
	})
	return content.Blocks
}

// refusal returns why Terraform refuses the file.
func (r *jsonReader) refusal(name string) Problems {
	line, column := position(r.src, min(r.at, len(r.src)))
	plain := Problems{{File: name, Line: line, Column: column, Summary: "invalid JSON"}}
	if r.limit != "" {
		plain[0].Summary = r.limit
		return plain
	}
	// HashiCorp's parser is recursive, and needs a hundred times the memory.
	if len(r.src) > 4<<20 || bytes.Count(r.src, []byte("["))+bytes.Count(r.src, []byte("{")) > 20*maxDepth {
		return plain
	}
	f, diags := hcljson.Parse(r.src, name)
	if diags.HasErrors() {
		return problems(diags, r.src, name)
	}
	for _, block := range declarations(f.Body) {
		diags = append(diags, own("a variable is declared, where only variables may be set", block.TypeRange))
	}
	attrs, more := f.Body.JustAttributes()
	diags = append(diags, more...)
	for _, attr := range attrs {
		_, more := attr.Expr.Value(nil)
		diags = append(diags, more...)
	}
	if p := problems(diags, r.src, name); len(p) > 0 {
		return p
	}
	return plain
}

// jsonReader reads RFC 8259 with Terraform's values: numbers with 512 bits,
// strings in Unicode's normalization form C, no key twice in one object.
type jsonReader struct {
	src    []byte
	at     int
	depth  int
	values int
	limit  string // which limit was hit
}

// file reads the outermost object.
func (r *jsonReader) file() (*object, bool) {
	r.blanks()
	o := &object{open: r.at}
	if r.peek() != '{' {
		return nil, false
	}
	ok := r.members(func(m item) bool {
		o.members = append(o.members, m)
		return true
	})
	o.close = r.at - 1
	r.blanks()
	return o, ok && r.at == len(r.src)
}

func (r *jsonReader) blanks() {
	for r.at < len(r.src) {
		switch r.src[r.at] {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return
		}
	}
}

// peek returns the next byte, or 0.
func (r *jsonReader) peek() byte {
	if r.at < len(r.src) {
		return r.src[r.at]
	}
	return 0
}

// take skips blanks, and c if it comes then.
func (r *jsonReader) take(c byte) bool {
	r.blanks()
	if r.peek() != c {
		return false
	}
	r.at++
	return true
}

// elements reads what is between brackets, from the opening one to the closing
// one.
func (r *jsonReader) elements(closing byte, one func() bool) bool {
	if r.depth++; r.depth > maxDepth {
		r.limit = tooDeep
		return false
	}
	r.at++
	if r.take(closing) {
		r.depth--
		return true
	}
	for {
		if !one() {
			return false
		}
		if r.take(',') {
			continue
		}
		r.depth--
		return r.take(closing)
	}
}

// members reads an object.
func (r *jsonReader) members(add func(item) bool) bool {
	return r.elements('}', func() bool {
		r.blanks()
		m := item{nameAt: r.at}
		var ok bool
		if m.name, ok = r.text(); !ok {
			return false
		}
		m.nameEnd = r.at
		if !r.take(':') {
			return false
		}
		r.blanks()
		m.valueAt = r.at
		if m.value, ok = r.value(); !ok {
			return false
		}
		m.valueEnd = r.at
		return add(m)
	})
}

func (r *jsonReader) value() (cty.Value, bool) {
	if r.values++; r.values > maxMarks {
		r.limit = tooMany
		return cty.NilVal, false
	}
	r.blanks()
	switch c := r.peek(); {
	case c == '"':
		s, ok := r.text()
		return cty.StringVal(s), ok
	case c == '{':
		attrs := map[string]cty.Value{}
		ok := r.members(func(m item) bool {
			key := cty.StringVal(m.name).AsString() // normalized
			if _, twice := attrs[key]; twice {
				return false
			}
			attrs[key] = m.value
			return true
		})
		return cty.ObjectVal(attrs), ok
	case c == '[':
		var elements []cty.Value
		ok := r.elements(']', func() bool {
			v, ok := r.value()
			elements = append(elements, v)
			return ok
		})
		return cty.TupleVal(elements), ok
	case c == '-' || '0' <= c && c <= '9':
		return r.number()
	}
	for word, v := range map[string]cty.Value{"true": cty.True, "false": cty.False, "null": cty.NullVal(cty.DynamicPseudoType)} {
		if bytes.HasPrefix(r.src[r.at:], []byte(word)) {
			r.at += len(word)
			return v, true
		}
	}
	return cty.NilVal, false
}

// text reads a string.
func (r *jsonReader) text() (string, bool) {
	if r.peek() != '"' {
		return "", false
	}
	plain := true
	for i := r.at + 1; i < len(r.src); i++ {
		switch c := r.src[i]; {
		case c == '"':
			quoted := r.src[r.at : i+1]
			r.at = i + 1
			if plain {
				return string(quoted[1 : len(quoted)-1]), true
			}
			var s string
			return s, json.Unmarshal(quoted, &s) == nil
		case c == '\\':
			plain = false
			i++
		case c < 0x20:
			return "", false
		case c >= 0x80:
			plain = false // may be invalid UTF-8
		}
	}
	return "", false
}

func (r *jsonReader) number() (cty.Value, bool) {
	end := r.at
	for end < len(r.src) && bytes.IndexByte([]byte("+-.eE0123456789"), r.src[end]) >= 0 {
		end++
	}
	literal := r.src[r.at:end]
	if !json.Valid(literal) {
		return cty.NilVal, false
	}
	v, err := cty.ParseNumberVal(string(literal))
	if err != nil {
		return cty.NilVal, false
	}
	if digits(v) > maxDigits {
		r.limit = tooWide
		return cty.NilVal, false
	}
	r.at = end
	return v, true
}
