package team_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"hci/internal/team"
	"hci/sync/secret"
)

func identity(t *testing.T) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func of(root string, ids ...age.Identity) *team.Team {
	return &team.Team{Root: root, Identities: func() ([]age.Identity, error) { return ids, nil }}
}

func TestTeam(t *testing.T) {
	root := t.TempDir()
	alice, bob, mallory := identity(t), identity(t), identity(t)
	member := func(name string, id *age.X25519Identity, envs ...string) team.Member {
		return team.Member{Name: name, Environments: envs, Key: id.Recipient().String()}
	}
	a := of(root, alice)
	ctx := t.Context()
	if _, err := a.Members(); !errors.Is(err, team.ErrNoTeam) {
		t.Fatal(err)
	}
	members := team.Members{member("alice", alice, "staging", "production")}
	vault := func(env, phrase string) *team.Vault {
		return &team.Vault{Environment: env, Passphrase: secret.New(phrase), Members: members.Of(env)}
	}
	if err := a.Write(ctx, members, []*team.Vault{vault("staging", "s3cr3t-s"), vault("production", "s3cr3t-p")}); err != nil {
		t.Fatal(err)
	}
	// Bob can't write what he could not open himself.
	if err := of(root, bob).Write(ctx, members, []*team.Vault{vault("staging", "x")}); !errors.Is(err, team.ErrNotMember) {
		t.Errorf("%v", err)
	}
	if _, err := of(root, bob).Open(ctx, "staging"); !errors.Is(err, team.ErrNotMember) || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("%v", err)
	}
	if err := a.Add(ctx, member("bob", bob, "staging")); err != nil {
		t.Fatal(err)
	}
	v, err := of(root, bob).Open(ctx, "staging")
	if err != nil || v.Passphrase.Reveal() != "s3cr3t-s" {
		t.Fatal(err)
	}
	if _, err := of(root, bob).Open(ctx, "production"); !errors.Is(err, team.ErrNotMember) {
		t.Errorf("%v", err)
	}
	// Staging's file in production's place is named for what it is.
	data, err := os.ReadFile(filepath.Join(root, team.File("staging")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := team.Open(ctx, "production", data, []age.Identity{bob}, nil); err == nil || !strings.Contains(err.Error(), `the passphrase of "staging"`) {
		t.Errorf("%v", err)
	}

	// Mallory adds a line by a commit: she opens nothing, and the next change is refused.
	path := filepath.Join(root, team.MembersFile)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	line := fmt.Sprintf("mallory staging %s\n", mallory.Recipient())
	if err := os.WriteFile(path, append(bytes.Clone(before), line...), 0o644); err != nil {
		t.Fatal(err)
	}
	var stranger *team.StrangerError
	if err := a.Add(ctx, member("carol", identity(t), "staging")); !errors.As(err, &stranger) || stranger.Names[0] != "mallory" {
		t.Errorf("%v", err)
	}
	if _, err := a.Leave(ctx, "bob"); !errors.As(err, &stranger) {
		t.Errorf("%v", err)
	}
	// So is a key that was swapped.
	swapped := strings.Replace(string(before), bob.Recipient().String(), mallory.Recipient().String(), 1)
	if err := os.WriteFile(path, []byte(swapped), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := a.Add(ctx, member("carol", identity(t), "staging")); !errors.As(err, &stranger) || stranger.Names[0] != "bob" {
		t.Errorf("%v", err)
	}
	if err := os.WriteFile(path, before, 0o644); err != nil {
		t.Fatal(err)
	}

	l, err := a.Leave(ctx, "bob")
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Vaults) != 1 || l.Vaults[0].Previous.Reveal() != "s3cr3t-s" || l.Vaults[0].Passphrase.Len() < 26 {
		t.Errorf("%d vaults", len(l.Vaults))
	}
	if err := a.Finish(ctx, l.Members, l.Vaults); err != nil {
		t.Fatal(err)
	}
	if _, err := of(root, bob).Open(ctx, "staging"); !errors.Is(err, team.ErrNotMember) {
		t.Errorf("%v", err)
	}
	if v, err := a.Open(ctx, "staging"); err != nil || v.Previous.Len() != 0 {
		t.Errorf("%v", err)
	}
}

// fakeKMS turns bytes around, which is enough to see what goes where.
type fakeKMS struct{ refuse bool }

func (k fakeKMS) Encrypt(_ context.Context, _ string, b []byte) ([]byte, error) {
	return reverse(b), nil
}
func (k fakeKMS) Decrypt(_ context.Context, _ string, b []byte) ([]byte, error) {
	if k.refuse {
		return nil, errors.New("AccessDeniedException")
	}
	return reverse(b), nil
}

func reverse(b []byte) []byte {
	out := make([]byte, len(b))
	for i, c := range b {
		out[len(b)-1-i] = c
	}
	return out
}

func TestKMS(t *testing.T) {
	alice := identity(t)
	v := team.Vault{Environment: "staging", Passphrase: secret.New("s3cr3t"), Members: team.Members{
		{Name: "alice", Environments: []string{"staging"}, Key: alice.Recipient().String()},
		{Name: "ci", Environments: []string{"staging"}, Key: "kms:arn:aws:kms:eu-north-1:123456789012:key/0a1b"},
	}}
	data, err := v.Seal(t.Context(), fakeKMS{})
	if err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]struct {
		ids []age.Identity
		kms team.KMS
		ok  bool
	}{
		"a person":              {[]age.Identity{alice}, nil, true},
		"CI":                    {nil, fakeKMS{}, true},
		"a person without KMS":  {[]age.Identity{alice}, fakeKMS{refuse: true}, true},
		"CI without permission": {nil, fakeKMS{refuse: true}, false},
		"nobody":                {nil, nil, false},
	} {
		opened, err := team.Open(t.Context(), "staging", data, open.ids, open.kms)
		if (err == nil) != open.ok || open.ok && opened.Passphrase.Reveal() != "s3cr3t" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMembers(t *testing.T) {
	key := identity(t).Recipient().String()
	for text, want := range map[string]string{
		"alice staging,production " + key:                                   "",
		"# a comment\n\nalice staging " + key + "\nalice production " + key: ":4: alice is there already",
		"alice staging":                             ":1: a line is NAME ENVIRONMENTS KEY",
		"al/ice staging " + key:                     `:1: "al/ice" is not a name`,
		"alice ../x " + key:                         `:1: "../x" is not an environment's name`,
		"alice staging age1plugin1qqqq":             ":1: not a key of age",
		"alice staging ssh-dss AAAA":                ":1: not an SSH key",
		"alice staging kms:alias/x":                 ":1: a KMS key is",
		"alice staging AGE-SECRET-KEY-1QQQQQQQQQQQ": ":1: a key is age1",
	} {
		all, err := team.ParseMembers([]byte(text))
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", text, err)
		case want == "":
			again, err := team.ParseMembers(all.Bytes())
			if err != nil || len(again) != len(all) || again[0].Key != all[0].Key {
				t.Errorf("%s: %v", text, err)
			}
		case err == nil || !strings.Contains(err.Error(), want):
			t.Errorf("%s: %v, want %s", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "SECRET-KEY") {
			t.Errorf("the error holds a secret key: %v", err)
		}
	}
}

// Where one of the files can't be written, none is changed.
func TestWriteAllOrNone(t *testing.T) {
	alice := identity(t)
	root := t.TempDir()
	all := team.Members{{Name: "alice", Environments: []string{"production", "staging"}, Key: alice.Recipient().String()}}
	tm := &team.Team{Root: root, Identities: func() ([]age.Identity, error) { return []age.Identity{alice}, nil }}
	vaults := func(phrase string) []*team.Vault {
		return []*team.Vault{
			{Environment: "production", Passphrase: secret.New(phrase), Members: all},
			{Environment: "staging", Passphrase: secret.New(phrase), Members: all},
		}
	}
	if err := tm.Write(t.Context(), all, vaults("first")); err != nil {
		t.Fatal(err)
	}
	blocked := filepath.Join(root, ".hci", "members") // the last that is written
	if err := errors.Join(os.Remove(blocked), os.Mkdir(blocked, 0o700)); err != nil {
		t.Fatal(err)
	}
	if err := tm.Write(t.Context(), all, vaults("second")); err == nil {
		t.Fatal("a directory was written over")
	}
	for _, env := range []string{"production", "staging"} {
		if v, err := tm.Open(t.Context(), env); err != nil || v.Passphrase.Reveal() != "first" {
			t.Errorf("%s: %v", env, err)
		}
	}
	// A link out of the project is not followed.
	other := &team.Team{Root: t.TempDir(), Identities: tm.Identities}
	if err := os.Symlink(t.TempDir(), filepath.Join(other.Root, ".hci")); err != nil {
		t.Skip(err)
	}
	if err := other.Write(t.Context(), all, vaults("third")); err == nil {
		t.Error("a link out of the project was followed")
	}
}
