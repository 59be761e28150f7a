package editor

import (
	"path/filepath"
	"slices"
	"strings"
)

// waits are the flags with which editors that return at once wait until the
// file is closed; the first is the one to advise.
var waits = map[string][]string{
	"code": {"--wait", "-w"}, "code-insiders": {"--wait", "-w"}, "codium": {"--wait", "-w"}, "cursor": {"--wait", "-w"}, "windsurf": {"--wait", "-w"},
	"subl": {"--wait", "-w"}, "atom": {"--wait", "-w"}, "zed": {"--wait", "-w"}, "zeditor": {"--wait", "-w"}, "mate": {"--wait", "-w"}, "bbedit": {"--wait", "-w"},
	"gedit": {"--wait", "-w"}, "gnome-text-editor": {"--standalone", "-s"}, "kate": {"--block", "-b"}, "gvim": {"--nofork", "-f"}, "mvim": {"--nofork", "-f"},
	"idea": {"--wait"}, "pycharm": {"--wait"}, "webstorm": {"--wait"}, "goland": {"--wait"}, "open": {"-W"},
}

// WithWait is the command with the flag that makes its editor wait until the file
// is closed; "" if the editor waits, or is not known.
func WithWait(command string) string {
	words := strings.Fields(command)
	if len(words) == 0 {
		return ""
	}
	name := strings.TrimSuffix(strings.ToLower(filepath.Base(words[0])), ".exe")
	flags, ok := waits[name]
	if !ok || slices.ContainsFunc(words[1:], func(w string) bool { return slices.Contains(flags, w) || w == "-W" && name == "open" }) {
		return ""
	}
	return strings.Join(slices.Insert(words, 1, flags[0]), " ")
}
