package compare

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"hci/internal/project"
	"hci/internal/terraform"
	"hci/sync"
	"hci/tfvars"
	"hci/tfvars/module"
	"hci/tfvars/module/shape"
)

// Pulled is what becomes of one secret whose value in the store differs from
// what the secrets file and the Terraform code make.
type Pulled struct {
	Name      string
	Sources   []string         // variables, or parts of them, that change
	Obstacles []shape.Obstacle // what can't be brought into the file
	place     string
	changes   []shape.Assignment
}

// Puller brings values from a store into a secrets file.
type Puller struct {
	Project   *project.Project
	Env       project.Environment
	Module    *module.Module
	Evaluated *module.Evaluated // with shapes
	Secrets   *tfvars.File
	Environ   []string
}

// Pull finds the content of the secrets file for which the Terraform code makes
// the values that the store holds, for the secrets of a plan that select takes.
// It changes nothing; the new content is returned with what it does about each
// secret, in the plan's order.
//
// A secret is brought in whole or not at all: with an obstacle in one part of it,
// none of its variables change. And a change is taken only if evaluating the
// Terraform code with it proves it right: every secret whose value it changes
// then is what the store holds, as text or as JSON. So no change makes a value
// that neither side ever had.
func (pl *Puller) Pull(p sync.Plan, selects func(sync.Change) bool) (*tfvars.File, []Pulled, error) {
	secrets := map[string]module.Secret{}
	for _, s := range pl.Evaluated.Secrets {
		secrets[s.Address] = s
	}
	var all []Pulled
	for _, c := range p.Changes {
		if selects(c) && pl.pullable(c) {
			all = append(all, pl.invert(c, secrets[c.Want.Address]))
		}
	}
	whole(all)
	refuseContradictions(all)
	for {
		whole(all)
		next, fits, err := pl.apply(all)
		if err != nil {
			return nil, nil, err
		}
		if !fits {
			continue
		}
		dropped, err := pl.verify(next, p, all)
		if err != nil {
			return nil, nil, err
		}
		if !dropped {
			return next, all, nil
		}
	}
}

// whole takes the secrets out that can't be brought in throughout.
func whole(all []Pulled) {
	for i := range all {
		if len(all[i].Obstacles) > 0 {
			all[i].Sources, all[i].changes = nil, nil
		}
	}
}

// pullable reports whether a change is one that the file could be brought in
// line with.
func (pl *Puller) pullable(c sync.Change) bool {
	if !c.Held.HasValue || c.SameJSON {
		return false
	}
	switch c.Kind {
	case sync.Differs, sync.PartDiffers:
		return true
	case sync.ValueUnknown, sync.Agrees: // of a variable that has no value yet
		return slices.ContainsFunc(c.Want.Unknown, func(address string) bool { return !module.Later(address) })
	}
	return false
}

func (pl *Puller) invert(c sync.Change, s module.Secret) Pulled {
	out := Pulled{Name: c.Name, place: c.Place}
	text := c.Held.Value.Reveal()
	problem := ""
	switch {
	case c.Want.Status == sync.Known && c.OtherKind():
		problem = fmt.Sprintf("holds %s, and the Terraform code makes %s", c.Held.Content().Kind(), c.Want.Content().Kind())
	case s.Shape == nil, c.Held.Binary && !s.Binary:
		problem = "is made in a way that can't be turned round"
	case s.Binary && s.Encoded:
		text = base64.StdEncoding.EncodeToString([]byte(text))
	case s.Binary && !utf8.ValidString(text):
		problem = "holds bytes that are no text, and the Terraform code encodes a text"
	}
	if problem != "" {
		out.Obstacles = []shape.Obstacle{{Problem: problem}}
		return out
	}
	changes, obstacles := shape.Invert(s.Shape, text)
	out.Obstacles = obstacles
	for _, ch := range changes {
		if now, ok := pl.current(ch.Source); ok && sameText(now, ch.Value) {
			ch.Value = now // it stays; kept to find contradictions
			out.changes = append(out.changes, ch)
			continue
		}
		if origin := pl.elsewhere(ch.Source.Variable); origin != "" {
			out.Obstacles = append(out.Obstacles, shape.Obstacle{Problem: fmt.Sprintf("needs another var.%s, which %s sets", ch.Source, origin)})
			continue
		}
		out.changes = append(out.changes, ch)
		out.Sources = append(out.Sources, ch.Source.String())
	}
	return out
}

// current is what a source has now.
func (pl *Puller) current(src shape.Source) (cty.Value, bool) {
	v, ok := pl.Evaluated.Variables[src.Variable]
	if !ok {
		return cty.NilVal, false
	}
	v, err := src.Path.Apply(v)
	return v, err == nil && v.IsWhollyKnown()
}

func sameText(a, b cty.Value) bool {
	ta, errA := tfvars.Text(a)
	tb, errB := tfvars.Text(b)
	if errA != nil || errB != nil {
		return a.RawEquals(b)
	}
	return ta.Equal(tb)
}

// elsewhere says what else than the secrets file sets a variable, or "".
func (pl *Puller) elsewhere(name string) string {
	if pl.Secrets.Has(name) {
		return ""
	}
	return terraform.SetElsewhere(pl.Env, pl.Environ, name)
}

// refuseContradictions takes out assignments that give one variable two values.
func refuseContradictions(all []Pulled) {
	values := map[string]cty.Value{}
	bad := map[string]bool{}
	for _, p := range all {
		for _, ch := range p.changes {
			key := ch.Source.String()
			if old, ok := values[key]; ok && !sameText(old, ch.Value) {
				bad[key] = true
			}
			values[key] = ch.Value
		}
	}
	for i := range all {
		for key := range bad {
			all[i].drop(key, "would give var."+key+" another value than another secret does")
		}
	}
}

// drop takes a source's assignment out, and says why.
func (p *Pulled) drop(source, why string) {
	before := len(p.Sources)
	p.changes = slices.DeleteFunc(p.changes, func(ch shape.Assignment) bool { return ch.Source.String() == source })
	p.Sources = slices.DeleteFunc(p.Sources, func(s string) bool { return s == source })
	if len(p.Sources) < before {
		p.Obstacles = append(p.Obstacles, shape.Obstacle{Problem: why})
	}
}

// apply makes the changes in a copy of the file.
func (pl *Puller) apply(all []Pulled) (next *tfvars.File, fits bool, err error) {
	next, err = tfvars.Parse(pl.Secrets.Bytes(), pl.Env.Plain)
	if err != nil {
		return nil, false, err
	}
	fits = true
	for i := range all {
		p := &all[i]
		for _, source := range slices.Clone(p.Sources) {
			at := slices.IndexFunc(p.changes, func(ch shape.Assignment) bool { return ch.Source.String() == source })
			v, err := pl.assigned(next, p.changes[at])
			if err == nil {
				err = next.SetAt(p.changes[at].Source.Variable, p.changes[at].Source.Path, v)
			}
			if err != nil {
				p.drop(source, fmt.Sprintf("does not fit var.%s: %v", source, err))
				fits = false
			}
		}
	}
	return next, fits, nil
}

// assigned is the whole new value of an assignment's variable.
func (pl *Puller) assigned(f *tfvars.File, ch shape.Assignment) (cty.Value, error) {
	old, ok := f.Value(ch.Source.Variable)
	if !ok {
		old = pl.Evaluated.Variables[ch.Source.Variable]
	}
	v, err := shape.Put(old, ch.Source.Path, ch.Value)
	if err != nil {
		return v, err
	}
	declared, ok := pl.Module.Variable(ch.Source.Variable)
	if !ok || declared.Type == cty.DynamicPseudoType {
		return v, nil
	}
	if ok && len(ch.Source.Path) == 0 && v.Type() == cty.String && v.IsKnown() && !v.IsNull() {
		return tfvars.FromText(v.AsString(), declared.Type)
	}
	if _, err := convert.Convert(v, declared.Type); err != nil {
		return v, fmt.Errorf("it is not of the declared type")
	}
	return v, nil
}

// verify evaluates the Terraform code with the new content and drops what is
// not proved right.
func (pl *Puller) verify(next *tfvars.File, was sync.Plan, all []Pulled) (dropped bool, err error) {
	ev, err := terraform.EvaluateModule(pl.Module, pl.Env, next, pl.Environ, terraform.Options{})
	if err != nil {
		return false, err
	}
	wants, _, err := Wants(ev)
	if err != nil {
		return false, err
	}
	held := make([]sync.Held, 0, len(was.Changes))
	type id struct{ place, name string }
	before := map[id]sync.Want{}
	for _, c := range was.Changes {
		before[id{c.Place, c.Name}] = c.Want
		if c.Kind != sync.Missing {
			held = append(held, c.Held)
		}
	}
	for _, c := range sync.Diff(held, wants).Changes {
		if c.Kind == sync.InSync || c.Kind == sync.Agrees || c.Kind == sync.Missing || c.SameJSON {
			continue
		}
		i := slices.IndexFunc(all, func(p Pulled) bool { return p.Name == c.Name && p.place == c.Place })
		switch {
		case i >= 0 && len(all[i].Sources) > 0:
			dropped = all[i].dropAll("would not be what Secrets Manager holds") || dropped
		case !sameWant(before[id{c.Place, c.Name}], c.Want):
			dropped = dropFlowing(all, c) || dropped
		}
	}
	return dropped, nil
}

// sameWant reports whether the code still makes the same of a secret, as far as
// that is known.
func sameWant(a, b sync.Want) bool {
	return a.Status == b.Status && a.Content().Equal(b.Content()) && (a.Status == sync.Known || slices.Equal(a.Unknown, b.Unknown))
}

// dropFlowing takes the sources out that change what the code makes of a secret
// into something that the store does not hold.
func dropFlowing(all []Pulled, c sync.Change) (dropped bool) {
	for j := range all {
		for _, source := range slices.Clone(all[j].Sources) {
			if slices.Contains(c.Want.Variables, variableOf(source)) {
				all[j].drop(source, fmt.Sprintf("would change var.%s, and so %s, which would then not be what Secrets Manager holds", source, c.Name))
				dropped = true
			}
		}
	}
	return dropped
}

// variableOf is the variable that a source is a part of.
func variableOf(source string) string {
	if i := strings.IndexAny(source, ".["); i >= 0 {
		return source[:i]
	}
	return source
}

func (p *Pulled) dropAll(why string) bool {
	n := len(p.Sources)
	for _, source := range slices.Clone(p.Sources) {
		p.drop(source, why)
	}
	return n > 0
}
