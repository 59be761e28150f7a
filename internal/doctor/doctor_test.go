package doctor

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"hci/internal/child"
)

// TestStep: a problem is the next step before any warning, and a warning only
// if it is about what everybody needs.
func TestStep(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []Line
		want  string
	}{
		{"nothing", nil, ""},
		{"all well", []Line{{"git", OK, "", "never"}}, ""},
		{"a warning of some commands", []Line{{"aws", Warning, "", "aws sso login"}}, ""},
		{"a warning of all", []Line{{"aws", Warning, "", "aws sso login"}, {"git", Warning, "", "hci git install"}}, "hci git install"},
		{"a problem first", []Line{{"git", Warning, "", "hci git install"}, {"aws", Problem, "", "aws sso login"}}, "aws sso login"},
		{"a problem without a step", []Line{{"aws", Problem, "", ""}, {"git", Warning, "", "hci git install"}}, "hci git install"},
	} {
		var r Report
		for _, l := range c.lines {
			r.Add(l.Area, l.State, l.Text, l.Next)
		}
		if got := r.Step(); got != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
		if n := r.Count(OK) + r.Count(Warning) + r.Count(Problem); n != len(c.lines) {
			t.Errorf("%s: %d lines", c.name, n)
		}
	}
}

func TestVersion(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a script is no program")
	}
	program := filepath.Join(t.TempDir(), "tool")
	script := "#!/bin/sh\necho \" tool 1.2 $HCI_PASSPHRASE\"\necho more\n[ \"$1\" = version ]\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	environ := append(os.Environ(), "HCI_PASSPHRASE=s3cr3t")
	got, err := Version(context.Background(), child.Git, environ, program, "version")
	if err != nil || got != "tool 1.2" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := Version(context.Background(), child.Git, environ, program, "other"); err == nil || got != "" {
		t.Errorf("one that fails: %q, %v", got, err)
	}
	if _, err := Version(context.Background(), child.Git, environ, program+"-missing"); err == nil {
		t.Error("one that is not there has a version")
	}
}
