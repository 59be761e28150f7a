package history_test

import (
	"bytes"
	"crypto/pbkdf2"
	"crypto/sha256"
	"testing"

	"hci/internal/history"
	"hci/sync/secret"
	"hci/tfvars"
)

// The cache holds neither the key nor a name nor a fingerprint in the clear,
// opens with its passphrase only, and a changed byte empties it.
func TestCache(t *testing.T) {
	c, err := history.OpenCache(nil, secret.New("p"), 10_000)
	if err != nil {
		t.Fatal(err)
	}
	c.Versions["blob"] = &history.Version{Prints: map[string]string{"db_password": "0123456789abcdef"}}
	data, err := c.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	salt := data[len("hci history 2\n")+4:][:16]
	key, err := pbkdf2.Key(sha256.New, "p", salt, 10_000, 32)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range [][]byte{key, []byte("db_password"), []byte("0123456789abcdef"), []byte("blob")} {
		if bytes.Contains(data, part) {
			t.Errorf("the cache holds %x", part)
		}
	}
	for name, open := range map[string]struct {
		data   []byte
		phrase string
		want   int
	}{
		"as written":         {data, "p", 1},
		"another passphrase": {data, "q", 0},
		"a changed byte":     {append(bytes.Clone(data[:len(data)-1]), data[len(data)-1]^1), "p", 0},
		"nonsense":           {[]byte("nonsense"), "p", 0},
		"cut":                {data[:20], "p", 0},
		"fewer iterations":   {append([]byte("hci history 2\n\x00\x00\x00\x01"), data[18:]...), "p", 0},
	} {
		again, err := history.OpenCache(open.data, secret.New(open.phrase), 10_000)
		if err != nil || len(again.Versions) != open.want {
			t.Errorf("%s: %d versions, want %d (%v)", name, len(again.Versions), open.want, err)
		}
	}
}

// A new passphrase keeps what is known, and closes the cache to the old one.
func TestCacheRekey(t *testing.T) {
	c, err := history.OpenCache(nil, secret.New("p"), 10_000)
	if err != nil {
		t.Fatal(err)
	}
	file, err := tfvars.Parse([]byte("a = \"s3cr3t\"\n"), "f.tfvars")
	if err != nil {
		t.Fatal(err)
	}
	before := c.Record([]byte("one"), file, true).Prints["a"]
	if err := c.Rekey(secret.New("q"), 10_000); err != nil {
		t.Fatal(err)
	}
	if after := c.Record([]byte("two"), file, true).Prints["a"]; after != before {
		t.Errorf("the fingerprint of the same value is %s, and %s after a rekey", before, after)
	}
	data, err := c.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for phrase, want := range map[string]int{"p": 0, "q": 2} {
		again, err := history.OpenCache(data, secret.New(phrase), 10_000)
		if err != nil || len(again.Versions) != want {
			t.Errorf("%s: %d versions, want %d (%v)", phrase, len(again.Versions), want, err)
		}
	}
}
