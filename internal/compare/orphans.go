package compare

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	stdsync "sync"

	"hci/sync"
	"hci/tfvars/module"
)

// orphanList is what was found in the project's scope but is provably declared
// nowhere: not here, in no other environment and by no other Terraform root of
// the repository, and named by no code.
type orphanList struct {
	held    []sync.Held
	unknown string // why it can't be told; then nothing is held
	notes   []string
	err     error
}

// candidates are names by the targets that they are in.
type candidates map[*Target][]string

func (c candidates) names() []string {
	all := map[string]bool{}
	for _, names := range c {
		for _, name := range names {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// drop leaves out the names for which drop holds.
func (c candidates) drop(drop func(name string) bool) {
	for t, names := range c {
		c[t] = slices.DeleteFunc(names, drop)
	}
}

// orphans looks for secrets of this environment that nothing declares.
func (s Session) orphans(ctx context.Context, d *Desired, lists scopeLists) orphanList {
	found, list := s.candidates(d, lists)
	if list != nil {
		return *list
	}
	own, err := newClaims("", d.Evaluated)
	if err != nil {
		return orphanList{err: err}
	}
	own.Desired = d
	found.drop(own.declares)
	if len(found.names()) == 0 {
		return orphanList{}
	}
	if unknown := own.unknown(); unknown != "" {
		return notKnown(found, unknown)
	}
	others, unknown := s.others(ctx, d)
	if unknown != "" {
		return notKnown(found, unknown)
	}
	if any, err := s.anyWorkspace(d); err == nil {
		found.drop(any.MayDeclare)
	}
	for _, other := range others {
		found.drop(other.declares)
	}
	return s.unmentioned(ctx, d, found, append(others, own))
}

// scopeList is a place's scope and what is in it, which is listed once for all
// who ask.
type scopeList struct {
	Scope
	list func() ([]sync.Listed, error)
}

type scopeLists map[*Target]scopeList

// scopeLists are the lists of all places whose scope is not empty.
func (d *Desired) scopeLists(ctx context.Context) scopeLists {
	keys := placeKeys{of: d.Evaluated.Provider}
	in := map[*Target][]module.Secret{}
	for _, secret := range d.Evaluated.Secrets {
		if t := d.targets[keys.keyOf(secret)]; t != nil {
			in[t] = append(in[t], secret)
		}
	}
	all := scopeLists{}
	for _, t := range d.Targets() {
		if t.Parameters {
			continue // a deletion there can't be taken back, so hci makes none
		}
		scope := NewScope(in[t])
		if f, ok := scope.Filter(); ok {
			all[t] = scopeList{scope, stdsync.OnceValues(func() ([]sync.Listed, error) { return t.Store.List(ctx, f) })}
		}
	}
	return all
}

// candidates lists the secrets in the project's scope, in each place; a list is
// returned where that ends the search.
func (s Session) candidates(d *Desired, lists scopeLists) (candidates, *orphanList) {
	found := candidates{}
	for _, t := range d.Targets() {
		scope, ok := lists[t]
		if !ok {
			continue
		}
		list, err := scope.list()
		var denied *sync.AccessError
		if errors.As(err, &denied) {
			return nil, &orphanList{unknown: err.Error(), notes: []string{fmt.Sprintf("secrets that are declared nowhere were not looked for: %v", err)}}
		}
		if err != nil {
			return nil, &orphanList{err: err}
		}
		for _, l := range list {
			if l.Deleted.IsZero() && scope.Holds(l) && !d.MayDeclare(l.Name) {
				found[t] = append(found[t], l.Name)
			}
		}
		if scope.TagsUnknown && len(found[t]) > 0 {
			list := notKnown(found, "the tags of the declared secrets are known after apply")
			return nil, &list
		}
	}
	return found, nil
}

// shownNames is how many names one note lists.
const shownNames = 5

// notKnown is the answer where it can't be told whether the candidates are
// declared. They are kept.
func notKnown(found candidates, why string) orphanList {
	names := found.names()
	shown := strings.Join(names[:min(len(names), shownNames)], ", ")
	if n := len(names) - shownNames; n > 0 {
		shown += fmt.Sprintf(" and %d more", n)
	}
	return orphanList{unknown: why, notes: []string{
		fmt.Sprintf("whether anything declares %s is not known: %s", shown, why),
	}}
}

// unmentioned leaves out what the code or any other file of the repository
// names, and reads the rest.
func (s Session) unmentioned(ctx context.Context, d *Desired, found candidates, all []claims) orphanList {
	var out orphanList
	kept := func(name, where string) {
		out.notes = append(out.notes, fmt.Sprintf("%s is declared nowhere, but named in %s, so it is kept", name, where))
	}
	for _, c := range all {
		mentioned := c.mentioned(found.names())
		where := "the Terraform code"
		if c.of != "" {
			where += " of " + c.of
		}
		for _, name := range slices.Sorted(maps.Keys(mentioned)) {
			kept(name, where)
		}
		found.drop(func(name string) bool { return mentioned[name] })
	}
	files, unknown := s.search(found.names())
	if unknown != "" {
		return notKnown(found, unknown)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		kept(name, files[name])
	}
	found.drop(func(name string) bool { return files[name] != "" })
	for _, key := range slices.Sorted(maps.Keys(d.targets)) {
		t := d.targets[key]
		names := found[t]
		delete(found, t)
		if len(names) == 0 {
			continue
		}
		held, err := t.Store.Read(ctx, names)
		if err != nil {
			return orphanList{err: err}
		}
		for _, h := range held {
			h.Place = key
			out.held = append(out.held, h)
		}
	}
	return out
}

// OrphansUnknownError says that nothing was pruned, since it can't be told what
// is declared nowhere.
type OrphansUnknownError struct{ Why string }

func (e *OrphansUnknownError) Error() string {
	return fmt.Sprintf("nothing was pruned: which secrets are declared nowhere is not known: %s", e.Why)
}
