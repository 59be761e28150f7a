package project

import (
	"bytes"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	hcljson "github.com/hashicorp/hcl/v2/json"

	"hci/tfvars"
)

// topLevel are the blocks of Terraform code that discovery looks at.
var topLevel = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "terraform"}, {Type: "module", LabelNames: []string{"name"}}, {Type: "resource", LabelNames: []string{"type", "name"}},
}}

// stateBlocks are the blocks that say where the state lies.
var stateBlocks = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "backend", LabelNames: []string{"kind"}}, {Type: "cloud"},
}}

// json reads a file in the JSON syntax.
func (c *facts) json(dir, path string, src []byte) {
	c.settings = false
	if tfvars.Limits(src, path) != nil {
		return // reported where it is evaluated
	}
	file, _ := hcljson.Parse(src, path) // what can't be parsed is reported where it is evaluated
	if file == nil || file.Body == nil {
		return
	}
	if c.workspace == "" && bytes.Contains(src, []byte("workspace")) && refersToWorkspace(file.Body) {
		c.workspace = path
	}
	content, _, _ := file.Body.PartialContent(topLevel)
	for _, b := range content.Blocks {
		switch b.Type {
		case "terraform":
			inner, _, _ := b.Body.PartialContent(stateBlocks)
			for _, state := range inner.Blocks {
				c.stateIn(state, path)
			}
		case "module":
			if source, ok := textOf(attributesOf(b.Body)["source"]); ok && isLocalSource(source) {
				c.calls = append(c.calls, filepath.Join(dir, filepath.FromSlash(source)))
			}
		case "resource":
			c.types[b.Labels[0]] = true
		}
	}
}

// isLocalSource reports whether a module's source is a directory of the project.
func isLocalSource(source string) bool {
	return strings.HasPrefix(source, "./") || strings.HasPrefix(source, "../") || source == "." || source == ".."
}

// refersToWorkspace reports whether an expression anywhere in a body of the JSON
// syntax uses terraform.workspace.
func refersToWorkspace(body hcl.Body) bool {
	for _, a := range attributesOf(body) {
		if tfvars.ExpressionLimits(a.Expr) != "" {
			continue
		}
		for _, t := range a.Expr.Variables() {
			if t.RootName() != "terraform" && t.RootName() != "tofu" {
				continue
			}
			if name, ok := attribute(t); ok && name == "workspace" {
				return true
			}
		}
	}
	return false
}
