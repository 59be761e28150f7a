package files

import (
	"bytes"
	"slices"
	"strings"
)

// Header is how hci made a file: the command line that its first line holds.
type Header struct {
	Environment string
	Format      string
	Only        []string // patterns of keys
	Except      []string
	Container   string
	From        string
	Local       bool // what a laptop needs
	Live        bool
	State       bool
	Export      bool // "export KEY=…"
}

const (
	headerStart = "Made by hci env export "
	headerEnd   = ". It holds secrets: keep it out of git."
)

// String returns the text of the header, without the sign of a comment.
func (h Header) String() string {
	var b strings.Builder
	b.WriteString(headerStart + h.Environment + " --format " + h.Format)
	for _, l := range h.lists() {
		for _, pattern := range *l.values {
			b.WriteString(" " + l.flag + " '" + pattern + "'")
		}
	}
	for _, t := range h.texts() {
		if *t.value != "" {
			b.WriteString(" " + t.flag + " " + *t.value)
		}
	}
	for _, s := range h.switches() {
		if *s.on {
			b.WriteString(" " + s.flag)
		}
	}
	return b.String() + headerEnd
}

type listFlag struct {
	flag   string
	values *[]string
}

func (h *Header) lists() []listFlag { return []listFlag{{"--only", &h.Only}, {"--except", &h.Except}} }

type textFlag struct {
	flag  string
	value *string
}

func (h *Header) texts() []textFlag {
	return []textFlag{{"--container", &h.Container}, {"--from", &h.From}}
}

type switchFlag struct {
	flag string
	on   *bool
}

func (h *Header) switches() []switchFlag {
	return []switchFlag{{"--local", &h.Local}, {"--live", &h.Live}, {"--state", &h.State}, {"--export", &h.Export}}
}

// ReadHeader reads the first line of a file, and reports whether hci made the
// file. What hci 0.x wrote names no format; then it is "".
func ReadHeader(src []byte) (Header, bool) {
	line, _, _ := bytes.Cut(src, []byte("\n"))
	text := strings.TrimSuffix(string(line), "\r")
	text, ok := strings.CutPrefix(text, "# "+headerStart)
	text, whole := strings.CutSuffix(text, headerEnd)
	words := strings.Fields(text)
	if !ok || !whole || len(words) == 0 {
		return Header{}, false
	}
	h := Header{Environment: words[0]}
	for i := 1; i < len(words); i++ {
		next := ""
		if i+1 < len(words) {
			next = strings.Trim(words[i+1], "'")
		}
		if !h.read(words[i], next) {
			continue
		}
		i++
	}
	return h, true
}

// read takes one flag, and reports whether the word after it belongs to it. A
// flag of a later version of hci is passed over.
func (h *Header) read(flag, next string) bool {
	if flag == "--format" {
		h.Format = next
		return true
	}
	for _, l := range h.lists() {
		if l.flag == flag {
			*l.values = append(*l.values, next)
			return true
		}
	}
	for _, t := range h.texts() {
		if t.flag == flag {
			*t.value = next
			return true
		}
	}
	if i := slices.IndexFunc(h.switches(), func(s switchFlag) bool { return s.flag == flag }); i >= 0 {
		*h.switches()[i].on = true
	}
	return false
}
