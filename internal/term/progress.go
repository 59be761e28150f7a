package term

import (
	"fmt"
	"io"
)

// Progress is a line at the end of what a terminal shows that says how far the
// work is. On anything else it writes nothing.
type Progress struct {
	w           io.Writer
	done, total int
	shown       bool
}

// NewProgress returns a Progress over a number of steps.
func NewProgress(w io.Writer, total int) *Progress {
	if !IsTerminal(w) {
		w = nil
	}
	return &Progress{w: w, total: total}
}

// Step counts one and shows the line.
func (p *Progress) Step() {
	p.done++
	if p.w != nil && p.done < p.total {
		fmt.Fprintf(p.w, "%d of %d done", p.done, p.total)
		p.shown = true
	}
}

// Clear takes the line away, so that something else can be printed.
func (p *Progress) Clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}
