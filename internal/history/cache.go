package history

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"

	"hci/sync/secret"
)

// A version opens only with a derivation of its own: 600,000 iterations for
// each. What was found in it, its names and fingerprints, is therefore kept in
// a file, encrypted with AES-256-GCM. The key comes from the passphrase by
// PBKDF2-SHA256 with 600,000 iterations and a random salt, once per run; the
// file holds no key, no value, and nothing in the clear but the salt.

const (
	cacheMagic = "hci history 1\n"
	cacheSalt  = 16
	iterations = 600_000
)

// Cache is what is known of versions, by their blob.
type Cache struct {
	Versions map[string]*Version
	salt     []byte
	aead     cipher.AEAD
}

// OpenCache reads a cache. One that can't be read, because the passphrase is
// another or the file was damaged, is empty: it is only a cache.
func OpenCache(data []byte, phrase secret.Value) (*Cache, error) {
	c := &Cache{Versions: map[string]*Version{}}
	body, ok := bytes.CutPrefix(data, []byte(cacheMagic))
	if ok && len(body) >= cacheSalt {
		c.salt = bytes.Clone(body[:cacheSalt])
		body = body[cacheSalt:]
	} else {
		c.salt, body = make([]byte, cacheSalt), nil
		_, _ = rand.Read(c.salt)
	}
	key, err := pbkdf2.Key(sha256.New, phrase.Reveal(), c.salt, iterations, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	if c.aead, err = cipher.NewGCMWithRandomNonce(block); err != nil {
		return nil, err
	}
	if text, err := c.aead.Open(nil, nil, body, []byte(cacheMagic)); err == nil {
		if json.Unmarshal(text, &c.Versions) != nil {
			c.Versions = map[string]*Version{}
		}
	}
	return c, nil
}

// Bytes is the cache as it is to be written.
func (c *Cache) Bytes() ([]byte, error) {
	text, err := json.Marshal(c.Versions)
	if err != nil {
		return nil, err
	}
	return append(append([]byte(cacheMagic), c.salt...), c.aead.Seal(nil, nil, text, []byte(cacheMagic))...), nil
}
