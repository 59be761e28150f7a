//go:build !windows

package docker

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestOtherProgram: a program in Docker's place that does not answer as Docker does is
// named.
func TestOtherProgram(t *testing.T) {
	for version, name := range map[string]string{"podman version 5.4.0": "Podman", "nerdctl version 2.0.3": "Nerdctl", "Docker version 29.0.1, build 1": ""} {
		dir := t.TempDir()
		script := "#!/bin/sh\nif [ \"$1\" = --version ]; then echo '" + version + "'; exit 0; fi\necho null\n"
		if err := os.WriteFile(filepath.Join(dir, "docker"), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
		_, err := find(t.Context(), os.Environ(), time.Minute)
		var other *OtherProgramError
		var away *UnreachableError
		switch {
		case name != "" && (!errors.As(err, &other) || other.Name != name):
			t.Errorf("%s: %v", version, err)
		case name == "" && !errors.As(err, &away):
			t.Errorf("%s: %v", version, err)
		}
	}
}
