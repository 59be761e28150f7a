package main

import (
	"path/filepath"
	"testing"

	"hci/internal/project"
)

func TestErrorsShowRelativePaths(t *testing.T) {
	root := t.TempDir()
	a := newApp(streams{}, nil)
	a.dir, a.found = filepath.Join(root, "app"), &project.Project{Root: root}
	slash := func(s string) string { return filepath.FromSlash(s) }
	for text, want := range map[string]string{
		"open " + root + slash("/app/.env") + ": none":                "open .env: none",
		"staging: " + root + slash("/infra/a.enc: altered"):           slash("staging: ../infra/a.enc: altered"),
		root + " is not yours":                                        root + " is not yours",
		"x" + root + slash("/a"):                                      "x" + root + slash("/a"),
		`"` + root + slash(`/app/a" and "`) + root + slash(`/app/b"`): `"a" and "b"`,
		"nothing": "nothing",
	} {
		if got := a.relative(text); got != want {
			t.Errorf("%s:\n%s, want\n%s", text, got, want)
		}
	}
}
