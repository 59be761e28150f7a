package crypto

import (
	"bytes"
	"encoding/base64"
	"strconv"
)

const (
	lineLen   = 64 // columns of openssl enc -a
	lineBytes = lineLen / 4 * 3
)

// decodeBase64 reads what openssl enc writes with -a and -a -A, with LF or CRLF
// and with or without the last line end. It is stricter than openssl, which
// skips what it does not know: a damaged file must not read as another one.
func decodeBase64(text []byte) (Encoding, []byte, error) {
	body, ended := bytes.CutSuffix(text, []byte("\n"))
	if ended {
		body = bytes.TrimSuffix(body, []byte("\r"))
	}
	lines := bytes.Count(body, []byte("\n")) + 1
	encoding := Base64
	if lines == 1 && (!ended || len(body) > lineLen) {
		encoding = Base64Line
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(len(body)))
	n := 0
	for i := 1; i < lines; i++ {
		line, rest, _ := bytes.Cut(body, []byte("\n"))
		body = rest
		line = bytes.TrimSuffix(line, []byte("\r"))
		m, err := decodeLine(out[n:], line, i)
		if err != nil {
			return 0, nil, err
		}
		if m != lineBytes {
			return 0, nil, badLine(i)
		}
		n += m
	}
	if encoding == Base64 && len(body) > lineLen {
		return 0, nil, badLine(lines)
	}
	m, err := decodeLine(out[n:], body, lines)
	if err != nil {
		return 0, nil, err
	}
	return encoding, out[:n+m], nil
}

// decodeLine decodes line number n into dst, refusing bits behind the padding.
func decodeLine(dst, line []byte, n int) (int, error) {
	// The decoder would skip a CR in the middle.
	if len(line) == 0 || bytes.ContainsRune(line, '\r') {
		return 0, badLine(n)
	}
	m, err := base64.StdEncoding.Strict().Decode(dst, line)
	if err == nil {
		return m, nil
	}
	if len(line)%4 != 0 && isBase64(line) {
		return 0, ErrTruncated
	}
	return 0, badLine(n)
}

// isBase64 reports whether line is characters of base64 and at most two "=".
func isBase64(line []byte) bool {
	line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("=")), []byte("="))
	for _, c := range line {
		switch {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '+', c == '/':
		default:
			return false
		}
	}
	return true
}

func badLine(n int) error {
	return &alteredError{"line " + strconv.Itoa(n) + " is not base64 as openssl writes it"}
}

// encodeBase64 writes what openssl enc writes with -a, or with -a -A.
func encodeBase64(data []byte, e Encoding) []byte {
	if e == Base64Line {
		return base64.StdEncoding.AppendEncode(nil, data)
	}
	size := base64.StdEncoding.EncodedLen(len(data))
	out := make([]byte, 0, size+size/lineLen+1)
	for len(data) > 0 {
		line := data[:min(lineBytes, len(data))]
		data = data[len(line):]
		out = append(base64.StdEncoding.AppendEncode(out, line), '\n')
	}
	return out
}
