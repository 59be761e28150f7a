package crypto

import (
	"bytes"
	"crypto/aes"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	magic = "Salted__"
	// magicBase64 is what base64 makes of the magic; the character behind it
	// depends on the salt.
	magicBase64 = "U2FsdGVkX1"

	maxBody   = len(magic) + maxSaltLen + MaxSize + aes.BlockSize
	maxSealed = (maxBody + lineBytes) / lineBytes * (lineLen + len("\r\n"))
)

// container is a file without its encoding.
type container struct {
	encoding Encoding
	salted   bool   // there was a magic
	body     []byte // what follows the magic: salt and ciphertext
}

// Inspect reports, without a passphrase, how a file is encoded and whether it
// has a salt. Its errors are those of [Open]: [ErrNotOpenSSL], [ErrTruncated],
// [ErrTooLarge], and [ErrWrongPassphrase] where the file shows that it was
// altered. A salt is taken to have eight bytes.
//
// A file without header is nothing but random bytes. Anything that is no text
// and a multiple of 16 bytes long passes for one.
func Inspect(sealed []byte) (encoding Encoding, salted bool, err error) {
	c, err := parse(sealed, false)
	if err != nil {
		return 0, false, err
	}
	if c.salted && !c.fits(defaultSaltLen) {
		return 0, false, ErrTruncated
	}
	return c.encoding, c.salted, nil
}

// fits reports whether a salt of n bytes leaves whole blocks.
func (c *container) fits(n int) bool {
	rest := len(c.body) - n
	return rest >= aes.BlockSize && rest%aes.BlockSize == 0
}

// parse takes off encoding and magic. With headerless, the caller knows that
// the file has no header, and what looks like text is no reason to refuse it.
func parse(sealed []byte, headerless bool) (*container, error) {
	if len(sealed) > maxSealed {
		return nil, ErrTooLarge
	}
	if rest, ok := bytes.CutPrefix(sealed, []byte(magic)); ok {
		return limit(&container{Binary, true, rest})
	}
	if bytes.HasPrefix(sealed, []byte(magicBase64)) {
		encoding, data, err := decodeBase64(sealed)
		if err != nil {
			return nil, err
		}
		rest, ok := bytes.CutPrefix(data, []byte(magic))
		if !ok {
			if bytes.HasPrefix([]byte(magic), data) {
				return nil, ErrTruncated
			}
			return nil, &alteredError{"the header is damaged"}
		}
		return limit(&container{encoding, true, rest})
	}
	if bytes.HasPrefix([]byte(magic), sealed) || bytes.HasPrefix([]byte(magicBase64), sealed) {
		return nil, ErrTruncated
	}
	return parseHeaderless(sealed, headerless)
}

func parseHeaderless(sealed []byte, declared bool) (*container, error) {
	c := &container{Binary, false, sealed}
	if encoding, data, err := decodeBase64(sealed); err == nil && len(data)%aes.BlockSize == 0 {
		c.encoding, c.body = encoding, data
	}
	if resembles(c.body, magic) || resembles(sealed, magicBase64) {
		return nil, &alteredError{"the header is damaged"}
	}
	switch {
	case c.encoding == Binary && !declared && isText(sealed):
		return nil, ErrNotOpenSSL
	case len(c.body)%aes.BlockSize != 0 && declared:
		return nil, ErrTruncated
	case len(c.body)%aes.BlockSize != 0:
		return nil, ErrNotOpenSSL
	}
	return limit(c)
}

func limit(c *container) (*container, error) {
	if len(c.body) > maxBody-len(magic) {
		return nil, ErrTooLarge
	}
	return c, nil
}

// resembles reports whether data starts with want but for at most two bytes: a
// header that was damaged, as 1 in 10¹³ headerless files starts like that.
func resembles(data []byte, want string) bool {
	if len(data) < len(want) {
		return false
	}
	differ := 0
	for i := range len(want) {
		if data[i] != want[i] {
			differ++
		}
	}
	return differ <= 2
}

// isText reports whether data is UTF-8 without control characters, as 16 random
// bytes are in 1 of 200,000 cases, and 32 in 1 of 10¹⁰.
func isText(data []byte) bool {
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		if r == utf8.RuneError && n == 1 || unicode.IsControl(r) && !strings.ContainsRune("\t\n\r\f", r) {
			return false
		}
		data = data[n:]
	}
	return true
}
