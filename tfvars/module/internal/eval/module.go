package eval

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"hci/tfvars/module/internal/config"
	"hci/tfvars/module/internal/mark"
)

// Calls returns the instances of the modules that this one calls, in the order
// of their addresses. Calls whose count or for_each is not known are passed to
// unknown.
func (in *Instance) Calls(unknown func(c *config.Call, awaits []string)) []*Instance {
	var out []*Instance
	for _, name := range sortedKeys(in.Config.Calls) {
		c := in.Config.Calls[name]
		if c.Module == nil {
			continue
		}
		e := in.expand("module."+name, c.Count, c.ForEach)
		if e.Items == nil {
			unknown(c, e.Awaits)
			continue
		}
		for _, rep := range e.Items {
			out = append(out, in.child(c, rep))
		}
	}
	return out
}

// child returns one instance of a called module.
func (in *Instance) child(c *config.Call, rep Repetition) *Instance {
	instances := in.children[c.Name]
	if instances == nil {
		instances = map[string]*Instance{}
		in.children[c.Name] = instances
	}
	suffix := rep.Suffix()
	child := instances[suffix]
	if child == nil {
		child = in.graph.instance(c.Module, in.Address("module."+c.Name+suffix), in, c, rep)
		instances[suffix] = child
	}
	return child
}

// module returns a called module as the references, without their common
// beginning, see it: an object of its outputs.
func (in *Instance) module(c *config.Call, refs []hcl.Traversal) cty.Value {
	e := in.expand("module."+c.Name, c.Count, c.ForEach)
	address := in.Address("module." + c.Name)
	if e.Items == nil {
		return mark.Unknown(cty.DynamicPseudoType, address)
	}
	wanted, whole := e.wanted(refs)
	key := "module." + c.Name
	if v, ok := in.whole[key]; ok && whole {
		return v
	}
	v := e.collect(mapItems(e.Items, func(rep Repetition) cty.Value {
		suffix := rep.Suffix()
		names, ok := wanted[suffix]
		if c.Module == nil {
			return notRead(address+suffix, names)
		}
		child := in.child(c, rep)
		if whole {
			return cty.ObjectVal(child.Outputs())
		}
		if !ok {
			return mark.Unknown(cty.DynamicPseudoType, address+suffix)
		}
		outputs := map[string]cty.Value{}
		for _, name := range names {
			if v, ok := child.output(name); ok {
				outputs[name] = v
			}
		}
		return cty.ObjectVal(outputs)
	}))
	if whole {
		in.whole[key] = v
	}
	return v
}

// notRead returns a module whose files were not read.
func notRead(address string, names []string) cty.Value {
	if names == nil {
		return mark.Unknown(cty.DynamicPseudoType, address)
	}
	outputs := map[string]cty.Value{}
	for _, name := range names {
		outputs[name] = mark.Unknown(cty.DynamicPseudoType, address+"."+name)
	}
	return cty.ObjectVal(outputs)
}
