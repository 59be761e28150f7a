package sealed

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"time"

	"hci/crypto"
	"hci/internal/atomicfile"
	"hci/internal/ownership"
	"hci/sync/secret"
	"hci/tfvars"
)

// UnsealedError says that the plaintext beside the sealed file holds changes
// that were never sealed, so that an edit could not be made to both.
type UnsealedError struct {
	Plain, Sealed string
	Changes       []tfvars.Change // from the sealed file to the plaintext
}

func (e *UnsealedError) Error() string {
	return fmt.Sprintf("%s holds changes that are not in %s; nothing was written", e.Plain, e.Sealed)
}

// Session is an edit under way: what was read, and where it goes back.
type Session struct {
	f      Files
	before *Content // nil: there is no sealed file
	phrase secret.Value
	plain  []byte // nil: there is no plaintext
	parsed *tfvars.File
	fresh  bool // there is neither: the sealed file is made
}

// Begin opens the files for an edit. If both forms are there they must agree,
// or it fails with an [*UnsealedError]. If neither is there, and Create says
// where the passphrase comes from, Commit makes the sealed file: the plaintext
// never lies on the disk.
func (f Files) Begin(ctx context.Context, pass Passphrase) (*Session, error) {
	plain, err := readIfThere(f.Root, f.Plain, crypto.MaxSize)
	if err != nil {
		return nil, err
	}
	s := &Session{f: f, plain: plain}
	if plain != nil {
		if s.parsed, err = parse(plain, f.Plain); err != nil {
			return nil, err
		}
	}
	if s.before, s.phrase, err = f.current(ctx, pass); err != nil {
		return nil, err
	}
	switch {
	case s.before == nil && plain == nil && f.Create == nil:
		return nil, &NoFileError{Env: f.Env, Plain: f.Plain, Sealed: f.Sealed}
	case s.before == nil && plain == nil:
		s.parsed, s.fresh = tfvars.New(f.Plain), true
		s.phrase, err = f.Create(ctx)
		return s, err
	case s.before != nil && plain != nil && !bytes.Equal(plain, s.before.File.Bytes()):
		return nil, &UnsealedError{Plain: f.Plain, Sealed: f.Sealed, Changes: tfvars.Compare(s.before.File, s.parsed)}
	case s.before != nil:
		s.parsed = s.before.File
	}
	return s, nil
}

// Bytes returns the text as it was read.
func (s *Session) Bytes() []byte { return s.parsed.Bytes() }

// File returns a copy of what was read, to be changed and handed to Commit.
func (s *Session) File() (*tfvars.File, error) { return parse(s.parsed.Bytes(), s.f.Plain) }

// Path returns the file that an edit is about: the sealed one if there is one.
func (s *Session) Path() string {
	if s.before == nil && !s.fresh {
		return s.f.Plain
	}
	return s.f.Sealed
}

// Commit writes next to the sealed file and to the plaintext, as far as they
// are there, if both still hold what Begin read ([ErrChanged] otherwise).
// The sealed file goes first: if the plaintext cannot follow, it is the stale
// one, and Encrypt refuses it.
func (s *Session) Commit(next *tfvars.File, o Options) (*Result, error) {
	f := s.f
	r := &Result{Env: f.Env, From: s.Path(), To: s.Path(), Changes: tfvars.Compare(s.parsed, next)}
	after := next.Bytes()
	r.Wrote = !bytes.Equal(after, s.parsed.Bytes())
	switch {
	case s.before != nil:
		r.Params, r.Authenticated = s.before.Params, s.before.Authenticated
	case s.fresh:
		r.Created, r.Params, r.Authenticated = r.Wrote, f.newParams(), true
	}
	if o.DryRun || !r.Wrote {
		return r, nil
	}
	unlock, err := f.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := s.unmoved(); err != nil {
		return nil, err
	}
	if s.fresh {
		_, err := f.sealNew(next, s.phrase, r.Params)
		return r, err
	}
	var data []byte
	if s.before != nil {
		if data, err = f.reseal(s.before, after, s.phrase, o, r); err != nil {
			return nil, err
		}
	}
	if s.plain == nil { // nothing was made from the sealed file, so nothing is remembered
		return r, nil
	}
	if err := replace(f.Root, f.Plain, s.plain, after, plainPerm); err != nil {
		if s.before == nil {
			return nil, err
		}
		return nil, fmt.Errorf("%s is written, its plaintext is not: %w", f.Sealed, err)
	}
	if s.before != nil {
		r.Notes = append(append(r.Notes, f.remember(data)...), fmt.Sprintf("%s was changed too", f.Plain))
	}
	return r, nil
}

// unmoved checks both files before the first is written, so that a plaintext
// that changed meanwhile does not leave the sealed file ahead of it.
func (s *Session) unmoved() error {
	now, err := readIfThere(s.f.Root, s.f.Plain, crypto.MaxSize)
	if err != nil {
		return err
	}
	if (now == nil) != (s.plain == nil) || !bytes.Equal(now, s.plain) {
		return fmt.Errorf("%s: %w", s.f.Plain, ErrChanged)
	}
	return nil
}

// Rescue keeps an edit that could not be committed, and returns the path of
// the new file that holds it: beside the sealed file and sealed as that is, or,
// where there is only a plaintext, as plaintext in the state directory, which
// git does not see.
func (s *Session) Rescue(next *tfvars.File) (string, error) {
	f, data := s.f, next.Bytes()
	name := fmt.Sprintf("rejected-%s-%d", f.Env, time.Now().UnixNano())
	if s.before == nil && !s.fresh {
		if err := ownership.MakePrivate(f.StateDir); err != nil {
			return "", err
		}
		path := filepath.Join(f.StateDir, name)
		return path, atomicfile.Write(path, data, atomicfile.Options{Perm: plainPerm})
	}
	params := f.newParams()
	if s.before != nil {
		params = s.before.Params
	}
	data, err := f.seal(data, s.phrase, params)
	if err != nil {
		return "", err
	}
	path := f.Sealed + "." + name
	return path, atomicfile.Write(path, data, atomicfile.Options{Perm: plainPerm, Root: f.Root})
}

// Update applies change to the environment's secrets: Begin, change, Commit.
func (f Files) Update(ctx context.Context, pass Passphrase, o Options, change func(*tfvars.File) error) (*Result, error) {
	s, err := f.Begin(ctx, pass)
	if err != nil {
		return nil, err
	}
	next, err := s.File()
	if err != nil {
		return nil, err
	}
	if err := change(next); err != nil {
		return nil, err
	}
	return s.Commit(next, o)
}
