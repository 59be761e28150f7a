// Package sealed keeps one environment's secrets file in its two forms: the
// sealed one, which git holds ("production_secrets.tfvars.enc"), and the
// plaintext that may lie beside it ("production_secrets.tfvars").
//
// What it promises:
//
//   - Nothing is written before the sealed file was opened, its content
//     parsed as tfvars, and the new bytes proved to open again.
//   - Each file is replaced whole or not at all, and only if it still holds
//     what was read before ([ErrChanged]).
//   - A newer sealed file is never overwritten by a stale plaintext, nor an
//     edited plaintext by the sealed file ([LossError]), unless forced. What
//     was last decrypted is remembered in a state directory, as a digest of
//     the sealed bytes.
//   - A passphrase changes by [Rekey] only: everything else insists that the
//     passphrase opens the file that is there.
//   - No error holds a value or a piece of either file; names only.
package sealed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"unicode"
	"unicode/utf8"

	"hci/crypto"
	"hci/internal/atomicfile"
	"hci/internal/secret"
	"hci/tfvars"
)

// ErrChanged says that a file was changed by somebody else between reading
// and writing. Nothing was written.
var ErrChanged = errors.New("changed by somebody else meanwhile")

// ErrNotAuthenticated says that a file opened but was not sealed by hci, or
// was altered, where the project requires authentication.
var ErrNotAuthenticated = errors.New("not authenticated: sealed by openssl itself, or altered")

// Passphrase yields a passphrase. It is called only when one is needed, and
// at most once per operation.
type Passphrase func(context.Context) (secret.Value, error)

// Files says where one environment's secrets lie and how they are sealed.
type Files struct {
	Env      string          // the environment's name, for state and messages
	Plain    string          // absolute path of the plaintext
	Sealed   string          // absolute path of the sealed file
	StateDir string          // where what was decrypted is remembered
	Params   []crypto.Params // declared parameters, tried first; the first one seals a new file
	Require  bool            // an unauthenticated file is refused
	// Unmerged returns a [*UnmergedError] if git could not merge the sealed file.
	// It is asked before the file is read; nil: nobody is asked.
	Unmerged func(context.Context) error

	declaredOnly bool // only Params are tried
}

// Content is an opened secrets file.
type Content struct {
	File          *tfvars.File
	Path          string // the file it came from
	FromPlain     bool   // read from the plaintext; Params and Authenticated say nothing then
	Params        crypto.Params
	Authenticated bool
	sealed        []byte // the sealed bytes it was opened from
}

// NotTfvarsError says that a sealed file opened into readable text that is
// not tfvars.
type NotTfvarsError struct {
	Path     string
	Problems error // tfvars.Problems
}

func (e *NotTfvarsError) Error() string {
	return fmt.Sprintf("the passphrase opens %q, but what it holds is not tfvars: %v", e.Path, e.Problems)
}

func (e *NotTfvarsError) Unwrap() error { return e.Problems }

// Open reads the environment's secrets: the plaintext if it is there, for
// that is what Terraform would use, else the sealed file. The error wraps
// [fs.ErrNotExist] when there is neither.
func (f Files) Open(ctx context.Context, pass Passphrase) (*Content, error) {
	if err := f.merged(ctx); err != nil {
		return nil, err
	}
	plain, err := readIfThere(f.Plain, crypto.MaxSize)
	if err != nil {
		return nil, err
	}
	if plain != nil {
		parsed, err := parse(plain, f.Plain)
		if err != nil {
			return nil, err
		}
		return &Content{File: parsed, Path: f.Plain, FromPlain: true}, nil
	}
	return f.openSealed(ctx, pass)
}

// merged fails if git left the sealed file in a conflict.
func (f Files) merged(ctx context.Context) error {
	if f.Unmerged == nil {
		return nil
	}
	return f.Unmerged(ctx)
}

// UnmergedError says that git could not merge the sealed file: what lies there
// is one side of the merge, and lacks what the other side changed.
type UnmergedError struct{ Env, Path string }

func (e *UnmergedError) Error() string {
	return fmt.Sprintf("%s is in a merge conflict", e.Path)
}

// Next is the command that resolves it.
func (e *UnmergedError) Next() string {
	return "'hci secrets merge " + e.Env + "' resolves it name by name"
}

// OpenSealed reads the sealed file, whatever lies beside it.
func (f Files) OpenSealed(ctx context.Context, pass Passphrase) (*Content, error) {
	if err := f.merged(ctx); err != nil {
		return nil, err
	}
	return f.openSealed(ctx, pass)
}

func (f Files) openSealed(ctx context.Context, pass Passphrase) (*Content, error) {
	data, err := atomicfile.Read(f.Sealed, MaxSize)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &NoFileError{Env: f.Env, Plain: f.Plain, Sealed: f.Sealed}
		}
		return nil, err
	}
	if _, _, err := crypto.Inspect(data); err != nil { // before anybody is asked for a passphrase
		return nil, fmt.Errorf("%s: %w", f.Sealed, err)
	}
	value, err := pass(ctx)
	if err != nil {
		return nil, err
	}
	return f.unseal(data, value)
}

// ReadPlain returns the plaintext that lies beside the sealed file. The error
// wraps [fs.ErrNotExist] when there is none.
func (f Files) ReadPlain() ([]byte, error) { return atomicfile.Read(f.Plain, crypto.MaxSize) }

// NoFileError says that an environment has neither form of its secrets file.
type NoFileError struct{ Env, Plain, Sealed string }

func (e *NoFileError) Error() string {
	return fmt.Sprintf("environment %q has no secrets file: neither %q nor %q is there", e.Env, e.Sealed, e.Plain)
}

// Is makes errors.Is(err, fs.ErrNotExist) hold.
func (e *NoFileError) Is(target error) bool { return target == fs.ErrNotExist }

// MaxSize bounds a sealed file's size in bytes: the plaintext's limit in
// base64 with a line break every 64 columns, and a header.
const MaxSize = crypto.MaxSize/3*4 + crypto.MaxSize/24 + 4096

// unseal opens data, accepting only what parses as tfvars.
func (f Files) unseal(data []byte, pass secret.Value) (*Content, error) {
	var parsed *tfvars.File
	var parsedFrom []byte
	var unreadable error
	check := func(p []byte) error {
		file, err := parse(p, f.Plain)
		if err != nil {
			if readable(p) {
				unreadable = err
			}
			return err
		}
		parsed, parsedFrom = file, p
		return nil
	}
	opened, err := crypto.Open(data, []byte(pass.Reveal()), crypto.OpenOptions{Params: f.Params, Check: check, DeclaredOnly: f.declaredOnly})
	var refused *crypto.ContentError
	switch {
	case errors.As(err, &refused):
		return nil, &NotTfvarsError{Path: f.Sealed, Problems: refused.Err}
	case errors.Is(err, crypto.ErrWrongPassphrase) && unreadable != nil:
		return nil, &NotTfvarsError{Path: f.Sealed, Problems: unreadable}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Sealed, err)
	}
	if f.Require && !opened.Authenticated {
		return nil, fmt.Errorf("%s: %w", f.Sealed, ErrNotAuthenticated)
	}
	if parsed == nil || !bytes.Equal(parsedFrom, opened.Plaintext) { // a later candidate was parsed too
		if parsed, err = parse(opened.Plaintext, f.Plain); err != nil {
			return nil, &NotTfvarsError{Path: f.Sealed, Problems: err}
		}
	}
	return &Content{
		File: parsed, Path: f.Sealed, Params: opened.Params,
		Authenticated: opened.Authenticated, sealed: data,
	}, nil
}

// parse parses a secrets file. Terraform takes any bytes in a comment; here
// the whole text must be UTF-8, without which a wrong passphrase could pass for
// the right one.
func parse(text []byte, name string) (*tfvars.File, error) {
	if !utf8.Valid(text) {
		line := 1
		for rest := text; len(rest) > 0; {
			r, size := utf8.DecodeRune(rest)
			if r == utf8.RuneError && size == 1 {
				break
			}
			if r == '\n' {
				line++
			}
			rest = rest[size:]
		}
		return nil, tfvars.Problems{{File: name, Line: line, Column: 1, Summary: "not valid UTF-8"}}
	}
	return tfvars.Parse(text, name)
}

// readable reports whether p is text that a wrong passphrase would hardly
// produce: 16 bytes of UTF-8 without control characters pass by chance less
// than once in a hundred thousand tries, after the padding's 1 in 256.
func readable(p []byte) bool {
	if len(p) < 16 || !utf8.Valid(p) {
		return false
	}
	for _, r := range string(p) {
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			return false
		}
	}
	return true
}

// seal encrypts plaintext and proves that the result opens again, as
// authenticated where the parameters allow for it.
func seal(plaintext []byte, pass secret.Value, p crypto.Params) ([]byte, error) {
	data, err := crypto.Seal(plaintext, []byte(pass.Reveal()), p)
	if err != nil {
		return nil, err
	}
	back, err := crypto.Open(data, []byte(pass.Reveal()), crypto.OpenOptions{
		Params: []crypto.Params{p}, DeclaredOnly: true, Check: func([]byte) error { return nil },
	})
	if err != nil {
		return nil, fmt.Errorf("the newly sealed file does not open, so it was not written: %w", err)
	}
	if !bytes.Equal(back.Plaintext, plaintext) || (!p.NoSalt && !back.Authenticated) {
		return nil, errors.New("the newly sealed file does not open to what was sealed, so it was not written")
	}
	return data, nil
}

// readIfThere returns nil for a file that does not exist.
func readIfThere(path string, max int64) ([]byte, error) {
	data, err := atomicfile.Read(path, max)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if data == nil {
		data = []byte{}
	}
	return data, nil
}

// replace writes data to path if the file still holds before (nil: is not
// there).
func replace(path string, before, data []byte, perm fs.FileMode) error {
	return atomicfile.Write(path, data, atomicfile.Options{
		Perm: perm,
		Check: func(current []byte, exists bool) error {
			if exists != (before != nil) || !bytes.Equal(current, before) {
				return fmt.Errorf("%s: %w", path, ErrChanged)
			}
			return nil
		},
	})
}
