// Package files reads a .env file that somebody has, whatever tool it was
// written for, and says what is wrong with it: against a template, and against
// what an environment's variables should be. To write a file for one tool, use
// sync/dotenv; to find out what the variables are, internal/env/layers.
package files

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hci/sync/dotenv"
)

// detected are the dialects that a file is tried as whose dialect nobody names,
// the strictest first: that one reads what every tool reads alike. Docker's,
// systemd's and direnv's are not among them: they take quotes, comments or
// blanks into the value that all the others leave out of it.
var detected = []string{"dotenv", "compose", "python", "npm", "node", "ruby", "godotenv", "sh"}

// File is a .env file that was read.
type File struct {
	Entries    []dotenv.Entry // each key once
	Dialect    string         // it was read as
	Duplicates []string       // keys that are given more than once; the last one counts
	Skipped    []int          // lines whose key no environment variable can have
	Made       bool           // by hci: its header says so
	own        map[string]bool
}

// Own reports whether a key is set by a person's line, below those of hci.
func (f *File) Own(key string) bool { return f.own[key] }

// Read reads a file as a dialect. If that is "", the header of a file that hci
// made names it; of any other file, and of the lines that a person wrote below
// those of hci, all dialects in which it is valid have to agree on every value,
// or the error is an [*AmbiguousError]. path stands for the file in errors,
// which hold no text of it.
func Read(src []byte, path, dialect string) (*File, error) {
	header, made := ReadHeader(src)
	names := detected
	switch {
	case dialect != "":
		names = []string{dialect}
	case header.Format != "":
		return readMade(src, path, header.Format)
	}
	r, err := readAgreed(src, path, names)
	if err != nil {
		return nil, err
	}
	f := r.file(src)
	f.Made = made
	return f, nil
}

// readMade reads a file that hci made in a dialect. What a person wrote below
// the marker need not be in that one.
func readMade(src []byte, path, dialect string) (*File, error) {
	readings, err := readAs(src, path, []string{dialect})
	if err == nil {
		f := readings[0].file(src)
		f.Made = true
		return f, nil
	}
	at := marker().FindIndex(src)
	if at == nil {
		return nil, err
	}
	above, err := readAs(src[:at[0]], path, []string{dialect})
	if err != nil {
		return nil, err
	}
	// Empty lines in the place of hci's keep the numbers of the others.
	below := append(bytes.Repeat([]byte("\n"), bytes.Count(src[:at[1]], []byte("\n"))), src[at[1]:]...)
	own, err := readAgreed(below, path, detected)
	if err != nil {
		return nil, err
	}
	f := above[0].file(src[:at[0]])
	f.Made = true
	f.overlay(own)
	return f, nil
}

// readAgreed reads a file on which all of the dialects have to agree that fit.
func readAgreed(src []byte, path string, names []string) (reading, error) {
	readings, err := readAs(src, path, names)
	if err != nil {
		return reading{}, err
	}
	return readings[0], agreed(readings, path)
}

// overlay puts a person's own lines over those of hci.
func (f *File) overlay(own reading) {
	for _, e := range own.Entries {
		f.Entries = slices.DeleteFunc(f.Entries, func(old dotenv.Entry) bool { return old.Key == e.Key })
		f.own[e.Key] = true
	}
	f.Entries = append(f.Entries, own.Entries...)
	f.Skipped = append(f.Skipped, own.Skipped...)
}

// reading is a file as one dialect has it. It is nil where the dialect does not
// fit; problem then says why.
type reading struct {
	dialect string
	*dotenv.Loose
	problem *dotenv.DecodeError
}

// readAs reads a file as each of the dialects, and returns those that fit
// first. If none does, the error is that of the one that got furthest.
func readAs(src []byte, path string, names []string) ([]reading, error) {
	var fit, rest []reading
	for _, name := range names {
		d, ok := dotenv.ByName(name)
		if !ok {
			return nil, fmt.Errorf("unknown format %q: %s", name, strings.Join(dotenv.Names(), ", "))
		}
		loose, err := dotenv.DecodeLoose(d, src, path)
		r := reading{dialect: name, Loose: loose}
		switch {
		case err == nil:
			fit = append(fit, r)
		case errors.As(err, &r.problem):
			// What was taken for the key may be a piece of a value.
			r.problem.Key = ""
			rest = append(rest, r)
		default:
			return nil, err
		}
	}
	if len(fit) == 0 {
		return nil, slices.MaxFunc(rest, func(a, b reading) int { return a.problem.Line - b.problem.Line }).problem
	}
	return append(fit, rest...), nil
}

// file makes the file of a reading.
func (r reading) file(src []byte) *File {
	f := &File{Entries: r.Entries, Dialect: r.dialect, Skipped: r.Skipped, own: map[string]bool{}}
	below := 1 << 62 // the line of hci's last one
	if at := marker().FindIndex(src); at != nil {
		below = 1 + bytes.Count(src[:at[0]], []byte("\n"))
	}
	for i, e := range r.Entries {
		if r.Lines[i] > below {
			f.own[e.Key] = true
		}
	}
	for _, key := range r.Repeated {
		if !f.own[key] { // a person's own line overrides hci's on purpose
			f.Duplicates = append(f.Duplicates, key)
		}
	}
	return f
}

// TemplateNames are the names that templates have, in the order in which they
// are looked for.
var TemplateNames = []string{".env.template", ".env.example", ".env.sample"}
