package compare

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"hci/internal/terraform"
	"hci/sync"
)

// orphanList is what was found in the project's scope but is declared nowhere.
type orphanList struct {
	held  []sync.Held
	notes []string
	err   error
}

// orphans looks for secrets of this environment that nothing declares, neither
// here nor for another environment.
func (s Session) orphans(ctx context.Context, d *Desired) orphanList {
	scope := NewScope(d.Evaluated.Secrets)
	found := map[*Target]map[string]sync.Listed{}
	for _, t := range d.Targets() {
		byName := map[string]sync.Listed{}
		for _, f := range scope.Filters() {
			list, err := t.Store.List(ctx, f)
			var denied *sync.AccessError
			if errors.As(err, &denied) {
				return orphanList{notes: []string{fmt.Sprintf("secrets that are declared nowhere were not looked for: %v", err)}}
			}
			if err != nil {
				return orphanList{err: err}
			}
			for _, l := range list {
				if l.Deleted.IsZero() && scope.Holds(l) && !d.MayDeclare(l.Name) {
					byName[l.Name] = l
				}
			}
		}
		if len(byName) > 0 {
			found[t] = byName
		}
	}
	if len(found) == 0 {
		return orphanList{}
	}
	return s.unclaimed(ctx, d, found)
}

// unclaimed leaves out of the lists what another environment declares, and
// reads the rest.
func (s Session) unclaimed(ctx context.Context, d *Desired, found map[*Target]map[string]sync.Listed) orphanList {
	for _, other := range s.Project.Environments {
		if other.Name == d.Env.Name {
			continue
		}
		_, ev, err := terraform.Evaluate(s.Project, other, nil, s.Environ, terraform.Options{}) // other code can be another's
		if err != nil {
			return orphanList{notes: []string{fmt.Sprintf("secrets that are declared nowhere were not looked for: what %s declares is not known: %v", other.Name, err)}}
		}
		theirs := &Desired{Env: other, Evaluated: ev}
		if err := theirs.Want(); err != nil {
			return orphanList{err: err}
		}
		for _, byName := range found {
			maps.DeleteFunc(byName, func(name string, _ sync.Listed) bool { return theirs.MayDeclare(name) })
		}
	}
	var out orphanList
	for key, t := range d.targets {
		byName := found[t]
		delete(found, t)
		if len(byName) == 0 {
			continue
		}
		held, err := t.Store.Read(ctx, slices.Sorted(maps.Keys(byName)))
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
