package crypto_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"hci/crypto"
)

// FuzzOpen feeds Open with anything.
func FuzzOpen(f *testing.F) {
	for _, v := range readVectors(f) {
		f.Add(v.file(f), []byte(v.Passphrase))
	}
	declared := []crypto.Params{
		cheap,
		{Digest: crypto.SHA512, Iterations: 1, SaltLen: 16},
		{KDF: crypto.BytesToKey, Digest: crypto.MD5},
	}
	known := []error{crypto.ErrNotOpenSSL, crypto.ErrTruncated, crypto.ErrWrongPassphrase, crypto.ErrTooLarge, crypto.ErrPassphrase}
	f.Fuzz(func(t *testing.T, sealed, passphrase []byte) {
		before := bytes.Clone(sealed)
		encoding, salted, inspectErr := crypto.Inspect(sealed)
		got, err := crypto.Open(sealed, passphrase, only(declared...))
		if !bytes.Equal(before, sealed) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			if got != nil {
				t.Fatal("a result along with an error")
			}
			for _, k := range known {
				if errors.Is(err, k) {
					return
				}
			}
			t.Fatalf("an error of no kind: %v", err)
		}
		if inspectErr == nil && (got.Params.Encoding != encoding || got.Params.NoSalt == salted) {
			t.Fatalf("Inspect says %v, salted %v; Open says %v, %v", encoding, salted, got.Params.Encoding, got.Params)
		}
		if !got.Authenticated {
			return
		}
		// What is authentic is exactly what Seal writes, up to the line ends.
		again, err := crypto.Seal(got.Plaintext, passphrase, got.Params, got.Context)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(lineEnds(again, got.Params), lineEnds(sealed, got.Params)) {
			t.Fatal("authentic, but sealed again it differs")
		}
	})
}

// lineEnds removes what may differ between two texts of the same file.
func lineEnds(sealed []byte, p crypto.Params) []byte {
	if p.Encoding == crypto.Binary {
		return sealed
	}
	sealed = bytes.ReplaceAll(sealed, []byte("\r\n"), []byte("\n"))
	return bytes.TrimSuffix(sealed, []byte("\n"))
}

// FuzzSealOpen seals anything and opens it again.
func FuzzSealOpen(f *testing.F) {
	f.Add([]byte(sample), []byte("pass"), uint16(0))
	f.Add([]byte{}, []byte{}, uint16(0xffff))
	f.Add([]byte{0xff, 0}, []byte(" "), uint16(0x1234))
	f.Fuzz(func(t *testing.T, plaintext, passphrase []byte, pick uint16) {
		digests := []crypto.Digest{crypto.MD5, crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512}
		p := crypto.Params{
			KDF:      crypto.KDF(pick & 1),
			NoSalt:   pick>>1&1 == 1,
			Encoding: crypto.Encoding(pick >> 2 % 3),
			Digest:   digests[pick>>4%5],
		}
		if p.KDF == crypto.PBKDF2 {
			p.Iterations = 1 + int(pick>>7%4)
			if !p.NoSalt {
				p.SaltLen = 8 + int(pick>>9%9)
			}
		}
		context := []string{"", "staging", "ünï", strings.Repeat("c", 255)}[pick>>13%4]
		sealed, err := crypto.Seal(plaintext, passphrase, p, context)
		if bytes.IndexByte(passphrase, 0) >= 0 {
			if !errors.Is(err, crypto.ErrPassphrase) {
				t.Fatalf("NUL in the passphrase: %v", err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		o := only(p)
		o.Check, o.Context = anything, context
		got, err := crypto.Open(sealed, passphrase, o)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Plaintext, plaintext) || !got.Params.Equal(p) || got.Authenticated == p.NoSalt || !p.NoSalt && got.Context != context {
			t.Fatalf("%v, authenticated %v", got.Params, got.Authenticated)
		}
	})
}
