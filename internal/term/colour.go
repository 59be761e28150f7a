package term

import "io"

// Colour reports whether to write colour to w: it is a terminal, NO_COLOR is
// unset or empty (https://no-color.org), and TERM is not "dumb". CLICOLOR_FORCE
// (https://bixense.com/clicolors) wants it where there is no terminal as well.
func Colour(w io.Writer, getenv func(string) string) bool {
	if force := getenv("CLICOLOR_FORCE"); force != "" && force != "0" && getenv("NO_COLOR") == "" {
		return true
	}
	if getenv("NO_COLOR") != "" || getenv("TERM") == "dumb" || !IsTerminal(w) {
		return false
	}
	f, ok := w.(interface{ Fd() uintptr })
	return ok && enableColour(f.Fd())
}

// Style colours the signs that stand before the lines of a report. What it
// returns is to be written to a [Screen].
type Style struct{ screen *Screen }

// colours are ANSI colours, by sign.
var colours = []struct{ sign, sequence string }{
	{"+", "\x1b[32m"}, // green
	{"~", "\x1b[33m"}, // yellow
	{"-", "\x1b[31m"}, // red
	{"!", "\x1b[31m"},
	{"?", "\x1b[36m"}, // cyan
}

// Sign returns text in the colour of its sign: + ~ - ! or ?. Others have none.
func (s Style) Sign(sign, text string) string {
	if s.screen == nil || !s.screen.colour {
		return text
	}
	for i, c := range colours {
		if c.sign == sign {
			return string(s.screen.base+rune(i+1)) + text + string(s.screen.base)
		}
	}
	return text
}
