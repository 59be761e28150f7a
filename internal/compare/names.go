package compare

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"hci/sync"
	"hci/tfvars/module"
)

// findNames looks up the names that the Terraform code doesn't tell, by what is
// known of them. What isn't found is nameless, and noted.
func (s Session) findNames(ctx context.Context, d *Desired) error {
	for _, u := range d.Unnamed {
		t := d.targets[u.Want.Place]
		if t == nil {
			d.Nameless = append(d.Nameless, u.Want.Address)
			s.Note(fmt.Sprintf("%s: %v", u.Want.Address, d.refused[u.Want.Place]))
			continue
		}
		if err := s.findName(ctx, d, u, t.Store); err != nil {
			return err
		}
	}
	return nil
}

func (s Session) findName(ctx context.Context, d *Desired, u Unnamed, store sync.Lister) error {
	nameless := func(format string, args ...any) error {
		d.Nameless = append(d.Nameless, u.Want.Address)
		s.Note(u.Want.Address + ": " + fmt.Sprintf(format, args...))
		return nil
	}
	if !u.Searchable() {
		return nameless("its name %s, so it is skipped", awaits(u.Awaits))
	}
	list, err := store.List(ctx, sync.Filter{Prefix: u.Prefix})
	if err != nil {
		return err
	}
	w, err := u.Find(list, d.Declares)
	var ambiguous *AmbiguousNameError
	switch {
	case errors.As(err, &ambiguous):
		return nameless("its name is not known, and %s could all be it; it is skipped; --state asks terraform", strings.Join(ambiguous.Names, ", "))
	case w == nil && len(u.Awaits) == 0:
		return nameless("no secret is there whose name begins with %q", u.Prefix)
	case w == nil:
		return nameless("no secret is there whose name begins with %q; the name %s", u.Prefix, awaits(u.Awaits))
	}
	d.Wants, d.declared[w.Name] = append(d.Wants, *w), true
	return nil
}

// awaits says what a name waits for.
func awaits(addresses []string) string {
	var unset, later []string
	for _, address := range addresses {
		if !module.Later(address) {
			unset = append(unset, address)
		} else {
			later = append(later, address)
		}
	}
	var parts []string
	if len(unset) > 0 {
		parts = append(parts, "needs "+strings.Join(unset, ", ")+", which is not set")
	}
	if len(later) > 0 {
		parts = append(parts, "is known after apply: "+strings.Join(later, ", "))
	}
	if len(parts) == 0 {
		return "is not known"
	}
	return strings.Join(parts, " and ")
}
