package main

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"hci/internal/child"
	"hci/internal/compare"
	"hci/internal/project"
	"hci/internal/term"
	"hci/sync/secret"
	"hci/tfvars"
)

// stateFlag adds --state.
func stateFlag(cmd *cobra.Command, state *bool) {
	cmd.Flags().BoolVar(state, "state", false, "take what only an apply can tell from terraform's state")
}

// comparing is what comparing needs of this run.
func (a *app) comparing() compare.Session {
	return compare.Session{
		Project: a.found, Environ: a.environFor(child.Terraform), Note: func(s string) { a.sayf("%s", s) }, Err: a.err,
		Memory: &a.memory, Quiet: a.openQuietly,
	}
}

// openQuietly opens an environment's secrets with a passphrase that is at hand:
// in a variable, a file or the keyring. Nobody is asked, and no command runs.
func (a *app) openQuietly(ctx context.Context, env project.Environment) (*tfvars.File, error) {
	p, err := a.project()
	if err != nil {
		return nil, err
	}
	s := &term.Passphrases{
		Lookup: a.lookup, Stdin: strings.NewReader(""), Stderr: io.Discard, Dir: a.dir, Project: p.ID(), Keyring: term.SystemKeyring(a.lookup),
	}
	content, err := a.files(env).Open(ctx, func(ctx context.Context) (secret.Value, error) {
		phrase, err := s.Get(ctx, env.Name)
		return phrase.Value, err
	})
	if err != nil {
		return nil, err
	}
	return content.File, nil
}

// desired opens the environment's secrets and evaluates the Terraform
// directory with them.
func (a *app) desired(ctx context.Context, name string, o compare.Options) (*compare.Desired, error) {
	env, err := a.environment(name)
	if err != nil {
		return nil, err
	}
	content, err := a.openEnv(ctx, env)
	if err != nil {
		return nil, err
	}
	if o.State {
		defer a.waiting("reading Terraform's state")()
	}
	return a.comparing().Desired(env, content, o)
}

// compare reads Secrets Manager and plans what would bring it in line. With
// orphans it looks for secrets, too, that are declared nowhere.
func (a *app) compare(ctx context.Context, name string, o compare.Options, orphans bool) (*compare.Comparison, error) {
	d, err := a.desired(ctx, name, o)
	if err != nil {
		return nil, err
	}
	defer a.waiting("asking AWS what it holds of " + name)()
	return a.comparing().Compare(ctx, d, orphans)
}
