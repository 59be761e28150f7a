package crypto

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding"
	"hash"
)

// A prf is HMAC under one passphrase, repeated: next returns HMAC(last).
type prf interface {
	// next replaces u, which is as long as the digest, by its HMAC.
	next(u []byte)
}

func newPRF(d Digest, passphrase []byte) prf {
	if d == SHA256 {
		if f := newShortHMAC(passphrase); f != nil {
			return f
		}
	}
	return &longHMAC{hmac.New(d.constructor(), passphrase)}
}

// longHMAC is crypto/hmac.
type longHMAC struct{ h hash.Hash }

func (l *longHMAC) next(u []byte) {
	l.h.Reset()
	l.h.Write(u)
	l.h.Sum(u[:0])
}

// Layout of a marshaled state of crypto/sha256: a magic, the eight words that
// are the sum once all input was whole blocks, the buffer, the length.
const (
	stateMagic = "sha\x03"
	stateSize  = len(stateMagic) + sha256.Size + sha256.BlockSize + 8
)

// shortHMAC is HMAC-SHA256 of 32-byte messages, a quarter faster than
// crypto/hmac: message and padding are one block of fixed form, and the sum is
// read from the marshaled state, which spares copying and finishing a digest
// twice per iteration. On two cores, where three blocks have to share them,
// this is what keeps opening under half the time of openssl.
type shortHMAC struct {
	h            shaState
	inner, outer [stateSize]byte // states behind the two halves of the key
	state        [stateSize]byte
	block        [sha256.BlockSize]byte
	_            [108]byte // makes it 512 bytes: whole cache lines, shared with nobody
}

type shaState interface {
	hash.Hash
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
}

// newShortHMAC returns nil if crypto/sha256 does not keep its state as this
// file takes it to: one message is compared with what crypto/hmac says.
func newShortHMAC(passphrase []byte) *shortHMAC {
	h, ok := sha256.New().(shaState)
	if !ok {
		return nil
	}
	key := make([]byte, sha256.BlockSize)
	if len(passphrase) > len(key) {
		sum := sha256.Sum256(passphrase)
		copy(key, sum[:])
	} else {
		copy(key, passphrase)
	}
	s := &shortHMAC{h: h}
	keyed := func(to *[stateSize]byte, pad byte) bool {
		half := bytes.Clone(key)
		for i := range half {
			half[i] ^= pad
		}
		h.Reset()
		h.Write(half)
		state, err := h.AppendBinary(to[:0])
		return err == nil && len(state) == stateSize
	}
	if !keyed(&s.inner, 0x36) || !keyed(&s.outer, 0x5c) {
		return nil
	}
	// The end of the message, and its length in bits, a block of key included.
	const bits = (sha256.BlockSize + sha256.Size) * 8
	s.block[sha256.Size] = 0x80
	s.block[sha256.BlockSize-2], s.block[sha256.BlockSize-1] = bits>>8, bits&0xff

	want, got := hmac.New(sha256.New, passphrase), make([]byte, sha256.Size)
	want.Write(got)
	if s.next(got); !hmac.Equal(got, want.Sum(nil)) {
		return nil
	}
	return s
}

func (s *shortHMAC) next(u []byte) {
	copy(s.block[:sha256.Size], u)
	s.half(s.inner[:])
	s.half(s.outer[:])
	copy(u, s.block[:sha256.Size])
}

// half replaces the message in s.block by its hash from the given state on.
func (s *shortHMAC) half(from []byte) {
	if err := s.h.UnmarshalBinary(from); err != nil {
		panic(err) // it marshaled these bytes itself
	}
	s.h.Write(s.block[:])
	state, err := s.h.AppendBinary(s.state[:0])
	if err != nil {
		panic(err)
	}
	copy(s.block[:sha256.Size], state[len(stateMagic):])
}
