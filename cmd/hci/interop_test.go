//go:build interop

package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hci/internal/testing/interop"
)

const samplePhrase = "correct horse battery staple" // public: what it opens is made up

// hci runs one command line and returns what it prints.
func hci(t *testing.T, dir string, args ...string) string {
	t.Helper()
	var out, errOut bytes.Buffer
	environ := []string{"HCI_PASSPHRASE=" + samplePhrase, "HOME=" + dir, "PATH=" + os.Getenv("PATH")}
	code := run(context.Background(), append([]string{"-C", dir}, args...), streams{in: strings.NewReader(""), out: &out, err: &errOut}, environ)
	if code != exitOK {
		t.Fatalf("hci %s: exit code %d: %s", strings.Join(args, " "), code, errOut.String())
	}
	return out.String()
}

func shell(t *testing.T, dir, line string) []byte {
	t.Helper()
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HCI_PASSPHRASE="+samplePhrase)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return out
}

// TestInteropOpenSSL takes the sample project both ways: what openssl seals now
// hci opens, and what hci seals openssl opens, with the command that hci prints.
func TestInteropOpenSSL(t *testing.T) {
	interop.Need(t, "openssl")
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(sampleProject)); err != nil {
		t.Fatal(err)
	}
	shell(t, dir, "sh ./make.sh")
	for _, env := range []string{"staging", "production"} {
		want := shell(t, dir, "sh ./make.sh plaintext "+env)
		if got := hci(t, dir, "secrets", "decrypt", env, "-o", "-"); got != string(want) {
			t.Errorf("%s: hci opens something else than openssl sealed", env)
		}
		for _, change := range [][]string{
			nil,
			{"secrets", "rekey", env, "--keep-passphrase", "--iterations", "600000", "--digest", "sha512"},
			{"secrets", "rekey", env, "--keep-passphrase", "--kdf", "EVP_BytesToKey", "--digest", "md5"},
		} {
			if change != nil {
				hci(t, dir, change...)
			}
			line := hci(t, dir, "secrets", "openssl", env, "--pass", "env:HCI_PASSPHRASE")
			if got := shell(t, dir, line); !bytes.Equal(got, want) {
				t.Errorf("%s: openssl opens something else than hci sealed: %s", env, line)
			}
		}
		// A new file, from a plaintext.
		hci(t, dir, "secrets", "decrypt", env)
		if err := os.Remove(filepath.Join(dir, "infra", "tfvars", env+"_secrets.tfvars.enc")); err != nil {
			t.Fatal(err)
		}
		hci(t, dir, "secrets", "encrypt", env)
		line := hci(t, dir, "secrets", "openssl", env, "--pass", "env:HCI_PASSPHRASE")
		if got := shell(t, dir, line); !bytes.Equal(got, want) || !strings.Contains(line, "-iter 600000") {
			t.Errorf("%s: openssl opens something else than hci sealed: %s", env, line)
		}
	}
}
