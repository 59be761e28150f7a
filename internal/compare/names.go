package compare

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"hci/sync"
)

// FindNames looks up the names that the Terraform code doesn't tell, by what
// is known of them. What isn't found is nameless, and noted.
func (s Session) FindNames(ctx context.Context, store sync.Lister, d *Desired) error {
	for _, u := range d.Unnamed {
		if !u.Searchable() {
			d.Nameless = append(d.Nameless, u.Want.Address)
			s.Note(fmt.Sprintf("%s: its name is known after apply only, so it is left out%s", u.Want.Address, awaits(u.Awaits)))
			continue
		}
		list, err := store.List(ctx, sync.Filter{Prefix: u.Prefix})
		if err != nil {
			return err
		}
		w, err := u.Find(list, d.Declares)
		var ambiguous *AmbiguousNameError
		switch {
		case errors.As(err, &ambiguous):
			d.Nameless = append(d.Nameless, u.Want.Address)
			s.Note(fmt.Sprintf("%v; it is left out; --state asks terraform", err))
		case w == nil:
			d.Nameless = append(d.Nameless, u.Want.Address)
			s.Note(fmt.Sprintf("%s: no secret is there whose name begins with %q%s", u.Want.Address, u.Prefix, awaits(u.Awaits)))
		default:
			d.Wants, d.declared[w.Name] = append(d.Wants, *w), true
		}
	}
	return nil
}

// awaits says what a name waits for.
func awaits(addresses []string) string {
	if len(addresses) == 0 {
		return ""
	}
	return " (it awaits " + strings.Join(addresses, ", ") + ")"
}
