package crypto_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hci/crypto"
)

const vectorDir = "../testdata/openssl"

// A vector is one entry of vectors.json, as generate.sh writes it.
type vector struct {
	Name       string
	About      string
	Passphrase string
	Params     struct {
		KDF, Digest string
		Iterations  int
		NoSalt      bool
		SaltLen     int
		Salt        string
		Encoding    string
	}
	Plaintext *struct {
		Size   int
		SHA256 string
	}
	Declared string // what the declared parameters alone yield
	Found    string // what nothing declared yields
}

func readVectors(t testing.TB) []vector {
	t.Helper()
	manifest, err := os.ReadFile(filepath.Join(vectorDir, "vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	d := json.NewDecoder(bytes.NewReader(manifest))
	d.DisallowUnknownFields()
	if err := d.Decode(&vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) == 0 {
		t.Fatal("no vectors")
	}
	return vectors
}

func (v vector) file(t testing.TB) []byte {
	t.Helper()
	sealed, err := os.ReadFile(filepath.Join(vectorDir, v.Name+".enc"))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func (v vector) params(t testing.TB) crypto.Params {
	t.Helper()
	p := crypto.Params{
		Digest:     crypto.Digest(v.Params.Digest),
		Iterations: v.Params.Iterations,
		NoSalt:     v.Params.NoSalt,
		SaltLen:    v.Params.SaltLen,
	}
	switch v.Params.KDF {
	case "pbkdf2":
		p.KDF = crypto.PBKDF2
	case "EVP_BytesToKey":
		p.KDF = crypto.BytesToKey
	default:
		t.Fatalf("unknown kdf %q", v.Params.KDF)
	}
	switch v.Params.Encoding {
	case "":
	case "base64":
		p.Encoding = crypto.Base64
	case "base64line":
		p.Encoding = crypto.Base64Line
	default:
		t.Fatalf("unknown encoding %q", v.Params.Encoding)
	}
	if v.Params.Salt != "" {
		salt, err := hex.DecodeString(v.Params.Salt)
		if err != nil {
			t.Fatal(err)
		}
		p.Salt = salt
	}
	return p
}

// verify compares what Open returned with the vector's word for it.
func (v vector) verify(t *testing.T, want string, got *crypto.Opened, err error) {
	t.Helper()
	failures := map[string]error{
		"wrong":      crypto.ErrWrongPassphrase,
		"truncated":  crypto.ErrTruncated,
		"notopenssl": crypto.ErrNotOpenSSL,
	}
	if sentinel, ok := failures[want]; ok {
		if !errors.Is(err, sentinel) {
			t.Errorf("error %v, want %v", err, sentinel)
		}
		if got != nil {
			t.Error("a result along with an error")
		}
		return
	}
	if want != "opens" && want != "authentic" {
		t.Fatalf("unknown expectation %q", want)
	}
	if err != nil {
		t.Fatalf("error %v", err)
	}
	sum := sha256.Sum256(got.Plaintext)
	if len(got.Plaintext) != v.Plaintext.Size || hex.EncodeToString(sum[:]) != v.Plaintext.SHA256 {
		t.Errorf("another plaintext, of %d bytes", len(got.Plaintext))
	}
	if p := v.params(t); !got.Params.Equal(p) {
		t.Errorf("parameters %v, %v, want %v, %v", got.Params, got.Params.Encoding, p, p.Encoding)
	}
	if got.Authenticated != (want == "authentic") {
		t.Errorf("authenticated: %v", got.Authenticated)
	}
}

func TestVectors(t *testing.T) {
	for _, v := range readVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			sealed, passphrase, p := v.file(t), []byte(v.Passphrase), v.params(t)
			before := bytes.Clone(sealed)

			got, err := crypto.Open(sealed, passphrase, crypto.OpenOptions{Params: []crypto.Params{p}, DeclaredOnly: true})
			v.verify(t, v.Declared, got, err)
			if err == nil && got.Authenticated {
				again, err := crypto.Seal(got.Plaintext, passphrase, got.Params, got.Context)
				if err != nil || !bytes.Equal(again, sealed) {
					t.Errorf("sealed again, the file differs (error %v)", err)
				}
			}

			if testing.Short() {
				return // what does not open makes Open derive every usual key
			}
			got, err = crypto.Open(sealed, passphrase, crypto.OpenOptions{})
			v.verify(t, v.Found, got, err)

			if !bytes.Equal(before, sealed) {
				t.Error("the input was changed")
			}
		})
	}
}

// TestVectorsInspect holds Inspect to what the vectors say of each file.
func TestVectorsInspect(t *testing.T) {
	for _, v := range readVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			encoding, salted, err := crypto.Inspect(v.file(t))
			switch {
			case v.Found == "opens" || v.Found == "authentic":
				p := v.params(t)
				if err != nil || encoding != p.Encoding || salted == p.NoSalt {
					t.Errorf("%v, salted %v, error %v", encoding, salted, err)
				}
			case v.Found == "truncated":
				if !errors.Is(err, crypto.ErrTruncated) {
					t.Errorf("error %v", err)
				}
			case v.Found == "notopenssl":
				if !errors.Is(err, crypto.ErrNotOpenSSL) {
					t.Errorf("error %v", err)
				}
			case err != nil && !errors.Is(err, crypto.ErrWrongPassphrase):
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestVectorsListed fails for a file that the manifest does not know.
func TestVectorsListed(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(vectorDir, "*.enc"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files (error %v)", err)
	}
	var names []string
	for _, v := range readVectors(t) {
		names = append(names, v.Name)
	}
	for _, f := range files {
		name := filepath.Base(f)
		if !slices.Contains(names, name[:len(name)-len(".enc")]) {
			t.Errorf("%s is not in vectors.json", name)
		}
	}
	if len(files) != len(names) {
		t.Errorf("%d files, %d vectors", len(files), len(names))
	}
}
