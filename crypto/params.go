package crypto

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"strconv"
)

// KDF is how key and IV come from the passphrase.
type KDF int

const (
	// PBKDF2 is "openssl enc -pbkdf2": PBKDF2 of RFC 8018 over HMAC.
	PBKDF2 KDF = iota
	// BytesToKey is what openssl enc does without -pbkdf2: one round of
	// EVP_BytesToKey. It does nothing against guessing.
	BytesToKey
)

// String returns "pbkdf2" or "EVP_BytesToKey".
func (k KDF) String() string {
	switch k {
	case PBKDF2:
		return "pbkdf2"
	case BytesToKey:
		return "EVP_BytesToKey"
	}
	return "KDF(" + strconv.Itoa(int(k)) + ")"
}

// Digest is the hash function of the derivation, by its name in "openssl enc
// -md": one of the constants below.
type Digest string

// The digests that are read and written.
const (
	MD5    Digest = "md5"
	SHA1   Digest = "sha1"
	SHA256 Digest = "sha256"
	SHA384 Digest = "sha384"
	SHA512 Digest = "sha512"
)

// constructor returns the hash function, or nil for an unknown name.
func (d Digest) constructor() func() hash.Hash {
	switch d {
	case MD5:
		return md5.New
	case SHA1:
		return sha1.New
	case SHA256:
		return sha256.New
	case SHA384:
		return sha512.New384
	case SHA512:
		return sha512.New
	}
	return nil
}

// Encoding is how the bytes of the file are written down.
type Encoding int

const (
	// Binary is the bytes themselves.
	Binary Encoding = iota
	// Base64 is "openssl enc -a": lines of 64 columns, each ended by LF.
	Base64
	// Base64Line is "openssl enc -a -A": one line that no newline ends.
	Base64Line
)

// String returns "binary", "base64" or "base64 in one line".
func (e Encoding) String() string {
	switch e {
	case Binary:
		return "binary"
	case Base64:
		return "base64"
	case Base64Line:
		return "base64 in one line"
	}
	return "Encoding(" + strconv.Itoa(int(e)) + ")"
}

const (
	defaultSaltLen   = 8
	maxSaltLen       = 16
	minAuthenticSalt = 8 // see the bounds in the package doc
)

// Params are the parameters of a file, as on openssl's command line.
type Params struct {
	KDF        KDF
	Digest     Digest
	Iterations int // PBKDF2: at least 1. BytesToKey: 0 or 1, which are the same.

	// NoSalt is -nosalt. The file has no header and its key no salt.
	NoSalt bool
	// SaltLen is -saltlen of OpenSSL 3.2, with PBKDF2 only: 1 to 16; 0 is 8.
	// [Seal] writes at least 8.
	SaltLen int
	// Salt is the salt of a file that carries none, as OpenSSL 3 writes it with
	// "-S HEX": 8 bytes, with PBKDF2 1 to 16. For reading only.
	Salt []byte

	Encoding Encoding
}

// DefaultParams returns what a new file is sealed with: PBKDF2, SHA-256,
// 600,000 iterations, salted, binary.
func DefaultParams() Params {
	return Params{KDF: PBKDF2, Digest: SHA256, Iterations: defaults[0]}
}

// String returns how the key is derived: "pbkdf2 sha256 600000 iterations",
// "EVP_BytesToKey md5, no salt".
func (p Params) String() string {
	p = p.normal()
	s := p.KDF.String() + " " + string(p.Digest)
	if p.KDF == PBKDF2 {
		s += " " + strconv.Itoa(p.Iterations) + " iteration"
		if p.Iterations != 1 {
			s += "s"
		}
	}
	switch {
	case p.NoSalt:
		s += ", no salt"
	case p.Salt != nil:
		s += ", salt not in the file"
	case p.SaltLen != defaultSaltLen:
		s += ", salt of " + strconv.Itoa(p.SaltLen) + " bytes"
	}
	return s
}

// OpenSSLArgs returns the arguments that make "openssl enc -aes-256-cbc", with
// or without -d, use p.
func (p Params) OpenSSLArgs() []string {
	p = p.normal()
	var args []string
	if p.KDF == PBKDF2 {
		args = append(args, "-pbkdf2", "-iter", strconv.Itoa(p.Iterations))
	}
	args = append(args, "-md", string(p.Digest))
	switch {
	case p.NoSalt:
		args = append(args, "-nosalt")
	case p.Salt != nil:
		args = append(args, "-S", hex.EncodeToString(p.Salt))
		if len(p.Salt) != defaultSaltLen {
			args = append(args, "-saltlen", strconv.Itoa(len(p.Salt)))
		}
	case p.SaltLen != defaultSaltLen:
		args = append(args, "-saltlen", strconv.Itoa(p.SaltLen))
	}
	switch p.Encoding {
	case Base64:
		args = append(args, "-a")
	case Base64Line:
		args = append(args, "-a", "-A")
	}
	return args
}

// Validate returns an error that wraps [ErrParams] if p is nothing openssl can
// be told.
func (p Params) Validate() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrParams, fmt.Sprintf(format, args...))
	}
	if p.KDF != PBKDF2 && p.KDF != BytesToKey {
		return bad("unknown key derivation %v", p.KDF)
	}
	if p.Digest.constructor() == nil {
		return bad("unknown digest %q", string(p.Digest))
	}
	if p.KDF == PBKDF2 && (p.Iterations < 1 || p.Iterations > math.MaxInt32) {
		return bad("%d iterations", p.Iterations)
	}
	if p.KDF == BytesToKey && p.Iterations != 0 && p.Iterations != 1 {
		return bad("EVP_BytesToKey has no iterations, %d given", p.Iterations)
	}
	if p.Encoding < Binary || p.Encoding > Base64Line {
		return bad("unknown encoding %v", p.Encoding)
	}
	return p.validateSalt(bad)
}

func (p Params) validateSalt(bad func(string, ...any) error) error {
	if p.SaltLen < 0 || p.SaltLen > maxSaltLen {
		return bad("a salt of %d bytes", p.SaltLen)
	}
	if p.NoSalt && (p.Salt != nil || p.SaltLen != 0) || p.Salt != nil && p.SaltLen != 0 {
		return bad("no salt, a salt and the length of one exclude each other")
	}
	if p.Salt != nil && (len(p.Salt) < 1 || len(p.Salt) > maxSaltLen) {
		return bad("a salt of %d bytes", len(p.Salt))
	}
	if p.KDF == BytesToKey {
		if n := p.normal(); p.Salt != nil && len(p.Salt) != defaultSaltLen || !p.NoSalt && p.Salt == nil && n.SaltLen != defaultSaltLen {
			return bad("the salt of EVP_BytesToKey is 8 bytes")
		}
	}
	return nil
}

// Equal reports whether p and q mean the same: 0 and 8 are the same SaltLen, 0
// and 1 the same Iterations of BytesToKey.
func (p Params) Equal(q Params) bool {
	p, q = p.normal(), q.normal()
	return p.sameKey(q) && p.Encoding == q.Encoding
}

// sameKey is Equal but for the encoding.
func (p Params) sameKey(q Params) bool {
	p, q = p.normal(), q.normal()
	return p.KDF == q.KDF && p.Digest == q.Digest && p.Iterations == q.Iterations &&
		p.NoSalt == q.NoSalt && p.SaltLen == q.SaltLen && bytes.Equal(p.Salt, q.Salt)
}

// normal writes out the values that 0 stands for. SaltLen becomes the number of
// salt bytes that lie in the file.
func (p Params) normal() Params {
	if p.KDF == BytesToKey {
		p.Iterations = 1
	}
	switch {
	case p.NoSalt || p.Salt != nil:
		p.SaltLen = 0
	case p.SaltLen == 0:
		p.SaltLen = defaultSaltLen
	}
	return p
}

// authenticable reports whether a file with p can prove that it is unchanged.
func (p Params) authenticable() bool { return p.normal().SaltLen >= minAuthenticSalt }
