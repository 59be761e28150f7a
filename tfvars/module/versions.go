package module

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"hci/sync/secret"
	"hci/tfvars/module/internal/mark"
	"hci/tfvars/module/shape"
)

// versions hands each version to the secret that it writes to.
func (r *reader) versions() {
	r.byName = map[string][]*found{}
	for _, f := range r.found {
		if f.NameKnown && f.Parameter == nil {
			r.byName[f.Name] = append(r.byName[f.Name], f)
		}
	}
	for _, b := range r.pending {
		if !r.current(b) {
			continue
		}
		if f := r.target(b); f != nil {
			f.writers = append(f.writers, b)
		}
	}
	for _, f := range r.found {
		r.write(f)
	}
}

// current reports whether a version is the one that readers get. One with
// staging labels of its own that lack AWSCURRENT is not.
func (r *reader) current(b block) bool {
	v, ok := r.argument(b, "version_stages")
	if !ok {
		return true
	}
	v, _ = v.UnmarkDeep()
	if !v.IsWhollyKnown() || !v.CanIterateElements() {
		return true
	}
	for it := v.ElementIterator(); it.Next(); {
		if _, label := it.Element(); label.Type() == cty.String && !label.IsNull() && label.AsString() == "AWSCURRENT" {
			return true
		}
	}
	return false
}

// target finds the secret that a version's secret_id means: by what it refers
// to, by name or by ARN. A secret that is declared nowhere is added.
func (r *reader) target(b block) *found {
	return r.targetOf(b, "secret_id")
}

// awaited finds the secret whose id, ARN or name a value waits for.
func (r *reader) awaited(v cty.Value) *found {
	for _, awaited := range mark.Awaited(v) {
		address, attribute := split(awaited)
		if f := r.byAddress[address]; f != nil && f.Parameter == nil && slices.Contains([]string{"id", "arn", "name"}, attribute) {
			return f
		}
	}
	return nil
}

// targetOf is target of the argument that names the secret.
func (r *reader) targetOf(b block, argument string) *found {
	if expr := b.res.Attrs[argument]; expr != nil {
		// Without evaluating all instances of the secret for each of them.
		if address, _, ok := b.in.Reference(expr, b.rep); ok {
			if f := r.byAddress[address]; f != nil && !f.external && f.Parameter == nil {
				return f
			}
		}
	}
	v, ok := r.argument(b, argument)
	writes := b.res.Type == versionType
	if !ok && !writes {
		return nil
	}
	if !ok {
		r.graph.Report(b.address()+" has no "+argument, b.res.Range)
		return nil
	}
	if f := r.awaited(v); f != nil {
		return f
	}
	text, ok := r.text(v, b.res.Attrs[argument].Range(), argument)
	if !ok || !text.IsKnown() && !writes {
		return nil
	}
	if !text.IsKnown() {
		r.graph.Warn(fmt.Sprintf("%s writes to a secret that is not known yet: it waits for %s",
			b.address(), strings.Join(mark.Awaited(v), ", ")), b.res.Range)
		return nil
	}
	name, place := text.AsString(), r.place(b)
	if arn, ok := parseARN(name); ok {
		name, place = arn.name, place.at(arn)
	}
	for _, f := range r.byName[name] {
		if f.Place.Same(place) {
			return f
		}
	}
	if !writes {
		return nil
	}
	f := &found{at: b.res.Range, external: true, Secret: Secret{
		Address: b.address(), Label: b.res.Name, Name: name, NameKnown: true,
		RecoveryWindowDays: defaultWindow, File: b.res.Range.Filename, Line: b.res.Range.Start.Line,
		Place: place,
	}}
	r.add(f)
	r.byName[name] = append(r.byName[name], f)
	return f
}

// split parts an address into what it is an attribute of, and the attribute.
func split(address string) (of, attribute string) {
	i := strings.LastIndexByte(address, '.')
	if i < 0 {
		return address, ""
	}
	return address[:i], address[i+1:]
}

// valueArguments are the arguments of a version that give the secret a value.
var valueArguments = []string{"secret_string", "secret_string_wo", "secret_binary", "secret_binary_wo"}

// binaryArgument reports whether an argument gives the secret bytes, in base64.
func binaryArgument(name string) bool { return strings.HasPrefix(name, "secret_binary") }

// write fills in what the secret's version says of its value.
func (r *reader) write(f *found) {
	if len(f.writers) == 0 {
		return // a secret without a version has no value, one of unknown instances keeps its status
	}
	if len(f.writers) > 1 {
		r.graph.Warn(fmt.Sprintf("%s has %d versions that would be current; which one is cannot be told", f.Address, len(f.writers)), f.at)
		f.Status = Unknown
		return
	}
	b := f.writers[0]
	f.Version = b.address()
	for _, name := range valueArguments {
		v, ok := r.argument(b, name)
		if !ok {
			continue
		}
		r.value(f, b, name, v)
		switch {
		case binaryArgument(name) && r.shapes:
			f.Shape, f.Encoded = r.encodedShape(f, b, name)
		case !binaryArgument(name) && (r.shapes || f.Status == Unknown):
			f.Shape = r.shape(f, b, name)
		}
		if b.res.Ignores(name) {
			f.Status = Ignored
		}
		return
	}
}

// value fills in the value itself.
func (r *reader) value(f *found, b block, name string, v cty.Value) {
	f.Status, f.Variables, f.Unknown = Unknown, mark.Variables(v), mark.Awaited(v)
	bare, marks := v.Unmark()
	text, ok := r.text(bare, at(b, name), name)
	switch {
	case !ok:
		return
	case !text.IsKnown():
		if len(f.Unknown) == 0 {
			f.Unknown = mark.Awaited(text.WithMarks(marks))
		}
		return
	}
	f.Status, f.Value = Known, secret.New(text.AsString())
	if !binaryArgument(name) {
		return
	}
	data, ok := decoded(text.AsString())
	if !ok {
		r.graph.Report(name+" is not base64", at(b, name))
		f.Status = Unknown
		return
	}
	f.Value, f.Binary = secret.New(data), true
}

// shape tells how a value is put together. Should that not agree with the value
// itself, nothing is told.
func (r *reader) shape(f *found, b block, name string) shape.Shape {
	s := b.in.ArgumentShape(b.res, b.rep, name)
	if text, ok := shape.Text(s); ok != (f.Status == Known) || ok && text != f.Value.Reveal() {
		return nil
	}
	return s
}

// encodedShape is shape of bytes: that of the text they are, or of their base64.
func (r *reader) encodedShape(f *found, b block, name string) (shape.Shape, bool) {
	s, encoded := b.in.EncodedShape(b.res, b.rep, name)
	value := f.Value.Reveal()
	if encoded {
		value = base64.StdEncoding.EncodeToString([]byte(value))
	}
	if text, ok := shape.Text(s); ok != (f.Status == Known) || ok && text != value {
		return nil, encoded
	}
	return s, encoded
}

func at(b block, name string) hcl.Range { return b.res.Attrs[name].Range() }

// release lets go of what was computed, and of which nothing more is asked.
func (r *reader) release() {
	for _, f := range r.found {
		f.written, f.writers = len(f.writers) > 0, nil
	}
	r.graph, r.providers, r.pending, r.attached, r.tasks, r.serviceBlocks = nil, nil, nil, nil, nil, nil
}

// secrets returns the secrets of the tree, sorted by address. A data source is
// one of them only if a version writes to it.
func (r *reader) secrets() []Secret {
	out := make([]Secret, 0, len(r.found))
	for _, f := range r.found {
		if !f.external || f.written {
			out = append(out, f.Secret)
		}
	}
	slices.SortFunc(out, func(a, b Secret) int { return cmp.Compare(a.Address, b.Address) })
	return out
}
