package crypto

import (
	"bytes"
	"testing"
)

// FuzzBase64: a text that is accepted is the one that its bytes are written
// as, up to the line ends. So no two texts that differ elsewhere are one file.
func FuzzBase64(f *testing.F) {
	for _, n := range []int{1, 2, 3, 47, 48, 49, 96, 100} {
		data := bytes.Repeat([]byte{0xfb}, n)
		f.Add(encodeBase64(data, Base64))
		f.Add(encodeBase64(data, Base64Line))
		f.Add(bytes.ReplaceAll(encodeBase64(data, Base64), []byte("\n"), []byte("\r\n")))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		encoding, data, err := decodeBase64(text)
		if err != nil {
			return
		}
		want := bytes.TrimSuffix(encodeBase64(data, encoding), []byte("\n"))
		got := bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
		got = bytes.TrimSuffix(got, []byte("\n"))
		if !bytes.Equal(got, want) {
			t.Fatalf("%q is read as %v of %x", text, encoding, data)
		}
	})
}
