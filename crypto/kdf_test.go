package crypto

import (
	"bytes"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"
)

// TestBlocksAreThoseOfPBKDF2 compares with the standard library.
func TestBlocksAreThoseOfPBKDF2(t *testing.T) {
	for _, d := range []Digest{MD5, SHA1, SHA256, SHA384, SHA512} {
		for _, iterations := range []int{1, 2, 3, stopEvery, stopEvery + 1} {
			for _, passphrase := range []string{"", "pass", strings.Repeat("long ", 100)} {
				for _, salt := range []string{"", "saltsalt"} {
					want, err := pbkdf2.Key(d.constructor(), passphrase, []byte(salt), iterations, keyIVSize)
					if err != nil {
						t.Fatal(err)
					}
					p := Params{Digest: d, Iterations: iterations}
					k := keyStream{params: p, passphrase: []byte(passphrase), salt: []byte(salt), stop: new(atomic.Bool)}
					if !k.grow(keySize) || !bytes.Equal(k.key(), want[:keySize]) {
						t.Errorf("%v: another key", p)
					}
					if !k.grow(keyIVSize) || !bytes.Equal(k.key(), want[:keySize]) || !bytes.Equal(k.iv(), want[keySize:]) {
						t.Errorf("%v: another IV", p)
					}
				}
			}
		}
	}
}

// TestSaltIsFixed pins the construction down: files in the field depend on it.
func TestSaltIsFixed(t *testing.T) {
	for _, tc := range []struct {
		p    Params
		want string
	}{
		{Params{Digest: SHA256, Iterations: 1000}, "d8d06bb7cee8b32b"},
		{Params{Digest: SHA512, Iterations: 1000, SaltLen: 16}, "c4b0493f5143183a5c58a173c2705bcd"},
		{Params{KDF: BytesToKey, Digest: MD5}, "d75137db484d1609"},
	} {
		key := deriveMACKey([]byte("pass"), tc.p.macIterations(), new(atomic.Bool))
		if got := hex.EncodeToString(contentSalt(key, tc.p, "", []byte("content"))); got != tc.want {
			t.Errorf("%v: %s, want %s", tc.p, got, tc.want)
		}
	}
}

// TestShortHMAC: the faster way is taken, and says what the other one says.
func TestShortHMAC(t *testing.T) {
	if size := unsafe.Sizeof(shortHMAC{}); size%64 != 0 {
		t.Errorf("%d bytes are no whole cache lines", size)
	}
	for _, n := range []int{0, 1, 63, 64, 65, 500} {
		passphrase := bytes.Repeat([]byte("k"), n)
		short, ok := newPRF(SHA256, passphrase).(*shortHMAC)
		if !ok {
			t.Fatal("crypto/sha256 marshals its state in another way: opening is a quarter slower")
		}
		long := &longHMAC{hmac.New(sha256.New, passphrase)}
		a, b := make([]byte, sha256.Size), make([]byte, sha256.Size)
		for range 10 {
			short.next(a)
			long.next(b)
			if !bytes.Equal(a, b) {
				t.Fatalf("a passphrase of %d bytes: they differ", n)
			}
		}
	}
}
