package team

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"filippo.io/age"

	"hci/internal/atomicfile"
	"hci/sync/secret"
)

// Team is the team's files in a project.
type Team struct {
	Root       string                         // the project's root, free of symbolic links
	Identities func() ([]age.Identity, error) // the caller's own keys
	KMS        KMS                            // nil: KMS is not asked
}

// ErrNoTeam says that the project has no team's files.
var ErrNoTeam = errors.New("there is no " + MembersFile)

// NewPassphrase returns a random passphrase of at least 128 bits: 26 letters
// and digits.
func NewPassphrase() secret.Value { return secret.New(rand.Text()) }

const maxFile = 1 << 20

func (t *Team) path(name string) string { return filepath.Join(t.Root, filepath.FromSlash(name)) }

func (t *Team) read(name string) ([]byte, error) {
	return atomicfile.ReadIn(t.Root, t.path(name), maxFile)
}

func (t *Team) write(name string, data []byte) error {
	path := t.path(name)
	if err := atomicfile.MkdirAll(t.Root, filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, data, atomicfile.Options{Perm: 0o644, Root: t.Root})
}

// file is one of the team's files, as it is to be.
type file struct {
	name string
	data []byte
	old  []byte // nil: it was not there
}

// writeAll writes files, all or none: where one can't be written, those before it
// get their old content back.
func (t *Team) writeAll(files []file) error {
	for i := range files {
		old, err := t.read(files[i].name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		files[i].old = old
	}
	for i, f := range files {
		if err := t.write(f.name, f.data); err != nil {
			return errors.Join(err, t.restore(files[:i]))
		}
	}
	return nil
}

func (t *Team) restore(files []file) error {
	var failed []error
	for _, f := range files {
		if f.old == nil {
			failed = append(failed, atomicfile.Remove(t.Root, t.path(f.name)))
		} else {
			failed = append(failed, t.write(f.name, f.old))
		}
	}
	return errors.Join(failed...)
}

// Members reads .hci/members; [ErrNoTeam] if there is none.
func (t *Team) Members() (Members, error) {
	data, err := t.read(MembersFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoTeam
	}
	if err != nil {
		return nil, err
	}
	return ParseMembers(data)
}

// Has reports whether the repository holds an environment's passphrase.
func (t *Team) Has(env string) bool {
	_, err := os.Lstat(filepath.Join(t.Root, filepath.FromSlash(File(env))))
	return err == nil
}

// Open opens an environment's passphrase with the caller's keys.
func (t *Team) Open(ctx context.Context, env string) (*Vault, error) {
	data, err := t.read(File(env))
	if err != nil {
		return nil, err
	}
	ids, err := t.Identities()
	if err != nil {
		return nil, err
	}
	return Open(ctx, env, data, ids, t.KMS)
}

// Write encrypts vaults, proves that the caller can open each, and writes them
// and then the members: what .hci/members says is in force already. All files are
// written, or none.
func (t *Team) Write(ctx context.Context, members Members, vaults []*Vault) error {
	var files []file
	for _, v := range vaults {
		data, err := v.Seal(ctx, t.KMS)
		if err != nil {
			return err
		}
		ids, err := t.Identities()
		if err != nil {
			return err
		}
		back, err := Open(ctx, v.Environment, data, ids, t.KMS)
		if err != nil {
			return fmt.Errorf("you could not open %s afterwards, so it was not written: %w", File(v.Environment), err)
		}
		if !back.Passphrase.Equal(v.Passphrase) {
			return fmt.Errorf("%s does not hold what was encrypted, so it was not written", File(v.Environment))
		}
		files = append(files, file{name: File(v.Environment), data: data})
	}
	return t.writeAll(append(files, file{name: MembersFile, data: members.Bytes()}))
}

// Add opens the environments that a new member may open and encrypts each to
// the new member, too. Who is a member already gets the environments that are
// new; with another key it is an error.
func (t *Team) Add(ctx context.Context, m Member) error {
	members, err := t.Members()
	if err != nil {
		return err
	}
	if old := members.Find(m.Name); old != nil {
		if old.Key != m.Key {
			return fmt.Errorf("%s is a member with another key: 'hci team remove %s' first", m.Name, m.Name)
		}
		m.Environments = slices.Compact(slices.Sorted(slices.Values(slices.Concat(old.Environments, m.Environments))))
	}
	others := members.Without(m.Name)
	next, err := others.Add(m)
	if err != nil {
		return err
	}
	var vaults []*Vault
	for _, env := range m.Environments {
		v, err := t.Open(ctx, env)
		if err != nil {
			return err
		}
		if err := v.Strangers(others); err != nil {
			return err
		}
		v.Members = next.Of(env)
		vaults = append(vaults, v)
	}
	return t.Write(ctx, next, vaults)
}

// Leaving is the removal of a member, prepared: the environments need a new
// passphrase before it is done.
type Leaving struct {
	Member  Member
	Members Members // those who stay
	Vaults  []*Vault
}

// Leave prepares the removal of a member: a new passphrase for each environment
// that the member could open, encrypted to those who stay, beside the old one.
// Nothing is written.
func (t *Team) Leave(ctx context.Context, name string) (*Leaving, error) {
	members, err := t.Members()
	if err != nil {
		return nil, err
	}
	m := members.Find(name)
	if m == nil {
		return nil, fmt.Errorf("no member is called %q", name)
	}
	l := &Leaving{Member: *m, Members: members.Without(name)}
	for _, env := range m.Environments {
		v, err := t.Open(ctx, env)
		if err != nil {
			return nil, err
		}
		if err := v.Strangers(members); err != nil {
			return nil, err
		}
		v.Members = l.Members.Of(env)
		v.Previous, v.Passphrase = v.Passphrase, NewPassphrase()
		l.Vaults = append(l.Vaults, v)
	}
	return l, nil
}

// Finish writes the vaults without their previous passphrases, once the sealed
// files have the new ones.
func (t *Team) Finish(ctx context.Context, members Members, vaults []*Vault) error {
	for _, v := range vaults {
		v.Previous = secret.Value{}
	}
	return t.Write(ctx, members, vaults)
}
