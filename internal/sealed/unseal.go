package sealed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"

	"hci/crypto"
	"hci/sync/secret"
	"hci/tfvars"
)

// unseal opens data, accepting only what parses as tfvars and may be trusted.
func (f Files) unseal(ctx context.Context, data []byte, pass secret.Value) (*Content, error) {
	content, err := f.read(data, pass, f.binding())
	var foreign *crypto.ContextError
	other := ""
	switch {
	case errors.As(err, &foreign) && slices.Contains(f.Sharing, foreign.Context): // from before it was shared
		if content, err = f.read(data, pass, foreign.Context); content != nil {
			content.context = ""
		}
	case foreign != nil:
		other = foreign.Context
		if !f.Accept && !f.Inspect {
			return nil, f.judge(ctx, &Content{Params: foreign.Params}, other, pass)
		}
		if content, err = f.read(data, pass, other); content != nil {
			content.Authenticated = false // as this environment's
		}
	}
	if err != nil {
		return nil, err
	}
	err = f.judge(ctx, content, other, pass)
	if !errors.As(err, &content.Distrust) {
		return content, err
	}
	switch {
	case f.Inspect, f.raise && content.Distrust.Reason == BelowDeclared:
	case !f.Accept:
		return nil, err
	case f.Warn != nil:
		f.Warn("warning: %v; it is used, as --accept-unauthenticated says", err)
	}
	return content, nil
}

// read opens data as the file of an environment.
func (f Files) read(data []byte, pass secret.Value, env string) (*Content, error) {
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
	o := crypto.OpenOptions{Params: f.Params, DeclaredOnly: f.declaredOnly, Check: check, Context: env, Foreign: slices.Concat(f.Others, f.Sharing), MACKeys: f.MACKeys}
	if p, known := f.record().knownParams(data); known { // nothing else opens it, so a wrong passphrase is told at once
		o.Params, o.DeclaredOnly = []crypto.Params{p}, true
	}
	done := f.wait("opening the sealed file of " + f.Env)
	opened, err := crypto.Open(data, []byte(pass.Reveal()), o)
	done()
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
	if parsed == nil || !bytes.Equal(parsedFrom, opened.Plaintext) { // a later candidate was parsed too
		if parsed, err = parse(opened.Plaintext, f.Plain); err != nil {
			return nil, &NotTfvarsError{Path: f.Sealed, Problems: err}
		}
	}
	return &Content{
		File: parsed, Path: f.Sealed, Params: opened.Params,
		Authenticated: opened.Authenticated, context: opened.Context, sealed: data,
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

// seal encrypts plaintext for the environment and proves that the result opens
// again, as authenticated where the parameters allow for it.
func (f Files) seal(plaintext []byte, pass secret.Value, p crypto.Params) ([]byte, error) {
	defer f.wait("sealing the file of " + f.Env)()
	data, err := crypto.Seal(plaintext, []byte(pass.Reveal()), p, f.binding())
	if err != nil {
		return nil, err
	}
	back, err := crypto.Open(data, []byte(pass.Reveal()), crypto.OpenOptions{
		Params: []crypto.Params{p}, DeclaredOnly: true, Check: func([]byte) error { return nil }, Context: f.binding(), MACKeys: f.MACKeys,
	})
	if err != nil {
		return nil, fmt.Errorf("the newly sealed file does not open, so it was not written: %w", err)
	}
	if !bytes.Equal(back.Plaintext, plaintext) || (!p.NoSalt && (!back.Authenticated || back.Context != f.binding())) {
		return nil, errors.New("the newly sealed file does not open to what was sealed, so it was not written")
	}
	return data, nil
}

// wait says what is being waited for: a key derivation takes its time by design.
func (f Files) wait(what string) (done func()) {
	if f.Wait == nil {
		return func() {}
	}
	return f.Wait(what)
}
