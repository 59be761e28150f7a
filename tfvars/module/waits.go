package module

import "strings"

// Waits says in words what an unknown value waits for: variables that are not
// set, and what only an apply tells.
func Waits(addresses []string) string {
	var unset, later []string
	for _, address := range addresses {
		if Later(address) {
			later = append(later, address)
		} else {
			unset = append(unset, address)
		}
	}
	var parts []string
	if len(unset) > 0 {
		parts = append(parts, "not set: "+strings.Join(unset, ", "))
	}
	if len(later) > 0 {
		parts = append(parts, "known after apply: "+strings.Join(later, ", "))
	}
	return strings.Join(parts, "; ")
}

// Later reports whether an address is of something that an apply tells, and not
// a variable of the root, which somebody has to set.
func Later(address string) bool { return !strings.HasPrefix(address, "var.") }
