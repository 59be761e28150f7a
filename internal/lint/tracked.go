package lint

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"hci/sync/secret"
	"hci/tfvars"
)

// maxTracked is the size from which on a file is data, and not searched.
const maxTracked = 4 << 20

// Needle is a value to look for.
type Needle struct {
	Name  string // of the variable, with the environment
	value secret.Value
}

// Needles are the texts in a secrets file that are [Meaningful]: strings, and
// those in lists and objects. sensitive tells which variables are marked so.
func Needles(env string, f *tfvars.File, sensitive func(variable string) bool) []Needle {
	var all []Needle
	for _, name := range f.Names() {
		v, _ := f.Value(name)
		_ = cty.Walk(v, func(p cty.Path, v cty.Value) (bool, error) {
			if v.IsKnown() && !v.IsNull() && v.Type() == cty.String {
				if text := strings.TrimSpace(v.AsString()); Meaningful(lastName(name, p), text, sensitive(name)) {
					all = append(all, Needle{Name: name + " of " + env, value: secret.New(text)})
				}
			}
			return true, nil
		})
	}
	return all
}

// lastName is the name that is nearest to a value: of an attribute or a map's
// key, else of the variable.
func lastName(variable string, p cty.Path) string {
	for _, step := range slices.Backward(p) {
		switch step := step.(type) {
		case cty.GetAttrStep:
			return step.Name
		case cty.IndexStep:
			if step.Key.Type() == cty.String {
				return step.Key.AsString()
			}
		}
	}
	return variable
}

// Search goes through tracked files once, for all that is looked for there.
type Search struct {
	Needles []Needle
	// Suspects are dropped if a file that is not Terraform's holds their name.
	Suspects []Suspect
	// Skip are the files that may hold the values: the secrets files themselves.
	Skip func(string) bool

	named map[string]bool // texts of suspects' findings
}

// Files searches files and returns where values stand. Those that can't be read
// are named.
func (s *Search) Files(fsys fs.FS, files []string) (all []Finding, unread []string) {
	s.named = map[string]bool{}
	scan := newScanner(s.Needles)
	for _, name := range files {
		if s.Skip(name) {
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
		for line, names := range scan.find(data) {
			all = append(all, breaks(InTrackedFile, name, line, "the value of %s stands here", strings.Join(names, ", ")))
		}
		if !declares(name) {
			s.readers(data)
		}
		all = append(all, literalVariables(name, data)...)
	}
	return all, unread
}

// declares reports whether a file is one in which secrets are declared, so that
// their names in it tell nothing about who reads them.
func declares(name string) bool {
	base := path.Base(name)
	for _, end := range []string{".tf", ".tf.json", ".tofu", ".tofu.json", ".tfvars", ".tfvars.json", ".enc", ".lock.hcl"} {
		if strings.HasSuffix(base, end) {
			return true
		}
	}
	return false
}

// readers notes the suspects whose name a file holds.
func (s *Search) readers(data []byte) {
	for _, one := range s.Suspects {
		if !s.named[one.Finding.Text] && slices.ContainsFunc(one.Names, func(name string) bool { return bytes.Contains(data, []byte(name)) }) {
			s.named[one.Finding.Text] = true
		}
	}
}

// Unread are the suspects that no file has cleared.
func (s *Search) Unread() []Finding {
	var all []Finding
	for _, one := range s.Suspects {
		if !s.named[one.Finding.Text] {
			all = append(all, one.Finding)
		}
	}
	return all
}

// literalVariables finds passwords in a var file that is no secrets file.
func literalVariables(name string, data []byte) []Finding {
	if !strings.HasSuffix(name, ".tfvars") && !strings.HasSuffix(name, ".tfvars.json") {
		return nil
	}
	f, err := tfvars.Parse(data, name)
	if err != nil {
		return nil // the reading of the environment says so
	}
	var all []Finding
	for _, variable := range f.Names() {
		v, _ := f.Value(variable)
		if v.IsNull() || v.Type() != cty.String || !SecretName(variable) || !secretText(variable, v.AsString()) {
			continue
		}
		line, _ := f.Pos(variable)
		all = append(all, breaks(PasswordInCode, name, line, "%s is set here in the clear", variable))
	}
	return all
}
