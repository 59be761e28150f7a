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
//   - A file that was authentic and is not any more, one of another environment,
//     and one whose key derivation is weaker than it was or than is declared, is
//     refused ([DistrustError]) unless [Files.Accept] says otherwise. What was
//     authentic is remembered in the state directory; where nothing is
//     remembered, earlier versions in git are asked.
//   - No error holds a value or a piece of either file; names only.
package sealed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"

	"hci/crypto"
	"hci/internal/atomicfile"
	"hci/sync/secret"
	"hci/tfvars"
)

// ErrChanged says that a file was changed by somebody else between reading
// and writing. Nothing was written.
var ErrChanged = errors.New("changed by somebody else meanwhile")

// ErrNotAuthenticated is what every [DistrustError] is.
var ErrNotAuthenticated = errors.New("not authenticated: sealed by openssl itself, or altered")

// Passphrase yields a passphrase. It is called only when one is needed, and
// at most once per operation.
type Passphrase func(context.Context) (secret.Value, error)

// Files says where one environment's secrets lie and how they are sealed.
type Files struct {
	Env      string          // the environment's name, for state and messages
	Plain    string          // absolute path of the plaintext
	Sealed   string          // absolute path of the sealed file
	Root     string          // the directory, free of symbolic links, that no link leads out of; "" for none
	StateDir string          // where what was decrypted is remembered
	Params   []crypto.Params // declared parameters, tried first; the first one seals a new file
	Require  bool            // an unauthenticated file is refused
	Others   []string        // the project's environments with other files, which are told by name
	Sharing  []string        // the environments that use this same file, if that is more than one
	Accept   bool            // a file that would be refused is used, with a warning
	Inspect  bool            // the same, without: Content.Distrust says why

	// History returns up to max earlier versions of a file, newest first; nil
	// where there is no git.
	History func(ctx context.Context, path string, max int) [][]byte
	// Create yields the passphrase of a sealed file that an edit makes; nil: an
	// edit of a file that is not there fails.
	Create Passphrase
	// Sealing is called with each version that was written; nil: nobody is told.
	Sealing func(Version)
	// MACKeys keep what authenticates files, for all that are opened; nil: each
	// derives its own.
	MACKeys *crypto.MACKeys
	// Warn says a line to the user; nil for nobody.
	Warn func(format string, args ...any)
	// Wait says what is being waited for until done is called; nil for nobody.
	Wait func(what string) (done func())
	// Again reports whether a wrong passphrase may be given once more.
	Again func(env string) bool

	// Unmerged returns a [*UnmergedError] if git could not merge the sealed file.
	// It is asked before the file is read; nil: nobody is asked.
	Unmerged func(context.Context) error

	declaredOnly bool // only Params are tried
	raise        bool // what is weaker than declared is about to be sealed again
}

// Content is an opened secrets file.
type Content struct {
	File          *tfvars.File
	Path          string // the file it came from
	FromPlain     bool   // read from the plaintext; Params and Authenticated say nothing then
	Params        crypto.Params
	Authenticated bool           // and of this environment, or of none
	Distrust      *DistrustError // why it would have been refused
	context       string         // what it was sealed for
	sealed        []byte         // the sealed bytes it was opened from
}

// Version is a sealed file that was written, and what it holds.
type Version struct {
	Sealed []byte
	File   *tfvars.File
	Params crypto.Params
	Phrase secret.Value
	Before secret.Value // of the version that it took the place of
}

// wrote tells of a version that was written.
func (f Files) wrote(v Version) {
	if f.Sealing != nil {
		f.Sealing(v)
	}
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
	plain, err := readIfThere(f.Root, f.Plain, crypto.MaxSize)
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
	data, err := atomicfile.ReadIn(f.Root, f.Sealed, MaxSize)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &NoFileError{Env: f.Env, Plain: f.Plain, Sealed: f.Sealed}
		}
		return nil, err
	}
	if kind := KindOf(data); kind != Sealed {
		return nil, &KindError{Path: f.Sealed, Kind: kind}
	}
	if _, _, err := crypto.Inspect(data); err != nil { // before anybody is asked for a passphrase
		return nil, fmt.Errorf("%s: %w", f.Sealed, err)
	}
	for {
		value, err := pass(ctx)
		if err != nil {
			return nil, err
		}
		content, err := f.unseal(ctx, data, value)
		if !errors.Is(err, crypto.ErrWrongPassphrase) || f.Again == nil || !f.Again(f.Env) {
			return content, err
		}
	}
}

// ReadPlain returns the plaintext that lies beside the sealed file. The error
// wraps [fs.ErrNotExist] when there is none.
func (f Files) ReadPlain() ([]byte, error) {
	return atomicfile.ReadIn(f.Root, f.Plain, crypto.MaxSize)
}

// PlainOpen returns the mode of the plaintext, and whether it lets others than
// its owner in. On Windows a mode says nothing of that.
func (f Files) PlainOpen() (fs.FileMode, bool) { return openMode(f.Plain) }

func openMode(path string) (fs.FileMode, bool) {
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" {
		return 0, false
	}
	return info.Mode().Perm(), info.Mode().Perm()&^plainPerm != 0
}

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

// readIfThere returns nil for a file that does not exist.
func readIfThere(root, path string, max int64) ([]byte, error) {
	data, err := atomicfile.ReadIn(root, path, max)
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
func replace(root, path string, before, data []byte, perm fs.FileMode) error {
	return atomicfile.Write(path, data, atomicfile.Options{
		Perm: perm, Root: root,
		Check: func(current []byte, exists bool) error {
			if exists != (before != nil) || !bytes.Equal(current, before) {
				return fmt.Errorf("%s: %w", path, ErrChanged)
			}
			return nil
		},
	})
}
