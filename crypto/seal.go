package crypto

import (
	"bytes"
	"errors"
	"fmt"
	"sync/atomic"
)

// Seal encrypts plaintext as "openssl enc -aes-256-cbc" does with p's
// parameters, and returns the whole file. The same arguments always give the
// same bytes; [Open] can tell that they were not changed, unless p is without
// salt.
//
// The context says what the file is for, such as the name of an environment:
// at most 255 bytes, none of them NUL. Open tells it from a file for another
// context. An empty context binds to nothing and writes a file of version 1.
//
// An empty passphrase is one that openssl takes as well. Whether it is a good
// one is for the caller to say.
//
// Errors: [ErrParams] (also for a Salt, or a SaltLen under 8, which are for
// reading only), [ErrPassphrase], [ErrContext], [ErrTooLarge].
func Seal(plaintext, passphrase []byte, p Params, context string) ([]byte, error) {
	if err := errors.Join(p.Validate(), validContext(context)); err != nil {
		return nil, err
	}
	p = p.normal()
	switch {
	case p.Salt != nil:
		return nil, fmt.Errorf("%w: a salt outside the file is for reading only", ErrParams)
	case !p.NoSalt && !p.authenticable():
		return nil, fmt.Errorf("%w: a salt of %d bytes is for reading only", ErrParams, p.SaltLen)
	case bytes.IndexByte(passphrase, 0) >= 0:
		return nil, ErrPassphrase
	case len(plaintext) > MaxSize:
		return nil, ErrTooLarge
	}
	var never atomic.Bool
	var head, salt []byte
	if !p.NoSalt {
		salt = contentSalt(deriveMACKey(passphrase, p.macIterations(), &never), p, context, plaintext)
		head = append([]byte(magic), salt...)
	}
	stream := keyStream{params: p, passphrase: passphrase, salt: salt, stop: &never}
	stream.grow(keyIVSize)
	sealed := encrypt(head, stream.key(), stream.iv(), plaintext)
	if p.Encoding == Binary {
		return sealed, nil
	}
	return encodeBase64(sealed, p.Encoding), nil
}
