// Package dotenv writes environment variables for one consumer, and reads
// them back.
//
// Start here: for most uses, call [ByName] with "dotenv" or a consumer's name,
// then [Encode] or [Decode].
//
// Every tool that reads "KEY=value" files reads them differently: quotes,
// "$", backslashes, "#", blanks and newlines mean one thing to Docker,
// another to python-dotenv and a third to the shell. A [Dialect] is one
// consumer's way. [Encode] writes a file that this consumer reads back to
// exactly the bytes given, or writes nothing and says which key it refuses,
// why, and which other dialects can represent it.
//
// # Promises
//
//   - What Encode returns was read back, by an independent reader of the
//     dialect, and was equal: key by key, in order. For the dialect "dotenv"
//     the real github.com/joho/godotenv has to agree as well.
//   - A value's text never depends on the entries around it: entries may be
//     reordered, removed or followed by lines that a person adds.
//   - A file is UTF-8 without a byte order mark, its lines end in LF, and a
//     file that is not empty ends in one. (Comment lines come first.)
//   - No error holds a value or text of a file.
//
// # Refused by every dialect
//
// A key that is not [A-Za-z_][A-Za-z0-9_]* (it would be an injection), a key
// given twice, a value that holds NUL (no process can have it), text that is
// not UTF-8.
//
// # Dialects
//
// [Names] lists them. The default, "dotenv", writes only what every consumer
// reads alike, and refuses the rest:
//
//  1. [A-Za-z0-9_./:@%+,=-]* that zsh does not expand ("=…", "…:=…"): as it stands;
//  2. '…' around text without what a consumer takes for something else there:
//     quotes, "$" before a name, backslashes at some places, tabs (the list is at
//     the function SingleSafe of the package's reader);
//  3. "…" around text without `"`, `\`, "$", "`" and control characters.
//
// Consumers that it is right for, each tried with thousands of values: bash,
// dash, zsh, Docker Compose, python-dotenv, django-environ, node --env-file, the
// npm packages dotenv, dotenv-expand, @next/env, vite and env-cmd, phpdotenv,
// dotenv-ruby, godotenv, gotenv, go-envparse, direnv and systemd. Values written
// by rules 2 and 3 are not for "docker run --env-file", GitLab's dotenv reports
// and make, which make quotes part of the value: those have dialects of their own.
package dotenv

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"hci/sync/secret"
)

// An Entry is one variable.
type Entry struct {
	Key   string
	Value secret.Value
	// ValueFrom is for the dialect "ecs" alone: the ARN of the secret, or of
	// a JSON key in it, that ECS gets the value from. The entry is then
	// written to "secrets", and its Value is not.
	ValueFrom string
}

// Options are what a file looks like beside its entries.
type Options struct {
	// Export writes "export KEY=value", so that a shell that sources the
	// file hands the variables on. Encode returns [ErrNoExport] for a dialect
	// whose consumer does not take that: see [Dialect.Exports].
	Export bool
	// Header is written as comment lines at the top, without "# ". A
	// dialect without comments (see [Dialect.Comments]) leaves it out.
	Header string
}

var (
	// ErrNoExport is returned for Options.Export in a dialect without it.
	ErrNoExport = errors.New(`the format has no "export KEY=value"`)
	// ErrHeader is returned for a header with control characters or with a
	// line that ends in a backslash: some consumers read on from there.
	ErrHeader = errors.New("the header holds a control character, or a line of it ends in a backslash")
	// ErrVerify is returned when what was written did not read back equal.
	// Nothing is handed out then; it is a defect of this package.
	ErrVerify = errors.New("the text written did not read back equal; nothing was handed out")
)

// Encode returns the file that d's consumer reads as the entries, in their
// order (in the dialect "ecs", those with a ValueFrom after the others). An entry that cannot be written is a [*RefusedError]; when there are
// several, they are joined, in the order of the entries.
func Encode(d Dialect, entries []Entry, o Options) ([]byte, error) {
	if d.write == nil {
		return nil, errors.New("no format is named")
	}
	if o.Export && !d.export {
		return nil, fmt.Errorf("%s: %w", d.name, ErrNoExport)
	}
	header, err := headerLines(d, o.Header)
	if err != nil {
		return nil, err
	}
	if err := refused(d, entries); err != nil {
		return nil, err
	}
	if d.refers {
		entries = slices.Clone(entries)
		slices.SortStableFunc(entries, func(a, b Entry) int {
			return cmp.Compare(min(len(a.ValueFrom), 1), min(len(b.ValueFrom), 1))
		})
	}
	var b strings.Builder
	d.write(&b, entries, o.Export)
	out := b.String()
	if note := d.Note(out); note != "" && header != "" {
		header += "# " + note + "\n"
	}
	out = header + out
	if err := verify(d, out, entries); err != nil {
		return nil, err
	}
	return []byte(out), nil
}

// Note returns what the user of a file of d has to know, or "". A file with a
// header holds it as a comment.
func (d Dialect) Note(text string) string {
	if d.note == nil {
		return ""
	}
	return d.note(text)
}

// headerLines returns the header as comment lines of d.
func headerLines(d Dialect, header string) (string, error) {
	if header == "" || !d.comments {
		return "", nil
	}
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimSuffix(header, "\n"), "\n") {
		if strings.ContainsFunc(line, unicode.IsControl) || strings.HasSuffix(line, `\`) {
			return "", ErrHeader
		}
		b.WriteString(strings.TrimRight("# "+line, " ") + "\n")
	}
	return b.String(), nil
}

// verify reads out as d's consumer does and compares it with the entries.
func verify(d Dialect, out string, entries []Entry) error {
	pairs, problem := d.read(out)
	if problem != nil {
		return fmt.Errorf("%s: line %d: %w", d.name, problem.Line, ErrVerify)
	}
	if len(pairs) != len(entries) {
		return fmt.Errorf("%s: %w", d.name, ErrVerify)
	}
	for i, p := range pairs {
		e := entries[i]
		if d.refers && e.ValueFrom != "" {
			e.Value = secret.Value{}
		} else {
			e.ValueFrom = ""
		}
		if p.Key != e.Key || p.From != e.ValueFrom || !secret.New(p.Value).Equal(e.Value) {
			return fmt.Errorf("%s: key %q: %w", d.name, e.Key, ErrVerify)
		}
	}
	if d.second == nil {
		return nil
	}
	values, ok := d.second(out)
	if !ok || len(values) != len(entries) {
		return fmt.Errorf("%s: %w", d.name, ErrVerify)
	}
	for _, e := range entries {
		if v, ok := values[e.Key]; !ok || !secret.New(v).Equal(e.Value) {
			return fmt.Errorf("%s: key %q: %w", d.name, e.Key, ErrVerify)
		}
	}
	return nil
}
