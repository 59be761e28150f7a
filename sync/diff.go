package sync

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Kind says how a secret in the store relates to what is declared.
type Kind int

const (
	InSync          Kind = iota
	Add                  // exists without a value
	Missing              // the store has no such secret
	Differs              // another value than declared
	PendingDeletion      // scheduled for deletion
	Orphan               // held, but declared nowhere
	ValueUnknown         // exists; what its value should be is not known
	ValueIgnored         // exists; its value is to be left alone
	ValueUndeclared      // exists; nothing says what its value should be
	Unreadable           // see Held.Err
	Agrees               // as far as the declared value is known
	PartDiffers          // in what is known of the declared value
	Revert               // there is a value before the current one; see [Rollback]
	NoPrevious           // there is none
	Owned                // differs, or may; but the value is somebody else's, see [Change.Owner]
)

// String returns the kind as it stands in JSON output.
func (k Kind) String() string {
	switch k {
	case InSync:
		return "in_sync"
	case Add:
		return "add"
	case Missing:
		return "missing"
	case Differs:
		return "change"
	case PendingDeletion:
		return "pending_deletion"
	case Orphan:
		return "orphan"
	case ValueUnknown:
		return "unknown"
	case ValueIgnored:
		return "ignored"
	case ValueUndeclared:
		return "no_value"
	case Agrees:
		return "agrees"
	case PartDiffers:
		return "part_differs"
	case Revert:
		return "revert"
	case NoPrevious:
		return "no_previous"
	case Owned:
		return "owned"
	default:
		return "unreadable"
	}
}

// Change is what [Diff] found about one secret.
type Change struct {
	Name  string
	Place string // as in [Want]
	Kind  Kind
	Want  Want // zero for an Orphan
	Held  Held // zero if Missing

	To string // the version to return to, of a Revert

	Keys     []KeyChange // of two JSON objects that differ, sorted by key
	SameJSON bool        // the texts differ, but not what they say as JSON
}

// Plan is the changes of a set of secrets, sorted by name and place.
type Plan struct{ Changes []Change }

// At returns the part of a plan that is about one place.
func (p Plan) At(place string) Plan {
	return Plan{Changes: slices.DeleteFunc(slices.Clone(p.Changes), func(c Change) bool { return c.Place != place })}
}

func (p Plan) sort() {
	slices.SortStableFunc(p.Changes, func(a, b Change) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Place, b.Place))
	})
}

// id is what tells one secret from all others.
type id struct{ place, name string }

// InSync reports whether the store holds all that is declared, as far as
// something is. What can't be compared (unknown, unreadable), or only in part,
// isn't in sync.
func (p Plan) InSync() bool {
	return !slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Kind == Agrees || differing(c.Kind) })
}

// Differs reports whether something differs or can't be compared. What agrees
// as far as it is known is neither in sync nor different.
func (p Plan) Differs() bool {
	return slices.ContainsFunc(p.Changes, func(c Change) bool { return differing(c.Kind) })
}

func differing(k Kind) bool {
	switch k {
	case InSync, ValueIgnored, ValueUndeclared, Agrees, NoPrevious, Owned:
		return false
	}
	return true
}

// Count returns how many changes are of a kind.
func (p Plan) Count(k Kind) int {
	n := 0
	for _, c := range p.Changes {
		if c.Kind == k {
			n++
		}
	}
	return n
}

// Diff compares what stores hold with what is declared. A name is expected to be
// declared once in a place; one that isn't has several changes, which
// [Plan.Check] refuses.
func Diff(have []Held, want []Want) Plan {
	held := make(map[id]Held, len(have))
	for _, h := range have {
		held[id{h.Place, h.Name}] = h
	}
	declared := make(map[id]bool, len(want))
	p := Plan{Changes: make([]Change, 0, len(want))}
	for _, w := range want {
		key := id{w.Place, w.Name}
		declared[key] = true
		h, ok := held[key]
		p.Changes = append(p.Changes, compare(w, h, ok))
	}
	for key, h := range held {
		if !declared[key] && h.Deleted.IsZero() { // a list may lag behind a deletion
			p.Changes = append(p.Changes, orphan(h))
		}
	}
	p.sort()
	return p
}

func orphan(h Held) Change {
	c := Change{Name: h.Name, Place: h.Place, Kind: Orphan, Held: h}
	if h.Err != nil {
		c.Kind = Unreadable
	}
	return c
}

// compare finds how one declared secret relates to what the store has.
func compare(w Want, h Held, exists bool) Change {
	c := compareValue(w, h, exists)
	switch c.Owner().Kind {
	case OwnerRotation, OwnerService, OwnerPrimary:
		if c.Kind == Differs || c.Kind == PartDiffers {
			c.Kind = Owned
		}
	}
	return c
}

func compareValue(w Want, h Held, exists bool) Change {
	c := Change{Name: w.Name, Place: w.Place, Want: w, Held: h}
	switch {
	case !exists:
		c.Kind = Missing
	case h.Err != nil:
		c.Kind = Unreadable
	case !h.Deleted.IsZero():
		c.Kind = PendingDeletion
	case w.Status == Unknown && w.Pattern.Says() && h.HasValue && !h.Binary:
		c.Kind = Agrees
		var agrees bool
		if agrees, c.Keys = w.Pattern.Agrees(h.Value.Reveal()); !agrees {
			c.Kind = PartDiffers
		}
	case w.Status == Unknown:
		c.Kind = ValueUnknown
	case w.Status == Ignored:
		c.Kind = ValueIgnored
	case w.Status == NoValue:
		c.Kind = ValueUndeclared
	case !h.HasValue:
		c.Kind = Add
	case holds(h, w):
		c.Kind = InSync
	default:
		c.Kind = Differs
		if !h.Binary && !w.Binary {
			c.Keys, c.SameJSON = compareJSON(h.Value.Reveal(), w.Value.Reveal())
		}
	}
	return c
}

// holds reports whether the store has the declared value.
func holds(h Held, w Want) bool { return h.HasValue && h.Content().Equal(w.Content()) }

// OtherKind reports whether carrying out the change would put a text in the
// place of bytes, or bytes in the place of a text.
func (c Change) OtherKind() bool {
	known := c.Want.Status == Known || c.Want.Status == Ignored && c.Want.Value.Len() > 0
	return known && c.Held.HasValue && c.Held.Binary != c.Want.Binary
}

// Rollback plans to return to the values before the current ones, of which
// previous tells (see [History]).
func Rollback(current, previous []Held) Plan {
	before := make(map[id]Held, len(previous))
	for _, h := range previous {
		before[id{h.Place, h.Name}] = h
	}
	var p Plan
	for _, h := range current {
		b := before[id{h.Place, h.Name}]
		c := Change{Name: h.Name, Place: h.Place, Held: h, Want: Want{Name: h.Name, Place: h.Place, Status: Known, Value: b.Value, Binary: b.Binary}}
		switch {
		case h.Err != nil:
			c.Kind = Unreadable
		case b.Err != nil:
			c.Kind, c.Held = Unreadable, b
		case !h.Deleted.IsZero():
			c.Kind = PendingDeletion
		case b.Version != h.Version: // written between the two readings
			c.Kind, c.Held.Err = Unreadable, fmt.Errorf("secret %q: %w", h.Name, ErrConflict)
		case b.Previous == "":
			c.Kind, c.Want = NoPrevious, Want{Name: h.Name, Place: h.Place, Status: NoValue}
		default:
			c.Kind, c.To = Revert, b.Previous
			if h.HasValue && b.HasValue && !h.Binary && !b.Binary {
				c.Keys, c.SameJSON = compareJSON(h.Value.Reveal(), b.Value.Reveal())
			}
		}
		p.Changes = append(p.Changes, c)
	}
	p.sort()
	return p
}
