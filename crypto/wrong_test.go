package crypto_test

import (
	"errors"
	"fmt"
	"testing"
	"unicode/utf8"

	"hci/crypto"
	"hci/tfvars"
)

// TestWrongPassphrases tries 20,000 wrong passphrases on a sealed tfvars file,
// with every digest and both derivations, as a search does. Padding accepts
// some 800 of the 200,000 candidates; the content must refuse them all.
func TestWrongPassphrases(t *testing.T) {
	if testing.Short() {
		t.Skip("derives many keys")
	}
	var o crypto.OpenOptions
	o.DeclaredOnly = true
	for _, d := range []crypto.Digest{crypto.SHA256, crypto.SHA512, crypto.SHA384, crypto.SHA1, crypto.MD5} {
		o.Params = append(o.Params,
			crypto.Params{Digest: d, Iterations: 1},
			crypto.Params{KDF: crypto.BytesToKey, Digest: d})
	}
	padded := 0
	o.Check = func(plaintext []byte) error {
		padded++
		// Both are asked for: Terraform takes any bytes in a comment.
		if !utf8.Valid(plaintext) {
			return errors.New("not valid UTF-8")
		}
		_, err := tfvars.Parse(plaintext, "secrets.tfvars")
		return err
	}
	sealed := seal(t, sample, "right", cheap)
	for i := range 20_000 {
		got, err := crypto.Open(sealed, fmt.Appendf(nil, "wrong %d", i), o)
		if !errors.Is(err, crypto.ErrWrongPassphrase) || got != nil {
			t.Errorf("passphrase %d: error %v", i, err)
		}
	}
	if padded < 400 || padded > 1600 {
		t.Errorf("%d candidates had right padding; some 780 should: is Check asked?", padded)
	}
	if got, err := crypto.Open(sealed, []byte("right"), o); err != nil || string(got.Plaintext) != sample {
		t.Errorf("the right passphrase: error %v", err)
	}
}
