package crypto

import (
	"crypto/aes"
	"crypto/hmac"
	"crypto/subtle"
	"encoding/binary"
	"hash"
	"sync"
	"sync/atomic"
)

const (
	keySize   = 32 // AES-256
	keyIVSize = keySize + aes.BlockSize
)

// stopEvery is how many iterations, some 0.1 ms, pass between two looks at the
// stop flag.
const stopEvery = 1024

// pbkdf2Block returns T_index of RFC 8018 section 5.2, or nil once stop is set.
//
// Each block costs all iterations and needs none of the others, so they can be
// computed side by side; crypto/pbkdf2 computes them one after another.
func pbkdf2Block(d Digest, passphrase, salt []byte, iterations int, index uint32, stop *atomic.Bool) []byte {
	first := hmac.New(d.constructor(), passphrase)
	first.Write(salt)
	first.Write(binary.BigEndian.AppendUint32(nil, index))
	// Blocks run side by side. Memory of theirs in one cache line would cost a
	// third of the speed, so t and u get lines of their own.
	lines := make([]byte, 4*64)
	t := first.Sum(lines[:0:64])
	if iterations == 1 {
		return t
	}
	u := append(lines[128:128:192], t...)
	prf := newPRF(d, passphrase)
	for n := 1; n < iterations; n++ {
		if n%stopEvery == 0 && stop.Load() {
			return nil
		}
		prf.next(u)
		subtle.XORBytes(t, t, u)
	}
	return t
}

// bytesToKey returns n bytes of EVP_BytesToKey(3) with one round.
func bytesToKey(digest func() hash.Hash, passphrase, salt []byte, n int) []byte {
	h := digest()
	var out, last []byte
	for len(out) < n {
		h.Reset()
		h.Write(last)
		h.Write(passphrase)
		h.Write(salt)
		last = h.Sum(nil)
		out = append(out, last...)
	}
	return out[:n]
}

// A keyStream is key ‖ IV of one candidate, derived as far as it is needed:
// with SHA-256 the key alone is half the work, and is enough to see whether the
// padding is right.
type keyStream struct {
	params     Params
	passphrase []byte
	salt       []byte
	stop       *atomic.Bool
	bytes      []byte
}

// grow derives at least n bytes, the missing blocks side by side. It returns
// false once the search was stopped.
func (k *keyStream) grow(n int) bool {
	digest := k.params.Digest.constructor()
	if k.params.KDF == BytesToKey {
		k.bytes = bytesToKey(digest, k.passphrase, k.salt, keyIVSize)
		return true
	}
	size := digest().Size()
	have, want := len(k.bytes)/size, (n+size-1)/size
	if want <= have {
		return true
	}
	blocks := make([][]byte, want-have)
	block := func(i int) {
		index := uint32(have + i + 1)
		blocks[i] = pbkdf2Block(k.params.Digest, k.passphrase, k.salt, k.params.Iterations, index, k.stop)
	}
	var wg sync.WaitGroup
	for i := 1; i < len(blocks); i++ {
		wg.Go(func() { block(i) })
	}
	block(0)
	wg.Wait()
	for _, b := range blocks {
		if b == nil {
			return false
		}
		k.bytes = append(k.bytes, b...)
	}
	return true
}

func (k *keyStream) key() []byte { return k.bytes[:keySize] }
func (k *keyStream) iv() []byte  { return k.bytes[keySize:keyIVSize] }
