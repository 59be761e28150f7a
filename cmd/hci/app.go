package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"hci/crypto"
	"hci/internal/child"
	"hci/internal/compare"
	"hci/internal/ownership"
	"hci/internal/project"
	"hci/internal/sealed"
	"hci/internal/term"
)

// app is what the commands of one run share.
type app struct {
	streams                   // of hci's own words: nothing but text passes
	raw               streams // of other programs, which are at the terminal as hci is
	environ           []string
	dir               string
	workspace         string
	root              string
	passphraseFrom    string
	newPassphraseFrom string
	accept            bool // --accept-unauthenticated

	askedJSON   bool       // --json stands in the command line, whether it was understood or not
	command     string     // that runs, without the program's name: "secrets diff"
	reported    []byte     // the report of --json, until it is written
	verbose     bool       // nothing is abbreviated or kept back
	events      bool       // what happens is written to stdout as it does, an object of JSON a line
	plain       bool       // nothing on the terminal is written over
	unpaged     bool       // the report holds values, or is one of several
	saying      sync.Mutex // held while a line is written to stderr
	style       term.Style
	screen      *term.Screen
	busy        *term.Spinner // nil until something is waited for
	found       *project.Project
	passphrases *term.Passphrases
	mistyped    map[string]int // wrong passphrases that were typed, by environment
	rehearsal   *rehearsal     // nil: the real AWS
	memory      compare.Memory
	macKeys     crypto.MACKeys
}

func newApp(s streams, environ []string) *app {
	a := &app{streams: s, raw: s, environ: environ}
	screen := term.NewScreen(term.Colour(s.out, a.getenv))
	a.screen, a.style, a.out, a.err = screen, screen.Style(), screen.Writer(s.out), screen.Writer(s.err)
	return a
}

// data is where what was asked for goes: values, files, exports. Every byte
// passes, but to a terminal, which it could command.
func (a *app) data() io.Writer {
	if term.IsTerminal(a.raw.out) {
		return a.out
	}
	return a.raw.out
}

// lookup reads the environment that run was given; the last entry wins.
func (a *app) lookup(name string) (string, bool) {
	for i := len(a.environ) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(a.environ[i], name+"="); ok {
			return value, true
		}
	}
	return "", false
}

func (a *app) getenv(name string) string {
	value, _ := a.lookup(name)
	return value
}

// environFor is the environment of a program that hci starts: without any
// passphrase, from whatever variable it came.
func (a *app) environFor(role child.Role) []string {
	var secrets []string
	for _, source := range []string{a.passphraseFrom, a.newPassphraseFrom} {
		if name, ok := strings.CutPrefix(source, "env:"); ok {
			secrets = append(secrets, name)
		}
	}
	return child.Environ(role, a.environ, secrets...)
}

// sayf writes one line of talk to stderr. It may be called by several goroutines
// at once.
func (a *app) sayf(format string, args ...any) {
	a.saying.Lock()
	defer a.saying.Unlock()
	fmt.Fprintf(a.err, "hci: "+format+"\n", args...)
}

// redrawn is where a line is written that the next one takes the place of: the
// terminal, but for a dumb one and with --plain.
func (a *app) redrawn() io.Writer {
	if a.plain || a.getenv("TERM") == "dumb" {
		return io.Discard
	}
	return a.err
}

// waiting shows on a terminal what is being waited for, once that takes long, until
// done is called.
func (a *app) waiting(what string) (done func()) { return a.spinner().Wait(what) }

func (a *app) spinner() *term.Spinner {
	a.saying.Lock()
	defer a.saying.Unlock()
	if a.busy == nil {
		a.busy = term.NewSpinner(a.redrawn())
		a.screen.Watch(a.busy)
	}
	return a.busy
}

// notes says what the user should know besides.
func (a *app) notes(notes []string) {
	for _, n := range notes {
		a.sayf("%s", a.relative(n))
	}
}

// rel shows a path as the user would type it, where that is shorter.
func (a *app) rel(path string) string { return oneName(a.shorter(path)) }

// oneName keeps a path with a line break in its name from looking like more than
// one line of hci's.
func oneName(path string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return '?'
		}
		return r
	}, path)
}

func (a *app) shorter(path string) string {
	if !filepath.IsAbs(path) {
		return path
	}
	base, err := filepath.Abs(a.dir)
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(base, path); err == nil && len(rel) < len(path) {
		return rel
	}
	return path
}

// project finds the project once. A rekey that was interrupted is undone
// before anything else looks at the files.
func (a *app) project() (*project.Project, error) {
	if a.found != nil {
		return a.found, nil
	}
	p, err := project.Find(a.dir, project.Options{Getenv: a.getenv, Environ: a.environ, Workspace: a.workspace, Root: a.root})
	if err != nil {
		return nil, err
	}
	if err := ownership.Private(p.StateDir()); err != nil {
		return nil, err
	}
	if old := p.OldJournal(); old != "" {
		a.sayf("%s, of an earlier hci, says that a rekey was interrupted; it is not obeyed: see with 'git status' whether a sealed file changed, then remove it", a.rel(old))
	}
	restored, err := sealed.Recover(p.Boundary(), p.StateDir(), sealedFiles(p))
	if err != nil {
		return nil, err
	}
	for _, path := range restored {
		a.sayf("%s was put back: a rekey was interrupted", a.rel(path))
	}
	a.found = p
	return p, nil
}

// sealedFiles are the sealed files of all environments.
func sealedFiles(p *project.Project) []string {
	var all []string
	for _, env := range p.Environments {
		all = append(all, env.Sealed)
	}
	return all
}

// environment returns one environment by name.
func (a *app) environment(name string) (project.Environment, error) {
	p, err := a.project()
	if err != nil {
		return project.Environment{}, err
	}
	return p.Environment(name)
}

// noEnvironmentError says that there is none to act on.
type noEnvironmentError struct{ root, what string }

func (e *noEnvironmentError) Error() string {
	if e.root == "." {
		return "no environment " + e.what
	}
	return fmt.Sprintf("%s: no environment %s", e.root, e.what)
}

// Next says how to see, and to say, where things are.
func (e *noEnvironmentError) Next() string {
	return "'hci init --dry-run' shows what hci found; an hci.hcl can say where things are"
}

// environments returns those named, or all for which want holds if none is.
func (a *app) environments(names []string, want func(project.Environment) bool, what string) ([]project.Environment, error) {
	p, err := a.project()
	if err != nil {
		return nil, err
	}
	var envs []project.Environment
	for _, name := range names {
		env, err := p.Environment(name)
		if err != nil {
			return nil, err
		}
		envs = append(envs, env)
	}
	if len(names) > 0 {
		return envs, nil
	}
	for _, env := range p.Environments {
		if want(env) {
			envs = append(envs, env)
		}
	}
	if err := p.Undecided(); err != nil && len(p.Environments) == 0 {
		return nil, err
	}
	if len(envs) == 0 {
		return nil, &noEnvironmentError{root: a.rel(p.Root), what: what}
	}
	return envs, nil
}

// jsonFlag adds --json, as every command that reports has it.
func jsonFlag(cmd *cobra.Command, asJSON *bool) {
	cmd.Flags().BoolVar(asJSON, "json", false, "report as JSON on standard output")
}

// parameters describes how a file is sealed.
func parameters(p crypto.Params, authenticated bool) string {
	how := "authenticated"
	if !authenticated {
		how = "not authenticated"
	}
	return p.String() + ", " + how
}
