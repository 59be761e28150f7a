package sealed

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"

	"hci/crypto"
	"hci/internal/atomicfile"
	"hci/tfvars"
)

// plainPerm is the mode of every file that holds plaintext.
const plainPerm fs.FileMode = 0o600

// Options of an operation that writes.
type Options struct {
	Force  bool // overwrite what would be lost
	DryRun bool // find out and check everything, write nothing
}

// Result tells what an operation did.
type Result struct {
	Env           string          `json:"environment"`
	From          string          `json:"from"`
	To            string          `json:"to"`
	Wrote         bool            `json:"wrote"`   // false: it already held this
	Created       bool            `json:"created"` // there was no such file before
	Changes       []tfvars.Change `json:"-"`       // between what was there and what is there now
	Params        crypto.Params   `json:"-"`
	Authenticated bool            `json:"authenticated"`
	Notes         []string        `json:"notes,omitempty"` // what the user should know besides
}

// LossError says that writing To would lose what only To holds.
type LossError struct {
	From, To string
	Changes  []tfvars.Change // from what To holds to what would be written; empty if they differ in comments or layout only
	Stale    bool            // To is a sealed file that changed since the plaintext was made from it
	Opaque   bool            // To cannot be parsed, so nothing is known of what it holds
}

func (e *LossError) Error() string {
	what := "differs from"
	if e.Stale {
		what = "changed since it was decrypted into"
	}
	return fmt.Sprintf("%s %s %s; nothing was written", e.To, what, e.From)
}

// Decrypt writes the plaintext beside the sealed file. It refuses to
// overwrite a plaintext that differs, with a [*LossError], unless forced.
func (f Files) Decrypt(ctx context.Context, pass Passphrase, o Options) (*Result, error) {
	unlock, err := f.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	content, err := f.OpenSealed(ctx, pass)
	if err != nil {
		return nil, err
	}
	r, err := f.writePlain(content, f.Root, f.Plain, o)
	if err == nil && !o.DryRun {
		r.Notes = append(r.Notes, f.remember(content.sealed)...)
	}
	return r, err
}

// DecryptTo writes the plaintext to another path, with the same care; no link
// leads out of root, if that is not "". Nothing is remembered of it.
func (f Files) DecryptTo(ctx context.Context, pass Passphrase, root, path string, o Options) (*Result, error) {
	content, err := f.OpenSealed(ctx, pass)
	if err != nil {
		return nil, err
	}
	return f.writePlain(content, root, path, o)
}

// writePlain writes what was opened to path unless that would lose what path
// holds.
func (f Files) writePlain(content *Content, root, path string, o Options) (*Result, error) {
	r := &Result{Env: f.Env, From: f.Sealed, To: path, Params: content.Params, Authenticated: content.Authenticated}
	want := content.File.Bytes()
	have, err := readIfThere(root, path, crypto.MaxSize)
	if err != nil {
		return nil, err
	}
	r.Created = have == nil
	r.Wrote = have == nil || !bytes.Equal(have, want)
	if have != nil && r.Wrote {
		loss := &LossError{From: f.Sealed, To: path}
		if old, err := parse(have, path); err == nil {
			loss.Changes = tfvars.Compare(old, content.File)
		} else {
			loss.Opaque = true
		}
		if !o.Force {
			return nil, loss
		}
		r.Changes = loss.Changes
	}
	if !r.Wrote {
		return r, r.closeOff(root, path, o)
	}
	if o.DryRun {
		return r, nil
	}
	if err := replace(root, path, have, want, plainPerm); err != nil {
		return nil, err
	}
	return r, nil
}

// closeOff takes from others what they may do with a plaintext that stays.
func (r *Result) closeOff(root, path string, o Options) error {
	mode, open := openMode(path)
	switch {
	case !open:
		return nil
	case o.DryRun:
		r.Notes = append(r.Notes, fmt.Sprintf("%s has mode %04o and would get %04o", path, mode, plainPerm))
		return nil
	}
	if err := atomicfile.Chmod(root, path, plainPerm); err != nil {
		return err
	}
	r.Notes = append(r.Notes, fmt.Sprintf("%s had mode %04o, so others could read it; it has %04o now", path, mode, plainPerm))
	return nil
}
