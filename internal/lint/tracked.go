package lint

import (
	"bytes"
	"io/fs"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"hci/internal/secret"
	"hci/tfvars"
)

const (
	shortest   = 8       // a shorter value stands in many files by chance
	maxTracked = 4 << 20 // larger files are data
)

// Needle is a value to look for.
type Needle struct {
	Name  string // of the variable, with the environment
	value secret.Value
}

// Needles are the texts in a secrets file that are long enough to be looked for:
// strings, and those in lists and objects.
func Needles(env string, f *tfvars.File) []Needle {
	var all []Needle
	for _, name := range f.Names() {
		v, _ := f.Value(name)
		_ = cty.Walk(v, func(_ cty.Path, v cty.Value) (bool, error) {
			if v.IsKnown() && !v.IsNull() && v.Type() == cty.String {
				if text := strings.TrimSpace(v.AsString()); len(text) >= shortest {
					all = append(all, Needle{Name: name + " of " + env, value: secret.New(text)})
				}
			}
			return true, nil
		})
	}
	return all
}

// Tracked looks for the values in files. skip are the files that may hold them:
// the secrets files themselves. Files that can't be read are named.
func Tracked(fsys fs.FS, files []string, needles []Needle, skip func(string) bool) (all []Finding, unread []string) {
	for _, name := range files {
		if skip(name) {
			continue
		}
		info, err := fs.Stat(fsys, name)
		if err != nil || !info.Mode().IsRegular() {
			continue // deleted in the work tree, a link, a submodule
		}
		if info.Size() > maxTracked {
			unread = append(unread, name)
			continue
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			unread = append(unread, name)
			continue
		}
		for line, names := range found(data, needles) {
			all = append(all, breaks(InTrackedFile, name, line, "the value of "+strings.Join(names, ", ")+" stands here"))
		}
	}
	return all, unread
}

// found lists the needles in a text by the line that each begins in.
func found(data []byte, needles []Needle) map[int][]string {
	lines := map[int][]string{}
	for _, n := range needles {
		at := bytes.Index(data, []byte(n.value.Reveal()))
		if at < 0 {
			continue
		}
		line := 1 + bytes.Count(data[:at], []byte("\n"))
		if !slices.Contains(lines[line], n.Name) {
			lines[line] = append(lines[line], n.Name)
		}
	}
	return lines
}
