package sealed

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"hci/sync/secret"
)

// Fingerprints tell whether two values are equal, to those who know the
// passphrase, and nothing to others: HMAC-SHA256 with a key that PBKDF2-SHA256
// derives from the passphrase with 600,000 iterations, cut to 64 bits. Equal
// values have equal fingerprints in all files with one passphrase.
type Fingerprints struct{ key []byte }

// fingerprintContext is the salt of the derivation, which keeps its key apart
// from those that seal.
const fingerprintContext = "hci: fingerprints of values, 1"

// NewFingerprints derives the key.
func NewFingerprints(phrase secret.Value) *Fingerprints {
	key, err := pbkdf2.Key(sha256.New, phrase.Reveal(), []byte(fingerprintContext), 600_000, sha256.Size)
	if err != nil { // only of parameters, and these are right
		panic(err)
	}
	return &Fingerprints{key: key}
}

// FingerprintsBy are fingerprints with a key of the caller's.
func FingerprintsBy(key []byte) *Fingerprints { return &Fingerprints{key: key} }

// Of is the fingerprint of a value: 16 hexadecimal digits.
func (f *Fingerprints) Of(v cty.Value) string {
	mac := hmac.New(sha256.New, f.key)
	text, err := ctyjson.Marshal(v, cty.DynamicPseudoType)
	if err != nil {
		return "unknown"
	}
	mac.Write(text)
	return hex.EncodeToString(mac.Sum(nil)[:8])
}
