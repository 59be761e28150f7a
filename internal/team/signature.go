package team

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// ErrUnsigned says that a commit has no signature by an SSH key.
var ErrUnsigned = errors.New("not signed by an SSH key")

// ErrSignature says that a commit was signed, and changed since, or that its
// signature can't be read.
var ErrSignature = errors.New("the signature does not fit the commit")

// Signer checks the signature of a commit, given as git keeps it, and returns the
// public key that made it, as in authorized_keys.
//
// https://git-scm.com/docs/gitformat-signature
func Signer(commit []byte) (string, error) {
	signed, signature := splitCommit(commit)
	block, _ := pem.Decode(signature)
	if block == nil || block.Type != "SSH SIGNATURE" {
		return "", ErrUnsigned
	}
	key, err := verify(block.Bytes, signed, "git")
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))), nil
}

// splitCommit takes the signature out of a commit. What is left is what was signed.
func splitCommit(commit []byte) (signed, signature []byte) {
	head, body, _ := bytes.Cut(commit, []byte("\n\n"))
	inside := false
	for line := range bytes.Lines(append(bytes.Clone(head), '\n')) {
		rest, is := bytes.CutPrefix(line, []byte("gpgsig "))
		if !is {
			rest, is = bytes.CutPrefix(line, []byte("gpgsig-sha256 "))
		}
		switch {
		case is:
			inside = true
			signature = append(signature, rest...)
		case inside && bytes.HasPrefix(line, []byte(" ")):
			signature = append(signature, line[1:]...)
		default:
			inside = false
			signed = append(signed, line...)
		}
	}
	return append(append(signed, '\n'), body...), signature
}

// verify checks a signature of OpenSSH over a message.
//
// https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig
func verify(blob, message []byte, namespace string) (ssh.PublicKey, error) {
	const magic = "SSHSIG"
	rest, ok := bytes.CutPrefix(blob, []byte(magic))
	if !ok {
		return nil, ErrSignature
	}
	var s struct {
		Version   uint32
		Key       []byte
		Namespace string
		Reserved  string
		Hash      string
		Signature []byte
	}
	if ssh.Unmarshal(rest, &s) != nil || s.Version != 1 || s.Namespace != namespace {
		return nil, ErrSignature
	}
	var sum []byte
	switch s.Hash {
	case "sha256":
		h := sha256.Sum256(message)
		sum = h[:]
	case "sha512":
		h := sha512.Sum512(message)
		sum = h[:]
	default:
		return nil, fmt.Errorf("%w: its hash is %q", ErrSignature, s.Hash)
	}
	key, err := ssh.ParsePublicKey(s.Key)
	if err != nil {
		return nil, ErrSignature
	}
	var sig ssh.Signature
	if ssh.Unmarshal(s.Signature, &sig) != nil || sig.Format == ssh.KeyAlgoRSA { // RSA with SHA-1 is refused by OpenSSH, too
		return nil, ErrSignature
	}
	text := append([]byte(magic), ssh.Marshal(struct{ Namespace, Reserved, Hash, Sum string }{s.Namespace, s.Reserved, s.Hash, string(sum)})...)
	if key.Verify(text, &sig) != nil {
		return nil, ErrSignature
	}
	return key, nil
}

// ByKey returns the member that a public key of SSH belongs to, or nil.
func (all Members) ByKey(key string) *Member {
	words := strings.Fields(key)
	for i := range all {
		if has := strings.Fields(all[i].Key); len(words) > 1 && len(has) > 1 && slices.Equal(has[:2], words[:2]) {
			return &all[i]
		}
	}
	return nil
}

// Differences say what became of the members, a line each.
func Differences(before, after Members) []string {
	var all []string
	for _, m := range after {
		old := before.Find(m.Name)
		switch {
		case old == nil:
			all = append(all, fmt.Sprintf("added %s (%s)", m.Name, strings.Join(m.Environments, ", ")))
		case old.Key != m.Key:
			all = append(all, fmt.Sprintf("changed the key of %s", m.Name))
		case !slices.Equal(old.Environments, m.Environments):
			all = append(all, fmt.Sprintf("%s: %s instead of %s", m.Name, strings.Join(m.Environments, ", "), strings.Join(old.Environments, ", ")))
		}
	}
	for _, m := range before {
		if after.Find(m.Name) == nil {
			all = append(all, "removed "+m.Name)
		}
	}
	return all
}
