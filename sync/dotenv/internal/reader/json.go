package reader

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// JSON reads one object whose members are all strings (RFC 8259).
func JSON(src string) ([]Pair, *Problem) {
	j := newJSONReader(src)
	if !j.delim('{') {
		return nil, j.problem("", "the file is not a JSON object")
	}
	var pairs []Pair
	for j.more() {
		key, line, ok := j.text()
		if !ok {
			return nil, j.problem("", "the file is not a JSON object")
		}
		value, _, ok := j.text()
		if !ok {
			return nil, j.problem(key, "the value is not a string")
		}
		pairs = append(pairs, Pair{Key: key, Value: value, Line: line})
	}
	if !j.delim('}') || !j.atEnd() {
		return nil, j.problem("", "the file is not one JSON object")
	}
	return pairs, nil
}

// jsonReader reads a document token by token and knows the line it is on.
type jsonReader struct {
	src       string
	dec       *json.Decoder
	offset    int // up to which line was counted
	line      int
	surrogate bool // a string held half a surrogate pair
}

func newJSONReader(src string) *jsonReader {
	return &jsonReader{src: src, dec: json.NewDecoder(strings.NewReader(src)), line: 1}
}

// token returns the next token and its text; a nil token is an error.
func (j *jsonReader) token() (json.Token, string) {
	start := int(j.dec.InputOffset())
	t, err := j.dec.Token()
	end := int(j.dec.InputOffset())
	if err != nil {
		// The decoder's own message quotes the document.
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			end = min(max(int(syntax.Offset), start), len(j.src))
		}
		t = nil
	}
	j.line += strings.Count(j.src[j.offset:end], "\n")
	j.offset = end
	return t, j.src[start:end]
}

func (j *jsonReader) more() bool { return j.dec.More() }

func (j *jsonReader) delim(d json.Delim) bool {
	t, _ := j.token()
	return t == d
}

// text reads a string.
func (j *jsonReader) text() (s string, line int, ok bool) {
	t, raw := j.token()
	s, ok = t.(string)
	if ok && halfSurrogate(raw) {
		j.surrogate, ok = true, false
	}
	return s, j.line, ok
}

// atEnd reports whether only white space is left.
func (j *jsonReader) atEnd() bool {
	return strings.TrimLeft(j.src[j.dec.InputOffset():], " \t\r\n") == ""
}

func (j *jsonReader) problem(key, summary string) *Problem {
	if j.surrogate {
		summary = `a string holds half a surrogate pair (\uD800 to \uDFFF), which is not a character`
	}
	return &Problem{Line: j.line, Key: key, Summary: summary}
}

// halfSurrogate reports whether the JSON string raw escapes one half of a
// surrogate pair without the other; encoding/json reads that as U+FFFD.
func halfSurrogate(raw string) bool {
	if !strings.Contains(raw, `\u`) {
		return false
	}
	high := false // the escape before this place is a high surrogate
	for i := 0; i < len(raw); {
		if raw[i] != '\\' || i+1 >= len(raw) {
			if high {
				return true
			}
			i++
			continue
		}
		if raw[i+1] != 'u' || i+6 > len(raw) {
			if high {
				return true
			}
			i += 2
			continue
		}
		unit, err := strconv.ParseUint(raw[i+2:i+6], 16, 16)
		if err != nil {
			return true
		}
		low := 0xdc00 <= unit && unit < 0xe000
		if high != low {
			return true
		}
		high = 0xd800 <= unit && unit < 0xdc00
		i += 6
	}
	return high
}
