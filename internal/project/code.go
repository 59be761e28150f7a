package project

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"hci/internal/atomicfile"
	"hci/tfvars"
)

// maxCode bounds the size of a file with Terraform code in bytes.
const maxCode = 4 << 20

// backend is what a terraform block says of where state lies.
type backend struct {
	kind      string // of the block: s3, remote …; "cloud" for a cloud block; "" without one
	name      string // the one workspace of workspaces { name = … }
	several   bool   // workspaces { prefix = … } or { tags = … }, or workspace_key_prefix
	attribute string // which of them says so
	atInit    bool   // it does not say where the state lies: init's -backend-config does
	file      string
}

// facts are what discovery needs to know of one directory's code.
type facts struct {
	calls     []string // directories of local modules, absolute
	workspace string   // the first file that asks for the workspace, absolute; ""
	backend   backend
	types     map[string]bool // of resources
	settings  bool            // it holds settings of Terraform itself, and nothing that could be applied
	tofu      string          // the first file with a name of OpenTofu's; ""
}

// codeReader reads each directory once, and nothing outside the boundary.
type codeReader struct {
	boundary string
	known    map[string]*facts
}

func (p *Project) newCodeReader() codeReader {
	return codeReader{boundary: p.Boundary(), known: map[string]*facts{}}
}

func (r codeReader) read(dir string) *facts {
	if c, ok := r.known[dir]; ok {
		return c
	}
	c := &facts{types: map[string]bool{}}
	r.known[dir] = c
	if _, err := atomicfile.Within(r.boundary, filepath.Join(dir, configName)); err != nil {
		return c
	}
	c.settings = true
	for _, name := range list(dir) {
		if !isCode(name) {
			continue
		}
		path := filepath.Join(dir, name)
		if c.tofu == "" && (strings.HasSuffix(name, ".tofu") || strings.HasSuffix(name, ".tofu.json")) {
			c.tofu = path
		}
		if src, err := atomicfile.ReadIn(r.boundary, path, maxCode); err == nil {
			c.file(dir, path, src)
		}
	}
	return c
}

// reach lists a directory and the local modules that it calls, directly or not.
func (r codeReader) reach(dir string) []string {
	all := []string{dir}
	for i := 0; i < len(all); i++ {
		for _, called := range r.read(all[i]).calls {
			if !slices.Contains(all, called) {
				all = append(all, called)
			}
		}
	}
	return all
}

func (c *facts) file(dir, path string, src []byte) {
	if strings.HasSuffix(path, ".json") {
		c.json(dir, path, src)
		return
	}
	if tfvars.Limits(src, path) != nil {
		return // reported where it is evaluated
	}
	file, _ := hclsyntax.ParseConfig(src, path, hcl.InitialPos) // what can't be parsed is reported where it is evaluated
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		return
	}
	if c.workspace == "" && bytes.Contains(src, []byte("workspace")) && asksWorkspace(body) {
		c.workspace = path
	}
	for _, b := range body.Blocks {
		c.settings = c.settings && b.Type == "terraform"
		switch {
		case b.Type == "module":
			if source, ok := textOf(attributesOf(b.Body)["source"]); ok && isLocalSource(source) {
				c.calls = append(c.calls, filepath.Join(dir, filepath.FromSlash(source)))
			}
		case b.Type == "resource" && len(b.Labels) == 2:
			c.types[b.Labels[0]] = true
		case b.Type == "terraform":
			for _, inner := range b.Body.Blocks {
				c.stateIn(inner.AsHCLBlock(), path)
			}
		}
	}
}

// asksWorkspace reports whether an expression uses terraform.workspace.
func asksWorkspace(body *hclsyntax.Body) bool {
	found := false
	_ = hclsyntax.VisitAll(body, func(n hclsyntax.Node) hcl.Diagnostics {
		t, ok := n.(*hclsyntax.ScopeTraversalExpr)
		if !ok || t.Traversal.RootName() != "terraform" && t.Traversal.RootName() != "tofu" {
			return nil
		}
		name, ok := attribute(t.Traversal)
		found = found || ok && name == "workspace"
		return nil
	})
	return found
}

// stateAttributes say, by the kind of a backend, where the state lies.
//
// https://developer.hashicorp.com/terraform/language/backend
var stateAttributes = map[string][]string{
	"s3": {"bucket", "key"}, "gcs": {"bucket"}, "azurerm": {"container_name", "key"}, "http": {"address"}, "pg": {"conn_str"},
	"consul": {"path"}, "cos": {"bucket"}, "oss": {"bucket"}, "kubernetes": {"secret_suffix"},
}

// stateIn reads a backend or cloud block, of either syntax: in JSON, a block inside
// can't be told from an attribute but by what is known of it.
func (c *facts) stateIn(b *hcl.Block, path string) {
	switch {
	case b.Type == "backend" && len(b.Labels) == 1:
		c.backend.kind = b.Labels[0]
	case b.Type == "cloud":
		c.backend.kind = b.Type
	default:
		return
	}
	inside, rest, _ := b.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "workspaces"}}})
	attributes := attributesOf(rest)
	c.backend.file = path
	c.backend.atInit = b.Type == "backend" && slices.ContainsFunc(stateAttributes[c.backend.kind], func(name string) bool { return attributes[name] == nil })
	if attributes["workspace_key_prefix"] != nil {
		c.backend.several, c.backend.attribute = true, "workspace_key_prefix"
	}
	for _, w := range inside.Blocks {
		attributes := attributesOf(w.Body)
		if name, ok := textOf(attributes["name"]); ok {
			c.backend.name = name
		}
		for _, several := range []string{"prefix", "tags"} {
			if attributes[several] != nil {
				c.backend.several, c.backend.attribute = true, "workspaces { "+several+" }"
			}
		}
	}
}

func attributesOf(body hcl.Body) hcl.Attributes {
	attributes, _ := body.JustAttributes()
	return attributes
}

// textOf is an attribute's text, if it is written out.
func textOf(attribute *hcl.Attribute) (string, bool) {
	if attribute == nil || tfvars.ExpressionLimits(attribute.Expr) != "" {
		return "", false
	}
	v, diags := attribute.Expr.Value(&hcl.EvalContext{}) // without one, JSON's templates are texts
	if diags.HasErrors() || v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return "", false
	}
	return v.AsString(), true
}
