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

	"hci/sync/secret"
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

// Revision is what is told of it. The commits of its images are left out.
func (d *Definition) Revision() Revision {
	r := Revision{Name: d.Name, Registered: d.Registered, Inactive: !d.Active(), Withdrawn: !d.Active(), Images: []Image{}}
	for _, c := range d.wire() {
		r.Images = append(r.Images, Image{Container: c.Name, Image: c.Image})
	}
	return r
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

// Roles are the ARNs of the roles of its tasks and of what starts them.
func (d *Definition) Roles() (task, execution string) {
	task, _ = d.raw["taskRoleArn"].(string)
	execution, _ = d.raw["executionRoleArn"].(string)
	return task, execution
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
	Environment []EnvVar
	LogGroup    string // of CloudWatch Logs, "" if its output goes elsewhere
}

// EnvVar is a plain variable of a container's environment. It may well hold a secret.
type EnvVar struct {
	Name  string
	Value secret.Value
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
		for _, e := range c.Environment {
			one.Environment = append(one.Environment, EnvVar{e.Name, secret.New(e.Value)})
		}
		if l := c.LogConfiguration; l != nil && l.LogDriver == "awslogs" {
			one.LogGroup = l.Options["awslogs-group"]
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
