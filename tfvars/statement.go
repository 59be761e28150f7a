package tfvars

import "bytes"

// statementEnd returns the end of the statement that starts at at: behind the
// first end of a line at which no bracket, string, template, heredoc or comment
// is open. It is a guess, though a good one: whoever uses it must find out
// whether the bytes in between parse.
func statementEnd(src []byte, at int) int {
	s := statement{src: src, at: at}
	for s.at < len(src) {
		var done bool
		switch s.mode() {
		case inString:
			s.stringByte()
		case inHeredoc:
			s.heredocLine()
		default:
			done = s.codeByte()
		}
		if done {
			break
		}
	}
	return min(s.at, len(src))
}

type mode byte

const (
	inCode    mode = iota // at the top, in brackets, or in a template's sequence
	inString              // between quotes
	inHeredoc             // between the marks of a heredoc
)

// statement follows what is open.
type statement struct {
	src   []byte
	at    int
	open  []mode
	marks [][]byte // of the heredocs that are open
	inRow bool     // in the middle of a heredoc's line
}

func (s *statement) mode() mode {
	if len(s.open) == 0 {
		return inCode
	}
	return s.open[len(s.open)-1]
}

func (s *statement) pop() {
	if len(s.open) > 0 {
		s.open = s.open[:len(s.open)-1]
	}
}

// has reports whether text is what comes next.
func (s *statement) has(text string) bool {
	rest := s.src[s.at:]
	return len(rest) >= len(text) && string(rest[:len(text)]) == text
}

// codeByte takes a byte or more of what is not a string. It reports whether
// the statement has ended.
func (s *statement) codeByte() bool {
	switch c := s.src[s.at]; {
	case c == '\n':
		s.at++
		return len(s.open) == 0
	case c == '(' || c == '[' || c == '{':
		s.open = append(s.open, inCode)
	case c == ')' || c == ']' || c == '}':
		s.pop()
	case c == '"':
		s.open = append(s.open, inString)
	case c == '#' || s.has("//"):
		s.at = seek(s.src, s.at, newline)
		return false
	case s.has("/*"):
		s.at = seek(s.src, s.at+2, []byte("*/")) + 2
		return false
	case s.has("<<"):
		s.heredoc()
		return false
	}
	s.at++
	return false
}

// seek returns the offset of text at or behind from, or the end.
func seek(src []byte, from int, text []byte) int {
	if i := bytes.Index(src[min(from, len(src)):], text); i >= 0 {
		return from + i
	}
	return len(src)
}

// heredoc takes "<<NAME" or "<<-NAME", to the end of its line.
func (s *statement) heredoc() {
	end := seek(s.src, s.at, newline)
	mark := bytes.TrimSuffix(bytes.TrimPrefix(s.src[s.at+2:end], []byte("-")), []byte("\r"))
	if len(mark) == 0 || bytes.ContainsAny(mark, " \t\"") {
		s.at += 2
		return
	}
	s.open = append(s.open, inHeredoc)
	s.marks = append(s.marks, mark)
	s.inRow = false
	s.at = end + 1
}

// heredocLine takes a line of a heredoc, or the part of it up to a template's
// sequence.
func (s *statement) heredocLine() {
	end := seek(s.src, s.at, newline)
	if !s.inRow && bytes.Equal(bytes.TrimSpace(s.src[s.at:end]), s.marks[len(s.marks)-1]) {
		s.marks = s.marks[:len(s.marks)-1]
		s.pop()
		s.at = end
		return
	}
	for s.at < end {
		if s.sequence() {
			s.inRow = true
			return
		}
		s.at++
	}
	s.inRow = false
	s.at = end + 1
}

// stringByte takes a byte or more of a quoted string.
func (s *statement) stringByte() {
	switch c := s.src[s.at]; {
	case c == '\\':
		s.at += 2
	case c == '"':
		s.pop()
		s.at++
	case !s.sequence():
		s.at++
	}
}

// sequence takes the start of a template's sequence, if that comes next, or
// skips an escaped one. It reports whether a sequence was opened.
func (s *statement) sequence() bool {
	switch {
	case s.has("$${"), s.has("%%{"):
		s.at += 2
	case s.has("${"), s.has("%{"):
		s.at += 2
		s.open = append(s.open, inCode)
		return true
	}
	return false
}
