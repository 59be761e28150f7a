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

// Style colours the signs that stand before the lines of a report.
type Style struct{ colour bool }

// NewStyle returns a Style that colours, or leaves everything as it is.
func NewStyle(colour bool) Style { return Style{colour: colour} }

// signColours are ANSI colours, by sign.
var signColours = map[string]string{
	"+": "\x1b[32m", // green
	"~": "\x1b[33m", // yellow
	"-": "\x1b[31m", // red
	"!": "\x1b[31m",
	"?": "\x1b[36m", // cyan
}

// Sign returns text in the colour of its sign: + ~ - ! or ?. Others have none.
func (s Style) Sign(sign, text string) string {
	start := signColours[sign]
	if !s.colour || start == "" {
		return text
	}
	return start + text + "\x1b[0m"
}
