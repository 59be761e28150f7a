package compare

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"hci/internal/terraform"
	"hci/tfvars"
	"hci/tfvars/module"
)

// Incomplete lists what could declare secrets of the environment and was not
// seen, by address and reason.
func (d *Desired) Incomplete() []string {
	var all []string
	for _, u := range d.Evaluated.Unseen {
		if !u.Foreign {
			all = append(all, u.String())
		}
	}
	return all
}

// noteUnseen says once what was not seen, and the other warnings.
func (s Session) noteUnseen(d *Desired) {
	unread := false
	for _, u := range d.Evaluated.Unseen {
		if u.Foreign {
			continue
		}
		unread = unread || strings.HasSuffix(u.Why, "elsewhere")
		if text := fmt.Sprintf("incomplete: %s (%s)", u, s.line(u.File, u.Line)); s.Memory.first(text) {
			s.Note(text)
		}
	}
	if hint := "'hci tf " + d.Env.Name + " init' fetches modules that were not read"; unread && s.Memory.first("init") {
		s.Note(hint)
	}
	for _, w := range d.Evaluated.Warnings {
		if !slices.ContainsFunc(d.Evaluated.Unseen, func(u module.Unseen) bool { return sameLine(u, w) }) && s.Memory.first(w.Error()) {
			s.Note(w.Error())
		}
	}
}

func sameLine(u module.Unseen, w tfvars.Problem) bool {
	return !u.Foreign && u.File == w.File && u.Line == w.Line
}

// line shows a place in the Terraform code as seen from the project's root.
func (s Session) line(file string, line int) string {
	path := terraform.Path(s.Project, file)
	if rel, err := filepath.Rel(s.Project.Root, path); err == nil {
		path = filepath.ToSlash(rel)
	}
	return fmt.Sprintf("%s:%d", path, line)
}
