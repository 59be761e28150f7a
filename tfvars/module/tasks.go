package module

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"hci/sync/secret"
	"hci/tfvars/module/internal/config"
	"hci/tfvars/module/shape"
)

// Task is an ECS task definition that the directory declares.
type Task struct {
	Address    string
	Family     string      // "" if it is not known
	Containers []Container // as far as the definitions can be told
	Place      Place
	// Architecture and System are those of runtime_platform, in ECS's words:
	// "ARM64", "LINUX"; "" if they are not known or not written.
	Architecture, System string
	// TaskRole and ExecutionRole are ARNs, or what they depend on: "${address.attribute}".
	// "" if none is written.
	TaskRole, ExecutionRole string
	File                    string // where the block stands
	Line                    int
}

// Container is one of a task definition's containers.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
type Container struct {
	Name      string // "" if it is not known
	Essential bool
	Image     string // "" if it is not known throughout
	// Repository is the address of the declared repository that the image lies
	// in; "" if the code doesn't say so.
	Repository string
	// Reference is the image as the code gives it, unknown parts by what they
	// depend on: containers with one reference run one image. "" if nothing is known.
	Reference   string
	Command     []string // nil for the image's own, and if it is not known
	EntryPoint  []string // likewise
	Log         Log
	Environment []EnvEntry
	Secrets     []SecretRef
	// Files tells that environmentFiles name files in S3, which are not read.
	Files bool
}

// EnvEntry is a plain environment variable of a container.
type EnvEntry struct {
	Name      string
	Value     secret.Value // if Known
	Known     bool
	Awaits    []string // addresses that the value waits for
	Variables []string // root variables that flow into it
	Sensitive bool     // one of them is sensitive
	File      string   // where the entry stands
	Line      int
}

// SecretRef is an environment variable that ECS fills in from a secret.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
type SecretRef struct {
	Name string
	// Secret is the address of the declared secret, or "" if it is none of
	// them; SecretName is then its name, where that is known.
	Secret, SecretName string
	JSONKey            string // of an object in the secret's value; "" for the whole
	Stage, Version     string // "" for AWSCURRENT
	// Parameter tells that it is a parameter of Systems Manager. Plain is the
	// value of one that holds no secret, which is not among the declared
	// secrets; nil where it is not known.
	Parameter bool
	Plain     *secret.Value
	Problem   string // why it is not resolved
	File      string // where the entry stands
	Line      int
}

func (r *reader) taskDefinitions() []Task {
	var all []Task
	for _, b := range r.tasks {
		t := Task{Address: b.address(), Place: r.place(b), File: b.res.Range.Filename, Line: b.res.Range.Start.Line}
		t.Family, _ = r.known(b, "family")
		t.Architecture, _ = r.known(b, config.RuntimePlatform+".cpu_architecture")
		t.System, _ = r.known(b, config.RuntimePlatform+".operating_system_family")
		t.TaskRole, t.ExecutionRole = r.reference(b, "task_role_arn"), r.reference(b, "execution_role_arn")
		if _, ok := b.res.Attrs["container_definitions"]; ok {
			r.containers(&t, b)
		}
		all = append(all, t)
	}
	return all
}

// reference is an argument's text if it is known, else what it depends on.
func (r *reader) reference(b block, name string) string {
	if _, written := b.res.Attrs[name]; !written {
		return ""
	}
	if v, ok := r.argument(b, name); !ok || !v.Type().Equals(cty.String) && v.IsKnown() {
		return ""
	}
	return reference(b.in.ArgumentShape(b.res, b.rep, name))
}

func (r *reader) containers(t *Task, b block) {
	at := b.res.Attrs["container_definitions"].Range()
	list, ok := definitions(b.in.ArgumentShape(b.res, b.rep, "container_definitions"))
	if !ok {
		r.graph.Warn(fmt.Sprintf("the containers of %s can't be told from the code", t.Address), at)
		return
	}
	for _, item := range list {
		o, ok := shape.Open(item).(shape.Object)
		if !ok {
			r.graph.Warn(fmt.Sprintf("a container of %s can't be told from the code", t.Address), at)
			continue
		}
		t.Containers = append(t.Containers, r.container(o, at))
	}
}

// definitions finds the list of containers in what container_definitions is:
// jsonencode of a list, or a JSON text, of which something may be unknown.
func definitions(s shape.Shape) (shape.Tuple, bool) {
	if j, ok := s.(shape.JSON); ok {
		t, ok := shape.Open(j.Of).(shape.Tuple)
		return t, ok
	}
	text, holes, ok := template(s)
	if !ok {
		return nil, false
	}
	ty, err := ctyjson.ImpliedType([]byte(text))
	if err != nil {
		return nil, false
	}
	v, err := ctyjson.Unmarshal([]byte(text), ty)
	if err != nil {
		return nil, false
	}
	t, ok := shape.Open(filled(v, holes)).(shape.Tuple)
	return t, ok
}

// hole is what stands in a JSON text for something that is not known.
func hole(i int) string { return fmt.Sprintf("\uE000hci-hole-%d\uE001", i) }

// template returns a text with a hole for each of its unknown parts.
func template(s shape.Shape) (text string, holes []shape.Shape, ok bool) {
	var b strings.Builder
	var walk func(s shape.Shape)
	walk = func(s shape.Shape) {
		if c, isConcat := s.(shape.Concat); isConcat {
			for _, part := range c {
				walk(part)
			}
			return
		}
		if known, isKnown := shape.Text(s); isKnown {
			b.WriteString(known)
			return
		}
		b.WriteString(hole(len(holes)))
		holes = append(holes, s)
	}
	walk(s)
	return b.String(), holes, strings.TrimSpace(b.String()) != "" && !strings.HasPrefix(b.String(), hole(0))
}

// filled puts the unknown parts back into the strings of a JSON value.
func filled(v cty.Value, holes []shape.Shape) shape.Shape {
	switch {
	case v.IsNull():
		return shape.Leaf{Value: v}
	case v.Type() == cty.String:
		return refill(v.AsString(), holes)
	case v.Type().IsObjectType():
		o := shape.Object{}
		for key, of := range v.AsValueMap() {
			o[key] = filled(of, holes)
		}
		return o
	case v.Type().IsTupleType():
		t := shape.Tuple{}
		for _, item := range v.AsValueSlice() {
			t = append(t, filled(item, holes))
		}
		return t
	}
	return shape.Leaf{Value: v}
}

func refill(text string, holes []shape.Shape) shape.Shape {
	for i, of := range holes {
		if before, after, found := strings.Cut(text, hole(i)); found {
			return shape.Concat{refill(before, holes), of, refill(after, holes)}
		}
	}
	return shape.Leaf{Value: cty.StringVal(text)}
}

func (r *reader) container(o shape.Object, at hcl.Range) Container {
	c := Container{Essential: true}
	c.Name, _ = textOf(o["name"])
	if essential, ok := textOf(o["essential"]); ok {
		c.Essential = essential == "true"
	}
	_, c.Files = o["environmentFiles"]
	c.image(o["image"])
	c.Command, c.EntryPoint = texts(o["command"]), texts(o["entryPoint"])
	c.log(o["logConfiguration"])
	for _, item := range entries(o["environment"]) {
		name, place, ok := named(item, at)
		if !ok {
			r.graph.Warn("an environment variable of a container has a name that is not known", place)
			continue
		}
		e := EnvEntry{Name: name, File: place.Filename, Line: place.Start.Line}
		value, there := item["value"]
		if !there {
			value = shape.Leaf{Value: cty.StringVal("")}
		}
		e.fill(value)
		c.Environment = append(c.Environment, e)
	}
	for _, item := range entries(o["secrets"]) {
		name, place, ok := named(item, at)
		if !ok {
			r.graph.Warn("a secret of a container has a name that is not known", place)
			continue
		}
		ref := SecretRef{Name: name, File: place.Filename, Line: place.Start.Line}
		r.resolve(&ref, item["valueFrom"])
		c.Secrets = append(c.Secrets, ref)
	}
	return c
}

func textOf(s shape.Shape) (string, bool) {
	if s == nil {
		return "", false
	}
	return shape.Text(s)
}

// entries are the objects of a list.
func entries(s shape.Shape) []shape.Object {
	if s == nil {
		return nil
	}
	list, ok := shape.Open(s).(shape.Tuple)
	if !ok {
		return nil
	}
	var all []shape.Object
	for _, item := range list {
		if o, ok := shape.Open(item).(shape.Object); ok {
			all = append(all, o)
		}
	}
	return all
}

// named is an entry's name, and its place: where the name stands.
func named(item shape.Object, at hcl.Range) (string, hcl.Range, bool) {
	place := at
	if s := item["name"]; s != nil {
		for _, l := range shape.Leaves(s) {
			if l.Range.Filename != "" {
				place = l.Range
				break
			}
		}
	}
	name, ok := textOf(item["name"])
	return name, place, ok
}

func (e *EnvEntry) fill(s shape.Shape) {
	for _, l := range shape.Leaves(s) {
		e.Awaits = append(e.Awaits, l.Awaits...)
		e.Variables = append(e.Variables, l.Variables...)
		e.Sensitive = e.Sensitive || l.Sensitive
	}
	slices.Sort(e.Awaits)
	slices.Sort(e.Variables)
	e.Awaits, e.Variables = slices.Compact(e.Awaits), slices.Compact(e.Variables)
	if text, ok := shape.Text(s); ok {
		e.Value, e.Known, e.Awaits = secret.New(text), true, nil
	}
}

// resolve finds the secret that valueFrom means.
func (r *reader) resolve(ref *SecretRef, s shape.Shape) {
	if s == nil {
		ref.Problem = "it has no valueFrom"
		return
	}
	if text, ok := shape.Text(s); ok {
		r.resolveText(ref, text)
		return
	}
	parts := flattened(s)
	if r.resolveEnd(ref, parts) {
		return
	}
	var suffix strings.Builder
	for _, part := range parts[1:] {
		text, ok := shape.Text(part)
		if !ok {
			ref.Problem = "its valueFrom is not known"
			return
		}
		suffix.WriteString(text)
	}
	head, ok := parts[0].(shape.Leaf)
	if !ok || len(head.Awaits) != 1 {
		ref.Problem = "its valueFrom is not known"
		return
	}
	address, attribute := split(head.Awaits[0])
	f := r.byAddress[address]
	if f == nil {
		f = r.byVersion(address)
	}
	if r.resolveParameter(ref, address, attribute, suffix.String()) {
		return
	}
	if f == nil || attribute != "arn" && attribute != "id" {
		ref.Problem = "its valueFrom depends on " + head.Awaits[0]
		return
	}
	ref.Secret, ref.SecretName = f.Address, f.Name
	ref.suffix(strings.TrimPrefix(suffix.String(), ":"))
}

// byVersion finds the secret that a version writes to.
func (r *reader) byVersion(address string) *found {
	for _, f := range r.found {
		if f.Version == address && address != "" {
			return f
		}
	}
	return nil
}

func flattened(s shape.Shape) []shape.Shape {
	c, ok := s.(shape.Concat)
	if !ok {
		return []shape.Shape{s}
	}
	var all []shape.Shape
	for _, part := range c {
		if text, known := shape.Text(part); known && text == "" {
			continue
		}
		all = append(all, flattened(part)...)
	}
	return all
}

// suffix reads json-key:version-stage:version-id.
func (ref *SecretRef) suffix(text string) {
	parts := strings.SplitN(text+"::", ":", 4)
	ref.JSONKey, ref.Stage, ref.Version = parts[0], parts[1], parts[2]
}

// arnFields is how many fields the ARN of a secret has, its name the last.
const arnFields = 7

// resolveText resolves an ARN, with or without a suffix, that is known.
func (r *reader) resolveText(ref *SecretRef, text string) {
	fields := strings.SplitN(text, ":", arnFields+1)
	if len(fields) < arnFields || fields[0] != "arn" || fields[2] != "secretsmanager" {
		r.resolveParameterText(ref, text)
		return
	}
	named, _ := parseARN(strings.Join(fields[:arnFields], ":"))
	ref.SecretName = named.name
	ref.Problem = "its secret is declared elsewhere"
	for _, f := range r.byName[named.name] {
		if f.Place.mayBe(named) {
			ref.Secret, ref.Problem = f.Address, ""
			break
		}
	}
	if len(fields) > arnFields {
		ref.suffix(fields[arnFields])
	}
}
