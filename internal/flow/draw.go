package flow

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
)

// Tree draws the map as a tree of text, from the file on; what is wrong stands
// behind a "!".
func (m *Map) Tree() string {
	var b strings.Builder
	var draw func(n Node, indent string)
	draw = func(n Node, indent string) {
		children := m.Next(n.ID)
		for i, child := range children {
			branch, more := "├─ ", "│  "
			if i == len(children)-1 {
				branch, more = "└─ ", "   "
			}
			b.WriteString(indent + branch + child.text() + "\n")
			draw(child, indent+more)
		}
	}
	reached := map[string]bool{}
	m.reach("file", reached)
	for _, n := range m.Nodes {
		if n.ID == "file" || !reached[n.ID] && !m.hasSource(n.ID) {
			b.WriteString(n.text() + "\n")
			draw(n, "")
		}
	}
	return b.String()
}

func (n Node) text() string {
	label := strings.ReplaceAll(n.Label, "\n", "?") // a name is one line
	if len(n.Marks) == 0 {
		return label
	}
	return label + "  ! " + strings.Join(n.Marks, "; ")
}

func (m *Map) reach(id string, reached map[string]bool) {
	reached[id] = true
	for _, next := range m.next[id] {
		if !reached[next] {
			m.reach(next, reached)
		}
	}
}

func (m *Map) hasSource(id string) bool {
	for _, to := range m.next {
		if slices.Contains(to, id) {
			return true
		}
	}
	return false
}

// Mermaid draws the map in Mermaid's language.
//
// https://mermaid.js.org/syntax/flowchart.html
func (m *Map) Mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	number := map[string]int{}
	for i, n := range m.Nodes {
		number[n.ID] = i
		fmt.Fprintf(&b, "  n%d[\"%s\"]\n", i, strings.NewReplacer(`"`, "#quot;", "<", "#lt;", ">", "#gt;").Replace(n.text()))
		if len(n.Marks) > 0 {
			fmt.Fprintf(&b, "  style n%d stroke:#c00,stroke-width:2px\n", i)
		}
	}
	for _, n := range m.Nodes {
		for _, to := range m.next[n.ID] {
			fmt.Fprintf(&b, "  n%d --> n%d\n", number[n.ID], number[to])
		}
	}
	return b.String()
}

// The measures of an SVG, in its units.
const (
	column, row, box, letter = 60, 34, 24, 7
)

// SVG draws the map as a picture: a column for each kind, from left to right.
func (m *Map) SVG() string {
	var widths [5]int
	var counts [5]int
	type place struct{ x, y, w int }
	at := map[string]place{}
	for _, n := range m.Nodes {
		i := slices.Index(Kinds, n.Kind)
		widths[i] = max(widths[i], len([]rune(n.text()))*letter+16)
	}
	for _, n := range m.Nodes {
		i := slices.Index(Kinds, n.Kind)
		x := 10
		for j := range i {
			x += widths[j] + column
		}
		at[n.ID] = place{x, 10 + counts[i]*row, widths[i]}
		counts[i]++
	}
	width, height := 20-column, 20+row*slices.Max(counts[:])
	for _, w := range widths {
		width += w + column
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"monospace\" font-size=\"12\">\n", width, height)
	for _, n := range m.Nodes {
		from := at[n.ID]
		for _, id := range m.next[n.ID] {
			to := at[id]
			fmt.Fprintf(&b, "<path d=\"M%d %d C%d %d %d %d %d %d\" fill=\"none\" stroke=\"#888\"/>\n", from.x+from.w, from.y+box/2,
				from.x+from.w+column/2, from.y+box/2, to.x-column/2, to.y+box/2, to.x, to.y+box/2)
		}
	}
	for _, n := range m.Nodes {
		p, colour := at[n.ID], "#555"
		if len(n.Marks) > 0 {
			colour = "#c00"
		}
		fmt.Fprintf(&b, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\" fill=\"#fff\" stroke=\"%s\"/>\n", p.x, p.y, p.w, box, colour)
		fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\" fill=\"%s\">", p.x+8, p.y+16, colour)
		_ = xml.EscapeText(&b, []byte(n.text())) // a Builder takes everything
		b.WriteString("</text>\n")
	}
	b.WriteString("</svg>\n")
	return b.String()
}
