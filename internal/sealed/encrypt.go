package sealed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"hci/crypto"
	"hci/internal/atomicfile"
	"hci/sync/secret"
	"hci/tfvars"
)

// Encrypt seals the plaintext into the sealed file, which keeps its
// parameters; a new one gets the first declared parameters, else
// [crypto.DefaultParams], and its passphrase from newPass.
//
// It refuses, with a [*LossError], when the sealed file changed since the
// plaintext was made from it and holds something that the plaintext does not
// keep; unless forced.
func (f Files) Encrypt(ctx context.Context, pass, newPass Passphrase, o Options) (*Result, error) {
	unlock, err := f.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	plain, err := readIfThere(f.Root, f.Plain, crypto.MaxSize)
	if err != nil {
		return nil, err
	}
	if plain == nil {
		return nil, fmt.Errorf("%s: %w", f.Plain, fs.ErrNotExist)
	}
	want, err := parse(plain, f.Plain)
	if err != nil {
		return nil, err
	}
	old, phrase, err := f.current(ctx, pass)
	if err != nil {
		return nil, err
	}
	if old == nil {
		return f.encryptNew(ctx, want, newPass, o)
	}
	r := &Result{Env: f.Env, From: f.Plain, To: f.Sealed, Authenticated: true}
	r.Params, r.Changes = old.Params, tfvars.Compare(old.File, want)
	same := bytes.Equal(old.File.Bytes(), plain)
	if same && old.Distrust == nil && (!o.Force || old.Authenticated && old.context == f.binding()) {
		r.Authenticated = old.Authenticated
		if !o.DryRun {
			r.Notes = f.remember(old.sealed)
		}
		return r, nil
	}
	if !o.Force && f.base() != digest(old.sealed) && loses(old.File, want, r.Changes) {
		return nil, &LossError{From: f.Plain, To: f.Sealed, Changes: r.Changes, Stale: true}
	}
	data, err := f.reseal(old, plain, phrase, o, r)
	if err != nil {
		return nil, err
	}
	if !o.DryRun {
		r.Notes = append(r.Notes, f.remember(data)...)
	}
	return r, nil
}

// encryptNew is Encrypt where there is no sealed file yet.
func (f Files) encryptNew(ctx context.Context, want *tfvars.File, newPass Passphrase, o Options) (*Result, error) {
	r := &Result{
		Env: f.Env, From: f.Plain, To: f.Sealed, Authenticated: true, Created: true, Wrote: true,
		Params: f.newParams(), Changes: tfvars.Compare(tfvars.New(f.Plain), want),
	}
	if o.DryRun {
		return r, nil
	}
	phrase, err := newPass(ctx)
	if err != nil {
		return nil, err
	}
	data, err := f.sealNew(want, phrase, r.Params)
	if err != nil {
		return nil, err
	}
	r.Notes = f.remember(data)
	return r, nil
}

// Seal returns the sealed form of the plaintext, as Encrypt would write it, and
// writes nothing. A file that is there lends its parameters, and must open.
func (f Files) Seal(ctx context.Context, pass, newPass Passphrase) ([]byte, error) {
	plain, err := f.ReadPlain()
	if err != nil {
		return nil, err
	}
	want, err := parse(plain, f.Plain)
	if err != nil {
		return nil, err
	}
	old, phrase, err := f.current(ctx, pass)
	if err != nil {
		return nil, err
	}
	if old != nil {
		return f.seal(want.Bytes(), phrase, old.Params)
	}
	if phrase, err = newPass(ctx); err != nil {
		return nil, err
	}
	return f.seal(want.Bytes(), phrase, f.newParams())
}

// current opens the sealed file if it is there, and returns its passphrase.
func (f Files) current(ctx context.Context, pass Passphrase) (*Content, secret.Value, error) {
	var phrase secret.Value
	keep := func(ctx context.Context) (secret.Value, error) {
		var err error
		phrase, err = pass(ctx)
		return phrase, err
	}
	content, err := f.OpenSealed(ctx, keep)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, phrase, nil
	}
	return content, phrase, err
}

// loses reports whether old holds a value that want does not keep, or text
// beside the values (comments) while no value differs.
func loses(old, want *tfvars.File, changes []tfvars.Change) bool {
	for _, c := range changes {
		if c.Kind != tfvars.Added {
			return true
		}
	}
	return len(changes) == 0 && !bytes.Equal(old.Bytes(), want.Bytes())
}

// sealNew seals want into a file that does not exist yet.
func (f Files) sealNew(want *tfvars.File, phrase secret.Value, p crypto.Params) ([]byte, error) {
	data, err := f.seal(want.Bytes(), phrase, p)
	if err != nil {
		return nil, err
	}
	if err := atomicfile.MkdirAll(f.Root, filepath.Dir(f.Sealed), 0o755); err != nil {
		return nil, err
	}
	if err := replace(f.Root, f.Sealed, nil, data, plainPerm); err != nil {
		return nil, err
	}
	f.sealedBy(data, p)
	f.wrote(Version{data, want, p, phrase, phrase})
	return data, nil
}

// reseal replaces old by plaintext under the same passphrase and parameters,
// and returns the sealed bytes.
func (f Files) reseal(old *Content, plaintext []byte, phrase secret.Value, o Options, r *Result) ([]byte, error) {
	data, err := f.seal(plaintext, phrase, old.Params)
	if err != nil {
		return nil, err
	}
	r.Wrote = !bytes.Equal(data, old.sealed)
	r.Authenticated = !old.Params.NoSalt
	if o.DryRun || !r.Wrote {
		return data, nil
	}
	if err := replace(f.Root, f.Sealed, old.sealed, data, f.sealedPerm()); err != nil {
		return nil, err
	}
	f.sealedBy(data, old.Params)
	if file, err := parse(plaintext, f.Plain); err == nil {
		f.wrote(Version{data, file, old.Params, phrase, phrase})
	}
	r.Notes = append(r.Notes, f.adopted(old, old.Params)...)
	return data, nil
}

// adopted says that a file which proved nothing is authenticated from now on.
func (f Files) adopted(old *Content, now crypto.Params) []string {
	if old.Authenticated || now.NoSalt || old.Distrust != nil {
		return nil // the last was warned about
	}
	return []string{fmt.Sprintf("%s was sealed by openssl, so nothing proved what it held; from now on it is authenticated", f.Sealed)}
}

// newParams are the parameters of a file that does not exist yet.
func (f Files) newParams() crypto.Params {
	if len(f.Params) > 0 {
		return f.Params[0]
	}
	return crypto.DefaultParams()
}

// sealedPerm keeps the mode that the sealed file has: git checks it out
// readable, and a change of mode would be one more difference to look at.
func (f Files) sealedPerm() fs.FileMode { return permOf(f.Sealed) }

// permOf is the mode of a sealed file. It is no program, whatever it was before.
func permOf(path string) fs.FileMode {
	if info, err := os.Stat(path); err == nil {
		return info.Mode().Perm() & 0o666
	}
	return plainPerm
}

// RemovePlain removes the plaintext if it is, byte for byte, what the sealed
// file opens to.
func (f Files) RemovePlain(ctx context.Context, pass Passphrase) error {
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	content, err := f.OpenSealed(ctx, pass)
	if err != nil {
		return err
	}
	plain, err := f.ReadPlain()
	if err != nil {
		return err
	}
	if !bytes.Equal(plain, content.File.Bytes()) {
		return fmt.Errorf("%s: %w", f.Plain, ErrChanged)
	}
	return atomicfile.Remove(f.Root, f.Plain)
}
