package ecs

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Difference is one between two definitions.
type Difference struct {
	Path     string `json:"path"`   // containers.web.secrets.KEY
	From, To string `json:"-"`      // shown values; "" for one that isn't
	Words    string `json:"words"`  // what became of it
	Secret   bool   `json:"secret"` // it is about which secret fills in a variable
	Image    bool   `json:"image"`  // it is about a container's image
}

// Compare lists what differs, sorted by path. Values are shown of what can't be
// a secret only: images, where secrets come from, sizes and roles.
func Compare(from, to *Definition) []Difference {
	a, b := flat(from), flat(to)
	keys := maps.Clone(a)
	maps.Copy(keys, b)
	var all []Difference
	for _, path := range slices.Sorted(maps.Keys(keys)) {
		old, was := a[path]
		now, is := b[path]
		if was && is && old == now {
			continue
		}
		kind := keys[path].kind
		d := Difference{Path: path, Words: "changed", Secret: kind == secretLeaf, Image: kind == imageLeaf}
		if !was {
			d.Words = "added"
		} else if !is {
			d.Words = "removed"
		}
		if old.shows(was) && now.shows(is) {
			d.From, d.To = old.text, now.text
		}
		all = append(all, d)
	}
	return all
}

// String says what differs in a line.
func (d Difference) String() string {
	switch {
	case d.From != "" && d.To != "":
		return d.Path + ": " + d.From + " → " + d.To
	case d.From != "":
		return d.Path + ": " + d.From + " removed"
	case d.To != "":
		return d.Path + ": " + d.To + " added"
	}
	return d.Path + ": " + d.Words
}

// leafKind is what a value of a definition is, by where it stands: its path alone
// doesn't tell, since users choose names in it.
type leafKind int

const (
	hidden     leafKind = iota // it may hold a secret
	shown                      // sizes, roles, platforms
	imageLeaf                  // a container's image
	secretLeaf                 // where a container's secret comes from
)

// leaf is a value of a definition.
type leaf struct {
	text string
	kind leafKind
}

// shows reports whether the value may be shown; one that is not there may.
func (l leaf) shows(there bool) bool { return !there || l.kind != hidden }

// scalars are the members that may be shown, of a definition itself, of its
// containers, and of its platform.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
var scalars = map[string][]string{
	"":                     {"cpu", "memory", "taskRoleArn", "executionRoleArn", "networkMode"},
	"containerDefinitions": {"cpu", "memory", "memoryReservation"},
	"runtimePlatform":      {"cpuArchitecture", "operatingSystemFamily"},
}

// flat is a definition as its values by their paths.
func flat(d *Definition) map[string]leaf {
	out := flattened{}
	for key, value := range d.raw {
		if slices.Contains(answered, key) {
			continue
		}
		switch v := value.(type) {
		case []any:
			if key != "containerDefinitions" {
				out.list(key, v, hidden)
				continue
			}
			for i, item := range v {
				out.container(item, i)
			}
		case map[string]any:
			for member, of := range v {
				out.value(key+"."+member, of, kindOf(key, member))
			}
		default:
			out.value(key, v, kindOf("", key))
		}
	}
	return out
}

func kindOf(in, member string) leafKind {
	if slices.Contains(scalars[in], member) {
		return shown
	}
	return hidden
}

// flattened is a definition as its values by their paths.
type flattened map[string]leaf

// container takes a container's members.
func (f flattened) container(item any, i int) {
	c, ok := item.(map[string]any)
	name, named := c["name"].(string)
	if !ok || !named {
		f.value(fmt.Sprintf("containers.%d", i), item, hidden)
		return
	}
	path := "containers." + name
	for member, of := range c {
		items, isList := of.([]any)
		switch {
		case member == "secrets" && isList:
			f.list(path+".secrets", items, secretLeaf)
		case isList:
			f.list(path+"."+member, items, hidden)
		case member == "image":
			f.value(path+".image", of, imageLeaf)
		default:
			f.value(path+"."+member, of, kindOf("containerDefinitions", member))
		}
	}
}

func (f flattened) value(path string, value any, kind leafKind) {
	switch v := value.(type) {
	case nil:
	case map[string]any:
		for key, of := range v {
			f.value(path+"."+key, of, kind)
		}
	case []any:
		f.list(path, v, kind)
	default:
		if text, ok := v.(string); ok {
			f[path] = leaf{text, kind}
			return
		}
		text, err := json.Marshal(v)
		if err != nil {
			return
		}
		f[path] = leaf{string(text), kind}
	}
}

// list takes the items of a list, by their names where they have one.
func (f flattened) list(path string, items []any, kind leafKind) {
	for i, item := range items {
		object, ok := item.(map[string]any)
		name, named := object["name"].(string)
		if !ok || !named {
			f.value(fmt.Sprintf("%s.%d", path, i), item, kind)
			continue
		}
		at := path + "." + name
		if _, twice := f[at]; twice {
			at += fmt.Sprintf(".%d", i)
		}
		rest := maps.Clone(object)
		delete(rest, "name")
		if only, ok := single(rest); ok {
			f.value(at, only, kind)
			continue
		}
		f.value(at+".name", name, kind)
		f.value(at, rest, kind)
	}
}

// single is the value of a name and a value.
func single(rest map[string]any) (any, bool) {
	if len(rest) != 1 {
		return nil, false
	}
	for _, key := range []string{"value", "valueFrom"} {
		if of, ok := rest[key]; ok {
			return of, true
		}
	}
	return nil, false
}
