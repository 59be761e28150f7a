package history

import (
	"context"
	"errors"
	"slices"

	"hci/crypto"
	"hci/internal/sealed"
	"hci/sync/secret"
)

// Opener opens versions of one environment's sealed file.
type Opener struct {
	Git   Git
	Files sealed.Files
	Cache *Cache
	// Older asks for the passphrase of versions that the present one does not
	// open. It is asked once, and may return an error: nobody knows it.
	Older func(context.Context) (secret.Value, error)

	phrases []secret.Value
	prints  *sealed.Fingerprints
	params  []crypto.Params // that fitted so far
	asked   bool
	failed  map[string]error
}

// NewOpener returns an opener that starts with the present passphrase.
func NewOpener(git Git, files sealed.Files, cache *Cache, phrase secret.Value) *Opener {
	return &Opener{Git: git, Files: files, Cache: cache, phrases: []secret.Value{phrase}, failed: map[string]error{}}
}

// Open returns what a blob holds. After a version that no passphrase opens,
// only the parameters that fitted others are tried on the older ones: all that
// are usual would take seconds for each.
func (o *Opener) Open(ctx context.Context, blob string) (*Version, error) {
	if v, ok := o.Cache.Versions[blob]; ok {
		return v, nil
	}
	if err, ok := o.failed[blob]; ok {
		return nil, err
	}
	v, err := o.open(ctx, blob)
	if err != nil {
		o.failed[blob] = err
		return nil, err
	}
	o.Cache.Versions[blob] = v
	return v, nil
}

func (o *Opener) open(ctx context.Context, blob string) (*Version, error) {
	data, err := Blob(ctx, o.Git, blob)
	if err != nil {
		return nil, err
	}
	for i := 0; ; i++ {
		if i == len(o.phrases) {
			if err := o.ask(ctx); err != nil {
				return nil, crypto.ErrWrongPassphrase
			}
		}
		var known []crypto.Params
		if o.asked && len(o.failed) > 0 {
			known = o.params
		}
		content, err := o.Files.OpenVersion(data, o.phrases[i], known)
		if errors.Is(err, crypto.ErrWrongPassphrase) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(o.params, func(p crypto.Params) bool { return p.String() == content.Params.String() }) {
			o.params = append(o.params, content.Params)
		}
		return o.version(content), nil
	}
}

// ask adds the passphrase of older versions.
func (o *Opener) ask(ctx context.Context) error {
	if o.asked || o.Older == nil {
		o.asked = true
		return crypto.ErrWrongPassphrase
	}
	o.asked = true
	phrase, err := o.Older(ctx)
	if err != nil {
		return err
	}
	o.phrases = append(o.phrases, phrase)
	return nil
}

// version fingerprints the values with the key of the present passphrase, so
// that those of older versions can be compared with them.
func (o *Opener) version(content *sealed.Content) *Version {
	if o.prints == nil {
		o.prints = sealed.NewFingerprints(o.phrases[0])
	}
	v := &Version{Prints: map[string]string{}, Authenticated: content.Authenticated}
	for _, name := range content.File.Names() {
		value, _ := content.File.Value(name)
		v.Prints[name] = o.prints.Of(value)
	}
	return v
}
