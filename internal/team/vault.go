package team

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"

	"hci/sync/secret"
)

// Vault is what a file of an environment holds, encrypted.
type Vault struct {
	Environment string
	Passphrase  secret.Value
	Previous    secret.Value // while a change of the passphrase is not finished
	// Members are those that it was encrypted to, as a member said it. The file
	// is authentic only to those who can open it, so the list is inside: a line
	// that somebody adds to .hci/members by a commit is not in it.
	Members Members
}

// content is the JSON form. Only this file turns a passphrase into it.
type content struct {
	Environment string  `json:"environment"`
	Passphrase  string  `json:"passphrase"`
	Previous    string  `json:"previous,omitempty"`
	Members     Members `json:"members"`
}

// ErrNotMember says that none of the caller's keys opens the file.
var ErrNotMember = errors.New("none of your keys opens it")

// StrangerError says that .hci/members names somebody that no member added.
type StrangerError struct {
	Environment string
	Names       []string
}

func (e *StrangerError) Error() string {
	return fmt.Sprintf("%s: %s in %s: no member of the team added it", e.Environment, strings.Join(e.Names, ", "), MembersFile)
}

// Next is what to do.
func (e *StrangerError) Next() string {
	return fmt.Sprintf("see who wrote the line with 'git log -p -- %s'; remove it, or add the person with 'hci team add'", MembersFile)
}

// Seal encrypts the vault to its members. It must be somebody's.
func (v Vault) Seal(ctx context.Context, kms KMS) ([]byte, error) {
	var to []age.Recipient
	for _, m := range v.Members {
		r, err := ParseKey(m.Key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name, err)
		}
		if k, ok := r.(*kmsRecipient); ok {
			r = &kmsRecipient{ctx: ctx, arn: k.arn, kms: kms}
		}
		to = append(to, r)
	}
	if len(to) == 0 {
		return nil, fmt.Errorf("%s: nobody could open it", v.Environment)
	}
	text, err := json.Marshal(content{v.Environment, v.Passphrase.Reveal(), v.Previous.Reveal(), v.Members})
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	armored := armor.NewWriter(&out)
	w, err := age.Encrypt(armored, to...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.Environment, err)
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	if err := errors.Join(w.Close(), armored.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// maxVault bounds the file's content in bytes.
const maxVault = 1 << 20

// Open decrypts an environment's file with one of the identities, or by KMS if
// kms is not nil. A file of another environment is refused.
func Open(ctx context.Context, env string, data []byte, ids []age.Identity, kms KMS) (*Vault, error) {
	ids = slices.Clone(ids)
	if kms != nil {
		ids = append(ids, &kmsIdentity{ctx: ctx, kms: kms})
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("%s: %w: you have none", File(env), ErrNotMember)
	}
	r, err := age.Decrypt(armor.NewReader(bytes.NewReader(data)), ids...)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, fmt.Errorf("%s: %w", File(env), ErrNotMember)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", File(env), err)
	}
	text, err := io.ReadAll(io.LimitReader(r, maxVault))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", File(env), err)
	}
	var c content
	if json.Unmarshal(text, &c) != nil || c.Passphrase == "" {
		return nil, fmt.Errorf("%s holds no passphrase", File(env))
	}
	if c.Environment != env {
		return nil, fmt.Errorf("%s holds the passphrase of %q", File(env), c.Environment)
	}
	return &Vault{Environment: env, Passphrase: secret.New(c.Passphrase), Previous: secret.New(c.Previous), Members: c.Members}, nil
}

// Strangers compares .hci/members with those that the vault was encrypted to.
// It fails with a [*StrangerError] for a line, or a key, that no member put
// there.
func (v *Vault) Strangers(all Members) error {
	var names []string
	for _, m := range all.Of(v.Environment) {
		known := v.Members.Find(m.Name)
		if known == nil || known.Key != m.Key {
			names = append(names, m.Name)
		}
	}
	if len(names) > 0 {
		return &StrangerError{v.Environment, names}
	}
	return nil
}
