package crypto

import (
	"errors"
	"fmt"
)

// MaxSize is the largest plaintext, in bytes, that is sealed or opened.
const MaxSize = 16 << 20

var (
	// ErrNotOpenSSL: the input is nothing that openssl enc writes.
	ErrNotOpenSSL = errors.New("not a file of openssl enc")
	// ErrTruncated: the input is the beginning of a file of openssl enc. An
	// empty input is one.
	ErrTruncated = errors.New("the file is truncated")
	// ErrWrongPassphrase: no candidate fitted. A wrong passphrase, an altered
	// file and unknown parameters cannot be told apart. Where it can be told
	// that the file was altered, the error says so, and is this one still.
	ErrWrongPassphrase = errors.New("wrong passphrase, or the file was altered")
	// ErrTooLarge: the plaintext is, or would be, larger than [MaxSize].
	ErrTooLarge = errors.New("larger than 16 MiB")
	// ErrParams: parameters that openssl does not know, or that cannot be
	// written.
	ErrParams = errors.New("bad parameters")
	// ErrPassphrase: a passphrase that openssl cannot be given, as it holds a
	// NUL byte.
	ErrPassphrase = errors.New("the passphrase holds a NUL byte")
	// ErrContext: a context that is too long, or holds a NUL byte.
	ErrContext = errors.New("a context has at most 255 bytes, none of them NUL")
)

// ContentError says that the passphrase and the parameters are right, but
// [OpenOptions.Check] refused the content.
type ContentError struct {
	Params        Params
	Authenticated bool
	Err           error // what Check returned
}

// Error returns Check's text behind a few words.
func (e *ContentError) Error() string {
	return "the file opens, but its content was refused: " + e.Err.Error()
}

// Unwrap returns what Check returned.
func (e *ContentError) Unwrap() error { return e.Err }

// ContextError says that the file is authentic, but was sealed for another
// context than [OpenOptions.Context]: one of [OpenOptions.Foreign].
type ContextError struct {
	Context string // what it was sealed for
	Params  Params
}

func (e *ContextError) Error() string { return fmt.Sprintf("the file was sealed for %q", e.Context) }

// alteredError is [ErrWrongPassphrase] where the place of the damage shows.
type alteredError struct{ what string }

func (e *alteredError) Error() string { return "the file was altered: " + e.what }

func (e *alteredError) Is(target error) bool { return target == ErrWrongPassphrase }
