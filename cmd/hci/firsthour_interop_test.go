//go:build interop && unix

package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hci/internal/testing/interop"
)

// TestInteropFirstHour runs the README's first five minutes on a repository of the
// team's shape: its app starts, with a real Django.
func TestInteropFirstHour(t *testing.T) {
	interop.Need(t, "openssl")
	interop.Need(t, "git")
	if exec.Command("/usr/bin/python3", "-c", "import boto3, dotenv, django").Run() != nil {
		interop.Missing(t, "python3-django", "/usr/bin/python3 can't import boto3, dotenv and django")
	}
	bin := filepath.Join(t.TempDir(), "hci")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := exec.Command("sh", "../../testdata/demo/firsthour.sh", bin).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{"the app started for local, with Django", "hello from local", "in sync", " s of commands."} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not in what it prints: %s", want, out)
		}
	}
}
