package term

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// mode is how the terminal treats what is typed.
type mode int

const (
	// echo: shown, and edited by the terminal.
	echo mode = iota
	// noEcho: not shown, and handed over byte by byte. The terminal's own line
	// editing would cut a line after 1024 (macOS) or 4096 (Linux) bytes.
	noEcho
)

// maxLine bounds what can be typed, in bytes.
const maxLine = 1 << 20

// Keys that edit a line that the terminal does not edit.
const (
	keyEnd       = 0x04 // Ctrl-D
	keyBackspace = 0x08
	keyKillWord  = 0x17 // Ctrl-W
	keyKill      = 0x15 // Ctrl-U
	keyInterrupt = 0x03 // Ctrl-C, where the terminal makes no signal of it
	keyDelete    = 0x7f
)

// readLine reads a line byte by byte, so that the next one is left for the
// next question. A line that the end of input cuts off is no answer.
func readLine(in io.Reader, m mode) ([]byte, error) {
	var line []byte
	var b [1]byte
	for {
		n, err := in.Read(b[:])
		if n == 0 {
			if errors.Is(err, io.EOF) {
				return nil, ErrInterrupted
			}
			if err != nil {
				return nil, fmt.Errorf("terminal: %w", err)
			}
			continue
		}
		switch c := b[0]; {
		case c == '\n', c == '\r' && m == noEcho:
			return bytes.TrimSuffix(line, []byte("\r")), nil
		case m == noEcho && c == keyInterrupt, m == noEcho && c == keyEnd && len(line) == 0:
			return nil, ErrInterrupted
		case m == noEcho && isEditing(c):
			line = edit(line, c)
		case len(line) == maxLine:
			return nil, errors.New("the line is too long for a terminal")
		default:
			line = append(line, c)
		}
	}
}

func isEditing(c byte) bool {
	return c == keyBackspace || c == keyDelete || c == keyKill || c == keyKillWord || c == keyEnd
}

// edit applies a key to a line, as a terminal would.
func edit(line []byte, key byte) []byte {
	switch key {
	case keyKill:
		return line[:0]
	case keyKillWord:
		line = bytes.TrimRight(line, " \t")
		return line[:bytes.LastIndexAny(line, " \t")+1]
	case keyBackspace, keyDelete:
		_, size := utf8.DecodeLastRune(line)
		return line[:len(line)-size]
	default: // Ctrl-D within a line
		return line
	}
}
