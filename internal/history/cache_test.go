package history_test

import (
	"bytes"
	"crypto/pbkdf2"
	"crypto/sha256"
	"testing"

	"hci/internal/history"
	"hci/sync/secret"
)

// The cache holds neither the key nor a name nor a fingerprint in the clear,
// opens with its passphrase only, and a changed byte empties it.
func TestCache(t *testing.T) {
	c, err := history.OpenCache(nil, secret.New("p"))
	if err != nil {
		t.Fatal(err)
	}
	c.Versions["blob"] = &history.Version{Prints: map[string]string{"db_password": "0123456789abcdef"}}
	data, err := c.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	salt := data[len("hci history 1\n"):][:16]
	key, err := pbkdf2.Key(sha256.New, "p", salt, 600_000, 32)
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
	} {
		again, err := history.OpenCache(open.data, secret.New(open.phrase))
		if err != nil || len(again.Versions) != open.want {
			t.Errorf("%s: %d versions, want %d (%v)", name, len(again.Versions), open.want, err)
		}
	}
}
