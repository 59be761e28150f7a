package dotenv

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"hci/sync/dotenv/internal/reader"
	"hci/sync/secret"
)

// A DecodeError is why a file was not read. It never holds text of the file
// beside the key.
type DecodeError struct {
	File    string
	Line    int
	Key     string // empty where no key was found
	Summary string
	// Expands says that the consumer takes the file, but would look the
	// value up elsewhere: in another variable, or in a command's output.
	Expands bool
}

// Error returns "file:line: key: summary".
func (e *DecodeError) Error() string {
	key := ""
	if e.Key != "" {
		key = e.Key + ": "
	}
	return fmt.Sprintf("%s:%d: %s%s", e.File, e.Line, key, e.Summary)
}

// Decode reads a file as d's consumer does; name stands for it in errors. It
// returns the entries in their order, or a [*DecodeError] for the first line
// that the consumer would refuse or skip, that consumers or their versions
// read differently, or whose value comes from outside the file. A key that
// is given twice is an error too.
func Decode(d Dialect, src []byte, name string) ([]Entry, error) {
	pairs, err := decode(d.read, src, name)
	if err != nil {
		return nil, err
	}
	first := make(map[string]int, len(pairs))
	entries := make([]Entry, len(pairs))
	for i, p := range pairs {
		problem := &reader.Problem{Line: p.Line, Key: p.Key}
		switch line, twice := first[p.Key]; {
		case !reader.IsKey(p.Key):
			problem.Key, problem.Summary = "", badKey
		case twice:
			problem.Summary = fmt.Sprintf("the key was given on line %d already", line)
		case badValue(p.Value) != "":
			problem.Summary = "the value " + badValue(p.Value)
		default:
			first[p.Key] = p.Line
			entries[i] = Entry{Key: p.Key, Value: secret.New(p.Value), ValueFrom: p.From}
			continue
		}
		return nil, decodeError(name, problem)
	}
	return entries, nil
}

// Loose is what [DecodeLoose] found in a file.
type Loose struct {
	Entries  []Entry  // each key once, as it stands last, in the order of these places
	Lines    []int    // of the entries' keys, counted from 1
	Repeated []string // the keys that are given more than once, in the order of the entries
	Skipped  []int    // the lines whose key no environment variable can have
	Spans    []Span   // where entries stand, those that do not count as well
}

// A Span is the lines that an entry stands on, counted from 1. To is 0 in a
// format that is not one of lines.
type Span struct {
	Key      string
	From, To int
}

// DecodeLoose is [Decode] for a file that a person keeps: of a key that is
// given more than once the last one counts, as it does for every consumer, and
// a line whose key holds "." or "-" is skipped. Only formats of lines are read
// so; the others are read as by Decode.
func DecodeLoose(d Dialect, src []byte, name string) (*Loose, error) {
	read, loose := d.readLoose, true
	if read == nil {
		read, loose = d.read, false
	}
	pairs, err := decode(read, src, name)
	if err != nil {
		return nil, err
	}
	last := make(map[string]int, len(pairs))
	given := make(map[string]int, len(pairs))
	for i, p := range pairs {
		last[p.Key], given[p.Key] = i, given[p.Key]+1
	}
	f := &Loose{}
	for i, p := range pairs {
		f.Spans = append(f.Spans, Span{p.Key, p.Line, p.End})
		summary := ""
		switch {
		case !reader.IsKey(p.Key) && loose:
			f.Skipped = append(f.Skipped, p.Line)
			continue
		case !reader.IsKey(p.Key):
			return nil, decodeError(name, &reader.Problem{Line: p.Line, Summary: badKey})
		case last[p.Key] != i && !loose:
			summary = "the key is given more than once"
		case last[p.Key] != i:
			continue
		case badValue(p.Value) != "":
			summary = "the value " + badValue(p.Value)
		}
		if summary != "" {
			return nil, decodeError(name, &reader.Problem{Line: p.Line, Key: p.Key, Summary: summary})
		}
		f.Entries = append(f.Entries, Entry{Key: p.Key, Value: secret.New(p.Value), ValueFrom: p.From})
		f.Lines = append(f.Lines, p.Line)
		if given[p.Key] > 1 {
			f.Repeated = append(f.Repeated, p.Key)
		}
	}
	return f, nil
}

// decode reads the pairs of a file with read.
func decode(read reader.ReadFunc, src []byte, name string) ([]reader.Pair, error) {
	if read == nil {
		return nil, errors.New("no format is named")
	}
	if problem := unreadable(string(src)); problem != nil {
		return nil, decodeError(name, problem)
	}
	pairs, problem := read(string(src))
	if problem != nil {
		return nil, decodeError(name, problem)
	}
	return pairs, nil
}

func decodeError(name string, p *reader.Problem) error {
	return &DecodeError{File: name, Line: p.Line, Key: p.Key, Summary: p.Summary, Expands: p.Summary == reader.Expands}
}

// unreadable returns what keeps any consumer from reading src as text.
func unreadable(src string) *reader.Problem {
	if strings.HasPrefix(src, "\ufeff") {
		return &reader.Problem{Line: 1, Summary: "the file starts with a byte order mark, which not every consumer skips"}
	}
	for i, r := range src {
		if r == 0 || r == unicode.ReplacementChar && !strings.HasPrefix(src[i:], "\ufffd") {
			return &reader.Problem{
				Line:    1 + strings.Count(src[:i], "\n"),
				Summary: "the line holds NUL, or is not UTF-8",
			}
		}
	}
	return nil
}
