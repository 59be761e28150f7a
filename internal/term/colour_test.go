package term_test

import (
	"bytes"
	"testing"

	"hci/internal/term"
)

func TestColour(t *testing.T) {
	for _, c := range []struct {
		environ map[string]string
		want    bool
	}{
		{nil, false}, // no terminal
		{map[string]string{"CLICOLOR_FORCE": "1"}, true},
		{map[string]string{"CLICOLOR_FORCE": "0"}, false},
		{map[string]string{"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, false},
	} {
		if got := term.Colour(&bytes.Buffer{}, func(name string) string { return c.environ[name] }); got != c.want {
			t.Errorf("%v: %v", c.environ, got)
		}
	}
}
