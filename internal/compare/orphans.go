package compare

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"hci/internal/terraform"
	"hci/sync"
	"hci/sync/awssm"
)

// orphanList is what was found in the project's scope but is declared nowhere.
type orphanList struct {
	held  []sync.Held
	notes []string
	err   error
}

// orphans looks for secrets of this environment that nothing declares, neither
// here nor for another environment.
func (s Session) orphans(ctx context.Context, store *awssm.Store, d *Desired) orphanList {
	scope := NewScope(d.Evaluated.Secrets)
	byName := map[string]sync.Listed{}
	for _, f := range scope.Filters() {
		list, err := store.List(ctx, f)
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
	if len(byName) == 0 {
		return orphanList{}
	}
	return s.unclaimed(ctx, store, d, byName)
}

// unclaimed leaves out of the list what another environment declares, and
// reads the rest.
func (s Session) unclaimed(ctx context.Context, store *awssm.Store, d *Desired, byName map[string]sync.Listed) orphanList {
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
		maps.DeleteFunc(byName, func(name string, _ sync.Listed) bool { return theirs.MayDeclare(name) })
	}
	names := make([]string, 0, len(byName))
	for name := range byName {
		names = append(names, name)
	}
	held, err := store.Read(ctx, names)
	return orphanList{held: held, err: err}
}
