package project

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"hci/crypto"
	"hci/tfvars"
)

// opensslConfig is what an openssl block says.
type opensslConfig struct {
	place                 hcl.Range
	kdf, digest, encoding setting[string]
	iterations            setting[int]
	salted                setting[bool]
}

var opensslNames = []string{"kdf", "digest", "iterations", "salted", "encoding"}

func (r *reader) openssl(b *hclsyntax.Block) *opensslConfig {
	o := &opensslConfig{place: b.DefRange()}
	const where = "in an openssl block"
	r.attributes(b.Body, where, opensslNames, nil, map[string]func(*hclsyntax.Attribute){
		"kdf":        into(r, &o.kdf, stringValue),
		"digest":     into(r, &o.digest, stringValue),
		"encoding":   into(r, &o.encoding, stringValue),
		"iterations": into(r, &o.iterations, intValue),
		"salted":     into(r, &o.salted, boolValue),
	})
	r.blocks(b.Body, where, opensslNames, nil, nil)
	if o.kdf.set {
		if _, err := kdfOf(o.kdf.value); err != nil {
			r.report(&o.kdf.place, err.Error())
		}
	}
	if o.encoding.set {
		if _, err := encodingOf(o.encoding.value); err != nil {
			r.report(&o.encoding.place, err.Error())
		}
	}
	return o
}

// declaredParams puts the general openssl block and the environment's own
// together, over [crypto.DefaultParams].
func declaredParams(blocks ...*opensslConfig) (p crypto.Params, declared bool, err error) {
	p = crypto.DefaultParams()
	var last *opensslConfig
	iterations := false
	for _, o := range blocks {
		if o == nil {
			continue
		}
		last = o
		if o.kdf.set {
			p.KDF, _ = kdfOf(o.kdf.value) // was checked when it was read
		}
		if o.encoding.set {
			p.Encoding, _ = encodingOf(o.encoding.value)
		}
		p.Digest = crypto.Digest(strings.ToLower(o.digest.or(string(p.Digest))))
		p.Iterations = o.iterations.or(p.Iterations)
		iterations = iterations || o.iterations.set
		p.NoSalt = !o.salted.or(!p.NoSalt)
	}
	if last == nil {
		return p, false, nil
	}
	if p.KDF == crypto.BytesToKey && !iterations {
		p.Iterations = 0
	}
	if err := p.Validate(); err != nil {
		return p, false, tfvars.Problems{{File: last.place.Filename, Line: last.place.Start.Line, Column: last.place.Start.Column, Summary: err.Error()}}
	}
	return p, true, nil
}

func kdfOf(name string) (crypto.KDF, error) {
	for _, k := range []crypto.KDF{crypto.PBKDF2, crypto.BytesToKey} {
		if strings.EqualFold(name, k.String()) {
			return k, nil
		}
	}
	return 0, fmt.Errorf("%q must be %q or %q", "kdf", crypto.PBKDF2, crypto.BytesToKey)
}

func encodingOf(name string) (crypto.Encoding, error) {
	for _, e := range []crypto.Encoding{crypto.Binary, crypto.Base64, crypto.Base64Line} {
		if name == e.String() {
			return e, nil
		}
	}
	return 0, errors.New(`"encoding" must be "binary", "base64" or "base64 in one line"`)
}
