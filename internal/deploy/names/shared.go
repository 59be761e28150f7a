package names

import "slices"

// Shares reports whether another environment has a family, too.
func (n Names) Shares(family string) bool {
	for _, other := range n.Others {
		if n.samePlace(other) && other.Declared(family) != nil {
			return true
		}
	}
	return false
}

// samePlace reports whether another environment lies in the same account and region,
// as far as the code tells.
func (n Names) samePlace(other Names) bool {
	return n.Region == other.Region && n.Profile == other.Profile && n.Account == other.Account
}

// Shared lists, by kind, the names that another environment in the same account and
// region has, too, as far as the code tells: what one of them applies or deploys
// changes the other's.
func (n Names) Shared(other Names) map[string][]string {
	all := map[string][]string{}
	if !n.samePlace(other) {
		return all
	}
	for _, t := range n.tasks {
		if t.Family != "" && other.Declared(t.Family) != nil {
			all["task definition family"] = append(all["task definition family"], t.Family)
		}
	}
	for _, s := range n.services {
		if slices.Contains(other.services, s) {
			all["service"] = append(all["service"], s)
		}
	}
	for _, s := range n.secrets {
		if slices.Contains(other.secrets, s) {
			all["secret"] = append(all["secret"], s)
		}
	}
	return all
}
