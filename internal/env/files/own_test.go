package files_test

import (
	"errors"
	"strings"
	"testing"

	"hci/internal/env/files"
)

func TestRenew(t *testing.T) {
	first, err := files.Renew(nil, []byte("A=1\n"), false)
	if err != nil || !strings.HasPrefix(string(first), "A=1\n# Your own") {
		t.Fatalf("%q, %v", first, err)
	}
	mine := string(first) + "# mine\nDEBUG=1\nno newline"
	second, err := files.Renew([]byte(mine), []byte("A=2\nB=3\n"), false)
	if err != nil || !strings.HasPrefix(string(second), "A=2\nB=3\n# Your own") || !strings.HasSuffix(string(second), "]\n# mine\nDEBUG=1\nno newline") {
		t.Errorf("%q, %v", second, err)
	}
	again, err := files.Renew(second, []byte("A=2\nB=3\n"), false)
	if err != nil || string(again) != string(second) {
		t.Errorf("%q, %v", again, err)
	}
	if _, err := files.Renew([]byte("A=1\n"), []byte("A=2\n"), false); !errors.Is(err, files.ErrForeign) {
		t.Errorf("a foreign file: %v", err)
	}
	edited := strings.Replace(mine, "A=1", "A=1\nLOST=1", 1)
	if _, err := files.Renew([]byte(edited), []byte("A=2\n"), false); !errors.Is(err, files.ErrEdited) {
		t.Errorf("an edited file: %v", err)
	}
	if forced, err := files.Renew([]byte(edited), []byte("A=2\n"), true); err != nil || strings.Contains(string(forced), "LOST") || !strings.Contains(string(forced), "DEBUG=1") {
		t.Errorf("%q, %v", forced, err)
	}
	if forced, err := files.Renew([]byte("A=1\n"), []byte("A=2\n"), true); err != nil || !strings.HasPrefix(string(forced), "A=2\n# Your") {
		t.Errorf("%q, %v", forced, err)
	}
}
