package term

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"io"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"
)

// Screen is what hci's own words go through on their way out. Names and messages
// come from files, git, Terraform and AWS, and can hold what commands a terminal
// or turns a line around; nothing but text passes. The colours of [Style] do, by
// marks that nobody else knows.
type Screen struct {
	base   rune // of the marks: the reset, then the colours in their order
	colour bool
	busy   atomic.Pointer[Spinner]
}

// NewScreen returns a Screen, in colour or not.
func NewScreen(colour bool) *Screen {
	var random [2]byte
	_, _ = rand.Read(random[:]) // never fails, by its contract
	// Private use: no text means anything by these.
	return &Screen{base: 0xF0000 + rune(binary.BigEndian.Uint16(random[:]))%0xF000, colour: colour}
}

// Watch makes what is written go before a Spinner's line.
func (s *Screen) Watch(busy *Spinner) { s.busy.Store(busy) }

// Style is the Style whose colours this Screen lets pass.
func (s *Screen) Style() Style { return Style{screen: s} }

// Writer returns what writes to w all that is text, and a question mark for each
// character that is not: controls but newline and tab, and those that change the
// direction or the look of others. It knows the file descriptor of w. It is for
// several goroutines at once.
func (s *Screen) Writer(w io.Writer) io.Writer { return &screenWriter{screen: s, w: w} }

type screenWriter struct {
	screen *Screen
	w      io.Writer
	mu     sync.Mutex
	rest   []byte // the beginning of a character whose end is to come
}

// Fd is the descriptor of what is written to, -1 if that has none.
func (c *screenWriter) Fd() uintptr {
	if f, ok := c.w.(interface{ Fd() uintptr }); ok {
		return f.Fd()
	}
	return ^uintptr(0)
}

func (c *screenWriter) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	in := append(c.rest, p...)
	var out bytes.Buffer
	for len(in) > 0 && (utf8.FullRune(in) || len(in) >= utf8.UTFMax) {
		r, size := utf8.DecodeRune(in)
		switch mark := int(r - c.screen.base); {
		case c.screen.colour && mark >= 0 && mark <= len(colours):
			out.WriteString(sequence(mark))
		case r == '\r' && bytes.HasPrefix(in[size:], []byte("\n")):
		default:
			out.WriteString(visible(r, size))
		}
		in = in[size:]
	}
	c.rest = bytes.Clone(in)
	if _, err := c.screen.busy.Load().around(out.Bytes(), func() (int, error) { return c.w.Write(out.Bytes()) }); err != nil {
		return 0, err
	}
	return len(p), nil
}

// visible is how a character is shown.
func visible(r rune, size int) string {
	switch {
	case r == utf8.RuneError && size == 1, !IsText(r):
		return "?"
	default:
		return string(r)
	}
}

// IsText reports whether a character is shown as itself and does nothing else.
func IsText(r rune) bool {
	return r == '\n' || r == '\t' || !unicode.IsControl(r) && !unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

func sequence(mark int) string {
	if mark == 0 {
		return "\x1b[0m"
	}
	return colours[mark-1].sequence
}
