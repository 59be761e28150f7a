package crypto_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"hci/crypto"
)

// cheap is salted, authenticated, and costs nothing.
var cheap = crypto.Params{Digest: crypto.SHA256, Iterations: 1}

func only(p ...crypto.Params) crypto.OpenOptions {
	return crypto.OpenOptions{Params: p, DeclaredOnly: true}
}

func anything([]byte) error { return nil }

func seal(t testing.TB, plaintext, passphrase string, p crypto.Params) []byte {
	t.Helper()
	sealed, err := crypto.Seal([]byte(plaintext), []byte(passphrase), p, "")
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

const sample = `# sample of a secrets file
django_secret_key = "not-a-secret-0123456789-abcdefghij"
db_password       = "pässwörd with ünïcode"
`

func TestSealOpen(t *testing.T) {
	lengths := []int{0, 1, 15, 16, 17, 31, 32, 33, 47, 48, 4096}
	for _, p := range []crypto.Params{
		cheap,
		{Digest: crypto.MD5, Iterations: 3},
		{Digest: crypto.SHA1, Iterations: 2, Encoding: crypto.Base64},
		{Digest: crypto.SHA384, Iterations: 2000, SaltLen: 16},
		{Digest: crypto.SHA512, Iterations: 1, SaltLen: 9, Encoding: crypto.Base64Line},
		{Digest: crypto.SHA256, Iterations: 1, NoSalt: true},
		{KDF: crypto.BytesToKey, Digest: crypto.MD5},
		{KDF: crypto.BytesToKey, Digest: crypto.SHA512, NoSalt: true, Encoding: crypto.Base64},
	} {
		for _, n := range lengths {
			plaintext := strings.Repeat("a ü", n)[:n]
			plaintext = strings.ToValidUTF8(plaintext, "?")
			sealed := seal(t, plaintext, "pass", p)
			if again := seal(t, plaintext, "pass", p); !bytes.Equal(sealed, again) {
				t.Errorf("%v: sealing is not deterministic", p)
			}
			got, err := crypto.Open(sealed, []byte("pass"), only(p))
			if err != nil {
				t.Errorf("%v, %d bytes: %v", p, n, err)
				continue
			}
			if string(got.Plaintext) != plaintext || !got.Params.Equal(p) || got.Authenticated == p.NoSalt {
				t.Errorf("%v, %d bytes: %d bytes, %v, authenticated %v", p, n, len(got.Plaintext), got.Params, got.Authenticated)
			}
			if cap(got.Plaintext) != len(got.Plaintext) {
				t.Errorf("%v, %d bytes: the padding can be reached", p, n)
			}
		}
	}
}

// TestSaltBinds proves that the salt depends on everything it is to prove.
func TestSaltBinds(t *testing.T) {
	salt := func(plaintext, passphrase string, p crypto.Params) string {
		return string(seal(t, plaintext, passphrase, p)[:16])
	}
	variants := map[string]string{
		"base":       salt("content", "pass", cheap),
		"content":    salt("content ", "pass", cheap),
		"empty":      salt("", "pass", cheap),
		"passphrase": salt("content", "pass ", cheap),
		"digest":     salt("content", "pass", crypto.Params{Digest: crypto.SHA512, Iterations: 1}),
		"iterations": salt("content", "pass", crypto.Params{Digest: crypto.SHA256, Iterations: 2}),
		"length":     salt("content", "pass", crypto.Params{Digest: crypto.SHA256, Iterations: 1, SaltLen: 9}),
		"kdf":        salt("content", "pass", crypto.Params{KDF: crypto.BytesToKey, Digest: crypto.SHA256}),
		// The same MAC key as the one before, as its iterations are the same.
		"kdf, 10000": salt("content", "pass", crypto.Params{Digest: crypto.SHA256, Iterations: 10_000}),
	}
	seen := map[string]string{}
	for name, s := range variants {
		if other, ok := seen[s]; ok {
			t.Errorf("%s and %s have the same salt", name, other)
		}
		seen[s] = name
	}
	inBase64 := cheap
	inBase64.Encoding = crypto.Base64
	got, err := crypto.Open(seal(t, "content", "pass", inBase64), []byte("pass"), only(cheap))
	if err != nil || !got.Authenticated {
		t.Errorf("the encoding is bound (error %v)", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	sealed := seal(t, sample, "pass", cheap)
	long := crypto.Params{Digest: crypto.SHA256, Iterations: 1, SaltLen: 16}
	nosalt := crypto.Params{Digest: crypto.SHA256, Iterations: 1, NoSalt: true}
	for name, tc := range map[string]struct {
		sealed     []byte
		passphrase string
		o          crypto.OpenOptions
		want       error
	}{
		"nil":                       {nil, "pass", crypto.OpenOptions{}, crypto.ErrTruncated},
		"nothing declared":          {sealed, "pass", only(), crypto.ErrParams},
		"NUL in the passphrase":     {sealed, "pass\x00", only(cheap), crypto.ErrPassphrase},
		"other salt length":         {sealed, "pass", only(long), crypto.ErrTruncated},
		"wrong iterations":          {sealed, "pass", only(crypto.Params{Digest: crypto.SHA256, Iterations: 2}), crypto.ErrWrongPassphrase},
		"text, though declared":     {[]byte(strings.Repeat("text", 8)), "pass", only(nosalt), crypto.ErrWrongPassphrase},
		"text":                      {[]byte(strings.Repeat("text", 8)), "pass", only(cheap), crypto.ErrNotOpenSSL},
		"odd length, though":        {[]byte("\xff\xfe\x00"), "pass", only(nosalt), crypto.ErrTruncated},
		"odd length":                {[]byte("\xff\xfe\x00"), "pass", only(cheap), crypto.ErrNotOpenSSL},
		"empty lines":               {[]byte("\n\n"), "pass", only(cheap), crypto.ErrNotOpenSSL},
		"header and base64 garbage": {[]byte("U2FsdGVkX1AAAAAAAAAAAAAAAAAA"), "pass", only(cheap), crypto.ErrWrongPassphrase},
	} {
		got, err := crypto.Open(tc.sealed, []byte(tc.passphrase), tc.o)
		if !errors.Is(err, tc.want) || got != nil {
			t.Errorf("%s: error %v, want %v", name, err, tc.want)
		}
	}
	if _, err := crypto.Seal(nil, []byte("a\x00b"), cheap, ""); !errors.Is(err, crypto.ErrPassphrase) {
		t.Errorf("Seal with NUL in the passphrase: %v", err)
	}
}

// TestHeaderIsSeen: whether there is a salt is read from the file, whatever was
// declared.
func TestHeaderIsSeen(t *testing.T) {
	nosalt := cheap
	nosalt.NoSalt = true
	for _, p := range []crypto.Params{cheap, nosalt} {
		for _, declared := range []crypto.Params{cheap, nosalt} {
			got, err := crypto.Open(seal(t, sample, "pass", p), []byte("pass"), only(declared))
			if err != nil || !got.Params.Equal(p) {
				t.Errorf("%v, declared %v: error %v", p, declared, err)
			}
		}
	}
}

func TestContentRefused(t *testing.T) {
	refuse := errors.New("line 3: no")
	check := func([]byte) error { return refuse }
	nosalt := cheap
	nosalt.NoSalt = true
	for name, tc := range map[string]struct {
		plaintext string
		p         crypto.Params
		content   bool
	}{
		"authentic":            {sample, cheap, true},
		"authentic, short":     {"x", cheap, true},
		"authentic, not UTF-8": {"\xff", cheap, true},
		"long text":            {sample, nosalt, true},
		"short text":           {"x = 1", nosalt, false},
		"not UTF-8":            {strings.Repeat("\xff", 100), nosalt, false},
	} {
		o := only(tc.p)
		o.Check = check
		got, err := crypto.Open(seal(t, tc.plaintext, "pass", tc.p), []byte("pass"), o)
		if got != nil {
			t.Errorf("%s: a result", name)
		}
		var content *crypto.ContentError
		switch {
		case !tc.content:
			if !errors.Is(err, crypto.ErrWrongPassphrase) {
				t.Errorf("%s: %v", name, err)
			}
		case !errors.As(err, &content) || !errors.Is(err, refuse) || errors.Is(err, crypto.ErrWrongPassphrase):
			t.Errorf("%s: %v", name, err)
		case content.Authenticated != tc.p.Equal(cheap) || !content.Params.Equal(tc.p):
			t.Errorf("%s: %v, authenticated %v", name, content.Params, content.Authenticated)
		}
	}
}

// TestBinaryPlaintext: bytes that are no text come back if they are authentic,
// or if Check takes them.
func TestBinaryPlaintext(t *testing.T) {
	plaintext := strings.Repeat("\xff\x00", 50)
	nosalt := cheap
	nosalt.NoSalt = true
	accept := only(nosalt)
	accept.Check = func(p []byte) error {
		if utf8.Valid(p) {
			return errors.New("text")
		}
		return nil
	}
	for name, tc := range map[string]struct {
		p    crypto.Params
		o    crypto.OpenOptions
		want error
	}{
		"authentic":     {cheap, only(cheap), nil},
		"unproven":      {nosalt, only(nosalt), crypto.ErrWrongPassphrase},
		"with a Check":  {nosalt, accept, nil},
		"cheap guesses": {nosalt, crypto.OpenOptions{Check: accept.Check}, nil},
	} {
		got, err := crypto.Open(seal(t, plaintext, "pass", tc.p), []byte("pass"), tc.o)
		if !errors.Is(err, tc.want) || err == nil && string(got.Plaintext) != plaintext {
			t.Errorf("%s: error %v, want %v", name, err, tc.want)
		}
	}
}

func TestMaxSize(t *testing.T) {
	largest := strings.Repeat("x", crypto.MaxSize)
	if _, err := crypto.Seal([]byte(largest+"x"), nil, cheap, ""); !errors.Is(err, crypto.ErrTooLarge) {
		t.Errorf("Seal: %v", err)
	}
	for _, e := range []crypto.Encoding{crypto.Binary, crypto.Base64, crypto.Base64Line} {
		p := cheap
		p.Encoding = e
		sealed := seal(t, largest, "pass", p)
		if e == crypto.Base64 {
			sealed = bytes.ReplaceAll(sealed, []byte("\n"), []byte("\r\n"))
		}
		got, err := crypto.Open(sealed, []byte("pass"), only(p))
		if err != nil || len(got.Plaintext) != crypto.MaxSize || !got.Authenticated {
			t.Errorf("%v: %v", e, err)
		}
	}
	for _, size := range []int{crypto.MaxSize + 64, 2 * crypto.MaxSize} {
		sealed := append([]byte("Salted__"), make([]byte, size)...)
		if _, err := crypto.Open(sealed, nil, only(cheap)); !errors.Is(err, crypto.ErrTooLarge) {
			t.Errorf("Open of %d bytes: %v", len(sealed), err)
		}
		if _, _, err := crypto.Inspect(sealed); !errors.Is(err, crypto.ErrTooLarge) {
			t.Errorf("Inspect of %d bytes: %v", len(sealed), err)
		}
	}
}

// TestAltersNothing: neither Open nor Seal writes to its arguments, and the
// result shares no memory with them.
func TestAltersNothing(t *testing.T) {
	plaintext, passphrase := []byte(sample), []byte("pass")
	for _, p := range []crypto.Params{cheap, {KDF: crypto.BytesToKey, Digest: crypto.MD5, NoSalt: true}} {
		sealed := seal(t, sample, "pass", p)
		before := bytes.Clone(sealed)
		got, err := crypto.Open(sealed, passphrase, only(p))
		if err != nil {
			t.Fatal(err)
		}
		clear(got.Plaintext)
		if !bytes.Equal(before, sealed) || string(plaintext) != sample || string(passphrase) != "pass" {
			t.Errorf("%v: an argument was changed", p)
		}
	}
}
