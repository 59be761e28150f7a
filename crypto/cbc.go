package crypto

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
)

// encrypt returns plaintext, padded by PKCS#7, under AES-256-CBC, behind head.
func encrypt(head, key, iv, plaintext []byte) []byte {
	pad := aes.BlockSize - len(plaintext)%aes.BlockSize
	out := make([]byte, 0, len(head)+len(plaintext)+pad)
	out = append(append(out, head...), plaintext...)
	out = append(out, bytes.Repeat([]byte{byte(pad)}, pad)...)
	body := out[len(head):]
	cipher.NewCBCEncrypter(newAES(key), iv).CryptBlocks(body, body)
	return out
}

// paddingOf returns how many bytes of padding the last block holds, or 0 if
// that is no padding. previous is the block before it, or the IV.
func paddingOf(block cipher.Block, previous, last []byte) int {
	var out [aes.BlockSize]byte
	block.Decrypt(out[:], last)
	subtle.XORBytes(out[:], out[:], previous)
	pad := int(out[aes.BlockSize-1])
	if pad < 1 || pad > aes.BlockSize {
		return 0
	}
	for _, b := range out[aes.BlockSize-pad:] {
		if int(b) != pad {
			return 0
		}
	}
	return pad
}

// newAES returns AES-256 for a key of 32 bytes, which has no way to fail.
func newAES(key []byte) cipher.Block {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	return block
}
