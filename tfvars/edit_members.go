package tfvars

import (
	"bytes"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// membersText is the source text of an object with the bytes of those members
// replaced that differ from v, the members that v lacks taken out, and the new
// ones added at the end; comments, order and layout stay. ok is false if the
// text does not show the members, or v is no object.
func membersText(src []byte, expr hclsyntax.Expression, v cty.Value) (text []byte, ok bool) {
	object, isObject := expr.(*hclsyntax.ObjectConsExpr)
	if !isObject || v.IsNull() || !v.Type().IsObjectType() && !v.Type().IsMapType() {
		return nil, false
	}
	e := &memberEdit{src: src, object: object}
	if !e.members(v.AsValueMap()) {
		return nil, false
	}
	slices.SortStableFunc(e.changes, func(a, b change) int { return a.at - b.at })
	at := object.SrcRange.Start.Byte
	for _, c := range e.changes {
		if c.at < at {
			return nil, false // two changes meet
		}
		text = append(append(text, src[at:c.at]...), c.text...)
		at = c.end
	}
	return append(text, src[at:object.SrcRange.End.Byte]...), true
}

// memberEdit collects what changes in an object's text.
type memberEdit struct {
	src     []byte
	object  *hclsyntax.ObjectConsExpr
	changes []change
}

func (e *memberEdit) members(want map[string]cty.Value) bool {
	rest := maps.Clone(want)
	for i, item := range e.object.Items {
		key, diags := item.KeyExpr.Value(nil)
		if diags.HasErrors() || !key.IsKnown() || key.IsNull() {
			return false
		}
		name := keyText(key)
		value, there := want[name]
		if _, once := rest[name]; there && !once {
			return false // the key stands there twice
		}
		delete(rest, name)
		if !there {
			e.remove(i)
		} else if !e.replace(item.ValueExpr, value) {
			return false
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		if !e.add(name, rest[name]) {
			return false
		}
	}
	return true
}

// replace changes a member's value, if it is another.
func (e *memberEdit) replace(expr hclsyntax.Expression, v cty.Value) bool {
	old, diags := expr.Value(nil)
	if diags.HasErrors() {
		return false
	}
	if sameValue(old, v) {
		return true
	}
	r := expr.Range()
	if text, ok := membersText(e.src, expr, v); ok {
		e.changes = append(e.changes, change{r.Start.Byte, r.End.Byte, string(text)})
		return true
	}
	var w writer
	w.value(v, layout{})
	e.changes = append(e.changes, change{r.Start.Byte, r.End.Byte, w.String()})
	return true
}

// remove takes a member out: its lines, if nothing else is on them, with a
// comment that follows it there.
func (e *memberEdit) remove(i int) {
	items := e.object.Items
	start, end := itemRange(items[i])
	lineStart := bytes.LastIndexByte(e.src[:start], '\n') + 1
	after := afterComma(e.src, end)
	if next := skipBlanks(e.src, after); bytes.HasPrefix(e.src[next:], []byte("#")) || bytes.HasPrefix(e.src[next:], []byte("//")) {
		after = seek(e.src, next, newline)
	}
	next := skipBlanks(e.src, after)
	alone := skipBlanks(e.src, lineStart) == start && (bytes.HasPrefix(e.src[next:], newline) || bytes.HasPrefix(e.src[next:], []byte("\r\n")))
	switch {
	case alone:
		e.changes = append(e.changes, change{lineStart, seek(e.src, next, newline) + 1, ""})
	case i+1 < len(items):
		following, _ := itemRange(items[i+1])
		e.changes = append(e.changes, change{start, following, ""})
	case i > 0:
		_, before := itemRange(items[i-1])
		e.changes = append(e.changes, change{before, end, ""})
	default:
		e.changes = append(e.changes, change{start, after, ""})
	}
}

// add puts a member behind the last one: in a line of its own where the members
// have lines.
func (e *memberEdit) add(name string, v cty.Value) bool {
	var w writer
	if validName(name) {
		w.WriteString(name)
	} else {
		w.value(cty.StringVal(name), layout{})
	}
	w.WriteString(" = ")
	w.value(v, layout{})
	items := e.object.Items
	if len(items) == 0 {
		inside := e.object.OpenRange.End.Byte
		e.changes = append(e.changes, change{inside, inside, " " + w.String() + " "})
		return len(bytes.TrimSpace(e.src[inside:e.object.SrcRange.End.Byte-1])) == 0 && !slices.ContainsFunc(e.changes[:len(e.changes)-1], func(c change) bool { return c.at == inside })
	}
	start, end := itemRange(items[len(items)-1])
	after := afterComma(e.src, end)
	lineEnd := seek(e.src, end, newline)
	if lineEnd >= e.object.SrcRange.End.Byte {
		separator := ", "
		if after > end {
			separator = " "
		}
		e.changes = append(e.changes, change{after, after, separator + w.String()})
		return true
	}
	lineStart := bytes.LastIndexByte(e.src[:start], '\n') + 1
	indent := leadingBlanks(string(e.src[lineStart:start]))
	eol := "\n"
	if lineEnd > 0 && e.src[lineEnd-1] == '\r' {
		eol = "\r\n"
	}
	e.changes = append(e.changes, change{lineEnd + 1, lineEnd + 1, indent + w.String() + eol})
	return true
}

func itemRange(item hclsyntax.ObjectConsItem) (start, end int) {
	r := hcl.RangeBetween(item.KeyExpr.Range(), item.ValueExpr.Range())
	return r.Start.Byte, r.End.Byte
}

// afterComma is the place behind the comma that follows, or at itself.
func afterComma(src []byte, at int) int {
	if next := skipBlanks(src, at); bytes.HasPrefix(src[next:], []byte(",")) {
		return next + 1
	}
	return at
}
