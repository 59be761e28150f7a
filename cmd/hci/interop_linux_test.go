//go:build interop

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"hci/internal/testing/interop"
)

// mounted copies the sample project to a small file system of its own.
func mounted(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		interop.Missing(t, "mount", "a tmpfs cannot be mounted: "+err.Error())
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
	for _, path := range []string{"infra/main.tf", "infra/variables.tf", "infra/tfvars/staging_secrets.tfvars.enc"} {
		data, err := os.ReadFile(filepath.Join(sampleProject, path))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, path), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// fails runs a command line that must fail, with words on stderr and no
// secret, and must leave the project as it was.
func fails(t *testing.T, dir, words string, args ...string) {
	t.Helper()
	before := snapshot(t, dir)
	var out, errOut bytes.Buffer
	environ := []string{"HCI_PASSPHRASE=" + samplePhrase, "HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}
	in := strings.NewReader(strings.Repeat("s3cr3t", 40_000))
	code := run(context.Background(), append([]string{"-C", dir}, args...), streams{in: in, out: &out, err: &errOut}, environ)
	if code != exitFailed || !strings.Contains(errOut.String(), words) {
		t.Errorf("%q: exit code %d, stderr %q", args, code, errOut.String())
	}
	if text := out.String() + errOut.String(); strings.Contains(text, "s3cr3t") || strings.Contains(text, "fake") {
		t.Errorf("%q: a value is shown", args)
	}
	if snapshot(t, dir) != before {
		t.Errorf("%q: the project was changed", args)
	}
}

// snapshot is the names and contents of all files.
func snapshot(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		all.WriteString(path + "\n" + string(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func TestInteropFullDisk(t *testing.T) {
	dir := mounted(t, "128k")
	fails(t, dir, "no space left on device", "secrets", "set", "staging", "hci_rds_password")
	hci(t, dir, "secrets", "get", "staging", "hci_rds_password")
	fill := filepath.Join(dir, "fill")
	if err := os.WriteFile(fill, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(fill, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for {
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			break
		}
	}
	fails(t, dir, "no space left on device", "secrets", "decrypt", "staging")
	fails(t, dir, "no space left on device", "env", "export", "staging", "--format", "python", "-o", filepath.Join(dir, ".env"))
}

func TestInteropReadOnly(t *testing.T) {
	dir := mounted(t, "1m")
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"secrets", "decrypt", "staging"},
		{"secrets", "set", "staging", "hci_rds_password"},
		{"secrets", "unset", "staging", "hci_rds_password"},
		{"secrets", "rekey", "staging", "--keep-passphrase", "--iterations", "600000"},
		{"env", "export", "staging", "--format", "python", "-o", filepath.Join(dir, ".env")},
		{"init"},
	} {
		fails(t, dir, "read-only file system", args...)
	}
	hci(t, dir, "secrets", "get", "staging", "hci_rds_password")
}
