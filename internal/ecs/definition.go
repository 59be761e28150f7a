package ecs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Definition is a revision of a task definition, with everything that AWS says
// of it, so that a copy of it loses nothing.
type Definition struct {
	Name         string // family:number
	Registered   *time.Time
	RegisteredBy string // ARN of who did; "" if AWS doesn't say
	raw          map[string]any
	tags         []any
}

// answered are the members of a described task definition that registering one
// doesn't take.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
var answered = []string{
	"compatibilities", "taskDefinitionArn", "requiresAttributes", "revision", "status",
	"registeredAt", "registeredBy", "deregisteredAt", "deleteRequestedAt",
}

// Definition reads one, by its name; a family alone means its newest revision.
// It fails with a [*NotFoundError].
func (o *On) Definition(ctx context.Context, id string) (*Definition, error) {
	var out struct {
		Definition json.RawMessage `json:"taskDefinition"`
		Tags       []any           `json:"tags"`
	}
	err := o.client.Call(ctx, "DescribeTaskDefinition", members{"taskDefinition": id, "include": []string{"TAGS"}}, &out)
	if notDescribed(err) {
		return nil, &NotFoundError{What: fmt.Sprintf("task definition %q", name(id))}
	}
	if err != nil {
		return nil, fmt.Errorf("task definition %q: %w", name(id), err)
	}
	return newDefinition(out.Definition, out.Tags)
}

func newDefinition(text json.RawMessage, tags []any) (*Definition, error) {
	var known struct {
		ARN          string   `json:"taskDefinitionArn"`
		Registered   *apiTime `json:"registeredAt"`
		RegisteredBy string   `json:"registeredBy"`
	}
	d := &Definition{tags: tags}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := json.Unmarshal(text, &known); err != nil {
		return nil, err
	}
	if err := decoder.Decode(&d.raw); err != nil {
		return nil, err
	}
	d.Name, d.Registered, d.RegisteredBy = name(known.ARN), known.Registered.Time(), known.RegisteredBy
	return d, nil
}

// Family is the name without the number.
func (d *Definition) Family() string {
	family, _, _ := strings.Cut(d.Name, ":")
	return family
}

// Number is that of the revision.
func (d *Definition) Number() int { return number(d.Name) }

// Active reports whether the revision is registered, and not withdrawn.
func (d *Definition) Active() bool {
	status, _ := d.raw["status"].(string)
	return status == "" || status == "ACTIVE"
}

// Named returns a copy under another name.
func (d *Definition) Named(name string) *Definition {
	copied := *d
	copied.Name = name
	return &copied
}

// Tag is the value of a tag, "" if there is none.
func (d *Definition) Tag(key string) string {
	for _, item := range d.tags {
		tag, _ := item.(map[string]any)
		if tag["key"] == key {
			value, _ := tag["value"].(string)
			return value
		}
	}
	return ""
}

// WithTag returns a copy with a tag, or without one if its value is "".
func (d *Definition) WithTag(key, value string) *Definition {
	copied := *d
	copied.tags = slices.DeleteFunc(slices.Clone(d.tags), func(item any) bool {
		tag, _ := item.(map[string]any)
		return tag["key"] == key
	})
	if value != "" {
		copied.tags = append(copied.tags, map[string]any{"key": key, "value": value})
	}
	return &copied
}

// Label is the value of a Docker label of the first container, "" if it has none.
func (d *Definition) Label(key string) string {
	list, _ := d.raw["containerDefinitions"].([]any)
	if len(list) == 0 {
		return ""
	}
	c, _ := list[0].(map[string]any)
	labels, _ := c["dockerLabels"].(map[string]any)
	value, _ := labels[key].(string)
	return value
}

// WithLabel returns a copy whose first container has a Docker label, or has it not
// if its value is "".
func (d *Definition) WithLabel(key, value string) *Definition {
	copied := *d
	if d.Label(key) == value {
		return &copied
	}
	list, _ := d.raw["containerDefinitions"].([]any)
	list = slices.Clone(list)
	c, _ := list[0].(map[string]any)
	labels, _ := c["dockerLabels"].(map[string]any)
	c, labels = maps.Clone(c), maps.Clone(labels)
	if labels == nil {
		labels = map[string]any{}
	}
	labels[key] = value
	if value == "" {
		delete(labels, key)
	}
	c["dockerLabels"], list[0] = labels, c
	if len(labels) == 0 {
		delete(c, "dockerLabels")
	}
	copied.raw = maps.Clone(d.raw)
	copied.raw["containerDefinitions"] = list
	return &copied
}

// Container is one of a definition's.
type Container struct {
	Name, Image string
	Essential   bool
	Secrets     []SecretRef
}

// SecretRef is a variable that ECS fills in from a secret.
type SecretRef struct{ Name, ValueFrom string }

// Containers lists the definition's.
func (d *Definition) Containers() []Container {
	var all []Container
	for _, c := range d.wire() {
		one := Container{Name: c.Name, Image: c.Image, Essential: c.Essential == nil || *c.Essential}
		for _, s := range c.Secrets {
			one.Secrets = append(one.Secrets, SecretRef(s))
		}
		all = append(all, one)
	}
	return all
}

func (d *Definition) wire() []wireContainer {
	text, err := json.Marshal(d.raw["containerDefinitions"])
	if err != nil {
		return nil
	}
	var all []wireContainer
	if json.Unmarshal(text, &all) != nil {
		return nil
	}
	return all
}

// Platform is what the images must be built for, "linux/arm64"; without a
// runtime platform it is linux/amd64.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html
func (d *Definition) Platform() string {
	platform, _ := d.raw["runtimePlatform"].(map[string]any)
	architecture, _ := platform["cpuArchitecture"].(string)
	family, _ := platform["operatingSystemFamily"].(string)
	return Platform(architecture, family)
}

// Platform is ECS's words for a platform in Docker's.
func Platform(architecture, family string) string {
	system, arch := "linux", "amd64"
	if strings.HasPrefix(family, "WINDOWS") {
		system = "windows"
	}
	if architecture == "ARM64" {
		arch = "arm64"
	}
	return system + "/" + arch
}

// WithImage returns a copy in which the named containers run an image.
func (d *Definition) WithImage(image string, containers []string) *Definition {
	copied := *d
	copied.raw = maps.Clone(d.raw)
	list, _ := d.raw["containerDefinitions"].([]any)
	list = slices.Clone(list)
	for i, item := range list {
		c, ok := item.(map[string]any)
		if !ok {
			continue
		}
		if text, _ := c["name"].(string); slices.Contains(containers, text) {
			c = maps.Clone(c)
			c["image"] = image
			list[i] = c
		}
	}
	copied.raw["containerDefinitions"] = list
	return &copied
}

// input is what registers the definition again.
func (d *Definition) input() members {
	in := members{}
	for key, value := range d.raw {
		if !slices.Contains(answered, key) && value != nil {
			in[key] = value
		}
	}
	if len(d.tags) > 0 { // AWS refuses an empty list
		in["tags"] = d.tags
	}
	return in
}

// Register registers the definition as a new revision of its family and returns
// its name.
func (o *On) Register(ctx context.Context, d *Definition) (string, error) {
	var out struct {
		Definition struct {
			ARN string `json:"taskDefinitionArn"`
		} `json:"taskDefinition"`
	}
	if err := o.client.Call(ctx, "RegisterTaskDefinition", d.input(), &out); err != nil {
		return "", fmt.Errorf("task definition %q: %w", d.Family(), err)
	}
	return name(out.Definition.ARN), nil
}

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
		text, err := json.Marshal(v)
		if err != nil {
			return
		}
		f[path] = leaf{strings.Trim(string(text), `"`), kind}
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
