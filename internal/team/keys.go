package team

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"

	"hci/sync/secret"
)

// Identity is a private key of the caller's.
type Identity = age.Identity

// KMS encrypts and decrypts a few bytes with a key of AWS KMS, by its ARN.
type KMS interface {
	Encrypt(ctx context.Context, arn string, plaintext []byte) ([]byte, error)
	Decrypt(ctx context.Context, arn string, ciphertext []byte) ([]byte, error)
}

var kmsARN = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/[A-Za-z0-9/_-]+$`)
})

// ParseKey checks a member's key: "age1…" (also post-quantum), "ssh-ed25519 …",
// "ssh-rsa …", or "kms:" and the ARN of a key. Plugins of age are refused: a
// line of the repository would name a program to run.
func ParseKey(key string) (age.Recipient, error) {
	switch {
	case strings.HasPrefix(key, "kms:"):
		arn := strings.TrimPrefix(key, "kms:")
		if !kmsARN().MatchString(arn) {
			return nil, errors.New("a KMS key is kms: and its ARN, arn:aws:kms:REGION:ACCOUNT:key/ID")
		}
		return &kmsRecipient{arn: arn}, nil
	case strings.HasPrefix(key, "ssh-"):
		r, err := agessh.ParseRecipient(key)
		if err != nil {
			return nil, errors.New("not an SSH key that age takes: ssh-ed25519, or ssh-rsa of 2048 bits or more")
		}
		return r, nil
	case strings.HasPrefix(key, "age1"):
		r, err := age.ParseRecipients(strings.NewReader(key))
		if err != nil || len(r) != 1 {
			return nil, errors.New("not a key of age: age1 and 58 characters; plugins are not taken")
		}
		return r[0], nil
	}
	return nil, errors.New("a key is age1…, ssh-ed25519 …, ssh-rsa … or kms:ARN")
}

// kmsStanza is the type of the stanza in an age file that holds the file's key
// encrypted by KMS: "-> hci-kms ARN", and the ciphertext.
const kmsStanza = "hci-kms"

type kmsRecipient struct {
	ctx context.Context
	arn string
	kms KMS
}

func (r *kmsRecipient) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	body, err := r.kms.Encrypt(r.ctx, r.arn, fileKey)
	if err != nil {
		return nil, err
	}
	return []*age.Stanza{{Type: kmsStanza, Args: []string{base64.RawURLEncoding.EncodeToString([]byte(r.arn))}, Body: body}}, nil
}

// kmsIdentity opens with whichever KMS key the caller may use.
type kmsIdentity struct {
	ctx context.Context
	kms KMS
}

func (i *kmsIdentity) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	var failed error
	for _, s := range stanzas {
		if s.Type != kmsStanza || len(s.Args) != 1 {
			continue
		}
		arn, err := base64.RawURLEncoding.DecodeString(s.Args[0])
		if err != nil || !kmsARN().Match(arn) {
			return nil, errors.New("the KMS key is not named by an ARN")
		}
		key, err := i.kms.Decrypt(i.ctx, string(arn), s.Body)
		if err == nil {
			return key, nil
		}
		failed = err
	}
	if failed != nil {
		return nil, fmt.Errorf("%w: %w", age.ErrIncorrectIdentity, failed)
	}
	return nil, age.ErrIncorrectIdentity
}

// Identities finds the caller's own keys, all that are there of
//
//  1. HCI_AGE_IDENTITY, which holds one, or HCI_AGE_IDENTITY_FILE
//  2. hci/identity in the user's configuration directory
//  3. ~/.ssh/id_ed25519 and ~/.ssh/id_rsa
//
// ask is called for the passphrase of an SSH key that has one.
func Identities(lookup func(string) (string, bool), configDir, home string, ask func(path string) (secret.Value, error)) ([]age.Identity, error) {
	var all []age.Identity
	if text, ok := lookup("HCI_AGE_IDENTITY"); ok && text != "" {
		ids, err := age.ParseIdentities(strings.NewReader(text))
		if err != nil {
			return nil, errors.New("HCI_AGE_IDENTITY holds no identity of age (AGE-SECRET-KEY-1…)")
		}
		all = append(all, ids...)
	}
	type place struct {
		path  string
		asked bool // the user named it, so that it must be there
	}
	var places []place
	if path, ok := lookup("HCI_AGE_IDENTITY_FILE"); ok && path != "" {
		places = append(places, place{path, true})
	}
	if configDir != "" {
		places = append(places, place{filepath.Join(configDir, "hci", "identity"), false})
	}
	if home != "" {
		places = append(places, place{filepath.Join(home, ".ssh", "id_ed25519"), false}, place{filepath.Join(home, ".ssh", "id_rsa"), false})
	}
	for _, p := range places {
		data, err := os.ReadFile(p.path)
		if err != nil {
			if p.asked {
				return nil, err
			}
			continue
		}
		ids, err := parseIdentity(p.path, data, ask)
		if err != nil {
			if p.asked {
				return nil, err
			}
			continue
		}
		all = append(all, ids...)
	}
	return all, nil
}

// parseIdentity reads a file with a key of age or of SSH.
func parseIdentity(path string, data []byte, ask func(string) (secret.Value, error)) ([]age.Identity, error) {
	if !strings.Contains(string(data), "-----BEGIN") {
		ids, err := age.ParseIdentities(strings.NewReader(string(data)))
		if err != nil {
			return nil, fmt.Errorf("%s holds no identity of age", path)
		}
		return ids, nil
	}
	id, err := agessh.ParseIdentity(data)
	var protected *ssh.PassphraseMissingError
	if errors.As(err, &protected) && protected.PublicKey != nil {
		id, err = agessh.NewEncryptedSSHIdentity(protected.PublicKey, data, func() ([]byte, error) {
			phrase, err := ask(path)
			return []byte(phrase.Reveal()), err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("%s holds no SSH key that age can use", path)
	}
	return []age.Identity{id}, nil
}
