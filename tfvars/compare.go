package tfvars

import "slices"

// ChangeKind says what happened to a variable.
type ChangeKind int

// What can happen to a variable.
const (
	Added ChangeKind = iota + 1
	Removed
	Changed
)

func (k ChangeKind) String() string {
	switch k {
	case Added:
		return "added"
	case Removed:
		return "removed"
	case Changed:
		return "changed"
	}
	return "unknown change"
}

// Change is one difference between two files.
type Change struct {
	Name string
	Kind ChangeKind
}

// Compare returns the variables whose values differ, sorted by name. Two files
// that set the same values in another order, or written otherwise, are equal.
func Compare(old, new *File) []Change {
	var changes []Change
	for _, it := range old.items {
		value, ok := new.Value(it.name)
		switch {
		case !ok:
			changes = append(changes, Change{it.name, Removed})
		case !value.RawEquals(it.value):
			changes = append(changes, Change{it.name, Changed})
		}
	}
	for _, it := range new.items {
		if !old.Has(it.name) {
			changes = append(changes, Change{it.name, Added})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int {
		switch {
		case a.Name < b.Name:
			return -1
		case a.Name > b.Name:
			return 1
		}
		return 0
	})
	return changes
}
