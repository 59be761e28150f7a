package module

import (
	"cmp"
	"strings"

	"github.com/zclconf/go-cty/cty"
	ctyconvert "github.com/zclconf/go-cty/cty/convert"

	"hci/tfvars/module/internal/config"
	"hci/tfvars/module/internal/eval"
	"hci/tfvars/module/internal/mark"
)

// providerOf evaluates the provider of a resource, also an instance of one with
// for_each, which OpenTofu has.
//
// https://opentofu.org/docs/language/providers/configuration/#for_each-multiple-instances-of-a-provider-configuration
func (r *reader) providerOf(b block) Place {
	ref := cmp.Or(b.res.Provider, defaultProvider)
	bare, indexed := strings.CutSuffix(ref, config.Indexed)
	if !indexed || b.res.ProviderKey == nil {
		return r.provider(b.in, ref)
	}
	at, block := b.in.Provider(bare)
	if block == nil || block.ForEach == nil {
		return r.provider(b.in, ref)
	}
	unsettled := func(awaits []string) Place {
		return Place{Unsettled: []Unsettled{{Setting: "provider " + ref, Awaits: awaits}}}
	}
	given := b.in.Eval(b.res.ProviderKey, b.rep)
	key, _ := given.UnmarkDeep()
	key, err := ctyconvert.Convert(key, cty.String)
	if err != nil || !key.IsKnown() || key.IsNull() {
		return unsettled(mark.Awaited(given))
	}
	instances, known := providerInstances(at, block)
	value, there := instances[key.AsString()]
	if !known || !there {
		return unsettled(nil)
	}
	return r.providerInstance(at, block, key.AsString(), value)
}

// providerInstances are the elements of a provider's for_each, by their keys; known
// is false for a provider without one, or with one that can't be evaluated.
func providerInstances(in *eval.Instance, block *config.Provider) (instances map[string]cty.Value, known bool) {
	if block.ForEach == nil {
		return nil, false
	}
	all, _ := in.Eval(block.ForEach, eval.Repetition{}).UnmarkDeep()
	if !all.IsWhollyKnown() || all.IsNull() || !all.CanIterateElements() || !(all.Type().IsSetType() || all.Type().IsMapType() || all.Type().IsObjectType()) {
		return nil, false
	}
	instances = map[string]cty.Value{}
	for it := all.ElementIterator(); it.Next(); {
		key, value := it.Element()
		if key.Type() != cty.String || key.IsNull() {
			return nil, false
		}
		instances[key.AsString()] = value
	}
	return instances, true
}

// providerInstance evaluates one instance of a provider with for_each.
func (r *reader) providerInstance(in *eval.Instance, block *config.Provider, key string, value cty.Value) Place {
	id := providerKey{in, block, key}
	if known, ok := r.providers[id]; ok {
		return known
	}
	s := &settings{
		in: in, bound: map[string]cty.Value{"each": iterated(cty.StringVal(key), value)},
		place: &Place{Provider: in.Address(block.Key()), File: block.Range.Filename, Line: block.Range.Start.Line},
	}
	s.place.Provider += `["` + key + `"]`
	s.read(block)
	r.providers[id] = *s.place
	return *s.place
}
