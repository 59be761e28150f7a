package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hci/internal/atomicfile"
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
that both sides changed differently it asks whose value is right; --ours and
--theirs say it in advance. Comments and layout are merged too.

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
	conflict, err := a.found.InConflict(ctx, env.Sealed)
	if err != nil || !conflict {
		return nil, err
	}
	rel, err := filepath.Rel(a.found.Root, env.Sealed)
	if err != nil {
		return nil, err
	}
	return history.Unmerged(ctx, a.git, filepath.ToSlash(rel))
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
	v := sealed.Versions{Base: stages.Base, Ours: stages.Ours, Theirs: stages.Theirs}
	files := a.files(env)
	for {
		merged, err := files.Merge(ctx, v, a.eachPassphrase(env), decided)
		var conflict *sealed.MergeConflictError
		if errors.As(err, &conflict) {
			if err := a.decide(conflict, decided); err != nil {
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

// decide asks whose value each name gets.
func (a *app) decide(conflict *sealed.MergeConflictError, decided map[string]tfvars.Side) error {
	for _, c := range conflict.Conflicts {
		if decided[c.Name] != tfvars.Undecided {
			return conflict // the decision did not help
		}
		side, err := a.askSide(c)
		if errors.Is(err, term.ErrNoTerminal) {
			return fmt.Errorf("%w; say --ours NAME or --theirs NAME for each", conflict)
		}
		if err != nil {
			return err
		}
		decided[c.Name] = side
	}
	return nil
}

// askSide asks until the answer is a side.
func (a *app) askSide(c tfvars.Conflict) (tfvars.Side, error) {
	for {
		answer, err := a.terminal().Ask(fmt.Sprintf("%s: ours (%s) or theirs (%s)? [ours/theirs] ", c.Name, did(c.Ours), did(c.Theirs)))
		if err != nil {
			return tfvars.Undecided, err
		}
		switch strings.ToLower(strings.TrimSpace(answer)) {
		case "o", "ours":
			return tfvars.Ours, nil
		case "t", "theirs":
			return tfvars.Theirs, nil
		}
	}
}

func did(k tfvars.ChangeKind) string {
	if k == 0 {
		return "unchanged"
	}
	return k.String()
}

// eachPassphrase gives the passphrase that is set, then asks a person.
func (a *app) eachPassphrase(env project.Environment) sealed.MergePassphrase {
	first := a.passphrase(env)
	var given []secret.Value
	return func(ctx context.Context, version string, before int) (secret.Value, error) {
		if before < len(given) {
			return given[before], nil
		}
		var p secret.Value
		var err error
		if before == 0 {
			p, err = first(ctx)
		} else {
			p, err = a.terminal().Secret(fmt.Sprintf("Passphrase of the version of %s of %s: ", version, env.Name))
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
