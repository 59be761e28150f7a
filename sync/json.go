package sync

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	"hci/internal/secret"
)

// KeyChangeKind is what happens to a key of a JSON object.
type KeyChangeKind int

const (
	KeyAdded   KeyChangeKind = iota // only the value that should be has it
	KeyRemoved                      // only the value that is has it
	KeyChanged                      // both have it, with different values
)

// String returns "added", "removed" or "changed".
func (k KeyChangeKind) String() string {
	return [...]string{KeyAdded: "added", KeyRemoved: "removed", KeyChanged: "changed"}[k]
}

// KeyChange is one key of two JSON objects that differ.
type KeyChange struct {
	Key  string
	Kind KeyChangeKind
}

// compareJSON lists the top-level keys in which two JSON objects differ, sorted
// by key, and whether the two are the same JSON. Of anything else it says
// nothing. Numbers are compared as they are written.
func compareJSON(have, want secret.Value) (keys []KeyChange, same bool) {
	a, okA := object(have)
	b, okB := object(want)
	if !okA || !okB {
		return nil, false
	}
	all := maps.Clone(a)
	maps.Copy(all, b)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		before, inA := a[key]
		after, inB := b[key]
		switch {
		case !inA:
			keys = append(keys, KeyChange{key, KeyAdded})
		case !inB:
			keys = append(keys, KeyChange{key, KeyRemoved})
		case !reflect.DeepEqual(before, after):
			keys = append(keys, KeyChange{key, KeyChanged})
		}
	}
	return keys, len(keys) == 0
}

func object(v secret.Value) (map[string]any, bool) {
	text := v.Reveal()
	if !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") {
		return nil, false
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.UseNumber()
	var m map[string]any
	if dec.Decode(&m) != nil {
		return nil, false
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, false // something follows the object
	}
	return m, true
}
