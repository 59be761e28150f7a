package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"hci/internal/compare"
	"hci/internal/deploy"
	"hci/internal/deploy/preflight"
	"hci/internal/deploy/state"
	"hci/internal/lint"
	"hci/internal/privatedir"
)

// buildSource is what an image is built of: the commit, or the work tree if that is
// asked for.
func (a *app) buildSource(d *deployment, journal *state.Journal, look *preflight.Look) deploy.Source {
	s := deploy.Source{Root: a.found.Root, Context: d.names.Context, Dockerfile: d.names.Dockerfile, Leaks: d.leaks, Values: d.values}
	if journal.Dirty {
		return s
	}
	s.Checkout = func(ctx context.Context) (string, func(), error) {
		self, err := os.Executable()
		if err != nil {
			return "", nil, err
		}
		dir, err := privatedir.NewOnDisk(self)
		if err != nil {
			return "", nil, err
		}
		done := func() { _ = dir.Remove() }
		if err := a.found.Checkout(ctx, look.Commit, dir.Path); err != nil {
			done()
			return "", nil, err
		}
		return dir.Path, done, nil
	}
	return s
}

// searchFor notes what must stand in no image: plaintext secrets files, and the values
// of the sealed file if that was opened.
func (d *deployment) searchFor(a *app, opened *compare.Desired) {
	var needles []lint.Needle
	if opened != nil {
		needles = lint.Needles(d.Env.Name, opened.Content.File, func(name string) bool {
			v, declared := opened.Module.Variable(name)
			return v.Sensitive || !declared
		})
	}
	d.search(a, needles)
}

// search notes what must stand in no image that is built of the names' context.
func (d *deployment) search(a *app, needles []lint.Needle) {
	d.needles = needles
	guard := lint.NewGuard(needles)
	for _, env := range a.found.Environments {
		if rel, err := filepath.Rel(filepath.Join(a.found.Root, d.names.Context), env.Plain); err == nil && env.Plain != "" && filepath.IsLocal(rel) {
			guard.Plain[filepath.ToSlash(rel)] = env.Name
		}
	}
	look := func(path string, piece []byte, take func(lint.Finding) bool) []string {
		var found []string
		for _, f := range guard.Look(path, piece, "") {
			if take(f) {
				found = append(found, leakWords(f))
			}
		}
		return found
	}
	d.leaks = func(path string, piece []byte) []string {
		return look(path, piece, func(f lint.Finding) bool { return f.Code == lint.ValueCommitted.ID || !installed(path) })
	}
	if len(needles) > 0 {
		values := lint.NewGuard(needles)
		d.values = func(_ string, piece []byte) []string {
			var found []string
			for _, f := range values.Look("file", piece, "") { // a name that says nothing
				found = append(found, leakWords(f))
			}
			return found
		}
	}
}

// leakWords says what was found, without the line: a piece does not begin with the
// file.
func leakWords(f lint.Finding) string {
	switch f.Code {
	case lint.DotenvCommitted.ID:
		return "a .env file"
	case lint.PlaintextCommitted.ID:
		return "a plaintext secrets file"
	}
	return strings.TrimSuffix(f.Text, " stands here")
}

// installed reports whether a file lies among those that a package manager installs,
// which may well have a .env of their own.
func installed(path string) bool {
	for _, dir := range []string{"node_modules", "vendor", "site-packages", ".venv"} {
		if strings.HasPrefix(path, dir+"/") || strings.Contains(path, "/"+dir+"/") {
			return true
		}
	}
	return false
}
