package sync

import (
	"maps"
	"slices"
	"strings"

	"hci/sync/secret"
)

// Pattern is what is known of a value that is not known throughout. Exactly one
// field is set; the zero Pattern says nothing.
type Pattern struct {
	Pieces []secret.Value      // a text: these, with something unknown between any two
	JSON   *Pattern            // a JSON text of this value
	Object map[string]*Pattern // in JSON: an object of exactly these keys
	List   []*Pattern          // in JSON: a list of this length
	Exact  *secret.Value       // in JSON: a value that is known, as a JSON text
}

// Says reports whether a pattern says anything that a text could contradict.
func (p *Pattern) Says() bool {
	switch {
	case p == nil:
		return false
	case p.JSON != nil, p.Object != nil, p.List != nil, p.Exact != nil:
		return true
	default:
		return slices.ContainsFunc(p.Pieces, func(v secret.Value) bool { return v.Len() > 0 })
	}
}

// Agrees reports whether a text agrees with what is known. Where it is a JSON
// object that doesn't, keys are those that contradict.
func (p *Pattern) Agrees(text string) (agrees bool, keys []KeyChange) {
	if p.JSON == nil {
		return p.text(text), nil
	}
	n, ok := parseJSON(text)
	if !ok {
		return false, nil
	}
	keys, agrees = p.JSON.node(n, "", nil)
	return agrees, keys
}

// text matches the pieces from both ends, and those between in order.
func (p *Pattern) text(s string) bool {
	n := len(p.Pieces)
	if n == 0 {
		return true
	}
	s, ok := strings.CutPrefix(s, p.Pieces[0].Reveal())
	if !ok || n == 1 {
		return ok && s == ""
	}
	s, ok = strings.CutSuffix(s, p.Pieces[n-1].Reveal())
	for _, piece := range p.Pieces[1 : n-1] {
		_, after, found := strings.Cut(s, piece.Reveal())
		s, ok = after, ok && found
	}
	return ok
}

// node compares a JSON value, and appends the keys that contradict.
func (p *Pattern) node(n *node, path string, to []KeyChange) ([]KeyChange, bool) {
	switch {
	case p == nil:
		return to, true
	case p.Object != nil:
		return p.object(n, path, to)
	case p.List != nil:
		if n.kind != '[' || len(n.items) != len(p.List) {
			return to, false
		}
		for i, of := range p.List {
			if _, ok := of.node(n.items[i], path, nil); !ok {
				return to, false
			}
		}
		return to, true
	case p.Exact != nil:
		want, ok := parseJSON(p.Exact.Reveal())
		return to, ok && n.equal(want)
	case p.JSON != nil:
		ok := n.kind == '"'
		if ok {
			ok, _ = p.Agrees(n.text)
		}
		return to, ok
	case p.Pieces != nil:
		return to, n.kind == '"' && p.text(n.text)
	}
	return to, true
}

func (p *Pattern) object(n *node, path string, to []KeyChange) ([]KeyChange, bool) {
	if n.kind != '{' {
		return to, false
	}
	agrees := true
	all := map[string]bool{}
	for key := range n.fields {
		all[key] = true
	}
	for key := range p.Object {
		all[key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		held, has := n.fields[key]
		want, declared := p.Object[key]
		at := keyPath(path, key)
		switch {
		case !has:
			to, agrees = append(to, KeyChange{at, KeyAdded}), false
		case !declared:
			to, agrees = append(to, KeyChange{at, KeyRemoved}), false
		default:
			before := len(to)
			var ok bool
			if to, ok = want.node(held, at, to); !ok {
				agrees = false
				if len(to) == before {
					to = append(to, KeyChange{at, KeyChanged})
				}
			}
		}
	}
	return to, agrees
}
