package crypto_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"hci/crypto"
)

func TestParamsStringAndArgs(t *testing.T) {
	salt := []byte{1, 2, 3, 4, 5, 6, 7, 0xff}
	for _, tc := range []struct {
		p            crypto.Params
		string, args string
	}{
		{crypto.DefaultParams(), "pbkdf2 sha256 600000 iterations", "-pbkdf2 -iter 600000 -md sha256"},
		{crypto.Params{Digest: crypto.SHA512, Iterations: 1}, "pbkdf2 sha512 1 iteration", "-pbkdf2 -iter 1 -md sha512"},
		{crypto.Params{Digest: crypto.SHA1, Iterations: 10, SaltLen: 8}, "pbkdf2 sha1 10 iterations", "-pbkdf2 -iter 10 -md sha1"},
		{crypto.Params{Digest: crypto.SHA1, Iterations: 10, SaltLen: 16}, "pbkdf2 sha1 10 iterations, salt of 16 bytes", "-pbkdf2 -iter 10 -md sha1 -saltlen 16"},
		{crypto.Params{KDF: crypto.BytesToKey, Digest: crypto.MD5, NoSalt: true}, "EVP_BytesToKey md5, no salt", "-md md5 -nosalt"},
		{crypto.Params{KDF: crypto.BytesToKey, Digest: crypto.MD5, Salt: salt}, "EVP_BytesToKey md5, salt not in the file", "-md md5 -S 01020304050607ff"},
		{crypto.Params{Digest: crypto.SHA256, Iterations: 10, Salt: salt[:4]}, "pbkdf2 sha256 10 iterations, salt not in the file", "-pbkdf2 -iter 10 -md sha256 -S 01020304 -saltlen 4"},
		{crypto.Params{KDF: crypto.BytesToKey, Digest: crypto.SHA384, Encoding: crypto.Base64}, "EVP_BytesToKey sha384", "-md sha384 -a"},
		{crypto.Params{KDF: crypto.BytesToKey, Digest: crypto.SHA384, Encoding: crypto.Base64Line}, "EVP_BytesToKey sha384", "-md sha384 -a -A"},
	} {
		if err := tc.p.Validate(); err != nil {
			t.Errorf("%q: %v", tc.args, err)
		}
		if got := tc.p.String(); got != tc.string {
			t.Errorf("String: %q, want %q", got, tc.string)
		}
		if got := strings.Join(tc.p.OpenSSLArgs(), " "); got != tc.args {
			t.Errorf("OpenSSLArgs: %q, want %q", got, tc.args)
		}
	}
}

func TestParamsRefused(t *testing.T) {
	good := crypto.DefaultParams()
	old := crypto.Params{KDF: crypto.BytesToKey, Digest: crypto.MD5}
	with := func(p crypto.Params, change func(*crypto.Params)) crypto.Params {
		change(&p)
		return p
	}
	for name, p := range map[string]crypto.Params{
		"zero value":              {},
		"kdf":                     with(good, func(p *crypto.Params) { p.KDF = 2 }),
		"negative kdf":            with(good, func(p *crypto.Params) { p.KDF = -1 }),
		"no digest":               with(good, func(p *crypto.Params) { p.Digest = "" }),
		"digest":                  with(good, func(p *crypto.Params) { p.Digest = "SHA256" }),
		"no iterations":           with(good, func(p *crypto.Params) { p.Iterations = 0 }),
		"negative iterations":     with(good, func(p *crypto.Params) { p.Iterations = -1 }),
		"more than an int":        with(good, func(p *crypto.Params) { p.Iterations = 1 << 31 }),
		"iterations of the older": with(old, func(p *crypto.Params) { p.Iterations = 2 }),
		"encoding":                with(good, func(p *crypto.Params) { p.Encoding = 3 }),
		"salt length":             with(good, func(p *crypto.Params) { p.SaltLen = 17 }),
		"negative salt length":    with(good, func(p *crypto.Params) { p.SaltLen = -1 }),
		"salt length without":     with(good, func(p *crypto.Params) { p.NoSalt, p.SaltLen = true, 8 }),
		"salt without":            with(good, func(p *crypto.Params) { p.NoSalt, p.Salt = true, make([]byte, 8) }),
		"salt and length":         with(good, func(p *crypto.Params) { p.Salt, p.SaltLen = make([]byte, 8), 8 }),
		"empty salt":              with(good, func(p *crypto.Params) { p.Salt = []byte{} }),
		"long salt":               with(good, func(p *crypto.Params) { p.Salt = make([]byte, 17) }),
		"salt of the older":       with(old, func(p *crypto.Params) { p.Salt = make([]byte, 16) }),
		"salt length, the older":  with(old, func(p *crypto.Params) { p.SaltLen = 16 }),
	} {
		if err := p.Validate(); !errors.Is(err, crypto.ErrParams) {
			t.Errorf("%s: Validate: %v", name, err)
		}
		if _, err := crypto.Seal(nil, nil, p, ""); !errors.Is(err, crypto.ErrParams) {
			t.Errorf("%s: Seal: %v", name, err)
		}
		o := crypto.OpenOptions{Params: []crypto.Params{good, p}}
		if _, err := crypto.Open(make([]byte, 32), nil, o); !errors.Is(err, crypto.ErrParams) {
			t.Errorf("%s: Open: %v", name, err)
		}
	}
	for name, p := range map[string]crypto.Params{
		"salt outside": with(good, func(p *crypto.Params) { p.Salt = make([]byte, 8) }),
		"short salt":   with(good, func(p *crypto.Params) { p.SaltLen = 7 }),
	} {
		if err := p.Validate(); err != nil {
			t.Errorf("%s: Validate: %v", name, err)
		}
		if _, err := crypto.Seal(nil, nil, p, ""); !errors.Is(err, crypto.ErrParams) {
			t.Errorf("%s: Seal: %v", name, err)
		}
	}
}

func TestParamsEqual(t *testing.T) {
	a, b := crypto.DefaultParams(), crypto.DefaultParams()
	b.SaltLen = 8
	if !a.Equal(b) {
		t.Error("a salt length of 0 is one of 8")
	}
	old := crypto.Params{KDF: crypto.BytesToKey, Digest: crypto.MD5}
	same := old
	same.Iterations = 1
	if !old.Equal(same) {
		t.Error("EVP_BytesToKey has one round, written down or not")
	}
	all := []crypto.Params{a, old}
	for _, change := range []func(*crypto.Params){
		func(p *crypto.Params) { p.Digest = crypto.SHA512 },
		func(p *crypto.Params) { p.Iterations = 10_000 },
		func(p *crypto.Params) { p.NoSalt = true },
		func(p *crypto.Params) { p.SaltLen = 16 },
		func(p *crypto.Params) { p.Salt = make([]byte, 8) },
		func(p *crypto.Params) { p.Salt = make([]byte, 9) },
		func(p *crypto.Params) { p.Encoding = crypto.Base64 },
		func(p *crypto.Params) { p.Encoding = crypto.Base64Line },
	} {
		p := crypto.DefaultParams()
		change(&p)
		all = append(all, p)
	}
	for i := range all {
		if got := slices.IndexFunc(all, all[i].Equal); got != i {
			t.Errorf("%v equals %v", all[i], all[got])
		}
	}
}

func TestUsual(t *testing.T) {
	for _, c := range []struct {
		p    crypto.Params
		want bool
	}{
		{crypto.DefaultParams(), true},
		{crypto.Params{Digest: crypto.SHA256, Iterations: 10_000, NoSalt: true, Encoding: crypto.Base64}, true},
		{crypto.Params{KDF: crypto.BytesToKey, Digest: crypto.MD5}, true},
		{crypto.Params{Digest: crypto.SHA256, Iterations: 10_000, SaltLen: 8}, true},
		{crypto.Params{Digest: crypto.SHA256, Iterations: 10_000, SaltLen: 16}, false},
		{crypto.Params{Digest: crypto.SHA256, Iterations: 10_001}, false},
		{crypto.Params{Digest: crypto.SHA384, Iterations: 600_000}, false},
	} {
		if got := c.p.Usual(); got != c.want {
			t.Errorf("%v: %v", c.p, got)
		}
	}
}
