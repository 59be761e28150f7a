// Package eval evaluates a tree of Terraform modules for one workspace and one
// set of variable values.
//
// Evaluation is lazy: the value behind an address is computed when something
// refers to it, once. What only an apply can tell (the attributes of resources,
// data sources, modules that were not read) is a cty unknown, marked with its
// address; marks also carry the root variables that flow in. So every result
// says what it is made from and what it still awaits.
//
// Nothing is run, and nothing is opened but files in the directory that the
// evaluated configuration itself names in file() and its relatives.
package eval

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"hci/tfvars/module/internal/config"
	"hci/tfvars/module/internal/funcs"
	"hci/tfvars/module/internal/mark"
	"hci/tfvars/module/internal/meter"
)

// maxDepth bounds how long a chain of references may be. Terraform has no such
// bound, but a chain of thousands is no configuration.
const maxDepth = 2000

// Graph is a configuration under evaluation. It is not safe for concurrent use.
type Graph struct {
	Root      *Instance
	Workspace string
	// State is what an apply has left behind: the attributes of resources and
	// data sources by address. They stand in for what is not known otherwise.
	State map[string]map[string]cty.Value

	functions map[string]function.Function
	meter     meter.Meter
	stopped   bool // a bound of the meter was hit, and reported
	depth     int
	diags     hcl.Diagnostics
}

// Instance is one instance of a module: the root, or one that a call makes.
type Instance struct {
	Config *config.Module
	Addr   string // "" for the root, else "module.a[0].module.b"
	Parent *Instance

	graph  *Graph
	call   *config.Call
	repeat Repetition

	values   map[string]*cell
	expanded map[string]*Expansion
	whole    map[string]cty.Value // resources and modules referred to as a whole
	children map[string]map[string]*Instance
}

// cell holds a value that is computed once.
type cell struct {
	done bool
	val  cty.Value
}

// New returns a graph over a module and the modules it calls. Inputs are the
// values of the root's variables as given, of any type; steps, if not 0, bounds
// the evaluation.
func New(fsys fs.FS, root *config.Module, workspace string, inputs map[string]cty.Value, steps int64) *Graph {
	g := &Graph{Workspace: workspace}
	g.meter.Steps = steps
	g.functions = functionTable(fsys, root, g.meter.GuardOnce)
	g.Root = g.instance(root, "", nil, nil, Repetition{})
	for _, name := range sortedKeys(root.Variables) {
		given := cty.NilVal
		if v, ok := inputs[name]; ok {
			given = v
		}
		g.Root.values["var."+name] = &cell{done: true, val: g.Root.rootVariable(root.Variables[name], given)}
	}
	return g
}

// functionTable returns Terraform's functions, and the functions of providers
// that any module of the tree names; what those return is unknown.
func functionTable(fsys fs.FS, root *config.Module, guard func(hcl.Expression) hcl.Expression) map[string]function.Function {
	table := funcs.Table(fsys, root.Dir, guard)
	var walk func(m *config.Module)
	walk = func(m *config.Module) {
		for name := range m.Functions {
			table[name] = funcs.Unevaluated(name)
		}
		for _, c := range m.Calls {
			if c.Module != nil {
				walk(c.Module)
			}
		}
	}
	walk(root)
	return table
}

func (g *Graph) instance(m *config.Module, addr string, parent *Instance, call *config.Call, rep Repetition) *Instance {
	return &Instance{
		Config: m, Addr: addr, Parent: parent, graph: g, call: call, repeat: rep,
		values:   map[string]*cell{},
		expanded: map[string]*Expansion{},
		whole:    map[string]cty.Value{},
		children: map[string]map[string]*Instance{},
	}
}

// Problems returns what went wrong so far.
func (g *Graph) Problems() hcl.Diagnostics { return g.diags }

// Report adds a problem with a summary that is safe to show.
func (g *Graph) Report(summary string, at hcl.Range) {
	g.diags = append(g.diags, config.Problem(summary, at))
}

// Warn adds a warning with a summary that is safe to show.
func (g *Graph) Warn(summary string, at hcl.Range) {
	g.diags = append(g.diags, config.Warning(summary, at))
}

// Address returns the address of something in this module.
func (in *Instance) Address(local string) string {
	if in.Addr == "" {
		return local
	}
	return in.Addr + "." + local
}

// value returns what compute makes of an address, computed once. A value that
// needs itself is reported.
func (in *Instance) value(key string, at hcl.Range, compute func() cty.Value) cty.Value {
	c, ok := in.values[key]
	if ok && c.done {
		return c.val
	}
	if ok {
		in.graph.Report(in.Address(key)+" refers to itself", at)
		return mark.Unknown(cty.DynamicPseudoType, in.Address(key))
	}
	if in.graph.depth >= maxDepth {
		in.graph.Report(fmt.Sprintf("%s stands at the end of more than %d references", in.Address(key), maxDepth), at)
		return mark.Unknown(cty.DynamicPseudoType, in.Address(key))
	}
	c = &cell{}
	in.values[key] = c
	in.graph.depth++
	c.val = compute()
	in.graph.depth--
	c.done = true
	return c.val
}

// local returns the value of a local; ok is false if there is none.
func (in *Instance) local(name string) (v cty.Value, ok bool) {
	l, ok := in.Config.Locals[name]
	if !ok {
		return cty.NilVal, false
	}
	return in.value("local."+name, l.Range, func() cty.Value {
		return in.Eval(l.Expr, Repetition{})
	}), true
}

// output returns the value of an output; ok is false if there is none.
func (in *Instance) output(name string) (v cty.Value, ok bool) {
	o, ok := in.Config.Outputs[name]
	if !ok {
		return cty.NilVal, false
	}
	return in.value("output."+name, o.Range, func() cty.Value {
		return in.Eval(o.Expr, Repetition{})
	}), true
}

// Outputs returns the values of all outputs by name.
func (in *Instance) Outputs() map[string]cty.Value {
	outputs := make(map[string]cty.Value, len(in.Config.Outputs))
	for name := range in.Config.Outputs {
		outputs[name], _ = in.output(name)
	}
	return outputs
}

// Eval evaluates an expression of this module. Problems go to the graph; the
// result is then unknown.
func (in *Instance) Eval(expr hcl.Expression, rep Repetition) cty.Value {
	return in.evalWith(expr, rep, nil)
}

// EvalBound evaluates an expression in which some names stand for values, such
// as the iterator of a dynamic block.
func (in *Instance) EvalBound(expr hcl.Expression, bound map[string]cty.Value) cty.Value {
	return in.evalWith(expr, Repetition{}, bound)
}

// evalWith is Eval for an expression inside of a for expression, whose
// variables are given.
func (in *Instance) evalWith(expr hcl.Expression, rep Repetition, bound map[string]cty.Value) cty.Value {
	refs := slices.DeleteFunc(slices.Clone(expr.Variables()), func(t hcl.Traversal) bool {
		_, ok := bound[t.RootName()]
		return ok
	})
	if in.graph.tripped(expr.Range()) {
		return cty.DynamicVal
	}
	ctx, diags := in.scope(expr, refs, rep)
	if diags.HasErrors() {
		in.graph.diags = append(in.graph.diags, diags...)
		return cty.DynamicVal
	}
	maps.Copy(ctx.Variables, bound)
	v, diags := in.graph.meter.Guard(expr).Value(ctx)
	if in.graph.tripped(expr.Range()) {
		return cty.DynamicVal
	}
	if diags.HasErrors() {
		in.graph.diags = append(in.graph.diags, explain(diags)...)
		return cty.DynamicVal
	}
	return mark.Trace(v, ctx.Variables)
}

// tripped reports whether a bound of the meter was hit, and says so once. A text
// that is a template of its own has no place; then that of the expression is
// told.
func (g *Graph) tripped(at hcl.Range) bool {
	problem := g.meter.Problem()
	if problem != nil && !g.stopped {
		g.stopped = true
		if problem.Subject.Filename == "" {
			problem.Subject = &at
		}
		g.diags = append(g.diags, problem)
	}
	return problem != nil
}

// shapeSize is about what a part of a shape takes up, in bytes.
const shapeSize = 256

// spend counts a part of a shape, and reports whether there may be more.
func (g *Graph) spend(at hcl.Range) bool {
	g.meter.Spend(1, shapeSize, at)
	return !g.tripped(at)
}

// explain puts the name of a failed function, and what may be told of the
// reason, into the summaries.
func explain(diags hcl.Diagnostics) hcl.Diagnostics {
	out := make(hcl.Diagnostics, len(diags))
	for i, d := range diags {
		out[i] = d
		if reason := funcs.Reason(d); reason != "" && d.Subject != nil {
			out[i] = config.Problem(reason, *d.Subject)
		}
	}
	return out
}

// sortedKeys returns a map's keys in order.
func sortedKeys[T any](m map[string]T) []string {
	return slices.Sorted(maps.Keys(m))
}
