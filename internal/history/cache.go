package history

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"

	"hci/internal/sealed"
	"hci/sync/secret"
	"hci/tfvars"
)

// A version opens only with a derivation of its own: 600,000 iterations for each
// salt. What was found in it, its names and fingerprints, is therefore kept in a
// file: when hci seals a version on this machine, and when it reads one from
// git's history. The file is encrypted with AES-256-GCM. Its key comes from the
// passphrase by PBKDF2-SHA256 with a random salt, once per run, with as many
// iterations as the sealed file has: what it holds says less than that. It
// stands nowhere on the disk, and neither does a key of a sealed file. Inside is
// the key of the fingerprints, which is random and opens nothing, so that a new
// passphrase leaves what is known as it is.

const (
	cacheMagic = "hci history 2\n"
	cacheSalt  = 16
	keySize    = 32

	// DefaultIterations protect a cache where no sealed file says how many.
	DefaultIterations = 600_000
	fewestIterations  = 10_000
	mostIterations    = 10_000_000
)

// Cache is what is known of versions, by [ID].
type Cache struct {
	Versions map[string]*Version

	prints []byte
	head   []byte // magic, iterations and salt, as they stand in the file
	aead   cipher.AEAD
}

// ID names the content of a version.
func ID(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}

// cached is the JSON form of what is encrypted.
type cached struct {
	Prints   []byte              `json:"prints"`
	Versions map[string]*Version `json:"versions"`
}

// OpenCache reads a cache. One that can't be read, because the passphrase is
// another or the file was damaged, is empty: it is only a cache. iterations are
// those of a cache that is made now.
func OpenCache(data []byte, phrase secret.Value, iterations int) (*Cache, error) {
	c := &Cache{}
	if len(data) >= len(cacheMagic)+4+cacheSalt && bytes.HasPrefix(data, []byte(cacheMagic)) {
		c.head = bytes.Clone(data[:len(cacheMagic)+4+cacheSalt])
		if n := binary.BigEndian.Uint32(c.head[len(cacheMagic):]); n >= fewestIterations && n <= mostIterations {
			if err := c.derive(phrase); err != nil {
				return nil, err
			}
			if c.read(data[len(c.head):]) {
				return c, nil
			}
		}
	}
	c.prints, c.Versions = make([]byte, keySize), map[string]*Version{}
	_, _ = rand.Read(c.prints)
	return c, c.Rekey(phrase, iterations)
}

func (c *Cache) read(body []byte) bool {
	text, err := c.aead.Open(nil, nil, body, c.head)
	var in cached
	if err != nil || json.Unmarshal(text, &in) != nil || len(in.Prints) != keySize || in.Versions == nil {
		return false
	}
	c.prints, c.Versions = in.Prints, in.Versions
	return true
}

// Rekey gives the cache another passphrase.
func (c *Cache) Rekey(phrase secret.Value, iterations int) error {
	c.head = binary.BigEndian.AppendUint32([]byte(cacheMagic), uint32(min(max(iterations, fewestIterations), mostIterations)))
	salt := make([]byte, cacheSalt)
	_, _ = rand.Read(salt)
	c.head = append(c.head, salt...)
	return c.derive(phrase)
}

// derive makes the key that the head says.
func (c *Cache) derive(phrase secret.Value) error {
	rest := c.head[len(cacheMagic):]
	key, err := pbkdf2.Key(sha256.New, phrase.Reveal(), rest[4:], int(binary.BigEndian.Uint32(rest)), keySize)
	if err != nil {
		return err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	c.aead, err = cipher.NewGCMWithRandomNonce(block)
	return err
}

// Record keeps what a version holds.
func (c *Cache) Record(data []byte, file *tfvars.File, authenticated bool) *Version {
	v := &Version{Prints: c.Fingerprints(file), Authenticated: authenticated}
	c.Versions[ID(data)] = v
	return v
}

// Fingerprints are those of a file's values, by name.
func (c *Cache) Fingerprints(file *tfvars.File) map[string]string {
	by, all := sealed.FingerprintsBy(c.prints), map[string]string{}
	for _, name := range file.Names() {
		value, _ := file.Value(name)
		all[name] = by.Of(value)
	}
	return all
}

// Bytes is the cache as it is to be written.
func (c *Cache) Bytes() ([]byte, error) {
	text, err := json.Marshal(cached{c.prints, c.Versions})
	if err != nil {
		return nil, err
	}
	return append(bytes.Clone(c.head), c.aead.Seal(nil, nil, text, c.head)...), nil
}
