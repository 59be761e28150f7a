package history_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"hci/crypto"
	"hci/internal/history"
	"hci/internal/sealed"
	"hci/sync/secret"
)

// Versions with three passphrases and two sets of parameters, read on all cores:
// each is handed over once, whichever passphrase opens it.
func TestOpener(t *testing.T) {
	usual := crypto.Params{KDF: crypto.PBKDF2, Digest: crypto.SHA256, Iterations: 1}
	oldest := crypto.Params{KDF: crypto.BytesToKey, Digest: crypto.MD5}
	data := map[string][]byte{}
	var names []string // the newest first
	add := func(phrase string, p crypto.Params) {
		name := fmt.Sprint("v", len(names))
		sealedBytes, err := crypto.Seal(fmt.Appendf(nil, "name = %q\n", name), []byte(phrase), p, "")
		if err != nil {
			t.Fatal(err)
		}
		names, data[name] = append(names, name), sealedBytes
	}
	for range 20 {
		add("now", usual)
	}
	for range 5 {
		add("team", usual)
	}
	for range 5 {
		add("typed", usual)
	}
	add("now", oldest)
	more, asked, steps := 0, 0, 0
	o := &history.Opener{
		Files: sealed.Files{Plain: "f.tfvars", Params: []crypto.Params{usual}}, Phrases: []secret.Value{secret.New("now")},
		More: func(context.Context) []secret.Value {
			more++
			return []secret.Value{secret.New("now"), secret.New("team")}
		},
		Older: func(_ context.Context, left int) (secret.Value, error) {
			if asked++; asked > 1 {
				return secret.Value{}, errors.New("nobody knows another one")
			}
			if left != 5 {
				t.Errorf("%d versions are left, want 5", left)
			}
			return secret.New("typed"), nil
		},
		Step: func() { steps++ },
	}
	got := map[string]string{}
	failed := o.Open(t.Context(), names, data, func(name string, c *sealed.Content) {
		if got[name] != "" {
			t.Errorf("%s is handed over twice", name)
		}
		v, _ := c.File.Value("name")
		got[name] = v.AsString()
	})
	for _, name := range names {
		if failed[name] != nil || got[name] != name {
			t.Errorf("%s: %q, %v", name, got[name], failed[name])
		}
	}
	if more != 1 || asked != 1 || steps != len(names) {
		t.Errorf("more %d, asked %d, steps %d", more, asked, steps)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if failed := o.Open(ctx, names, data, func(string, *sealed.Content) {}); !errors.Is(failed[names[5]], context.Canceled) {
		t.Errorf("after an interrupt: %v", failed[names[5]])
	}
}
