//go:build interop && unix

package main

import (
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hci/internal/testing/interop"
)

// TestInteropPicture makes the README's picture anew. The committed one shows the same,
// but for a port, a date and a version.
func TestInteropPicture(t *testing.T) {
	interop.Need(t, "git")
	dir := t.TempDir()
	bin, svg := filepath.Join(dir, "hci"), filepath.Join(dir, "terminal.svg")
	for _, args := range [][]string{{"build", "-o", bin, "./cmd/hci"}, {"run", "./testdata/demo/picture", bin, svg}} {
		cmd := exec.Command("go", args...)
		cmd.Dir = "../.."
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	varies := regexp.MustCompile(`127\.0\.0\.1:\d+, |\d{4}-\d\d-\d\d \d\d:\d\d, version \w+`)
	var shown []string
	for _, path := range []string{svg, "../../docs/terminal.svg"} {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := xml.Unmarshal(data, new(struct{})); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		shown = append(shown, varies.ReplaceAllString(string(data), ""))
	}
	if shown[0] != shown[1] {
		t.Errorf("docs/terminal.svg is not what hci shows: 'make picture' makes it\n%s", shown[0])
	}
	if !strings.Contains(shown[0], "value differs") || !strings.Contains(shown[0], "1 written") {
		t.Errorf("the picture lacks what it is for: %s", shown[0])
	}
}

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
