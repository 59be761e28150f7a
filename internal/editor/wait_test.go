package editor_test

import (
	"testing"

	"hci/internal/editor"
)

func TestWithWait(t *testing.T) {
	for command, want := range map[string]string{
		"code": "code --wait", "/usr/bin/code -n": "/usr/bin/code --wait -n", "code -w": "", "code --wait -n": "",
		"subl": "subl --wait", "gvim": "gvim --nofork", "gvim -f": "", "open -e": "open -W -e", "open -W -e": "",
		"vim": "", "nano": "", "": "", "emacsclient": "",
	} {
		if got := editor.WithWait(command); got != want {
			t.Errorf("%q: %q, want %q", command, got, want)
		}
	}
}
