package sync

import (
	"cmp"
	"slices"
)

// Kind is how a secret that is compares with the one that should be.
type Kind int

const (
	InSync          Kind = iota
	Add                  // it exists without a value: the first one is to be written
	Differs              // its value differs
	Missing              // it does not exist
	PendingDeletion      // it is scheduled for deletion
	Undeclared           // it has a value, or none, and none is declared
	NotKnown             // what its value should be is not known
	NotOurs              // its value is declared as not Terraform's to decide
	Unreadable           // it could not be read
	Orphan               // it exists and is declared nowhere
)

// String returns the kind's name in reports: "in-sync", "add", …
func (k Kind) String() string {
	names := [...]string{
		InSync: "in-sync", Add: "add", Differs: "differs", Missing: "missing",
		PendingDeletion: "pending-deletion", Undeclared: "no-value-declared",
		NotKnown: "unknown", NotOurs: "ignored", Unreadable: "unreadable", Orphan: "orphan",
	}
	if k < 0 || int(k) >= len(names) {
		return "unknown kind"
	}
	return names[k]
}

// Change is one secret of a plan.
type Change struct {
	Name string
	Kind Kind
	Want Want
	Held Held        // as it was seen: Write goes over this version only
	Keys []KeyChange // of two JSON objects that differ: which keys do
	// SameJSON says that the two are the same JSON, written differently.
	SameJSON bool
}

// Plan is what it takes to bring a store in line, sorted by name.
type Plan struct{ Changes []Change }

// InSync reports whether nothing differs. A secret that is not Terraform's to
// decide does not count, one whose value is unknown does.
func (p Plan) InSync() bool {
	return !slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Kind.differs() })
}

// differs reports whether diff's exit code should say so.
func (k Kind) differs() bool {
	return k != InSync && k != NotOurs && k != Undeclared
}

// Count returns how many secrets are of a kind.
func (p Plan) Count(k Kind) int {
	n := 0
	for _, c := range p.Changes {
		if c.Kind == k {
			n++
		}
	}
	return n
}

// Diff compares what is with what should be.
func Diff(have []Held, want []Want) Plan {
	held := make(map[string]Held, len(have))
	for _, h := range have {
		held[h.Name] = h
	}
	var p Plan
	for _, w := range want {
		h, exists := held[w.Name]
		delete(held, w.Name)
		p.Changes = append(p.Changes, compare(h, exists, w))
	}
	for _, h := range held {
		p.Changes = append(p.Changes, Change{Name: h.Name, Kind: Orphan, Held: h})
	}
	slices.SortFunc(p.Changes, func(a, b Change) int { return cmp.Compare(a.Name, b.Name) })
	return p
}

func compare(h Held, exists bool, w Want) Change {
	c := Change{Name: w.Name, Want: w, Held: h}
	switch {
	case !exists:
		c.Kind = Missing
	case h.Err != nil:
		c.Kind = Unreadable
	case !h.Deleted.IsZero():
		c.Kind = PendingDeletion
	case w.Status == NoValue:
		c.Kind = Undeclared
	case w.Status == Ignored:
		c.Kind = NotOurs
	case w.Status == Unknown:
		c.Kind = NotKnown
	case !h.HasValue && !h.Binary:
		c.Kind = Add
	case h.HasValue && h.Value.Equal(w.Value):
		c.Kind = InSync
	default:
		c.Kind = Differs
		if h.HasValue {
			c.Keys, c.SameJSON = compareJSON(h.Value, w.Value)
		}
	}
	return c
}
