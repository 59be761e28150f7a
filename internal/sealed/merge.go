package sealed

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"hci/crypto"
	"hci/sync/secret"
	"hci/tfvars"
)

// Versions are the three versions of a sealed file that git merges. Base is nil
// for a file that both sides added.
type Versions struct{ Base, Ours, Theirs []byte }

// MergeConflictError says which variables both sides changed differently.
type MergeConflictError struct {
	Env       string
	Conflicts []tfvars.Conflict
}

func (e *MergeConflictError) Error() string {
	names := make([]string, len(e.Conflicts))
	for i, c := range e.Conflicts {
		names[i] = c.Name
	}
	return "both sides changed " + strings.Join(names, ", ")
}

// Next is the command that resolves the conflict.
func (e *MergeConflictError) Next() string {
	return "'hci secrets merge " + e.Env + "' resolves it name by name"
}

// ErrBothRekeyed says that two sides of a merge each have a passphrase of their
// own, so that nothing tells which one is newer.
var ErrBothRekeyed = errors.New("both sides changed the passphrase: merge them with one, by 'hci secrets rekey' on one of the branches")

// Merged is the outcome of [Files.Merge].
type Merged struct {
	Sealed []byte
	File   *tfvars.File
	Params crypto.Params

	phrase secret.Value
}

// Merge merges three versions of the sealed file variable by variable, see
// [tfvars.MergeWith], and seals the outcome as the side did that changed its
// passphrase or parameters, else as ours. It writes nothing.
//
// pass is asked for passphrases, one after the other, until each version
// opens; it is given the side that does not open yet, and how many it gave
// before. A version that is not authenticated while the base is can't be
// merged ([ErrNotAuthenticated]): the outcome would be authenticated.
func (f Files) Merge(ctx context.Context, v Versions, pass MergePassphrase, decided map[string]tfvars.Side) (*Merged, error) {
	return f.MergeEdited(ctx, v, pass, decided, nil)
}

// MergeEdited is Merge, but edit, unless it is nil, changes the outcome before it
// is sealed.
func (f Files) MergeEdited(ctx context.Context, v Versions, pass MergePassphrase, decided map[string]tfvars.Side, edit func(*tfvars.File) error) (*Merged, error) {
	sides, err := f.openSides(ctx, v, pass)
	if err != nil {
		return nil, err
	}
	base, ours, theirs := sides[0], sides[1], sides[2]
	if err := f.mergeable(base, ours, theirs); err != nil {
		return nil, err
	}
	newer, err := newerSeal(base, ours, theirs)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Sealed, err)
	}
	var old *tfvars.File
	if base != nil {
		old = base.content.File
	}
	file, conflicts, err := tfvars.MergeWith(old, ours.content.File, theirs.content.File, decided)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", f.Sealed, err)
	case len(conflicts) > 0:
		return nil, &MergeConflictError{Env: f.Env, Conflicts: conflicts}
	}
	if edit != nil {
		if err := edit(file); err != nil {
			return nil, err
		}
	}
	m := &Merged{File: file, Params: newer.content.Params, phrase: newer.phrase}
	for _, s := range []*side{newer, ours, theirs} { // what did not change keeps its bytes
		if s.sealedAs(newer) && bytes.Equal(file.Bytes(), s.content.File.Bytes()) {
			m.Sealed = s.content.sealed
			return m, nil
		}
	}
	if m.Sealed, err = f.sealBytes(file.Bytes(), newer.phrase, newer.content.Params); err != nil {
		return nil, err
	}
	f.wrote(Version{m.Sealed, file, m.Params, newer.phrase, ours.phrase})
	return m, nil
}

// mergeable refuses sides of which the outcome would be authenticated though
// one of them is not.
func (f Files) mergeable(base, ours, theirs *side) error {
	one, other := ours.content.Authenticated, theirs.content.Authenticated
	switch {
	case one && other:
		return nil
	case !one && !other:
		if f.record().Authentic && !f.Accept {
			return &DistrustError{Reason: NoLonger, Env: f.Env, Path: f.Sealed}
		}
		return nil
	case base != nil && !base.content.Authenticated:
		return nil
	}
	doubtful := ours
	if one {
		doubtful = theirs
	}
	return fmt.Errorf("%s (%s): %w", f.Sealed, doubtful.name, ErrNotAuthenticated)
}

// newerSeal is the side that changed its passphrase or parameters, else ours.
func newerSeal(base, ours, theirs *side) (*side, error) {
	switch {
	case base != nil && ours.sealedAs(base):
		return theirs, nil
	case base != nil && theirs.sealedAs(base), ours.phrase.Equal(theirs.phrase):
		return ours, nil
	}
	return nil, ErrBothRekeyed
}

// Sides opens our version and theirs.
func (f Files) Sides(ctx context.Context, v Versions, pass MergePassphrase) (ours, theirs *tfvars.File, err error) {
	v.Base = nil
	sides, err := f.openSides(ctx, v, pass)
	if err != nil {
		return nil, nil, err
	}
	return sides[1].content.File, sides[2].content.File, nil
}

// MergePassphrase yields the passphrase with which to open a version. before is
// how many it has given that did not open it.
type MergePassphrase func(ctx context.Context, version string, before int) (secret.Value, error)

// side is one opened version.
type side struct {
	name    string
	content *Content
	phrase  secret.Value
}

func (s *side) sealedAs(o *side) bool {
	return s.phrase.Equal(o.phrase) && s.content.Params.String() == o.content.Params.String() && s.content.Params.Encoding == o.content.Params.Encoding
}

func (f Files) openSides(ctx context.Context, v Versions, pass MergePassphrase) ([3]*side, error) {
	var sides [3]*side
	var phrases []secret.Value
	var known []crypto.Params
	for i, data := range [][]byte{v.Base, v.Ours, v.Theirs} {
		name := [...]string{"base", "ours", "theirs"}[i]
		if data == nil {
			continue
		}
		opened, err := f.openSide(ctx, data, name, &phrases, known, pass)
		if err != nil {
			return sides, err
		}
		known = append(known, opened.content.Params)
		sides[i] = opened
	}
	return sides, nil
}

// openSide opens a version with the first passphrase that does. The parameters of
// the other versions are tried with each of them before all that are usual, which
// take seconds.
func (f Files) openSide(ctx context.Context, data []byte, name string, phrases *[]secret.Value, known []crypto.Params, pass MergePassphrase) (*side, error) {
	try := func(phrase secret.Value, params []crypto.Params) (*side, error) {
		content, err := f.OpenVersion(data, phrase, params)
		if errors.Is(err, crypto.ErrWrongPassphrase) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("the version of %s: %w", name, err)
		}
		return &side{name: name, content: content, phrase: phrase}, nil
	}
	if len(known) > 0 {
		for _, phrase := range *phrases {
			if s, err := try(phrase, known); s != nil || err != nil {
				return s, err
			}
		}
	}
	for i := 0; ; i++ {
		if i == len(*phrases) {
			p, err := pass(ctx, name, i)
			if err != nil {
				return nil, err
			}
			*phrases = append(*phrases, p)
			if len(known) > 0 {
				if s, err := try(p, known); s != nil || err != nil {
					return s, err
				}
			}
		}
		if s, err := try((*phrases)[i], nil); s != nil || err != nil {
			return s, err
		}
	}
}

// sealBytes seals a plaintext for this environment.
func (f Files) sealBytes(plaintext []byte, phrase secret.Value, p crypto.Params) ([]byte, error) {
	return f.seal(plaintext, phrase, p)
}

// OpenVersion opens another version of the sealed file, such as one of git's
// history. What is required of the current version is not required of it. With
// known parameters, only those are tried.
func (f Files) OpenVersion(data []byte, phrase secret.Value, known []crypto.Params) (*Content, error) {
	if len(known) > 0 {
		f.Params, f.declaredOnly = known, true
	}
	return f.readVersion(data, phrase)
}

// readVersion opens a version that need not be the current one: nothing that is
// remembered of the file is held against it, and nothing of it is remembered.
func (f Files) readVersion(data []byte, phrase secret.Value) (*Content, error) {
	content, err := f.read(data, phrase, f.binding())
	var foreign *crypto.ContextError
	if !errors.As(err, &foreign) {
		return content, err
	}
	if slices.Contains(f.Sharing, foreign.Context) {
		return f.read(data, phrase, foreign.Context)
	}
	return nil, &DistrustError{Reason: Foreign, Env: f.Env, Path: f.Sealed, Other: foreign.Context, Params: foreign.Params}
}

// MergeAncestors merges two common ancestors that conflict, for git, which
// merges the ancestors of a criss-cross history first and takes the outcome for
// the base of the merge itself. In it each conflicting variable has a value
// that no side has: whichever way the two sides resolved it, they are then
// compared with each other, and neither passes for unchanged.
func (f Files) MergeAncestors(ctx context.Context, v Versions, pass MergePassphrase, conflicts []tfvars.Conflict) (*Merged, error) {
	decided := map[string]tfvars.Side{}
	for _, c := range conflicts {
		decided[c.Name] = tfvars.Ours
	}
	m, err := f.Merge(ctx, v, pass, decided)
	if err != nil {
		return nil, err
	}
	for _, c := range conflicts {
		if err := m.File.Set(c.Name, cty.StringVal("in conflict between two ancestors: "+rand.Text())); err != nil {
			return nil, err
		}
	}
	m.Sealed, err = f.sealBytes(m.File.Bytes(), m.phrase, m.Params)
	return m, err
}
