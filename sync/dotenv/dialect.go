package dotenv

import (
	"slices"
	"strings"

	"hci/sync/dotenv/internal/reader"
)

// A Dialect is one consumer's way of reading variables. [ByName] finds one;
// the zero Dialect is none.
type Dialect struct {
	name     string
	consumer string // in messages: what reads the file
	comments bool
	export   bool
	// cannot returns why an entry with a good key cannot be written, or "".
	cannot func(key, value string) string
	// write writes entries for which cannot returned "".
	write func(b *strings.Builder, entries []Entry, export bool)
	read  reader.ReadFunc
	// readLoose is read for [DecodeLoose], or nil.
	readLoose reader.ReadFunc
	// second is another reader that has to agree, or nil. It says whether
	// it could read the file at all.
	second func(src string) (map[string]string, bool)
	// note returns what the user of a file of that text has to know, or
	// ""; it may be nil.
	note func(text string) string
	// refers says that an entry with a ValueFrom is written as that, after
	// the others.
	refers bool
}

// Name returns the name by which [ByName] finds d.
func (d Dialect) Name() string { return d.name }

// Consumer returns what reads the file, for messages: "docker run --env-file".
func (d Dialect) Consumer() string { return d.consumer }

// Comments reports whether a file of d can hold comment lines.
func (d Dialect) Comments() bool { return d.comments }

// Exports reports whether d's consumer takes "export KEY=value".
func (d Dialect) Exports() bool { return d.export }

// ByName returns the dialect of that name.
func ByName(name string) (Dialect, bool) {
	dialects := all()
	i := slices.IndexFunc(dialects, func(d Dialect) bool { return d.name == name })
	if i < 0 {
		return Dialect{}, false
	}
	return dialects[i], true
}

// Names returns the names of all dialects; the first is the default.
func Names() []string {
	var names []string
	for _, d := range all() {
		names = append(names, d.name)
	}
	return names
}

// all returns every dialect.
func all() []Dialect {
	return []Dialect{
		universal(),
		sh(),
		zsh(),
		fish(),
		makefile(),
		docker(),
		compose(),
		python(),
		node(),
		godotenvLibrary(),
		ruby(),
		npm(),
		next(),
		php(),
		direnv(),
		systemd(),
		github(),
		gitlab(),
		jsonObject(),
		yaml(),
		ecs(),
		tfvars(),
	}
}

// lines makes d the dialect of the line format l. A value is written in the
// first of its forms that the consumer reads back to it.
func lines(d Dialect, l reader.Lines, forms forms, badName func(key string) string) Dialect {
	choose := func(v string) (string, bool) {
		all := forms(v)
		if reader.IsPlain(v) && !reader.ZshExpands(v) {
			all = append([]string{v}, all...)
		}
		for _, form := range all {
			if got, n, problem := l.Value(form + "\n"); problem == "" && n == len(form) && got == v {
				return form, true
			}
		}
		return "", false
	}
	d.comments, d.export, d.read = true, l.Export, l.Read
	loose := l
	loose.Dotted = true
	d.readLoose = loose.Read
	d.cannot = func(key, value string) string {
		if reason := badName(key); reason != "" {
			return reason
		}
		form, ok := choose(value)
		switch {
		case !ok:
			return noForm(value, d.consumer)
		case l.MaxLine > 0 && len(key)+len("=")+len(form) > l.MaxLine:
			return "the line would be too long for " + d.consumer
		}
		return ""
	}
	d.write = func(b *strings.Builder, entries []Entry, export bool) {
		for _, e := range entries {
			form, _ := choose(e.Value.Reveal())
			if export {
				b.WriteString("export ")
				if form == "" {
					form = "''" // Node.js 22 takes "export KEY=" for another key
				}
			}
			b.WriteString(e.Key + "=" + form + "\n")
		}
	}
	return d
}
