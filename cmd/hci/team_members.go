package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"hci/internal/team"
)

func newTeamAdd(a *app) *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use:   "add NAME --key KEY ENV...",
		Short: "Let somebody open environments",
		Long: `Add a member, who can then open the environments named, with nothing but the
own key. You must be able to open them yourself. The key is a file with a public
key, the key itself (ssh-ed25519 …, ssh-rsa …, age1…), or kms: and the ARN of a
key of AWS KMS, for CI.

A line in .hci/members that no member added is refused by name: whoever may push
could otherwise add himself.`,
		Example: `  hci team add bob --key bob.pub staging
  hci team add ci --key kms:arn:aws:kms:eu-north-1:123456789012:key/0a1b staging production`,
		Args:              between(2, -1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := a.team()
			if err != nil {
				return err
			}
			m := team.Member{Name: args[0]}
			if m.Key, err = a.readKey(cmd.Context(), key); err != nil {
				return err
			}
			for _, name := range args[1:] {
				env, err := a.environment(name)
				if err != nil {
					return err
				}
				m.Environments = append(m.Environments, env.Name)
			}
			if err := t.Add(cmd.Context(), m); err != nil {
				return err
			}
			a.sayf("%s can open %s once this is committed and pushed", m.Name, strings.Join(m.Environments, ", "))
			return nil
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "the public key: a `FILE`, ssh-ed25519 …, age1… or kms:ARN")
	_ = cmd.MarkFlagRequired("key")
	return cmd
}

func newTeamRemove(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME",
		Short: "Give every environment that somebody could open a new passphrase",
		Long: `Remove a member: every environment that the person could open gets a new random
passphrase, all of them or none, encrypted to those who stay.

The person has seen the values, and git's history opens with the old passphrase.
'hci team offboarding' lists the values that have not changed since.`,
		Args: between(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := a.team()
			if err != nil {
				return err
			}
			l, err := t.Leave(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if err := a.rekeyVaults(cmd.Context(), t, l.Members, l.Vaults); err != nil {
				return err
			}
			a.sayf("%s can't open new versions of %s", args[0], strings.Join(l.Member.Environments, ", "))
			a.sayf("commit this, then 'hci team offboarding' lists the values that %s has seen", args[0])
			return nil
		},
	}
}

func newTeamList(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List who may open which environment",
		Args:  between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := a.team()
			if err != nil {
				return err
			}
			members, err := t.Members()
			if err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(membersReport{Members: members})
			}
			for _, m := range members {
				_, werr := fmt.Fprintf(a.out, "%s  %s  %s\n", m.Name, strings.Join(m.Environments, ","), m.Key)
				err = errors.Join(err, werr)
			}
			return err
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// membersReport is the JSON form of who may open what.
type membersReport struct {
	Members team.Members `json:"members"`
}

func newTeamRequest(a *app) *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use:   "request NAME [ENV...]",
		Short: "Print the command that a member runs to add you",
		Long: `Print the command with which a member of the team adds you. It holds your
public key and no secret. Send it to somebody who can open the environments.`,
		Args:              between(1, -1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			public, err := a.keyOrOwn(cmd.Context(), key)
			if err != nil {
				return err
			}
			envs := args[1:]
			if len(envs) == 0 {
				all, err := a.sealedEnvironments(nil)
				if err != nil {
					return err
				}
				for _, env := range all {
					envs = append(envs, env.Name)
				}
			}
			_, err = fmt.Fprintf(a.out, "hci team add %s --key '%s' %s\n", args[0], public, strings.Join(envs, " "))
			return err
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "your public key: a `FILE`; without it, the one in ~/.ssh")
	return cmd
}
