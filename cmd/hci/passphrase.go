package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"hci/crypto"
	"hci/internal/child"
	"hci/internal/history"
	"hci/internal/project"
	"hci/internal/sealed"
	"hci/internal/team"
	"hci/internal/term"
	"hci/internal/trust"
	"hci/sync/secret"
)

// terminal is where questions are asked.
func (a *app) terminal() *term.Terminal { return &term.Terminal{Busy: a.spinner()} }

// sources returns where passphrases come from, set up once. newFrom is the
// value of --new-passphrase-from, or "".
func (a *app) sources(newFrom string) (*term.Passphrases, error) {
	if a.passphrases != nil {
		return a.passphrases, nil
	}
	a.newPassphraseFrom = newFrom
	p, err := a.project()
	if err != nil {
		return nil, err
	}
	s := &term.Passphrases{
		Lookup: a.lookup, Environ: a.environFor(child.PassphraseCommand), Stdin: a.in, Stderr: a.raw.err, Dir: a.dir,
		CommandDir: p.Root, Project: p.ID(),
		Keyring: term.SystemKeyring(a.lookup), Terminal: a.terminal(),
		Command: func(name string) []string {
			env, err := p.Environment(name)
			if err != nil {
				return nil
			}
			return env.PassphraseCommand
		},
	}
	s.Allow = func(env string, argv []string) error {
		return a.consent(trust.Command{Setting: "passphrase_command", Env: env, Argv: argv}, s.Terminal)
	}
	s.Team = a.teamPassphrase()
	if a.passphraseFrom != "" {
		if s.From, err = term.ParseSource(a.passphraseFrom); err != nil {
			return nil, fmt.Errorf("--passphrase-from: %w", err)
		}
	}
	if newFrom != "" {
		if s.NewFrom, err = term.ParseSource(newFrom); err != nil {
			return nil, fmt.Errorf("--new-passphrase-from: %w", err)
		}
	}
	a.passphrases = s
	return s, nil
}

// get is one of the ways to get a passphrase from [term.Passphrases].
type get func(*term.Passphrases, context.Context, string) (term.Passphrase, error)

func (a *app) passphraseBy(env project.Environment, how get, newFrom string) sealed.Passphrase {
	return func(ctx context.Context) (secret.Value, error) {
		s, err := a.sources(newFrom)
		if err != nil {
			return secret.Value{}, err
		}
		p, err := how(s, ctx, env.Name)
		return p.Value, err
	}
}

// passphrase yields the passphrase of an environment's sealed file.
func (a *app) passphrase(env project.Environment) sealed.Passphrase {
	return a.passphraseBy(env, (*term.Passphrases).Get, "")
}

// firstPassphrase yields the passphrase for an environment's first sealed file.
func (a *app) firstPassphrase(env project.Environment) sealed.Passphrase {
	return a.passphraseBy(env, (*term.Passphrases).GetFirst, "")
}

func newPassphrase(a *app) *cobra.Command {
	return group("passphrase", "Show an environment's passphrase, or keep it in the system keyring", newPassphraseSave(a), newPassphraseForget(a), newPassphraseShow(a), newPassphraseChange(a))
}

func newPassphraseSave(a *app) *cobra.Command {
	var older bool
	cmd := &cobra.Command{
		Use:   "save [ENV...]",
		Short: "Ask for the passphrase, check it and put it into the system keyring",
		Long: `Ask for the passphrase of each environment (or take it from --passphrase-from),
check that it opens the sealed file, and put it into the system keyring: the
login keychain of macOS, the Credential Manager of Windows, the Secret Service
of a Linux desktop. Without ENV, all environments with a sealed file.

With --older it is a passphrase that the file had before a rekey, for 'hci secrets
log': it must open a version in git's history, and is kept beside the present one.`,
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			envs, err := a.environments(args, hasSealed, "has a sealed secrets file")
			if err != nil {
				return err
			}
			var failed []error
			for _, env := range envs {
				save := a.savePassphrase
				if older {
					save = a.saveOlder
				}
				if err := save(cmd.Context(), env); err != nil {
					failed = append(failed, of(env, err))
				}
			}
			return errors.Join(failed...)
		},
	}
	cmd.Flags().BoolVar(&older, "older", false, "a passphrase that older versions of the file have")
	return cmd
}

// saveOlder puts a passphrase that opens an older version into the keyring.
func (a *app) saveOlder(ctx context.Context, env project.Environment) error {
	log, err := a.versionLog(ctx, env)
	if err != nil {
		return err
	}
	names := history.Blobs(log)
	data, _, err := a.blobs(ctx, names)
	if err != nil {
		return err
	}
	value, err := a.passphraseToSave(ctx, env)
	if err != nil {
		return err
	}
	found, cancel := context.WithCancel(ctx)
	defer cancel()
	opens := false
	o := &history.Opener{Files: a.files(env), Phrases: []secret.Value{value}}
	o.Open(found, names, data, func(string, *sealed.Content) { opens = true; cancel() })
	if err := ctx.Err(); err != nil {
		return err
	}
	if !opens {
		return fmt.Errorf("no version of %s: %w", a.rel(env.Sealed), crypto.ErrWrongPassphrase)
	}
	if err := a.passphrases.SaveOlder(ctx, env.Name, value); err != nil {
		return err
	}
	a.sayf("%s: the passphrase opens older versions and is in the keyring", env.Name)
	return nil
}

// savePassphrase puts a passphrase that opens the sealed file into the keyring.
func (a *app) savePassphrase(ctx context.Context, env project.Environment) error {
	var value secret.Value
	_, err := a.files(env).OpenSealed(ctx, func(ctx context.Context) (secret.Value, error) {
		var err error
		value, err = a.passphraseToSave(ctx, env)
		return value, err
	})
	if err != nil {
		return err
	}
	if err := a.passphrases.Save(ctx, env.Name, value); err != nil {
		return err
	}
	a.sayf("%s: the passphrase opens %s and is in the keyring", env.Name, a.rel(env.Sealed))
	return nil
}

// passphraseToSave asks for it, whatever variables and keyring hold.
func (a *app) passphraseToSave(ctx context.Context, env project.Environment) (secret.Value, error) {
	s, err := a.sources("")
	if err != nil {
		return secret.Value{}, err
	}
	if a.passphraseFrom != "" {
		p, err := s.Get(ctx, env.Name)
		return p.Value, err
	}
	return a.terminal().Secret(fmt.Sprintf("Passphrase for %s: ", env.Name))
}

func newPassphraseForget(a *app) *cobra.Command {
	return &cobra.Command{
		Use:               "forget ENV",
		Short:             "Remove the passphrase from the system keyring",
		Args:              between(1, 1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			env, err := a.environment(args[0])
			if err != nil {
				return err
			}
			s, err := a.sources("")
			if err != nil {
				return err
			}
			err = s.Forget(cmd.Context(), env.Name)
			if errors.Is(err, term.ErrNotInKeyring) {
				return of(env, err)
			}
			return err
		},
	}
}

func newPassphraseShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show ENV",
		Short: "Print the passphrase of an environment",
		Long: `Print the passphrase that opens an environment's sealed file, for openssl or a
password manager. It is printed only if it opens the file.`,
		Args:              between(1, 1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			env, err := a.environment(args[0])
			if err != nil {
				return err
			}
			var value secret.Value
			_, err = a.files(env).OpenSealed(cmd.Context(), func(ctx context.Context) (secret.Value, error) {
				value, err = a.passphrase(env)(ctx)
				return value, err
			})
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.out, value.Reveal())
			return err
		},
	}
}

func newPassphraseChange(a *app) *cobra.Command {
	var newFrom string
	cmd := &cobra.Command{
		Use:   "change ENV",
		Short: "Give an environment a new passphrase",
		Long: `Seal an environment's file again with a new passphrase. Where the repository keeps
the passphrase for a team, the new one is random and encrypted to the members;
elsewhere it is asked for twice, or taken from --new-passphrase-from.

Git's history still opens with the old passphrase: if it leaked, change the values.`,
		Args:              between(1, 1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			env, err := a.environment(args[0])
			if err != nil {
				return err
			}
			t, err := a.team()
			if err != nil {
				return err
			}
			if !t.Has(env.Name) {
				return a.rekey(cmd.Context(), []project.Environment{env}, rekeyRequest{newPass: (*term.Passphrases).GetNew, newFrom: newFrom})
			}
			if newFrom != "" {
				return &usageError{cmd: cmd.CommandPath(), err: errors.New("--new-passphrase-from: the passphrase of a team is random")}
			}
			v, err := t.Open(cmd.Context(), env.Name)
			if err != nil {
				return err
			}
			members, err := t.Members()
			if err != nil {
				return err
			}
			if err := v.Strangers(members); err != nil {
				return err
			}
			v.Previous, v.Passphrase = v.Passphrase, team.NewPassphrase()
			return a.rekeyVaults(cmd.Context(), t, members, []*team.Vault{v})
		},
	}
	cmd.Flags().StringVar(&newFrom, "new-passphrase-from", "", "take the new passphrase from `SOURCE`, as --passphrase-from")
	return cmd
}
