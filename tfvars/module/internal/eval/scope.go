package eval

import (
	"path"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"hci/tfvars/module/internal/config"
	"hci/tfvars/module/internal/mark"
)

// scope returns an evaluation context that holds exactly what the references
// need.
func (in *Instance) scope(expr hcl.Expression, refs []hcl.Traversal, rep Repetition) (*hcl.EvalContext, hcl.Diagnostics) {
	s := &scope{in: in, expr: expr, rep: rep, groups: map[string]map[string]cty.Value{}, blocks: map[string]*need{}}
	for _, ref := range refs {
		s.add(ref)
	}
	for _, key := range sortedKeys(s.blocks) {
		s.settle(s.blocks[key])
	}
	ctx := &hcl.EvalContext{Functions: in.graph.functions, Variables: make(map[string]cty.Value, len(s.groups))}
	for name, members := range s.groups {
		ctx.Variables[name] = cty.ObjectVal(members)
	}
	// data and ephemeral resources stand one step deeper.
	for _, group := range []string{"data", "ephemeral", "resource"} {
		types := map[string]cty.Value{}
		for _, n := range s.blocks {
			if n.group == group {
				types[n.typ] = cty.ObjectVal(s.groups[group+"."+n.typ])
				delete(ctx.Variables, group+"."+n.typ)
			}
		}
		if len(types) > 0 {
			ctx.Variables[group] = cty.ObjectVal(types)
		}
	}
	return ctx, s.diags
}

// scope collects what an expression refers to.
type scope struct {
	in     *Instance
	expr   hcl.Expression
	rep    Repetition
	groups map[string]map[string]cty.Value // by root name: "var", "aws_instance", "data.aws_region"
	blocks map[string]*need                // resources and modules, by key
	diags  hcl.Diagnostics
}

// need is what an expression needs of one resource or module.
type need struct {
	group string // the root name if it is not the type: "data", "ephemeral", "module", "resource"
	typ   string // "" for a module
	name  string
	key   string // "aws_instance.a", "data.aws_region.here", "module.a"
	refs  []hcl.Traversal
	at    hcl.Range
}

func (s *scope) fail(ref hcl.Traversal, summary string) {
	s.diags = append(s.diags, config.Problem(summary, ref.SourceRange()))
}

func (s *scope) set(group, name string, v cty.Value) {
	if s.groups[group] == nil {
		s.groups[group] = map[string]cty.Value{}
	}
	s.groups[group][name] = v
}

// steps returns the names that follow the root of a reference, at most n.
func steps(ref hcl.Traversal, n int) []string {
	var names []string
	for _, step := range ref[1:] {
		attr, ok := step.(hcl.TraverseAttr)
		if !ok || len(names) == n {
			break
		}
		names = append(names, attr.Name)
	}
	return names
}

// undeclared is what is said of a reference to nothing; the name is not, since
// an unquoted text is a reference too.
const undeclared = "reference to something that is not declared"

func (s *scope) add(ref hcl.Traversal) {
	names := steps(ref, 2)
	root := ref.RootName()
	if len(names) == 0 {
		s.fail(ref, "invalid reference")
		return
	}
	var v cty.Value
	ok := true
	switch root {
	case "var":
		v, ok = s.in.variable(names[0])
	case "local":
		v, ok = s.in.local(names[0])
	case "terraform":
		v, ok = s.in.graph.terraform(names[0])
	case "path":
		v, ok = s.in.path(names[0])
	case "each", "count", "self":
		v, ok = s.repetition(root, names[0])
	case "module":
		s.need(need{group: root, name: names[0], key: "module." + names[0]}, ref, ref[2:])
		return
	case "data", "ephemeral", "resource":
		if len(names) < 2 {
			s.fail(ref, "invalid reference")
			return
		}
		key := names[0] + "." + names[1]
		if root != "resource" {
			key = root + "." + key
		}
		s.need(need{group: root, typ: names[0], name: names[1], key: key}, ref, ref[3:])
		return
	default:
		s.need(need{typ: root, name: names[0], key: root + "." + names[0]}, ref, ref[2:])
		return
	}
	if !ok {
		s.fail(ref, undeclared)
		return
	}
	s.set(root, names[0], v)
}

func (s *scope) need(n need, ref, rest hcl.Traversal) {
	known := s.blocks[n.group+"|"+n.key]
	if known == nil {
		n.at = ref.SourceRange()
		known = &n
		s.blocks[n.group+"|"+n.key] = known
	}
	known.refs = append(known.refs, rest)
}

// settle puts the value of a resource or module into its group.
func (s *scope) settle(n *need) {
	if n.group == "module" {
		call, ok := s.in.Config.Calls[n.name]
		if !ok {
			s.diags = append(s.diags, config.Problem(undeclared, n.at))
			return
		}
		s.set("module", n.name, s.in.module(call, n.refs))
		return
	}
	r, ok := s.in.Config.Resources[n.key]
	if !ok {
		s.diags = append(s.diags, config.Problem(undeclared, n.at))
		return
	}
	group := n.typ
	if n.group != "" {
		group = n.group + "." + n.typ
	}
	s.set(group, n.name, s.in.resource(r, n.refs, s.expr))
}

func (s *scope) repetition(root, name string) (cty.Value, bool) {
	key := s.rep.Key
	switch {
	case key == cty.NilVal:
		return cty.NilVal, false
	case root == "count" && name == "index" && key.Type() == cty.Number:
		return key, true
	case root == "each" && name == "key" && key.Type() == cty.String:
		return key, true
	case root == "each" && name == "value" && key.Type() == cty.String:
		return s.rep.Value, true
	}
	return cty.NilVal, false
}

func (g *Graph) terraform(name string) (cty.Value, bool) {
	switch name {
	case "workspace":
		if g.Workspace == "" {
			return mark.Unknown(cty.String, "terraform.workspace"), true
		}
		return cty.StringVal(g.Workspace), true
	case "applying":
		return mark.Unknown(cty.Bool, "terraform.applying"), true
	}
	return cty.NilVal, false
}

// path answers as Terraform does when it runs in the root module's directory.
func (in *Instance) path(name string) (cty.Value, bool) {
	switch name {
	case "root":
		return cty.StringVal("."), true
	case "module":
		return cty.StringVal(relative(in.graph.Root.Config.Dir, in.Config.Dir)), true
	case "cwd":
		return mark.Unknown(cty.String, "path.cwd"), true
	}
	return cty.NilVal, false
}

// relative returns a directory as seen from another one, as filepath.Rel does
// for slash-separated paths below one root.
func relative(from, to string) string {
	if from == to {
		return "."
	}
	up := ""
	for from != "." {
		if len(to) > len(from) && to[:len(from)] == from && to[len(from)] == '/' {
			return up + to[len(from)+1:]
		}
		from = path.Dir(from)
		up += "../"
		if from == to {
			return path.Clean(up)
		}
	}
	return up + to
}
