package main

import (
	"path/filepath"
	"strings"
)

// relative shows the paths in a text as the user would type them: packages below
// name files by where they are.
func (a *app) relative(text string) string {
	dirs := []string{a.dir}
	if a.found != nil {
		dirs = append(dirs, a.found.Root)
	}
	for _, dir := range dirs {
		abs, err := filepath.Abs(dir)
		if err != nil || abs == filepath.Dir(abs) { // all paths begin with the root of the file system
			continue
		}
		shown := a.rel(abs) + string(filepath.Separator)
		if shown == "."+string(filepath.Separator) {
			shown = ""
		}
		text = replacePaths(text, abs+string(filepath.Separator), shown)
	}
	return text
}

// replacePaths replaces the beginning of paths. In the middle of a path it may be
// another directory of the same name.
func replacePaths(text, from, to string) string {
	var b strings.Builder
	for {
		i := strings.Index(text, from)
		if i < 0 {
			return b.String() + text
		}
		before := b.String() + text[:i]
		b.WriteString(text[:i])
		if before == "" || strings.ContainsRune(" \t\n\"'`(=:", rune(before[len(before)-1])) {
			b.WriteString(to)
		} else {
			b.WriteString(from)
		}
		text = text[i+len(from):]
	}
}
