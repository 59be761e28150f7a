package eval

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"hci/tfvars/module/internal/config"
	"hci/tfvars/module/internal/mark"
)

// attribute is what is known of one attribute of a resource without asking its
// provider.
type attribute struct {
	name string
	ty   cty.Type
	// argument is the argument that the attribute equals, "" if it is computed.
	argument string
}

// attributes lists the attributes of the resource types that hci knows. They
// are complete, so that a reference to a whole resource of these types can be
// given its arguments. Of other types only the arguments that come back as they
// were written are known, one by one; see [config.Written].
func attributes(r *config.Resource) []attribute {
	text, list, tags := cty.String, cty.Set(cty.String), cty.Map(cty.String)
	switch r.Mode.Prefix() + r.Type {
	case "aws_secretsmanager_secret":
		return []attribute{
			{"arn", text, ""}, {"id", text, ""}, {"name", text, "name"}, {"name_prefix", text, "name_prefix"},
			{"description", text, "description"}, {"kms_key_id", text, "kms_key_id"}, {"policy", text, ""},
			{"region", text, ""}, {"recovery_window_in_days", cty.Number, "recovery_window_in_days"},
			{"force_overwrite_replica_secret", cty.Bool, "force_overwrite_replica_secret"},
			{"replica", cty.DynamicPseudoType, ""}, {"tags", tags, "tags"}, {"tags_all", tags, ""},
		}
	case "aws_secretsmanager_secret_version":
		return []attribute{
			{"arn", text, ""}, {"id", text, ""}, {"secret_id", text, "secret_id"}, {"version_id", text, ""},
			{"secret_string", text, "secret_string"}, {"secret_binary", text, "secret_binary"},
			{"secret_string_wo", text, ""}, {"secret_string_wo_version", cty.Number, "secret_string_wo_version"},
			{"secret_binary_wo", text, ""}, {"secret_binary_wo_version", cty.Number, "secret_binary_wo_version"},
			{"has_secret_string_wo", cty.Bool, ""}, {"version_stages", list, ""}, {"region", text, ""},
		}
	case "aws_ssm_parameter":
		return []attribute{
			{"arn", text, ""}, {"id", text, "name"}, {"name", text, "name"}, {"type", text, "type"},
			{"value", text, "value"}, {"insecure_value", text, "insecure_value"}, {"value_wo", text, ""},
			{"value_wo_version", cty.Number, "value_wo_version"}, {"has_value_wo", cty.Bool, ""},
			{"description", text, "description"}, {"key_id", text, ""}, {"tier", text, ""}, {"data_type", text, ""},
			{"allowed_pattern", text, "allowed_pattern"}, {"overwrite", cty.Bool, "overwrite"}, {"version", cty.Number, ""},
			{"region", text, ""}, {"tags", tags, "tags"}, {"tags_all", tags, ""},
		}
	case "data.aws_secretsmanager_secret":
		return []attribute{
			{"arn", text, ""}, {"id", text, ""}, {"name", text, "name"}, {"description", text, ""},
			{"kms_key_id", text, ""}, {"policy", text, ""}, {"region", text, ""}, {"tags", tags, ""},
			{"created_date", text, ""}, {"last_changed_date", text, ""},
		}
	case "terraform_data":
		any := cty.DynamicPseudoType
		return []attribute{
			{"id", text, ""}, {"input", any, "input"}, {"output", any, "input"}, {"triggers_replace", any, "triggers_replace"},
		}
	}
	return nil
}

// Instances returns the instances of a resource.
func (in *Instance) Instances(r *config.Resource) *Expansion {
	return in.expand(r.Key(), r.Count, r.ForEach)
}

// Argument returns the value of a resource's argument for one instance,
// cty.NilVal if it is not there.
func (in *Instance) Argument(r *config.Resource, rep Repetition, name string) cty.Value {
	expr, ok := r.Attrs[name]
	if !ok {
		return cty.NilVal
	}
	return in.value(r.Key()+rep.Suffix()+"."+name, expr.Range(), func() cty.Value {
		return in.Eval(expr, rep)
	})
}

// resource returns a resource as the references, without their common
// beginning, see it, which are those of the expression.
func (in *Instance) resource(r *config.Resource, refs []hcl.Traversal, expr hcl.Expression) cty.Value {
	e := in.Instances(r)
	if e.Items == nil {
		return mark.Unknown(cty.DynamicPseudoType, in.Address(r.Key()))
	}
	wanted, whole := e.wanted(refs)
	if whole && attributes(r) == nil {
		if names := members(expr, r); names != nil {
			return e.collect(mapItems(e.Items, func(rep Repetition) cty.Value { return in.object(r, rep, names) }))
		}
	}
	if whole {
		v, ok := in.whole[r.Key()]
		if !ok {
			v = e.collect(mapItems(e.Items, func(rep Repetition) cty.Value { return in.object(r, rep, nil) }))
			in.whole[r.Key()] = v
		}
		return v
	}
	if e.kind == single {
		return in.object(r, Repetition{}, wanted[""])
	}
	return e.collect(mapItems(e.Items, func(rep Repetition) cty.Value {
		names, ok := wanted[rep.Suffix()]
		if !ok {
			return mark.Unknown(cty.DynamicPseudoType, in.Address(r.Key()+rep.Suffix()))
		}
		return in.object(r, rep, names)
	}))
}

// wanted sorts out which attributes of which instances references name, by the
// suffix of the instance. If one can't be told from the text, as in
// x[each.key].id, the whole block is wanted.
func (e *Expansion) wanted(refs []hcl.Traversal) (names map[string][]string, whole bool) {
	names = map[string][]string{}
	for _, ref := range refs {
		suffix := ""
		if e.kind != single {
			if len(ref) == 0 {
				return nil, true
			}
			idx, ok := ref[0].(hcl.TraverseIndex)
			if !ok {
				return nil, true
			}
			rep, ok := e.find(idx.Key)
			if !ok {
				return nil, true // the whole block lets the index fail as it should
			}
			suffix, ref = rep.Suffix(), ref[1:]
		}
		if len(ref) == 0 {
			return nil, true
		}
		attr, ok := ref[0].(hcl.TraverseAttr)
		if !ok {
			return nil, true
		}
		names[suffix] = append(names[suffix], attr.Name)
	}
	return names, false
}

// object returns one instance of a resource with the attributes named, or with
// all for nil; an instance of a type that hci does not know is then unknown as
// a whole.
func (in *Instance) object(r *config.Resource, rep Repetition, names []string) cty.Value {
	address := in.Address(r.Key() + rep.Suffix())
	known := attributes(r)
	state, applied := in.graph.State[address]
	if names == nil && known == nil && !applied {
		return mark.Unknown(cty.DynamicPseudoType, address)
	}
	attrs := map[string]cty.Value{}
	if names == nil {
		maps.Copy(attrs, state)
	}
	for _, name := range names {
		attrs[name] = in.written(r, rep, name, address)
	}
	for _, a := range known {
		if names == nil || slices.Contains(names, a.name) {
			attrs[a.name] = in.known(r, rep, a, address)
			if r.Type == "aws_ssm_parameter" && a.name == "value" { // the provider's schema says so
				attrs[a.name] = attrs[a.name].Mark(mark.Sensitive{})
			}
		}
	}
	return cty.ObjectVal(attrs)
}

// written returns an attribute of a type that hci knows little about: what its
// argument says if it is one that comes back as it was written, else unknown.
func (in *Instance) written(r *config.Resource, rep Repetition, name, address string) cty.Value {
	w, ok := config.WrittenAs(r, name)
	if !ok || w.Inherited && in.inherits(r, rep) {
		return in.graph.applied(guessedType(name), address, name)
	}
	ty := cty.String
	if w.Number {
		ty = cty.Number
	}
	v := in.known(r, rep, attribute{name, ty, w.Of}, address)
	if bare, _ := v.Unmark(); bare.IsKnown() && altered(bare, w) || !bare.IsKnown() && w.Folded {
		v = in.graph.applied(ty, address, name)
	}
	if w.Sensitive {
		v = v.Mark(mark.Sensitive{})
	}
	return v
}

// altered reports whether a provider keeps something else than what was
// written: in its SDK an empty text or zero is as good as nothing, and the
// provider fills in what it likes.
func altered(v cty.Value, w config.Written) bool {
	if w.Number {
		return v.RawEquals(cty.Zero)
	}
	text := v.AsString()
	return text == "" || w.Folded && (text != strings.ToLower(text) || strings.HasSuffix(text, "."))
}

// inherits reports whether a database is, or may be, made from another one.
func (in *Instance) inherits(r *config.Resource, rep Repetition) bool {
	return r.Restored || slices.ContainsFunc(config.Origins(r.Type), func(origin string) bool {
		v := in.Argument(r, rep, origin)
		return v != cty.NilVal && !v.IsNull()
	})
}

// guessedType returns the type of an attribute of any resource: id is text
// everywhere, the others can be anything.
func guessedType(name string) cty.Type {
	if name == "id" || name == "arn" {
		return cty.String
	}
	return cty.DynamicPseudoType
}

// known returns an attribute of a type that hci knows: what its argument says,
// or unknown.
func (in *Instance) known(r *config.Resource, rep Repetition, a attribute, address string) cty.Value {
	if a.argument == "" || r.Ignores(a.argument) {
		return in.graph.applied(a.ty, address, a.name)
	}
	v := in.Argument(r, rep, a.argument)
	if v == cty.NilVal {
		// The provider may fill it in, as it does with a name.
		return in.graph.applied(a.ty, address, a.name)
	}
	v, err := convert.Convert(v, a.ty)
	if err != nil || v.IsNull() {
		return in.graph.applied(a.ty, address, a.name)
	}
	if bare, _ := v.UnmarkDeep(); !bare.IsWhollyKnown() {
		if known := in.graph.applied(a.ty, address, a.name); known.IsKnown() {
			return known
		}
	}
	return v
}

// applied returns an attribute as the state has it, or unknown.
func (g *Graph) applied(ty cty.Type, address, name string) cty.Value {
	if v, ok := g.State[address][name]; ok {
		if v, err := convert.Convert(v, ty); err == nil {
			return v
		}
	}
	return mark.Unknown(ty, address+"."+name)
}

// Applied returns an attribute of a resource as the state has it; ok is false
// if it doesn't.
func (in *Instance) Applied(r *config.Resource, rep Repetition, name string) (v cty.Value, ok bool) {
	v, ok = in.graph.State[in.Address(r.Key()+rep.Suffix())][name]
	return v, ok
}

func mapItems(items []Repetition, f func(Repetition) cty.Value) []cty.Value {
	out := make([]cty.Value, len(items))
	for i, rep := range items {
		out[i] = f(rep)
	}
	return out
}
