package crypto

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
)

// saltContext stands where PBKDF2 takes a salt when the MAC key is derived. It
// is longer than the format's salts, so no file's key is a MAC key.
const saltContext = "hci/crypto content-derived salt, version 1"

// bytesToKeyMACIterations are spent on the MAC key of a file whose own key
// costs nothing.
const bytesToKeyMACIterations = 10_000

// macIterations returns the iterations of the MAC key; all files with the same
// number share the key.
func (p Params) macIterations() int {
	if p.KDF == BytesToKey {
		return bytesToKeyMACIterations
	}
	return p.Iterations
}

// deriveMACKey returns the key of [contentSalt], or nil once stop is set.
func deriveMACKey(passphrase []byte, iterations int, stop *atomic.Bool) []byte {
	return pbkdf2Block(SHA256, passphrase, []byte(saltContext), iterations, 1, stop)
}

// MACKeys keeps the keys that tell an authentic file, in memory, so that of many
// files with one passphrase only the first costs a derivation for it. The zero
// value is ready; it may be used by several goroutines at once.
type MACKeys struct {
	mu   sync.Mutex
	keys map[macKeyID]func() []byte
}

type macKeyID struct {
	passphrase [sha256.Size]byte
	iterations int
}

// get returns a function that derives the key once. Nothing stops it.
func (m *MACKeys) get(passphrase []byte, iterations int) func() []byte {
	id := macKeyID{sha256.Sum256(passphrase), iterations}
	m.mu.Lock()
	defer m.mu.Unlock()
	key, ok := m.keys[id]
	if !ok {
		passphrase = bytes.Clone(passphrase)
		key = sync.OnceValue(func() []byte { return deriveMACKey(passphrase, iterations, new(atomic.Bool)) })
		if m.keys == nil {
			m.keys = make(map[macKeyID]func() []byte)
		}
		m.keys[id] = key
	}
	return key
}

// maxContext is the longest context, in bytes.
const maxContext = 255

// validContext refuses a context whose end could not be seen among the bytes
// that the salt is derived from.
func validContext(context string) error {
	if len(context) > maxContext || strings.IndexByte(context, 0) >= 0 {
		return ErrContext
	}
	return nil
}

// contentSalt returns the salt of a file, as the package doc defines it: of
// version 2, or, with an empty context, of version 1.
func contentSalt(macKey []byte, p Params, context string, plaintext []byte) []byte {
	p = p.normal()
	mac := hmac.New(sha256.New, macKey)
	if context != "" {
		mac.Write([]byte("version 2 ")) // no line of version 1 begins like this
	}
	fmt.Fprintf(mac, "%s %s %d %d\x00", p.KDF, p.Digest, p.Iterations, p.SaltLen)
	if context != "" {
		mac.Write([]byte(context + "\x00"))
	}
	mac.Write(plaintext)
	return mac.Sum(nil)[:p.SaltLen]
}
