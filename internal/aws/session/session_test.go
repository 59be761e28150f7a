package session

import "testing"

// TestNewer: which versions of the plugin take the session from their environment.
func TestNewer(t *testing.T) {
	for version, want := range map[string]bool{
		"1.2.497.0": false, "1.2.463.0": false, "1.1": false, "": false, "beta": false, "1.2.497.beta": false,
		"1.2.497.1": true, "1.2.536.0": true, "1.3": true, "2.0.0.0": true,
	} {
		if got := newer(version, withoutVar); got != want {
			t.Errorf("%q: %v, want %v", version, got, want)
		}
	}
}
