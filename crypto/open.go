package crypto

import (
	"bytes"
	"fmt"
	"sync/atomic"
)

// Opened is an opened file.
type Opened struct {
	Plaintext []byte
	// Params are those that fitted, encoding included: sealed with them, the
	// file keeps its form. Only a Salt, or a SaltLen under 8, cannot be written.
	Params Params
	// Authenticated: sealed by [Seal] with this passphrase, and not changed
	// since. If false, it was sealed by openssl itself, or altered, or sealed
	// for a context that was not named.
	Authenticated bool
	// Context is what an authenticated file was sealed for: that of the
	// options, or "" for a file of version 1, which is bound to nothing.
	Context string
}

// OpenOptions say which parameters to try and what to accept.
type OpenOptions struct {
	// Params are the declared parameters, tried first and in this order. Header
	// and encoding are seen in the file: of Encoding and NoSalt nothing is
	// taken, but that NoSalt or Salt say that something without header, which
	// would else pass for a text, is no text.
	Params []Params
	// Check accepts a plaintext by returning nil. Without it, valid UTF-8 is
	// accepted; with it, Check alone decides, so it may be given bytes that are
	// no UTF-8, and garbage. It is called on the caller's goroutine, possibly
	// more than once and not last for the plaintext that is returned, and must
	// neither keep nor change its argument. Its errors end up in a
	// [ContentError].
	Check func(plaintext []byte) error
	// DeclaredOnly tries Params and nothing else.
	DeclaredOnly bool
	// Context is what the file should have been sealed for, "" for nothing.
	Context string
	// Foreign are other contexts that are sealed for under the same passphrase.
	// A file for one of them is refused with a [ContextError].
	Foreign []string
	// MACKeys, if there are any, keep what authenticates this file for others.
	MACKeys *MACKeys
}

// Open decrypts a file of openssl enc. How the parameters are found, and which
// candidate is returned, is described at the head of the package. Without
// Check, what was authenticated is returned even if it is no UTF-8.
//
// Errors: [ErrNotOpenSSL], [ErrTruncated] (also for an empty input),
// [ErrWrongPassphrase], [ErrTooLarge], [ErrParams], [ErrPassphrase],
// [ErrContext], [*ContentError], [*ContextError]. With an error the result is
// nil.
func Open(sealed, passphrase []byte, o OpenOptions) (*Opened, error) {
	headerless := false
	for _, p := range o.Params {
		if err := p.Validate(); err != nil {
			return nil, err
		}
		headerless = headerless || p.NoSalt || p.Salt != nil
	}
	for _, c := range append([]string{o.Context}, o.Foreign...) {
		if err := validContext(c); err != nil {
			return nil, err
		}
	}
	if o.DeclaredOnly && len(o.Params) == 0 {
		return nil, fmt.Errorf("%w: none declared", ErrParams)
	}
	if bytes.IndexByte(passphrase, 0) >= 0 {
		return nil, ErrPassphrase
	}
	file, err := parse(sealed, headerless)
	if err != nil {
		return nil, err
	}
	rounds := plan(file, o)
	if len(rounds) == 0 {
		return nil, ErrTruncated
	}
	s := &search{file: file, passphrase: passphrase, check: o.Check, context: o.Context, foreign: o.Foreign, kept: o.MACKeys, stop: new(atomic.Bool)}
	defer s.end()
	return s.run(rounds)
}
