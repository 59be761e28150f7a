package module

import (
	"strings"

	"hci/tfvars/module/shape"
)

// Log says where a container's output goes, as far as it is known.
type Log struct {
	Driver        string // "" if none is set
	Group, Prefix string // of awslogs
}

// image reads a container's image: its text, or the repository that begins it.
func (c *Container) image(s shape.Shape) {
	if s == nil {
		return
	}
	c.Image, _ = shape.Text(s)
	c.Reference = reference(s)
	for _, l := range shape.Leaves(s) {
		for _, awaited := range l.Awaits {
			if address, attribute := split(awaited); attribute == "repository_url" {
				c.Repository = address
			}
		}
	}
}

// reference is an image as the code gives it: its text, with what each unknown
// part depends on in its place. Two containers with one reference run one image.
func reference(s shape.Shape) string {
	var text strings.Builder
	for _, part := range flattened(s) {
		if known, ok := shape.Text(part); ok {
			text.WriteString(known)
			continue
		}
		var on []string
		for _, l := range shape.Leaves(part) {
			on = append(append(on, l.Awaits...), l.Variables...)
		}
		if len(on) == 0 {
			return ""
		}
		text.WriteString("${" + strings.Join(on, ",") + "}")
	}
	return text.String()
}

func (c *Container) log(s shape.Shape) {
	if s == nil {
		return
	}
	o, ok := shape.Open(s).(shape.Object)
	if !ok {
		return
	}
	c.Log.Driver, _ = textOf(o["logDriver"])
	if options, ok := opened(o["options"]); ok {
		c.Log.Group, _ = textOf(options["awslogs-group"])
		c.Log.Prefix, _ = textOf(options["awslogs-stream-prefix"])
	}
}

func opened(s shape.Shape) (shape.Object, bool) {
	if s == nil {
		return nil, false
	}
	o, ok := shape.Open(s).(shape.Object)
	return o, ok
}

// texts is a list of texts, nil if one is not known.
func texts(s shape.Shape) []string {
	if s == nil {
		return nil
	}
	list, ok := shape.Open(s).(shape.Tuple)
	if !ok {
		return nil
	}
	var all []string
	for _, item := range list {
		text, ok := textOf(item)
		if !ok {
			return nil
		}
		all = append(all, text)
	}
	return all
}
