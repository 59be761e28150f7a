package sealed_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hci/crypto"
	"hci/internal/sealed"
	"hci/sync/secret"
)

// random are bytes that look random, and are the same in each run.
func random(n int) []byte {
	out, x := make([]byte, n), uint32(2463534242)
	for i := range out {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		out[i] = byte(x >> 11)
	}
	return out
}

func sealedBytes(t *testing.T, p crypto.Params) []byte {
	t.Helper()
	data, err := crypto.Seal([]byte(strings.Repeat("name = \"value\"\n", 40)), []byte("phrase"), p, "")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestKindOf(t *testing.T) {
	params := crypto.Params{KDF: crypto.PBKDF2, Digest: crypto.SHA256, Iterations: 1}
	binary := sealedBytes(t, params)
	params.Encoding = crypto.Base64
	text := sealedBytes(t, params)
	params.NoSalt = true
	textUnsalted := sealedBytes(t, params)
	params.Encoding = crypto.Binary
	unsalted := sealedBytes(t, params)
	var utf16 []byte
	for _, b := range append([]byte{}, text...) {
		utf16 = append(utf16, b, 0)
	}
	pubkey := append([]byte{0x85, 0x01, 0x0c, 0x03}, random(300)...)
	for name, c := range map[string]struct {
		data []byte
		want sealed.Kind
	}{
		"sealed":                   {binary, sealed.Sealed},
		"sealed, base64":           {text, sealed.Sealed},
		"sealed, no salt":          {unsalted, sealed.Sealed},
		"sealed, no salt, base64":  {textUnsalted, sealed.Sealed},
		"sealed, short":            {binary[:48], sealed.Sealed},
		"a newline appended":       {append(bytes.Clone(binary), '\n'), sealed.Newline},
		"a CRLF appended":          {append(bytes.Clone(binary), "\r\n"...), sealed.Newline},
		"a byte appended":          {append(bytes.Clone(binary), 'x'), sealed.Sealed},
		"short, newline appended":  {append(bytes.Clone(binary[:48]), '\n'), sealed.Newline},
		"random":                   {random(4096), sealed.Sealed},
		"empty":                    {nil, sealed.Empty},
		"a line's end":             {[]byte("\n"), sealed.Empty},
		"git-crypt":                {append([]byte("\x00GITCRYPT\x00"), random(64)...), sealed.GitCrypt},
		"GPG, armored":             {[]byte("-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n"), sealed.GPG},
		"GPG, to a key":            {pubkey, sealed.GPG},
		"GPG, to an elliptic key":  {append([]byte{0x84, 0x5e, 0x03}, random(200)...), sealed.GPG},
		"GPG, by a passphrase":     {append([]byte{0x8c, 0x0d, 0x04, 0x09, 0x03, 0x02}, random(100)...), sealed.GPG},
		"ansible-vault":            {[]byte("$ANSIBLE_VAULT;1.1;AES256\n3437373\n"), sealed.AnsibleVault},
		"age":                      {append([]byte("age-encryption.org/v1\n-> X25519 abc\n"), random(64)...), sealed.Age},
		"age, armored":             {[]byte("-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n"), sealed.Age},
		"SOPS, JSON":               {[]byte("{\n\t\"data\": \"ENC[AES256_GCM,data:abc,type:str]\",\n\t\"sops\": {\"version\": \"3.9.0\"}\n}\n"), sealed.SOPS},
		"SOPS, YAML":               {[]byte("a: ENC[AES256_GCM,data:x]\nsops:\n    version: 3.9.0\n"), sealed.SOPS},
		"SOPS, dotenv":             {[]byte("a=ENC[AES256_GCM,data:x]\nsops_version=3.9.0\n"), sealed.SOPS},
		"LFS":                      {[]byte("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"), sealed.LFSPointer},
		"conflict":                 {[]byte("<<<<<<< HEAD\nU2FsdGVkX1\n=======\nU2FsdGVkX1\n>>>>>>> other\n"), sealed.Conflict},
		"conflict further down":    {[]byte("U2FsdGVkX1aaaa\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> other\n"), sealed.Conflict},
		"UTF-8, replaced":          {[]byte(strings.ToValidUTF8(string(binary), "\uFFFD")), sealed.Encoding},
		"UTF-8, from Latin-1":      {latin1(binary), sealed.Encoding},
		"UTF-8, with a mark":       {append([]byte("\xef\xbb\xbf"), text...), sealed.Encoding},
		"UTF-16":                   {append([]byte("\xff\xfe"), utf16...), sealed.Encoding},
		"CRLF":                     {bytes.ReplaceAll(append(append([]byte("Salted__"), random(600)...), "\n\n\n"...), []byte("\n"), []byte("\r\n")), sealed.LineEnds},
		"plaintext":                {[]byte("# secrets\ndb_password = \"s3cr3t\"\n"), sealed.Plaintext},
		"plaintext, JSON":          {[]byte("{\"db_password\": \"s3cr3t\"}\n"), sealed.Plaintext},
		"plaintext with line ends": {[]byte("a = \"b\"\r\n"), sealed.Plaintext},
		"Vault":                    {[]byte("vault:v1:8SDd3WHDOjf7mq69CyCqYjBXAiQQAVZRkFM13ok481zoCmHnSeDX9vyf7w==\n"), sealed.VaultTransit},
		"CMS":                      {[]byte("-----BEGIN PKCS7-----\nMIIB\n"), sealed.CMS},
		"ZIP":                      {append([]byte("PK\x03\x04"), random(64)...), sealed.Archive},
		"web page":                 {[]byte("<!DOCTYPE html>\n<html>"), sealed.WebPage},
		"text":                     {[]byte("not a sealed file, whatever it is\n"), sealed.Text},
	} {
		if got := sealed.KindOf(c.data); got != c.want {
			t.Errorf("%s: kind %d, want %d", name, got, c.want)
		}
		if c.want != sealed.Sealed {
			err := &sealed.KindError{Path: "prod_secrets.tfvars.enc", Kind: c.want}
			if !strings.HasPrefix(err.Error(), "prod_secrets.tfvars.enc ") || err.Next() == "" || strings.Contains(err.Error()+err.Next(), "%") || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("%s: %v; %s", name, err, err.Next())
			}
		}
	}
	// What git's conversion of line ends takes away can't be told from what was
	// cut off; all else that is random is left alone.
	for n := 64; n < 2000; n += 16 {
		if got := sealed.KindOf(append([]byte("Salted__"), random(n + 8)[:n+8]...)); got != sealed.Sealed {
			t.Errorf("%d random bytes: kind %d", n, got)
		}
		if got := sealed.KindOf([]byte(base64.StdEncoding.EncodeToString(random(n)))); got != sealed.Sealed {
			t.Errorf("base64 of %d random bytes: kind %d", n, got)
		}
	}
}

// latin1 is what a program makes of bytes that it takes for Latin-1 and writes
// as UTF-8.
func latin1(data []byte) []byte {
	var out []rune
	for _, b := range data {
		out = append(out, rune(b))
	}
	return []byte(string(out))
}

// TestForeignFile: nobody is asked for a passphrase of a file that is not a
// sealed one.
func TestForeignFile(t *testing.T) {
	dir := t.TempDir()
	f := sealed.Files{Env: "prod", Plain: filepath.Join(dir, "s.tfvars"), Sealed: filepath.Join(dir, "s.tfvars.enc"), StateDir: filepath.Join(dir, "state")}
	if err := os.WriteFile(f.Sealed, []byte("$ANSIBLE_VAULT;1.1;AES256\n34\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := f.Open(context.Background(), func(context.Context) (secret.Value, error) {
		t.Error("asked for a passphrase")
		return secret.New(""), nil
	})
	var kind *sealed.KindError
	if !errors.As(err, &kind) || kind.Kind != sealed.AnsibleVault || !errors.Is(err, crypto.ErrNotOpenSSL) {
		t.Errorf("%v", err)
	}
}
