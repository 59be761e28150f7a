package term

import (
	"io"
	"slices"
	"strings"

	xterm "golang.org/x/term"
)

// Width is how many characters a line of w may have: at most 80 on a terminal, 0
// (any number) elsewhere.
func Width(w io.Writer) int {
	f, ok := w.(interface{ Fd() uintptr })
	if !ok || !IsTerminal(w) {
		return 0
	}
	width, _, err := xterm.GetSize(int(f.Fd()))
	if err != nil || width < 20 {
		return 80
	}
	return width
}

// Height is how many lines w shows: those of a terminal, 0 (any number) elsewhere.
func Height(w io.Writer) int {
	f, ok := w.(interface{ Fd() uintptr })
	if !ok || !IsTerminal(w) {
		return 0
	}
	_, height, err := xterm.GetSize(int(f.Fd()))
	if err != nil || height < 1 {
		return 24
	}
	return height
}

// Wrap breaks the lines of a text at blanks so that none is longer than width; what
// follows is indented by hang, or as the line is. A word that is longer stays whole, and 0 is any width.
func Wrap(text string, width, hang int) string {
	if width <= hang+narrowest {
		return text
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		indent := len(line) - len(strings.TrimLeft(line, " "))
		hang := max(hang, indent)
		for len([]rune(line)) > width {
			runes := []rune(line)
			at := width
			for at > indent && runes[at] != ' ' {
				at--
			}
			if at <= indent { // one long word
				for at = width; at < len(runes) && runes[at] != ' '; at++ {
				}
			}
			if at >= len(runes) {
				break
			}
			b.WriteString(strings.TrimRight(string(runes[:at]), " ") + "\n")
			line = strings.Repeat(" ", hang) + strings.TrimLeft(string(runes[at:]), " ")
			indent = hang
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// narrowest is how far a column is shortened before one is dropped.
const narrowest = 16

// Fit makes a table of aligned columns, two blanks or more between them, at most
// width characters wide: it shortens the widest column, with "…", as long as that
// leaves enough of it to tell one thing from another, and then drops the last
// column. Lines that are indented belong to the row above and stay as they are.
func Fit(table string, width int) string {
	if width <= 0 {
		return table
	}
	lines := strings.Split(strings.TrimSuffix(table, "\n"), "\n")
	var rows [][]rune
	for _, line := range lines {
		if !strings.HasPrefix(line, "   ") {
			rows = append(rows, []rune(strings.TrimRight(line, " ")))
		}
	}
	starts := columnStarts(rows)
	if width <= 0 || len(starts) == 0 || longest(rows) <= width {
		return table
	}
	widths := make([]int, len(starts))
	cell := func(row []rune, i int) string {
		end := len(row)
		if i+1 < len(starts) {
			end = min(end, starts[i+1])
		}
		if starts[i] >= end {
			return ""
		}
		return strings.TrimRight(string(row[starts[i]:end]), " ")
	}
	for _, row := range rows {
		for i := range starts {
			widths[i] = max(widths[i], len([]rune(cell(row, i))))
		}
	}
	widths = fitWidths(widths, width)
	var b strings.Builder
	for _, line := range lines {
		if strings.HasPrefix(line, "   ") {
			b.WriteString(line + "\n")
			continue
		}
		var out strings.Builder
		for i, w := range widths {
			text := []rune(cell([]rune(line), i))
			if len(text) > w {
				text = append(text[:w-1], '…')
			}
			out.WriteString(string(text) + strings.Repeat(" ", w-len(text)+2))
		}
		b.WriteString(strings.TrimRight(out.String(), " ") + "\n")
	}
	return b.String()
}

// fitWidths shortens columns and drops the last ones until the sum fits.
func fitWidths(widths []int, width int) []int {
	for {
		over := 2 * (len(widths) - 1)
		for _, w := range widths {
			over += w
		}
		if over -= width; over <= 0 {
			return widths
		}
		widest := slices.Index(widths, slices.Max(widths))
		switch spare := widths[widest] - narrowest; {
		case spare > 0 && (spare >= over || len(widths) == 1):
			widths[widest] -= min(over, widths[widest]-1)
		case spare > 0 && len(widths) <= 2:
			widths[widest] = narrowest
		case len(widths) > 1:
			widths = widths[:len(widths)-1]
		default:
			return widths
		}
	}
}

// columnStarts are the places at which a column begins in every row: two blanks
// stand before it in all of them.
func columnStarts(rows [][]rune) []int {
	starts := []int{0}
	at := func(row []rune, i int) rune {
		if i < len(row) {
			return row[i]
		}
		return ' '
	}
	for i := 2; i < longest(rows); i++ {
		begins := false
		for _, row := range rows {
			begins = begins || at(row, i) != ' '
		}
		all := begins && !slices.ContainsFunc(rows, func(row []rune) bool { return at(row, i-1) != ' ' || at(row, i-2) != ' ' })
		if all {
			starts = append(starts, i)
		}
	}
	return starts
}

func longest(rows [][]rune) int {
	n := 0
	for _, row := range rows {
		n = max(n, len(row))
	}
	return n
}
