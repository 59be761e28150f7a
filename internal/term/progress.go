package term

import (
	"fmt"
	"io"

	xterm "golang.org/x/term"
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
	return &Progress{w: device(w), total: total}
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

// device is the terminal that w is or that a [Screen] writes to; nil if it is
// none. What is written to it must be text.
func device(w io.Writer) io.Writer {
	if c, ok := w.(*screenWriter); ok {
		w = c.w
	}
	if !IsTerminal(w) {
		return nil
	}
	return w
}

// Status is lines at the end of what a terminal shows that say how something stands, in
// place of those before.
type Status struct {
	w     io.Writer // nil: not a terminal
	shown int       // lines
}

// NewStatus returns a Status.
func NewStatus(w io.Writer) *Status {
	return &Status{w: device(w)}
}

// Show shows lines; without a terminal it returns false.
func (s *Status) Show(lines ...string) bool {
	if s.w == nil {
		return false
	}
	s.Clear()
	most, high := -1, -1
	if f, ok := s.w.(interface{ Fd() uintptr }); ok { // what wraps, or has scrolled away, could not be taken away
		if width, height, err := xterm.GetSize(int(f.Fd())); err == nil && width > 1 && height > 1 {
			most, high = width-1, height-1
		}
	}
	if high > 0 {
		lines = lines[:min(len(lines), high)]
	}
	for i, line := range lines {
		runes := []rune(Printable(line))
		if most > 0 {
			runes = runes[:min(len(runes), most)]
		}
		if i > 0 {
			fmt.Fprint(s.w, "\n")
		}
		fmt.Fprint(s.w, string(runes))
	}
	s.shown = len(lines)
	return true
}

// Clear takes the lines away, so that something else can be printed.
func (s *Status) Clear() {
	for i := range s.shown {
		if i > 0 {
			fmt.Fprint(s.w, "\x1b[1A")
		}
		fmt.Fprint(s.w, "\r\x1b[K")
	}
	s.shown = 0
}
