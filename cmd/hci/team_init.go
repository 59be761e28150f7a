package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"hci/internal/team"
)

func newTeamInit(a *app) *cobra.Command {
	var name, key string
	cmd := &cobra.Command{
		Use:   "init [ENV...]",
		Short: "Make random passphrases and keep them for the team",
		Long: `Give each environment (those named, or all with a sealed file) a random
passphrase, and keep it in the repository, encrypted to you. 'hci team add' then
adds the others. The sealed files stay what they are: 'openssl enc -d' opens them
with the passphrase, which 'hci passphrase show' prints.

The present passphrase is needed once. You are the first member: --name says how
you are called, --key which public key is yours (an SSH key, or one of age).`,
		Example: `  hci team init --name alice
  hci team init production --name alice --key age1…`,
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.teamInit(cmd.Context(), args, name, key)
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "your `NAME` in the team")
	cmd.Flags().StringVar(&key, "key", "", "your public key: a `FILE`, ssh-ed25519 …, or age1…; without it, the one in ~/.ssh")
	_ = cmd.MarkFlagRequired("name")
	return cmd
}

// teamInit gives environments a random passphrase each, of which the user is
// the first member.
func (a *app) teamInit(ctx context.Context, args []string, name, key string) error {
	envs, err := a.sealedEnvironments(args)
	if err != nil {
		return err
	}
	t, err := a.team()
	if err != nil {
		return err
	}
	members, err := t.Members()
	if err != nil && !errors.Is(err, team.ErrNoTeam) {
		return err
	}
	me := team.Member{Name: name}
	if me.Key, err = a.keyOrOwn(ctx, key); err != nil {
		return err
	}
	if old := members.Find(name); old != nil {
		if old.Key != me.Key {
			return errors.New(name + " is a member with another key")
		}
		me.Environments = old.Environments
	}
	var vaults []*team.Vault
	for _, env := range envs {
		if t.Has(env.Name) {
			return errors.New(team.File(env.Name) + " is there already; 'hci team add' adds members")
		}
		phrase, err := a.passphrase(env)(ctx)
		if err != nil {
			return err
		}
		if !me.May(env.Name) {
			me.Environments = append(me.Environments, env.Name)
		}
		vaults = append(vaults, &team.Vault{Environment: env.Name, Passphrase: team.NewPassphrase(), Previous: phrase})
	}
	if members, err = members.Without(name).Add(me); err != nil {
		return err
	}
	for _, v := range vaults {
		v.Members = members.Of(v.Environment)
	}
	if err := a.rekeyVaults(ctx, t, members, vaults); err != nil {
		return err
	}
	a.sayf("%s has the members; commit %s and the sealed files", team.MembersFile, team.Dir)
	return nil
}

// keyOrOwn reads a key that was named, else the one in ~/.ssh.
func (a *app) keyOrOwn(ctx context.Context, key string) (string, error) {
	if key == "" {
		return a.ownKey(ctx)
	}
	return a.readKey(ctx, key)
}
