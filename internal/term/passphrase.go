package term

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	stdsync "sync"

	"hci/sync/secret"
)

// The variables that hold a passphrase, or name a file that does.
const (
	passphraseVar     = "HCI_PASSPHRASE"
	passphraseFileVar = "HCI_PASSPHRASE_FILE"
)

// Passphrase is a passphrase, and where it came from.
type Passphrase struct {
	Value secret.Value
	From  string // "env:NAME", "HCI_PASSPHRASE", "passphrase_command", "keyring", "prompt" …
}

// Passphrases finds passphrases, the first that is set of
//
//  1. From, that is --passphrase-from
//  2. HCI_PASSPHRASE_<ENV>, see [EnvironmentVar]
//  3. HCI_PASSPHRASE
//  4. the first line of the file that HCI_PASSPHRASE_FILE names
//  5. the first line that the environment's passphrase command prints
//  6. the keyring
//  7. the team's file, see [hci/internal/team]
//  8. the terminal
//
// A variable that is set but empty is an error: it is what a missing CI secret
// looks like. The source env:NAME takes an empty value as openssl does.
//
// Nothing is asked for twice: what a source, a command or a person said is
// kept. What a person typed serves all environments. The methods can be called
// concurrently.
type Passphrases struct {
	From    Source // --passphrase-from
	NewFrom Source // --new-passphrase-from

	Lookup  func(string) (string, bool) // reads an environment variable
	Environ []string                    // what a command gets as its environment
	Stdin   io.Reader
	Stderr  io.Writer // gets what a command writes to its stderr
	Dir     string    // what relative paths are relative to

	Command    func(env string) []string // the environment's passphrase_command; nil for none
	CommandDir string                    // where it runs
	// Allow fails unless the user agreed that an environment's command runs; nil
	// lets none run. It is asked each time.
	Allow   func(env string, argv []string) error
	Keyring Keyring // nil for none
	Project string  // names the project in the keyring
	// Team opens the passphrase that the repository holds for the members of a
	// team. ok is false where it holds none, or none of the caller's keys opens
	// it: why says which. nil for none.
	Team     func(ctx context.Context, env string) (v secret.Value, ok bool, why error)
	Terminal *Terminal // nil for none

	mu       stdsync.Mutex
	kept     map[string]Passphrase // by what was asked
	typed    typed
	newTyped *Passphrase
}

// EnvironmentVar is the variable that holds the passphrase of one environment:
// HCI_PASSPHRASE_ and its name in upper case, with _ for all but letters and
// digits. An environment called file has none, as HCI_PASSPHRASE_FILE means
// something else.
func EnvironmentVar(env string) string {
	name := passphraseVar + "_" + strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		}
		return '_'
	}, env)
	if name == passphraseFileVar {
		return ""
	}
	return name
}

// NoPassphraseError says that no passphrase is set and nobody can be asked.
type NoPassphraseError struct {
	Environment string
	New         bool  // it was to be a new one
	Keyring     error // why the keyring could not be asked, if so
	Team        error // why the team's file did not open, if there is one
}

func (e *NoPassphraseError) Error() string {
	if e.New {
		return fmt.Sprintf("no new passphrase for %q, and no terminal to ask on: use --new-passphrase-from", e.Environment)
	}
	ways := []string{"--passphrase-from", passphraseVar, passphraseFileVar, "passphrase_command in hci.hcl"}
	if v := EnvironmentVar(e.Environment); v != "" {
		ways[1] = v + ", " + passphraseVar
	}
	s := fmt.Sprintf("no passphrase for %q, and no terminal to ask on: use %s or %s",
		e.Environment, strings.Join(ways[:3], ", "), ways[3])
	if e.Team != nil {
		s += fmt.Sprintf(" (the team's file: %v)", e.Team)
	}
	if e.Keyring != nil {
		s += fmt.Sprintf(" (the keyring: %v)", e.Keyring)
	}
	return s
}

// Unwrap returns [ErrNoTerminal], and why the team's file did not open.
func (e *NoPassphraseError) Unwrap() []error {
	if e.Team != nil {
		return []error{ErrNoTerminal, e.Team}
	}
	return []error{ErrNoTerminal}
}

// EmptyVariableError says that a variable is set but empty.
type EmptyVariableError struct{ Name string }

func (e *EmptyVariableError) Error() string {
	return fmt.Sprintf("%s is set but empty; unset it, or set it to the passphrase", e.Name)
}

// Get returns the passphrase of an environment.
func (p *Passphrases) Get(ctx context.Context, env string) (Passphrase, error) {
	return p.get(ctx, env, (*Terminal).Secret)
}

// GetFirst returns the passphrase for an environment's first sealed file. It
// is Get, but a person is asked twice.
func (p *Passphrases) GetFirst(ctx context.Context, env string) (Passphrase, error) {
	return p.get(ctx, env, (*Terminal).NewSecret)
}

// GetNew returns the passphrase that is to replace one: from NewFrom, else
// from a person, who is asked twice. It serves all environments.
func (p *Passphrases) GetNew(ctx context.Context, env string) (Passphrase, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.NewFrom != (Source{}) {
		return p.keep("new", func() (Passphrase, error) { return p.source(ctx, p.NewFrom) })
	}
	if p.newTyped != nil {
		return *p.newTyped, nil
	}
	v, err := p.prompt("New passphrase: ", (*Terminal).NewSecret)
	if errors.Is(err, ErrNoTerminal) {
		return Passphrase{}, &NoPassphraseError{Environment: env, New: true}
	}
	if err != nil {
		return Passphrase{}, err
	}
	p.newTyped = &v
	return v, nil
}

func (p *Passphrases) get(ctx context.Context, env string, ask func(*Terminal, string) (secret.Value, error)) (Passphrase, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.From != (Source{}) {
		return p.keep("from", func() (Passphrase, error) { return p.source(ctx, p.From) })
	}
	for _, name := range []string{EnvironmentVar(env), passphraseVar} {
		if v, ok, err := p.variable(name); ok || err != nil {
			return Passphrase{Value: secret.New(v), From: name}, err
		}
	}
	if path, ok, err := p.variable(passphraseFileVar); ok || err != nil {
		return p.keep("file", func() (Passphrase, error) { return p.file(ctx, path, err) })
	}
	if p.Command != nil {
		if argv := p.Command(env); len(argv) > 0 {
			if err := p.allow(env, argv); err != nil {
				return Passphrase{}, err
			}
			return p.keep("command\x00"+strings.Join(argv, "\x00"), func() (Passphrase, error) { return p.run(ctx, argv) })
		}
	}
	found, err := p.keep("keyring\x00"+env, func() (Passphrase, error) { return p.fromKeyring(ctx, env) })
	if err == nil || ctx.Err() != nil {
		return found, err
	}
	var notTeam error
	if p.Team != nil {
		v, ok, why := p.Team(ctx, env)
		if ok {
			return p.keep("team\x00"+env, func() (Passphrase, error) { return Passphrase{Value: v, From: "team"}, nil })
		}
		notTeam = why
	}
	if v, ok := p.alreadyTyped(env); ok {
		return v, nil
	}
	v, askErr := p.prompt(fmt.Sprintf("Passphrase for %s: ", env), ask)
	if errors.Is(askErr, ErrNoTerminal) {
		none := &NoPassphraseError{Environment: env, Team: notTeam}
		if !errors.Is(err, ErrNotInKeyring) {
			none.Keyring = err
		}
		return Passphrase{}, none
	}
	if askErr != nil {
		return Passphrase{}, askErr
	}
	p.keepTyped(env, v)
	return v, nil
}

func (p *Passphrases) allow(env string, argv []string) error {
	if p.Allow == nil {
		return fmt.Errorf("passphrase_command %q: nobody agreed to it", argv[0])
	}
	return p.Allow(env, argv)
}

// keep calls f unless it has succeeded before.
func (p *Passphrases) keep(key string, f func() (Passphrase, error)) (Passphrase, error) {
	if v, ok := p.kept[key]; ok {
		return v, nil
	}
	v, err := f()
	if err != nil {
		return Passphrase{}, err
	}
	if p.kept == nil {
		p.kept = map[string]Passphrase{}
	}
	p.kept[key] = v
	return v, nil
}

// variable reads a variable that must not be empty if it is set.
func (p *Passphrases) variable(name string) (value string, ok bool, err error) {
	if name == "" {
		return "", false, nil
	}
	value, ok = p.Lookup(name)
	if ok && value == "" {
		return "", false, &EmptyVariableError{Name: name}
	}
	return value, ok, nil
}

func (p *Passphrases) source(ctx context.Context, s Source) (Passphrase, error) {
	v, err := s.read(ctx, surroundings{lookup: p.Lookup, stdin: p.Stdin, dir: p.Dir})
	return Passphrase{Value: v, From: s.String()}, err
}

func (p *Passphrases) file(ctx context.Context, path string, err error) (Passphrase, error) {
	if err != nil {
		return Passphrase{}, err
	}
	v, err := waitFor(ctx, func() (secret.Value, error) { return firstLineOfFile(ctx, p.Dir, path) })
	if err != nil {
		return Passphrase{}, fmt.Errorf("%s: %s: %w", passphraseFileVar, path, err)
	}
	return Passphrase{Value: v, From: passphraseFileVar}, nil
}

func (p *Passphrases) prompt(question string, ask func(*Terminal, string) (secret.Value, error)) (Passphrase, error) {
	if p.Terminal == nil {
		return Passphrase{}, ErrNoTerminal
	}
	v, err := ask(p.Terminal, question)
	return Passphrase{Value: v, From: "prompt"}, err
}

// account names a passphrase in the keyring.
func (p *Passphrases) account(env string) string { return p.Project + "/" + env }

func (p *Passphrases) fromKeyring(ctx context.Context, env string) (Passphrase, error) {
	if p.Keyring == nil {
		return Passphrase{}, ErrNotInKeyring
	}
	v, err := waitFor(ctx, func() (string, error) { return p.Keyring.Get(p.account(env)) })
	return Passphrase{Value: secret.New(v), From: "keyring"}, err
}

// ErrNoKeyring says that there is no keyring to save in.
var ErrNoKeyring = errors.New("no keyring: there is no desktop session that offers one")

// Save puts the passphrase of an environment into the keyring.
func (p *Passphrases) Save(ctx context.Context, env string, v secret.Value) error {
	return p.inKeyring(ctx, func(k Keyring) error { return k.Set(p.account(env), v.Reveal()) })
}

// olderSuffix ends the name of the keyring's entry with the passphrases of older
// versions, one a line.
const olderSuffix = "#older"

// Older are the passphrases in the keyring that older versions of an environment's
// file can have. Nobody is asked.
func (p *Passphrases) Older(ctx context.Context, env string) []secret.Value {
	if p.Keyring == nil {
		return nil
	}
	var all []secret.Value
	for _, account := range []string{env, env + olderSuffix} {
		v, err := waitFor(ctx, func() (string, error) { return p.Keyring.Get(p.account(account)) })
		if err != nil {
			continue
		}
		for line := range strings.SplitSeq(v, "\n") {
			all = append(all, secret.New(line))
		}
	}
	return all
}

// SaveOlder adds a passphrase of older versions to those in the keyring.
func (p *Passphrases) SaveOlder(ctx context.Context, env string, v secret.Value) error {
	return p.inKeyring(ctx, func(k Keyring) error {
		lines := []string{v.Reveal()}
		old, err := k.Get(p.account(env + olderSuffix))
		if err == nil {
			lines = append(lines, strings.Split(old, "\n")...)
		} else if !errors.Is(err, ErrNotInKeyring) {
			return err
		}
		slices.Sort(lines)
		return k.Set(p.account(env+olderSuffix), strings.Join(slices.Compact(lines), "\n"))
	})
}

// Forget removes the passphrase of an environment from the keyring, or returns
// [ErrNotInKeyring].
func (p *Passphrases) Forget(ctx context.Context, env string) error {
	return p.inKeyring(ctx, func(k Keyring) error { return k.Delete(p.account(env)) })
}

func (p *Passphrases) inKeyring(ctx context.Context, do func(Keyring) error) error {
	if p.Keyring == nil {
		return ErrNoKeyring
	}
	_, err := waitFor(ctx, func() (struct{}, error) { return struct{}{}, do(p.Keyring) })
	if err != nil && !errors.Is(err, ErrNotInKeyring) {
		return fmt.Errorf("keyring: %w", err)
	}
	return err
}
