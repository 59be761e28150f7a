package project

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// DeploySetting is what hci.hcl says for a name that a deployment needs.
type DeploySetting struct {
	Value string
	List  []string // of a command
	File  string
	Line  int
}

// deployConfig is what a deploy block says.
type deployConfig map[string]DeploySetting

// deployKinds are the names that a deploy block knows, and how each is read.
var deployKinds = map[string]func(cty.Value) (DeploySetting, error){
	"account":               single(accountValue),
	"cluster":               single(stringValue),
	"service":               single(stringValue),
	"task_definition":       single(stringValue),
	"container":             single(stringValue),
	"repository":            single(stringValue),
	"image_tag":             single(stringValue),
	"dockerfile":            single(pathValue),
	"context":               single(pathValue),
	"platform":              single(platformValue),
	"build":                 single(boolText),
	"migrate_task":          single(stringValue),
	"migrate_container":     single(stringValue),
	"migrate_command":       command,
	"migrate_plan_command":  command,
	"migrate_after_command": command,
	"migrate":               single(migrateValue),
	"notify":                command,
}

// migrateWhen says when a database is migrated, from the update.
var migrateWhen = []string{"before", "after", "both"}

func migrateValue(v cty.Value) (string, error) {
	text, err := stringValue(v)
	if err == nil && !slices.Contains(migrateWhen, text) {
		return "", errors.New(`must be "before", "after" or "both": when the database is migrated, from the update`)
	}
	return text, err
}

func command(v cty.Value) (DeploySetting, error) {
	argv, err := argvValue(v)
	return DeploySetting{List: argv}, err
}

func single(read func(cty.Value) (string, error)) func(cty.Value) (DeploySetting, error) {
	return func(v cty.Value) (DeploySetting, error) {
		text, err := read(v)
		return DeploySetting{Value: text}, err
	}
}

// boolText is true or false as a text.
func boolText(v cty.Value) (string, error) {
	if v.Type() != cty.Bool || v.IsNull() || !v.IsKnown() {
		return "", errors.New("must be true or false")
	}
	return strconv.FormatBool(v.True()), nil
}

// accountDigits is how long the id of an account is.
const accountDigits = 12

// platforms are those that ECS runs.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html
var platforms = []string{"linux/amd64", "linux/arm64", "windows/amd64"}

func accountValue(v cty.Value) (string, error) {
	text, err := stringValue(v)
	if err == nil && (len(text) != accountDigits || strings.Trim(text, "0123456789") != "") {
		return "", errors.New("must be the twelve digits of an AWS account, as a string")
	}
	return text, err
}

func platformValue(v cty.Value) (string, error) {
	words := []cty.Value{v}
	if v.Type().IsTupleType() && v.IsKnown() && !v.IsNull() && v.LengthInt() > 0 {
		words = v.AsValueSlice()
	}
	var all []string
	for _, word := range words {
		text, err := stringValue(word)
		if err != nil {
			return "", err
		}
		if !slices.Contains(platforms, text) || slices.Contains(all, text) {
			return "", errors.New("must be linux/amd64 or another platform that ECS runs, or a list of several")
		}
		all = append(all, text)
	}
	return strings.Join(all, ","), nil
}

// deploy reads a deploy block.
func (r *reader) deploy(b *hclsyntax.Block) deployConfig {
	const where = "in a deploy block"
	names := slices.Sorted(maps.Keys(deployKinds))
	c := deployConfig{}
	take := map[string]func(*hclsyntax.Attribute){}
	for name, read := range deployKinds {
		take[name] = func(attr *hclsyntax.Attribute) {
			var s setting[DeploySetting]
			into(r, &s, read)(attr)
			if s.set {
				s.value.File, s.value.Line = s.place.Filename, attr.NameRange.Start.Line
				c[name] = s.value
			}
		}
	}
	r.attributes(b.Body, where, names, nil, take)
	r.blocks(b.Body, where, names, nil, map[string]func(*hclsyntax.Block){
		serviceBlock: func(b *hclsyntax.Block) { r.serviceOrder(b, c) },
		imageBlock:   func(b *hclsyntax.Block) { r.image(b, c) },
	})
	c.contradiction(r, b.DefRange())
	return c
}

// imageBlock names one of several images that are built.
const imageBlock = "image"

// imageKinds are the names that an image block knows.
var imageKinds = map[string]func(cty.Value) (string, error){"repository": stringValue, "dockerfile": pathValue, "context": pathValue}

// ImageKey is the key of a setting of an image block.
func ImageKey(image, setting string) string { return imageBlock + " " + image + " " + setting }

// Images are the names of the image blocks that settings come from, in their order.
func Images(settings map[string]DeploySetting) []string {
	var all []string
	for key := range settings {
		if name, ok := strings.CutPrefix(key, imageBlock+" "); ok && strings.HasSuffix(name, " repository") {
			all = append(all, strings.TrimSuffix(name, " repository"))
		}
	}
	slices.SortFunc(all, func(a, b string) int {
		x, y := settings[ImageKey(a, "repository")], settings[ImageKey(b, "repository")]
		return cmp.Or(cmp.Compare(x.File, y.File), cmp.Compare(x.Line, y.Line), cmp.Compare(a, b))
	})
	return all
}

func (r *reader) image(b *hclsyntax.Block, c deployConfig) {
	const where = "in an image block"
	if len(b.Labels) != 1 || strings.ContainsAny(b.Labels[0], " \t") {
		r.report(b.DefRange().Ptr(), `an image block takes one name: image "web"`)
		return
	}
	known := slices.Sorted(maps.Keys(imageKinds))
	take := map[string]func(*hclsyntax.Attribute){}
	for name, read := range imageKinds {
		take[name] = func(attr *hclsyntax.Attribute) {
			var s setting[DeploySetting]
			into(r, &s, single(read))(attr)
			if s.set {
				s.value.File, s.value.Line = s.place.Filename, attr.NameRange.Start.Line
				c[ImageKey(b.Labels[0], name)] = s.value
			}
		}
	}
	r.attributes(b.Body, where, known, nil, take)
	r.blocks(b.Body, where, known, nil, nil)
	if _, ok := c[ImageKey(b.Labels[0], "repository")]; !ok && b.Body.Attributes["repository"] == nil {
		r.report(b.DefRange().Ptr(), "an image block needs repository: the name of a repository of ECR, or the address of its block in Terraform")
	}
}

// serviceBlock says of a service, by its name or the name of its block in Terraform,
// what it is deployed after.
const serviceBlock = "service"

// AfterKey is the key of the setting that says which service another one is deployed
// after.
func AfterKey(service string) string { return serviceBlock + " " + service + " after" }

func (r *reader) serviceOrder(b *hclsyntax.Block, c deployConfig) {
	const where = "in a service block"
	if len(b.Labels) != 1 {
		r.report(b.DefRange().Ptr(), `a service block takes one name: service "worker"`)
		return
	}
	known := []string{"after"}
	r.attributes(b.Body, where, known, nil, map[string]func(*hclsyntax.Attribute){"after": func(attr *hclsyntax.Attribute) {
		var s setting[DeploySetting]
		into(r, &s, single(stringValue))(attr)
		if s.set {
			s.value.File, s.value.Line = s.place.Filename, attr.NameRange.Start.Line
			c[AfterKey(b.Labels[0])] = s.value
		}
	}})
	r.blocks(b.Body, where, known, nil, nil)
}

// contradiction reports settings of which only one can hold.
func (c deployConfig) contradiction(r *reader, at hcl.Range) {
	_, command := c["migrate_command"]
	_, task := c["migrate_task"]
	if command && task {
		r.report(&at, "a deploy block has migrate_task, a task definition of its own, or migrate_command, run in the service's; not both")
	}
	for _, name := range imageAlone {
		if _, ok := c[name]; ok && len(Images(c)) > 0 {
			r.report(&at, fmt.Sprintf("a deploy block has %s, or image blocks that say it for each image; not both", name))
		}
	}
	if when, ok := c["migrate"]; ok && when.Value != "both" && c["migrate_after_command"].List != nil {
		r.report(&at, fmt.Sprintf("a deploy block has migrate_after_command, which is run after the update, and migrate = %q; leave migrate out, or say \"both\"", when.Value))
	}
}

// imageAlone are settings that an image block has in their place.
var imageAlone = []string{"repository", "dockerfile", "context", "container"}

// merged is a deploy block over another.
func (c deployConfig) merged(own deployConfig) map[string]DeploySetting {
	all := map[string]DeploySetting{}
	maps.Copy(all, c)
	if _, ok := own["migrate_command"]; ok {
		delete(all, "migrate_task")
	}
	if _, ok := own["migrate_task"]; ok {
		delete(all, "migrate_command")
	}
	if len(Images(own)) > 0 { // its images are all there are
		maps.DeleteFunc(all, func(key string, _ DeploySetting) bool {
			return strings.HasPrefix(key, imageBlock+" ") || slices.Contains(imageAlone, key)
		})
	}
	if slices.ContainsFunc(imageAlone, func(name string) bool { _, ok := own[name]; return ok }) {
		maps.DeleteFunc(all, func(key string, _ DeploySetting) bool { return strings.HasPrefix(key, imageBlock+" ") })
	}
	if _, ok := own["migrate_after_command"]; ok {
		delete(all, "migrate")
	}
	if when, ok := own["migrate"]; ok && when.Value != "both" {
		delete(all, "migrate_after_command")
	}
	maps.Copy(all, own)
	return all
}
