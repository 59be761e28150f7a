package sync

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// KeyKind says what happens to a key of a JSON secret.
type KeyKind int

const (
	KeyChanged KeyKind = iota
	KeyAdded           // declared, but not in the store
	KeyRemoved         // in the store, but not declared
)

// String returns the kind as it stands in JSON output.
func (k KeyKind) String() string {
	switch k {
	case KeyAdded:
		return "added"
	case KeyRemoved:
		return "removed"
	default:
		return "changed"
	}
}

// KeyChange is a difference between two JSON objects.
type KeyChange struct {
	Key  string // the path: database.password, or hosts["a.example"]
	Kind KeyKind
}

// compareJSON compares two texts as JSON. It returns nothing for texts that
// are not JSON objects (or, for same, arrays) or cannot be told apart for sure:
// a duplicate key, half of a surrogate pair.
func compareJSON(have, want string) (keys []KeyChange, same bool) {
	h, okHave := parseJSON(have)
	w, okWant := parseJSON(want)
	if !okHave || !okWant || h.kind != w.kind || h.kind != '{' && h.kind != '[' {
		return nil, false
	}
	if h.equal(w) {
		return nil, true
	}
	if h.kind == '{' {
		keys = h.changes(w, "", nil)
	}
	return keys, false
}

// node is a JSON value: an object, a list, or a scalar.
type node struct {
	kind   byte             // '{', '[', '"', '0', or 'l' for true, false and null
	text   string           // of a scalar: decoded string, digits, literal
	fields map[string]*node // of an object
	items  []*node          // of a list
}

var errNotComparable = errors.New("not comparable")

func parseJSON(text string) (*node, bool) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	n, err := parseNode(dec)
	if err != nil {
		return nil, false
	}
	_, err = dec.Token()
	return n, err == io.EOF
}

func parseNode(dec *json.Decoder) (*node, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '[' {
			return parseItems(dec)
		}
		return parseFields(dec)
	case string:
		return &node{kind: '"', text: t}, exact(t)
	case json.Number:
		return &node{kind: '0', text: t.String()}, nil
	case bool:
		return &node{kind: 'l', text: strconv.FormatBool(t)}, nil
	default:
		return &node{kind: 'l', text: "null"}, nil
	}
}

// exact refuses a string in which the decoder may have replaced something.
func exact(s string) error {
	if strings.ContainsRune(s, '\uFFFD') {
		return errNotComparable
	}
	return nil
}

func parseItems(dec *json.Decoder) (*node, error) {
	n := &node{kind: '['}
	for dec.More() {
		item, err := parseNode(dec)
		if err != nil {
			return nil, err
		}
		n.items = append(n.items, item)
	}
	_, err := dec.Token()
	return n, err
}

func parseFields(dec *json.Decoder) (*node, error) {
	n := &node{kind: '{', fields: map[string]*node{}}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, err
		}
		key, ok := token.(string)
		if _, taken := n.fields[key]; taken || !ok || exact(key) != nil {
			return nil, errNotComparable
		}
		if n.fields[key], err = parseNode(dec); err != nil {
			return nil, err
		}
	}
	_, err := dec.Token()
	return n, err
}

func (n *node) equal(o *node) bool {
	return n.kind == o.kind && n.text == o.text &&
		maps.EqualFunc(n.fields, o.fields, (*node).equal) &&
		slices.EqualFunc(n.items, o.items, (*node).equal)
}

// changes appends what leads from object n to object want, sorted by key.
func (n *node) changes(want *node, path string, to []KeyChange) []KeyChange {
	all := maps.Clone(n.fields)
	maps.Copy(all, want.fields)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		h, w, at := n.fields[key], want.fields[key], keyPath(path, key)
		switch {
		case h == nil:
			to = append(to, KeyChange{at, KeyAdded})
		case w == nil:
			to = append(to, KeyChange{at, KeyRemoved})
		case h.kind == '{' && w.kind == '{':
			to = h.changes(w, at, to)
		case !h.equal(w):
			to = append(to, KeyChange{at, KeyChanged})
		}
	}
	return to
}

var plainKey = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`) })

func keyPath(path, key string) string {
	switch {
	case !plainKey().MatchString(key):
		return path + "[" + strconv.Quote(key) + "]"
	case path == "":
		return key
	default:
		return path + "." + key
	}
}
