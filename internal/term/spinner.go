package term

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	xterm "golang.org/x/term"
)

// spinnerDelay is how long something may take before a [Spinner] shows it.
const spinnerDelay = 300 * time.Millisecond

var spinnerFrames = []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}

// Spinner is a line at the end of what a terminal shows that says what is being
// waited for, once that takes longer than 300 ms. What a [Screen] writes, and a
// [Terminal] that holds it, go before it. Without a terminal it shows nothing. It is
// for several goroutines at once; a nil Spinner does nothing.
type Spinner struct {
	w io.Writer // nil: not a terminal

	mu      sync.Mutex
	waits   []*wait
	frame   int
	shown   bool
	midLine bool // what was written last is no whole line: nothing may be written over it
	held    int
	stop    chan struct{} // of the goroutine that draws; nil if none does
}

type wait struct {
	what  string
	since time.Time
}

// NewSpinner returns a Spinner on a terminal.
func NewSpinner(w io.Writer) *Spinner { return &Spinner{w: device(w)} }

// Wait shows what is being waited for until done is called.
func (s *Spinner) Wait(what string) (done func()) {
	if s == nil || s.w == nil {
		return func() {}
	}
	one := &wait{Printable(what), time.Now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waits = append(s.waits, one)
	if s.stop == nil {
		s.stop = make(chan struct{})
		go s.draw(s.stop)
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.waits = slices.DeleteFunc(s.waits, func(w *wait) bool { return w == one })
		if len(s.waits) > 0 || s.stop == nil {
			return
		}
		close(s.stop)
		s.stop = nil
		s.clear()
	}
}

// Hold takes the line away until release is called: somebody is asked.
func (s *Spinner) Hold() (release func()) {
	if s == nil || s.w == nil {
		return func() {}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held++
	s.clear()
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.held--
	}
}

// around writes something else, with the line out of the way.
func (s *Spinner) around(p []byte, write func() (int, error)) (int, error) {
	if s == nil || s.w == nil {
		return write()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	if len(p) > 0 {
		s.midLine = p[len(p)-1] != '\n'
	}
	return write()
}

func (s *Spinner) clear() {
	if s.shown {
		fmt.Fprint(s.w, "\r\x1b[K")
		s.shown = false
	}
}

func (s *Spinner) draw(stop chan struct{}) {
	tick := time.NewTicker(spinnerDelay / 3)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case now := <-tick.C:
			s.step(now)
		}
	}
}

func (s *Spinner) step(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waits) == 0 || s.held > 0 || s.midLine {
		return
	}
	w := s.waits[len(s.waits)-1]
	took := now.Sub(w.since)
	if took < spinnerDelay {
		return
	}
	s.frame++
	line := []rune(fmt.Sprintf("%s %s", spinnerFrames[s.frame%len(spinnerFrames)], w.what))
	if took >= 3*time.Second {
		line = append(line, []rune(fmt.Sprintf(" (%d s)", int(took.Seconds())))...)
	}
	if f, ok := s.w.(interface{ Fd() uintptr }); ok { // a line that wraps could not be taken away
		if width, _, err := xterm.GetSize(int(f.Fd())); err == nil && width > 1 {
			line = line[:min(len(line), width-1)]
		}
	}
	fmt.Fprintf(s.w, "\r\x1b[K%s", string(line))
	s.shown = true
}
