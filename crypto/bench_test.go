package crypto_test

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"strings"
	"testing"

	"hci/crypto"
)

// A file of some 2 KiB, as a project's secrets are.
func benchFile(b *testing.B, p crypto.Params) []byte {
	return seal(b, strings.Repeat(sample, 15), "pass", p)
}

func BenchmarkOpen(b *testing.B) {
	openssl := crypto.Params{Digest: crypto.SHA256, Iterations: 10_000}
	for _, bc := range []struct {
		name string
		p    crypto.Params
		o    crypto.OpenOptions
	}{
		{"10k/declared", openssl, only(openssl)},
		{"10k/found", openssl, crypto.OpenOptions{}},
		{"600k/declared", crypto.DefaultParams(), only(crypto.DefaultParams())},
		{"600k/found", crypto.DefaultParams(), crypto.OpenOptions{}},
		{"EVP_BytesToKey/found", crypto.Params{KDF: crypto.BytesToKey, Digest: crypto.MD5}, crypto.OpenOptions{}},
	} {
		b.Run(bc.name, func(b *testing.B) {
			sealed := benchFile(b, bc.p)
			b.ReportAllocs()
			for b.Loop() {
				if got, err := crypto.Open(sealed, []byte("pass"), bc.o); err != nil || !got.Authenticated {
					b.Fatalf("error %v", err)
				}
			}
		})
	}
}

// BenchmarkOpenWrongPassphrase is the whole list of guesses.
func BenchmarkOpenWrongPassphrase(b *testing.B) {
	sealed := benchFile(b, crypto.DefaultParams())
	for b.Loop() {
		if _, err := crypto.Open(sealed, []byte("wrong"), crypto.OpenOptions{}); err == nil {
			b.Fatal("opened")
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	for b.Loop() {
		benchFile(b, crypto.DefaultParams())
	}
}

// BenchmarkStandardPBKDF2 is the peer of Open at 600,000 iterations: key and IV
// as crypto/pbkdf2 derives them, one block after the other, no MAC key.
func BenchmarkStandardPBKDF2(b *testing.B) {
	for b.Loop() {
		if _, err := pbkdf2.Key(sha256.New, "pass", []byte("saltsalt"), 600_000, 48); err != nil {
			b.Fatal(err)
		}
	}
}
