package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"hci/internal/aws/client"
	"hci/internal/aws/kms"
	"hci/internal/project"
	"hci/internal/sealed"
	"hci/internal/team"
	"hci/sync/awssm"
	"hci/sync/secret"
)

func newTeam(a *app) *cobra.Command {
	return group("team", "Keep the passphrases in the repository, encrypted to each member",
		newTeamInit(a), newTeamAdd(a), newTeamRemove(a), newTeamList(a), newTeamRequest(a), newTeamOffboarding(a), newTeamLog(a))
}

// team is the team's files of the project.
func (a *app) team() (*team.Team, error) {
	p, err := a.project()
	if err != nil {
		return nil, err
	}
	config, _ := os.UserConfigDir()
	if dir := a.getenv("XDG_CONFIG_HOME"); dir != "" {
		config = dir
	}
	var ids []team.Identity
	found := false
	return &team.Team{
		Root: p.Root,
		Identities: func() ([]team.Identity, error) {
			if found {
				return ids, nil
			}
			home := a.getenv("HOME")
			if home == "" {
				home, _ = os.UserHomeDir()
			}
			var err error
			ids, err = team.Identities(a.lookup, config, home, func(path string) (secret.Value, error) {
				return a.terminal().Secret(fmt.Sprintf("Passphrase of %s: ", path))
			})
			found = err == nil
			return ids, err
		},
		KMS: &kms.Keys{Config: func(ctx context.Context, region string) (client.Config, error) {
			return awssm.LoadConfig(ctx, awssm.Options{Region: region, Note: func(s string) { a.sayf("%s", s) }})
		}},
	}, nil
}

// teamPassphrase is where passphrases come from that the repository holds for
// the members of a team. KMS is asked only if the user says so: it costs a
// request, and needs an identity of AWS.
func (a *app) teamPassphrase() func(context.Context, string) (secret.Value, bool, error) {
	opened := map[string]secret.Value{}
	return func(ctx context.Context, env string) (secret.Value, bool, error) {
		if v, ok := opened[env]; ok {
			return v, true, nil
		}
		t, err := a.team()
		if err != nil || !t.Has(env) {
			return secret.Value{}, false, err
		}
		if a.getenv("HCI_TEAM_KMS") != "1" {
			t.KMS = nil
		}
		v, err := t.Open(ctx, env)
		if err != nil {
			return secret.Value{}, false, err
		}
		phrase := v.Passphrase
		if v.Previous.Len() > 0 && !a.opens(env, phrase) {
			phrase = v.Previous // a change of the passphrase was interrupted
		}
		opened[env] = phrase
		return phrase, true, nil
	}
}

// opens reports whether a passphrase opens an environment's sealed file.
func (a *app) opens(name string, phrase secret.Value) bool {
	env, err := a.environment(name)
	if err != nil {
		return false
	}
	_, err = a.files(env).OpenSealed(context.Background(), func(context.Context) (secret.Value, error) { return phrase, nil })
	return err == nil
}

// rekeyVaults gives the environments of vaults their new passphrases: first the
// team's files hold both, then the sealed files are sealed again, all or none,
// then the team's files hold the new ones only. Interrupted, it can be run
// again, and either passphrase is found.
func (a *app) rekeyVaults(ctx context.Context, t *team.Team, members team.Members, vaults []*team.Vault) error {
	byEnv := map[string]*team.Vault{}
	var files []sealed.Files
	for _, v := range vaults {
		env, err := a.environment(v.Environment)
		if err != nil {
			return err
		}
		byEnv[v.Environment] = v
		files = append(files, a.files(env))
	}
	if err := t.Write(ctx, members, vaults); err != nil {
		return err
	}
	pass := func(get func(*team.Vault) secret.Value) func(sealed.Files) sealed.Passphrase {
		return func(f sealed.Files) sealed.Passphrase {
			return func(context.Context) (secret.Value, error) { return get(byEnv[f.Env]), nil }
		}
	}
	results, err := sealed.Rekey(ctx, files,
		pass(func(v *team.Vault) secret.Value { return v.Previous }),
		pass(func(v *team.Vault) secret.Value { return v.Passphrase }), sealed.RekeyOptions{})
	if err != nil {
		return fmt.Errorf("the sealed files keep their passphrase: %w", err)
	}
	for i := range results {
		a.printResult(&results[i], false)
	}
	return t.Finish(ctx, members, vaults)
}

// maxKey bounds the size in bytes of a file with a public key.
const maxKey = 64 << 10

// readKey reads a public key: from a file, or as it was typed.
func (a *app) readKey(ctx context.Context, text string) (string, error) {
	if _, err := team.ParseKey(text); err == nil {
		return text, nil
	}
	path, err := a.abs(text)
	if err != nil {
		return "", err
	}
	data, err := a.readAt(ctx, path, maxKey)
	if err != nil {
		return "", fmt.Errorf("--key: neither a public key nor a file: %w", err)
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if words := strings.Fields(line); strings.HasPrefix(line, "ssh-") && len(words) > 2 {
			line = words[0] + " " + words[1] // without its comment
		}
		if _, err := team.ParseKey(line); err == nil {
			return line, nil
		}
	}
	return "", fmt.Errorf("%s holds no public key of age or SSH", text)
}

// ownKey is the public key of ~/.ssh that opening would use.
func (a *app) ownKey(ctx context.Context) (string, error) {
	home := a.getenv("HOME")
	for _, name := range []string{"id_ed25519.pub", "id_rsa.pub"} {
		if key, err := a.readKey(ctx, filepath.Join(home, ".ssh", name)); err == nil {
			return key, nil
		}
	}
	return "", errors.New("there is no ~/.ssh/id_ed25519.pub: name a key with --key")
}

// sealedEnvironments are those named, or all that have a sealed file.
func (a *app) sealedEnvironments(names []string) ([]project.Environment, error) {
	return a.environments(names, hasSealed, "has a sealed secrets file")
}
