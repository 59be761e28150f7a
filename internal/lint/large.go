package lint

import (
	"bytes"
	"maps"
	"slices"
	"strings"
)

// Large looks for values in a file that is too large to be held in memory: what is
// written to it, in whatever pieces. Findings says what was found.
type Large struct {
	guard *Guard
	file  string
	held  []byte // not looked at yet, after the end of what was
	lines int    // before held
	seen  map[string]bool
	found []Finding
}

// Large returns a look at a large file. It is a sealed file, or one that must not
// be committed whatever it holds, if ok is false: then [Guard.Look] says what is
// wrong with it.
func (g *Guard) Large(file string) (l *Large, ok bool) {
	if g.Sealed[file] != "" || plaintext(file) || g.Plain[file] != "" || dotenv(file) {
		return nil, false
	}
	return &Large{guard: g, file: file, seen: map[string]bool{}}, true
}

const piece = 1 << 20 // so much is looked at at once

// Write takes the next piece.
func (l *Large) Write(p []byte) (int, error) {
	l.held = append(l.held, p...)
	if len(l.held) >= piece+l.guard.scan.longest {
		l.look()
	}
	return len(p), nil
}

// look searches what is held, and keeps as much of its end as a value can begin in.
func (l *Large) look() {
	found := l.guard.scan.find(l.held)
	for _, line := range slices.Sorted(maps.Keys(found)) {
		names := slices.DeleteFunc(found[line], func(name string) bool { return l.seen[name] })
		for _, name := range names {
			l.seen[name] = true
		}
		if len(names) > 0 {
			l.found = append(l.found, breaks(ValueCommitted, l.file, l.lines+line, "the value of %s stands here", strings.Join(names, ", ")))
		}
	}
	done := max(0, len(l.held)-max(0, l.guard.scan.longest-1))
	l.lines += bytes.Count(l.held[:done], []byte("\n"))
	l.held = append(l.held[:0], l.held[done:]...)
}

// Findings are what was found in all of the file.
func (l *Large) Findings() []Finding {
	l.look()
	return l.found
}
