package sealed

import (
	"fmt"
	"path/filepath"

	"hci/crypto"
)

// Reason is why a file that opens is not used.
type Reason int

const (
	// NotAuthenticated: it was sealed by openssl, or altered, or for an
	// environment that the project does not have, and hci.hcl requires
	// authentication.
	NotAuthenticated Reason = iota
	// NoLonger: the same, and it was authenticated when it was last opened here.
	NoLonger
	// NotAsInGit: the same, and an earlier version in git is authenticated.
	NotAsInGit
	// Foreign: it is another environment's file.
	Foreign
	// Unbound: it was bound to its environment, and is not any more.
	Unbound
	// Weaker: its key derivation is weaker than when it was last opened here.
	Weaker
	// BelowDeclared: its key derivation is weaker than hci.hcl declares.
	BelowDeclared
)

// DistrustError says that the passphrase opens a file, and why the file is not
// used all the same. It answers to errors.Is(err, [ErrNotAuthenticated]).
type DistrustError struct {
	Reason Reason
	Env    string
	Path   string
	Other  string        // the environment whose file it is, for Foreign
	Params crypto.Params // of the file, for Weaker and BelowDeclared
	Than   crypto.Params // what it is weaker than
}

func (e *DistrustError) Error() string {
	const cause = "it was altered, or sealed by openssl"
	switch e.Reason {
	case NoLonger:
		return fmt.Sprintf("%s was authenticated when it was last opened here, and is not any more: %s", e.Path, cause)
	case NotAsInGit:
		return fmt.Sprintf("%s is not authenticated, but an earlier version in git is: %s", e.Path, cause)
	case Foreign:
		return fmt.Sprintf("%s is the file of environment %q, not of %q", e.Path, e.Other, e.Env)
	case Unbound:
		return fmt.Sprintf("%s was bound to environment %q when it was last opened here, and is not any more: it is an old version, or another environment's, or an older hci sealed it", e.Path, e.Env)
	case Weaker:
		return fmt.Sprintf("%s is sealed with %s, which is weaker than when it was last opened here (%s): it is an old version, or somebody rekeyed it", e.Path, e.Params, e.Than)
	case BelowDeclared:
		return fmt.Sprintf("%s is sealed with %s, which is weaker than hci.hcl declares (%s)", e.Path, e.Params, e.Than)
	default:
		return fmt.Sprintf("%s is not authenticated, and hci.hcl requires that: %s", e.Path, cause)
	}
}

// Is makes errors.Is(err, ErrNotAuthenticated) hold.
func (e *DistrustError) Is(target error) bool { return target == ErrNotAuthenticated }

// Next is what to do about it.
func (e *DistrustError) Next() string {
	if e.Reason == BelowDeclared {
		return fmt.Sprintf("'hci secrets rekey %s --keep-passphrase' seals it as declared", e.Env)
	}
	return fmt.Sprintf("'git log -- %s' shows who changed it; if it is right as it is, 'hci secrets rekey %s --keep-passphrase --accept-unauthenticated' seals it again",
		filepath.Base(e.Path), e.Env)
}

// weaker reports whether guessing a passphrase against p costs less than
// against q, or p proves less.
func weaker(p, q crypto.Params) bool {
	switch {
	case p.NoSalt != q.NoSalt:
		return p.NoSalt
	case p.KDF != q.KDF:
		return p.KDF == crypto.BytesToKey
	case broken(p.Digest) != broken(q.Digest):
		return broken(p.Digest)
	}
	return p.KDF == crypto.PBKDF2 && p.Iterations < q.Iterations
}

// broken are the digests that nobody should choose any more.
func broken(d crypto.Digest) bool { return d == crypto.MD5 || d == crypto.SHA1 }
