package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hci/internal/env/files"
	"hci/internal/project"
	"hci/sync/dotenv"
)

// formatChoice is what a file is written as: in one dialect that somebody named
// or, if named is false, in the universal form where that can carry the values.
type formatChoice struct {
	dialect dotenv.Dialect
	named   bool
	readers []files.Reader // that the project's packages name
}

// chooseFormat finds out which dialect to write: the one that is named, by the
// command line or by the file's own header, or that hci.hcl names.
func (a *app) chooseFormat(named string) (formatChoice, error) {
	p, err := a.project()
	if err != nil {
		return formatChoice{}, err
	}
	c := formatChoice{named: true, readers: a.readers()}
	if named == "" {
		named = p.Format
	}
	if named == "" {
		named, c.named = dotenv.Names()[0], false
	}
	dialect, ok := dotenv.ByName(named)
	if !ok {
		return c, fmt.Errorf("%s: unknown format %q: %s", a.rel(p.ConfigFile), named, strings.Join(dotenv.Names(), ", "))
	}
	c.dialect = dialect
	return c, nil
}

// readers finds what reads the project's .env file: what the packages at the
// root name or, where there are none, those in a directory below it.
func (a *app) readers() []files.Reader {
	found := files.FindReaders(a.manifest(""))
	if len(found) > 0 {
		return found
	}
	entries, err := os.ReadDir(a.found.Root)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") || slices.Contains([]string{"node_modules", "vendor"}, e.Name()) {
			continue
		}
		for _, r := range files.FindReaders(a.manifest(e.Name())) {
			r.File = e.Name() + "/" + r.File
			if !slices.ContainsFunc(found, func(f files.Reader) bool { return f.Format == r.Format }) {
				found = append(found, r)
			}
		}
	}
	return found
}

// manifest reads the files of a directory of the project that name its packages.
func (a *app) manifest(dir string) func(name string) []byte {
	return func(name string) []byte {
		data, err := a.found.Read(filepath.Join(a.found.Root, dir, filepath.FromSlash(name)), maxEnvFile)
		if err != nil {
			return nil
		}
		return data
	}
}

// asBefore takes from the header of the file at -o how that file was made, for
// all that the command line does not say. It returns the arguments with the
// environment.
func (a *app) asBefore(cmd *cobra.Command, args []string, r *exportRequest) ([]string, error) {
	if r.output == "" || r.output == "-" {
		return args, nil
	}
	path, err := a.abs(r.output)
	if err != nil {
		return args, err
	}
	current, err := a.readAt(cmd.Context(), path, maxEnvFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return args, err
	}
	h, ok := files.ReadHeader(current)
	if !ok {
		return args, nil
	}
	given := func(flag string) bool { return cmd.Flags().Changed(flag) }
	if len(args) == 0 {
		args = []string{h.Environment}
		if env, err := a.defaultEnvironment(nil); err != nil || env.Name != h.Environment {
			a.sayf("%s: made again for %s, as its first line says", a.rel(path), h.Environment)
		}
	}
	// The universal form is no choice: a value may have come that it can't carry.
	if !given("format") && h.Format != dotenv.Names()[0] {
		r.format = h.Format
	}
	if !given("only") && !given("except") {
		r.only, r.except = h.Only, h.Except
	}
	for flag, take := range map[string]func(){
		"container": func() { r.container = h.Container },
		"from":      func() { r.from = h.From },
		"local":     func() { r.local.on = h.Local },
		"live":      func() { r.live = h.Live },
		"state":     func() { r.state = h.State },
		"export":    func() { r.export = h.Export },
	} {
		if !given(flag) {
			take()
		}
	}
	return args, nil
}

// encode writes an environment's variables, and returns the dialect that it
// wrote them in.
func (a *app) encode(env project.Environment, entries []dotenv.Entry, c formatChoice, r exportRequest) ([]byte, dotenv.Dialect, error) {
	if !c.named && len(c.readers) == 1 && c.readers[0].First {
		if own, ok := dotenv.ByName(c.readers[0].Format); ok {
			if data, err := encodeAs(own, env, entries, r); err == nil {
				return data, own, nil
			}
		}
	}
	data, err := encodeAs(c.dialect, env, entries, r)
	if err == nil || c.named || len(c.readers) != 1 {
		return data, c.dialect, c.first(err)
	}
	reader := c.readers[0]
	dialect, ok := dotenv.ByName(reader.Format)
	if !ok {
		return nil, c.dialect, err
	}
	keys := refusedKeys(err)
	if data, err = encodeAs(dialect, env, entries, r); err != nil {
		return nil, dialect, c.first(err)
	}
	a.sayf("%s: written for %s, which %s names: not every reader of .env files could read %s", env.Name, reader.What, reader.File, someOf(keys))
	return data, dialect, nil
}

func encodeAs(d dotenv.Dialect, env project.Environment, entries []dotenv.Entry, r exportRequest) ([]byte, error) {
	header := ""
	if !r.noHeader {
		header = files.Header{
			Environment: env.Name, Format: d.Name(), Only: r.only, Except: r.except, Container: r.container, From: r.from,
			Local: r.local.on, Live: r.live, State: r.state, Export: r.export,
		}.String()
	}
	return dotenv.Encode(d, entries, dotenv.Options{Export: r.export, Header: header})
}

// refusalError is a refusal with what to do about it.
type refusalError struct {
	*dotenv.RefusedError
	next string
}

func (e *refusalError) Unwrap() error { return e.RefusedError }

// Next returns what to do about the refusal.
func (e *refusalError) Next() string { return e.next }

// first puts the formats that this project's readers need before the others
// that refusals name, and says below the last of them what to do.
func (c formatChoice) first(err error) error {
	all := flatten(err)
	var refusals []*dotenv.RefusedError
	for i, e := range all {
		var refused *dotenv.RefusedError
		if !errors.As(e, &refused) || len(refused.Formats) == 0 {
			continue
		}
		front := c.known(refused.Formats)
		rest := slices.DeleteFunc(slices.Clone(refused.Formats), func(f string) bool { return slices.Contains(front, f) })
		refused.Formats = append(front, rest...)
		refusals = append(refusals, refused)
		if i == len(all)-1 {
			all[i] = &refusalError{refused, c.next(refusals)}
		}
	}
	return errors.Join(all...)
}

// known are those of the formats that a reader of this project needs.
func (c formatChoice) known(formats []string) []string {
	var known []string
	for _, r := range c.readers {
		if slices.Contains(formats, r.Format) {
			known = append(known, r.Format)
		}
	}
	return known
}

// next names a format that can write all that was refused.
func (c formatChoice) next(all []*dotenv.RefusedError) string {
	keys := []string{}
	formats := slices.Clone(all[0].Formats)
	for _, e := range all {
		keys = append(keys, e.Key)
		formats = slices.DeleteFunc(formats, func(f string) bool { return !slices.Contains(e.Formats, f) })
	}
	without := "--except KEY does without one of them"
	if len(keys) == 1 {
		without = fmt.Sprintf("--except %s does without it", keys[0])
	}
	if len(formats) == 0 {
		return without
	}
	for _, r := range c.readers {
		if r.Format == formats[0] {
			return fmt.Sprintf("--format %s writes what was refused for %s, which %s names; %s", r.Format, r.What, r.File, without)
		}
	}
	return fmt.Sprintf("--format %s writes what was refused; %s", formats[0], without)
}

// refusedKeys are the keys that a dialect refused.
func refusedKeys(err error) []string {
	var keys []string
	for _, e := range flatten(err) {
		var refused *dotenv.RefusedError
		if errors.As(e, &refused) {
			keys = append(keys, refused.Key)
		}
	}
	return keys
}

// someOf names at most three keys.
func someOf(keys []string) string {
	if len(keys) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(keys[:3], ", "), len(keys)-3)
	}
	return strings.Join(keys, ", ")
}
