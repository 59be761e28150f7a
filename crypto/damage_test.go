package crypto_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"hci/crypto"
)

// forms are files of all encodings and of all lengths of base64 padding.
func forms(t *testing.T, see func(name string, sealed []byte, p crypto.Params)) {
	for _, kdf := range []crypto.KDF{crypto.PBKDF2, crypto.BytesToKey} {
		for _, encoding := range []crypto.Encoding{crypto.Binary, crypto.Base64, crypto.Base64Line} {
			for _, plaintext := range []string{"", "a = 1\n", sample[:31], sample[:40], sample} {
				p := crypto.Params{KDF: kdf, Digest: crypto.SHA256, Iterations: 1, Encoding: encoding}
				name := fmt.Sprintf("%v, %v, %d bytes", kdf, encoding, len(plaintext))
				see(name, seal(t, plaintext, "pass", p), p)
			}
		}
	}
}

// TestEveryBitFlip changes every single bit of files in every encoding. Not one
// may pass as authentic, even for a caller who takes any content.
func TestEveryBitFlip(t *testing.T) {
	if testing.Short() {
		t.Skip("derives many keys")
	}
	forms(t, func(name string, sealed []byte, p crypto.Params) {
		o := only(p)
		o.Check = anything
		if got, err := crypto.Open(sealed, []byte("pass"), o); err != nil || !got.Authenticated {
			t.Fatalf("%s: not authentic before any change (error %v)", name, err)
		}
		for bit := range 8 * len(sealed) {
			altered := bytes.Clone(sealed)
			altered[bit/8] ^= 1 << (bit % 8)
			got, err := crypto.Open(altered, []byte("pass"), o)
			if err == nil && got.Authenticated {
				t.Errorf("%s: bit %d is not noticed", name, bit)
			}
			if err == nil {
				continue
			}
			if got != nil {
				t.Errorf("%s: bit %d: a result along with an error", name, bit)
			}
			if !errors.Is(err, crypto.ErrWrongPassphrase) && !errors.Is(err, crypto.ErrTruncated) {
				t.Errorf("%s: bit %d: %v", name, bit, err)
			}
		}
	})
}

// TestEveryTruncation cuts files at every length.
func TestEveryTruncation(t *testing.T) {
	forms(t, func(name string, sealed []byte, p crypto.Params) {
		for n := range len(sealed) {
			if p.Encoding == crypto.Base64 && n == len(sealed)-1 {
				continue // the last newline, which may be missing
			}
			got, err := crypto.Open(sealed[:n], []byte("pass"), only(p))
			if err == nil || got != nil {
				t.Errorf("%s: cut to %d bytes, it opens", name, n)
				continue
			}
			if !errors.Is(err, crypto.ErrTruncated) && !errors.Is(err, crypto.ErrWrongPassphrase) {
				t.Errorf("%s: cut to %d bytes: %v", name, n, err)
			}
			if p.Encoding == crypto.Binary && n%16 != 0 && !errors.Is(err, crypto.ErrTruncated) {
				t.Errorf("%s: cut to %d bytes: %v", name, n, err)
			}
		}
	})
}

// TestRearranged moves, doubles and drops blocks, which CBC itself survives.
func TestRearranged(t *testing.T) {
	sealed := seal(t, strings.Repeat(sample, 3), "pass", cheap)
	o := only(cheap)
	o.Check = anything
	blocks := len(sealed)/16 - 1
	block := func(b []byte, i int) []byte { return b[16+16*i : 32+16*i] }
	for i := range blocks {
		for j := range blocks {
			copied := bytes.Clone(sealed)
			copy(block(copied, i), block(sealed, j))
			swapped := bytes.Clone(copied)
			copy(block(swapped, j), block(sealed, i))
			dropped := append(bytes.Clone(sealed[:16+16*i]), sealed[32+16*i:]...)
			doubled := append(bytes.Clone(sealed[:16+16*i]), sealed[16*(j+1):]...)
			for what, altered := range map[string][]byte{"copied": copied, "swapped": swapped, "dropped": dropped, "spliced": doubled} {
				if bytes.Equal(altered, sealed) {
					continue
				}
				if got, err := crypto.Open(altered, []byte("pass"), o); err == nil && got.Authenticated {
					t.Errorf("blocks %d and %d %s: authentic", i, j, what)
				}
			}
		}
	}
}

// TestBase64AsTextToolsLeaveIt: what may happen to a text on its way is
// tolerated where nothing can be confused, and nothing else is.
func TestBase64AsTextToolsLeaveIt(t *testing.T) {
	lines, line := cheap, cheap
	lines.Encoding, line.Encoding = crypto.Base64, crypto.Base64Line
	a, oneLine := string(seal(t, sample, "pass", lines)), string(seal(t, sample, "pass", line))
	crlf := strings.ReplaceAll(a, "\n", "\r\n")
	for _, tc := range []struct {
		name, text string
		opens      bool
	}{
		{"CRLF", crlf, true},
		{"no last newline", strings.TrimSuffix(a, "\n"), true},
		{"CRLF, no last newline", strings.TrimSuffix(crlf, "\r\n"), true},
		{"one line and newline", oneLine + "\n", true},
		{"one line and CRLF", oneLine + "\r\n", true},
		{"CR at the end", crlf[:len(crlf)-1], false},
		{"one line and CR", oneLine + "\r", false},
		{"CR only", strings.ReplaceAll(a, "\n", "\r"), false},
		{"two CR", strings.Replace(a, "\n", "\r\r\n", 1), false},
		{"two newlines at the end", a + "\n", false},
		{"a blank line", strings.Replace(a, "\n", "\n\n", 1), false},
		{"a blank first line", "\n" + a, false},
		{"a blank at the end", strings.Replace(a, "\n", " \n", 1), false},
		{"indented", " " + a, false},
		{"byte order mark", "\ufeff" + a, false},
		{"NUL at the end", a + "\x00", false},
		{"padding in the middle", a + a, false},
		{"two lines joined", strings.Replace(a, "\n", "", 1), false},
		{"a line split", a[:32] + "\n" + a[32:], false},
	} {
		got, err := crypto.Open([]byte(tc.text), []byte("pass"), only(cheap))
		if opened := err == nil && string(got.Plaintext) == sample && got.Authenticated; opened != tc.opens {
			t.Errorf("%s: error %v", tc.name, err)
		}
	}
}
