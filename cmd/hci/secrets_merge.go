package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/zclconf/go-cty/cty"

	"hci/crypto"
	"hci/internal/atomicfile"
	"hci/internal/child"
	"hci/internal/editor"
	"hci/internal/history"
	"hci/internal/project"
	"hci/internal/sealed"
	"hci/internal/term"
	"hci/sync/secret"
	"hci/tfvars"
)

func newMerge(a *app) *cobra.Command {
	var ours, theirs []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "merge ENV",
		Short: "Resolve a merge conflict of the sealed file, name by name",
		Long: `Resolve a merge conflict that git left in an environment's sealed file, from
the versions in git's index. What only one side changed is taken. For each name
that both sides changed differently it asks whose value is right, or for a new one,
or opens ours in the editor; --ours and --theirs say it in advance. Comments and layout are merged too.

The two sides may have different passphrases: each is asked for. The outcome is
sealed with the newer one. With anything unresolved nothing is written.`,
		Example: `  hci secrets merge staging
  hci secrets merge staging --theirs db_password --ours api_key`,
		Args:              between(1, 1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			env, err := a.environment(args[0])
			if err != nil {
				return err
			}
			decided, err := decisions(ours, theirs)
			if err != nil {
				return err
			}
			return a.each([]project.Environment{env}, asJSON, false, func(env project.Environment) (*sealed.Result, error) {
				return a.resolveConflict(cmd.Context(), env, decided)
			})
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&ours, "ours", nil, "take our value of `NAME`; may be repeated")
	f.StringArrayVar(&theirs, "theirs", nil, "take their value of `NAME`; may be repeated")
	jsonFlag(cmd, &asJSON)
	return cmd
}

func decisions(ours, theirs []string) (map[string]tfvars.Side, error) {
	decided := map[string]tfvars.Side{}
	for _, name := range ours {
		decided[name] = tfvars.Ours
	}
	for _, name := range theirs {
		if decided[name] == tfvars.Ours {
			return nil, &usageError{cmd: "hci secrets merge", err: fmt.Errorf("%s: both --ours and --theirs", name)}
		}
		decided[name] = tfvars.Theirs
	}
	return decided, nil
}

// stages are git's versions of a sealed file that it could not merge; nil where
// it is in no conflict.
func (a *app) stages(ctx context.Context, env project.Environment) (*history.Stages, error) {
	rel, err := a.inRepository(env.Sealed)
	if err != nil {
		return nil, err
	}
	return history.Unmerged(ctx, a.git, rel)
}

// unmerged fails if git could not merge the sealed file.
func (a *app) unmerged(ctx context.Context, env project.Environment) error {
	conflict, err := a.found.InConflict(ctx, env.Sealed)
	if err == nil && conflict {
		err = &sealed.UnmergedError{Env: env.Name, Path: a.rel(env.Sealed)}
	}
	return err
}

// resolveConflict merges the stages, asks for what both sides changed, and
// writes the sealed file.
func (a *app) resolveConflict(ctx context.Context, env project.Environment, decided map[string]tfvars.Side) (*sealed.Result, error) {
	stages, err := a.stages(ctx, env)
	switch {
	case err != nil:
		return nil, err
	case stages == nil:
		return nil, fmt.Errorf("%s is in no merge conflict", a.rel(env.Sealed))
	case stages.Ours == nil || stages.Theirs == nil:
		return nil, fmt.Errorf("%s: one side removed the file: decide with 'git rm' or 'git add'", a.rel(env.Sealed))
	}
	m := &merging{
		app: a, env: env, files: a.files(env), pass: a.eachPassphrase(env, a.askVersion(env)), decided: decided, values: map[string]cty.Value{},
		versions: sealed.Versions{Base: stages.Base, Ours: stages.Ours, Theirs: stages.Theirs},
	}
	for {
		merged, err := m.files.MergeEdited(ctx, m.versions, m.pass, decided, m.set)
		var conflict *sealed.MergeConflictError
		if errors.As(err, &conflict) {
			if err := m.decide(ctx, conflict); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		return a.writeMerged(ctx, env, stages, merged)
	}
}

// merging is a conflict that is being resolved.
type merging struct {
	*app
	env      project.Environment
	files    sealed.Files
	versions sealed.Versions
	pass     sealed.MergePassphrase
	decided  map[string]tfvars.Side
	values   map[string]cty.Value // that are neither side's
}

// set puts the values into the outcome that are neither side's.
func (m *merging) set(f *tfvars.File) error {
	for _, name := range slices.Sorted(maps.Keys(m.values)) {
		if err := f.Set(name, m.values[name]); err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
	}
	return nil
}

// decide asks what each name gets.
func (m *merging) decide(ctx context.Context, conflict *sealed.MergeConflictError) error {
	for _, c := range conflict.Conflicts {
		if m.decided[c.Name] != tfvars.Undecided {
			return conflict // the decision did not help
		}
		err := m.ask(ctx, c)
		if errors.Is(err, term.ErrNoTerminal) {
			return fmt.Errorf("%w; say --ours NAME or --theirs NAME for each", conflict)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ask asks until the answer is one. A value that is neither side's takes the
// place of ours.
func (m *merging) ask(ctx context.Context, c tfvars.Conflict) error {
	for {
		answer, err := m.terminal().Ask(fmt.Sprintf("%s: ours (%s), theirs (%s), a new value, or edit ours? [ours/theirs/new/edit] ", c.Name, did(c.Ours), did(c.Theirs)))
		if err != nil {
			return err
		}
		var text secret.Value
		switch strings.ToLower(strings.TrimSpace(answer)) {
		case "o", "ours":
			m.decided[c.Name] = tfvars.Ours
			return nil
		case "t", "theirs":
			m.decided[c.Name] = tfvars.Theirs
			return nil
		case "n", "new":
			text, err = m.terminal().Secret(fmt.Sprintf("Value of %s: ", c.Name))
		case "e", "edit":
			text, err = m.editOurs(ctx, c.Name)
		default:
			continue
		}
		if err == nil {
			err = m.take(ctx, c.Name, text)
		}
		if err != nil {
			return err
		}
		m.decided[c.Name] = tfvars.Ours
		return nil
	}
}

// take keeps a value that is neither side's, with the type that the code
// declares or our value has.
func (m *merging) take(ctx context.Context, name string, text secret.Value) error {
	ours, theirs, err := m.files.Sides(ctx, m.versions, m.pass)
	if err != nil {
		return err
	}
	declared, err := m.declared(m.env)
	if err != nil {
		return err
	}
	like := ours
	if !ours.Has(name) {
		like = theirs
	}
	value, err := tfvars.FromText(text.Reveal(), typeOf(like, name, declared[name]))
	if err != nil {
		return fmt.Errorf("%q: %w", name, err)
	}
	m.values[name] = value
	return nil
}

// editOurs opens our value, or theirs where ours is gone, in the editor.
func (m *merging) editOurs(ctx context.Context, name string) (secret.Value, error) {
	ours, theirs, err := m.files.Sides(ctx, m.versions, m.pass)
	if err != nil {
		return secret.Value{}, err
	}
	v, ok := ours.Value(name)
	if !ok {
		v, _ = theirs.Value(name)
	}
	text, err := tfvars.Text(v)
	if err != nil {
		return secret.Value{}, fmt.Errorf("%q: %w", name, err)
	}
	return m.editText(ctx, name, text)
}

// editText runs the editor on a text, on a private file.
func (m *merging) editText(parent context.Context, name string, text secret.Value) (edited secret.Value, err error) {
	ctx, stop := signal.NotifyContext(context.WithoutCancel(parent), syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	self, err := os.Executable()
	if err != nil {
		return edited, err
	}
	file, err := editor.New(self, name, []byte(text.Reveal()), m.getenv)
	if err != nil {
		return edited, err
	}
	defer func() { err = errors.Join(err, file.Remove()) }()
	if err := file.Run(ctx, editor.Command(m.getenv), m.environFor(child.Editor), m.in, m.raw.out, m.raw.err); err != nil {
		return edited, fmt.Errorf("%w; nothing was written", err)
	}
	data, err := file.Read(crypto.MaxSize)
	if !strings.HasSuffix(text.Reveal(), "\n") { // most editors end a file with one
		data = bytes.TrimSuffix(data, []byte("\n"))
	}
	return secret.New(string(data)), err
}

func did(k tfvars.ChangeKind) string {
	if k == 0 {
		return "unchanged"
	}
	return k.String()
}

// askVersion asks a person for the passphrase of a version.
func (a *app) askVersion(env project.Environment) func(string) (secret.Value, error) {
	return func(version string) (secret.Value, error) {
		return a.terminal().Secret(fmt.Sprintf("Passphrase of the version of %s of %s: ", version, env.Name))
	}
}

// eachPassphrase gives the passphrase that is set, then those that the team's
// files in git and the keyring hold, then what ask returns.
func (a *app) eachPassphrase(env project.Environment, ask func(version string) (secret.Value, error)) sealed.MergePassphrase {
	first := a.passphrase(env)
	var given []secret.Value
	looked := false
	return func(ctx context.Context, version string, before int) (secret.Value, error) {
		if before > 0 && before == len(given) && !looked {
			looked = true
			for _, p := range a.morePhrases(ctx, env) {
				if !slices.ContainsFunc(given, p.Equal) {
					given = append(given, p)
				}
			}
		}
		if before < len(given) {
			return given[before], nil
		}
		var p secret.Value
		var err error
		if before == 0 {
			p, err = first(ctx)
		} else {
			p, err = ask(version)
		}
		if err == nil {
			given = append(given, p)
		}
		return p, err
	}
}

// writeMerged puts the outcome where git expects it. What lies there must be
// one of the sides: anything else is somebody's work.
func (a *app) writeMerged(ctx context.Context, env project.Environment, stages *history.Stages, m *sealed.Merged) (*sealed.Result, error) {
	r := &sealed.Result{Env: env.Name, From: env.Sealed, To: env.Sealed, Wrote: true, Params: m.Params, Authenticated: !m.Params.NoSalt}
	err := a.writeAt(env.Sealed, m.Sealed, atomicfile.Options{Perm: 0o644, Check: func(current []byte, there bool) error {
		known := [][]byte{stages.Base, stages.Ours, stages.Theirs, m.Sealed}
		if there && !slices.ContainsFunc(known, func(v []byte) bool { return string(v) == string(current) }) && !markers(current) {
			return fmt.Errorf("%s is none of the versions that git merges: %w", a.rel(env.Sealed), sealed.ErrChanged)
		}
		return nil
	}})
	if err != nil {
		return nil, err
	}
	if exists(env.Plain) {
		r.Notes = append(r.Notes, fmt.Sprintf("%s is older than the merge: 'hci secrets decrypt %s' says what differs", a.rel(env.Plain), env.Name))
	}
	r.Notes = append(r.Notes, fmt.Sprintf("'git add %s' tells git that it is resolved", a.rel(env.Sealed)))
	return r, nil
}

// markers reports whether git wrote conflict markers into the file.
func markers(data []byte) bool {
	return strings.HasPrefix(string(data), "<<<<<<< ") || strings.Contains(string(data), "\n<<<<<<< ")
}
