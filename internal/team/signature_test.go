package team_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha512"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"hci/internal/team"
)

// signed is a commit with a signature of OpenSSH's format over what signs says.
func signed(t *testing.T, key ssh.Signer, commit, signs, namespace string) []byte {
	t.Helper()
	sum := sha512.Sum512([]byte(signs))
	text := append([]byte("SSHSIG"), ssh.Marshal(struct{ Namespace, Reserved, Hash, Sum string }{namespace, "", "sha512", string(sum[:])})...)
	sig, err := key.Sign(rand.Reader, text)
	if err != nil {
		t.Fatal(err)
	}
	blob := append([]byte("SSHSIG"), ssh.Marshal(struct {
		Version                        uint32
		Key, Namespace, Reserved, Hash string
		Signature                      string
	}{1, string(key.PublicKey().Marshal()), namespace, "", "sha512", string(ssh.Marshal(sig))})...)
	armored := strings.TrimSuffix(string(pem.EncodeToMemory(&pem.Block{Type: "SSH SIGNATURE", Bytes: blob})), "\n")
	head, body, _ := strings.Cut(commit, "\n\n")
	return []byte(head + "\ngpgsig " + strings.ReplaceAll(armored, "\n", "\n ") + "\n\n" + body)
}

func TestSigner(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	const commit = "tree 1234\nauthor a <a@b> 1 +0000\ncommitter a <a@b> 1 +0000\n\nsubject\n\nbody\n"
	good := signed(t, key, commit, commit, "git")
	got, err := team.Signer(good)
	if want := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key.PublicKey()))); err != nil || got != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	all := team.Members{{Name: "alice", Key: got + " alice at home"}, {Name: "bob", Key: "age1x"}}
	if m := all.ByKey(got); m == nil || m.Name != "alice" || all.ByKey("ssh-ed25519 AAAA") != nil || all.ByKey("") != nil {
		t.Errorf("%v", m)
	}
	for name, c := range map[string]struct {
		commit []byte
		want   error
	}{
		"unsigned":          {[]byte(commit), team.ErrUnsigned},
		"another tree":      {bytes.Replace(good, []byte("tree 1234"), []byte("tree 1235"), 1), team.ErrSignature},
		"another body":      {append(bytes.Clone(good), 'x'), team.ErrSignature},
		"another text":      {signed(t, key, commit, "x", "git"), team.ErrSignature},
		"another namespace": {signed(t, key, commit, commit, "file"), team.ErrSignature},
		"GPG":               {[]byte("tree 1\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n abc\n -----END PGP SIGNATURE-----\n\nx\n"), team.ErrUnsigned},
		"nothing":           {nil, team.ErrUnsigned},
	} {
		if _, err := team.Signer(c.commit); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
