package history

import (
	"maps"
	"slices"
	"strings"
)

// Version is what a version of a sealed file says of its names: a fingerprint
// of each value. It holds no value.
type Version struct {
	Prints        map[string]string `json:"prints"`
	Authenticated bool              `json:"authenticated"`
}

// Change is what happened to a name in a commit.
type Change struct {
	Name string `json:"name"`
	Kind string `json:"change"`         // added, changed, removed, renamed
	From string `json:"from,omitempty"` // of a rename, the name before
}

// Entry is a commit, and what it did to the names.
type Entry struct {
	Commit
	Version *Version // nil: it did not open, or the commit removed the file
	Err     error    // why it did not open
	Changes []Change
	// Unsure: the version before did not open, so that what changed is not
	// known. Changes is empty then.
	Unsure bool
}

// Names puts a log and its versions together. open returns what a blob holds.
func Names(log []Commit, open func(blob string) (*Version, error)) []Entry {
	entries := make([]Entry, len(log))
	for i, c := range log {
		e := &entries[i]
		e.Commit = c
		if c.Blob != "" {
			e.Version, e.Err = open(c.Blob)
		}
		e.Changes, e.Unsure = changes(c, open)
	}
	return entries
}

// changes is what a commit did to the names: of a merge, what differs from
// each of its parents.
func changes(c Commit, open func(blob string) (*Version, error)) (all []Change, unsure bool) {
	after, err := prints(c.Blob, open)
	if err != nil {
		return nil, true
	}
	for i, parent := range c.Parents {
		before, err := prints(parent, open)
		if err != nil {
			return nil, true
		}
		here := compare(before, after)
		if i == 0 {
			all = here
			continue
		}
		all = slices.DeleteFunc(all, func(a Change) bool {
			return !slices.ContainsFunc(here, func(b Change) bool { return a.Name == b.Name })
		})
	}
	return all, false
}

func prints(blob string, open func(blob string) (*Version, error)) (map[string]string, error) {
	if blob == "" {
		return nil, nil
	}
	v, err := open(blob)
	if err != nil {
		return nil, err
	}
	return v.Prints, nil
}

// compare lists what differs, sorted by name. A name that is gone while another
// one came with its value was renamed, if there is one such pair only.
func compare(before, after map[string]string) []Change {
	var changes []Change
	gone, came := map[string][]string{}, map[string][]string{} // by fingerprint
	for name, print := range after {
		switch old, there := before[name]; {
		case !there:
			came[print] = append(came[print], name)
		case old != print:
			changes = append(changes, Change{Name: name, Kind: "changed"})
		}
	}
	for name, print := range before {
		if _, there := after[name]; !there {
			gone[print] = append(gone[print], name)
		}
	}
	for print := range maps.Keys(gone) {
		if len(gone[print]) == 1 && len(came[print]) == 1 {
			changes = append(changes, Change{Name: came[print][0], Kind: "renamed", From: gone[print][0]})
			delete(gone, print)
			delete(came, print)
		}
	}
	for _, names := range came {
		for _, name := range names {
			changes = append(changes, Change{Name: name, Kind: "added"})
		}
	}
	for _, names := range gone {
		for _, name := range names {
			changes = append(changes, Change{Name: name, Kind: "removed"})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return strings.Compare(a.Name, b.Name) })
	return changes
}

// Of keeps the entries that are about one name, which is followed through
// renames, and those that could be, because what they changed is not known.
func Of(entries []Entry, name string) []Entry {
	var kept []Entry
	for _, e := range entries {
		i := slices.IndexFunc(e.Changes, func(c Change) bool { return c.Name == name })
		switch {
		case e.Unsure:
			kept = append(kept, e)
		case i >= 0:
			e.Changes = e.Changes[i : i+1]
			kept = append(kept, e)
			if e.Changes[0].Kind == "renamed" {
				name = e.Changes[0].From
			}
		}
	}
	return kept
}

// Since is the commit that gave a name the value that it has in the newest
// version; known is false where older versions did not open, so that the value
// may be older.
func Since(entries []Entry, name string) (c Commit, known bool) {
	for _, e := range entries {
		if e.Unsure {
			return e.Commit, false
		}
		for _, change := range e.Changes {
			if change.Name != name {
				continue
			}
			if change.Kind != "renamed" {
				return e.Commit, true
			}
			name = change.From
		}
		c = e.Commit
	}
	return c, false
}
