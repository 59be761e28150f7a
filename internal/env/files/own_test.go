package files_test

import (
	"errors"
	"strings"
	"testing"

	"hci/internal/env/files"
	"hci/sync/dotenv"
	"hci/sync/secret"
)

func TestRenew(t *testing.T) {
	first, err := files.Renew(nil, []byte("A=1\n"), entries("A", "1"), false)
	if err != nil || !strings.HasPrefix(string(first), "A=1\n# Your own") {
		t.Fatalf("%q, %v", first, err)
	}
	mine := string(first) + "# mine\nDEBUG=1\nno newline"
	second, err := files.Renew([]byte(mine), []byte("A=2\nB=3\n"), entries("A", "2", "B", "3"), false)
	if err != nil || !strings.HasPrefix(string(second), "A=2\nB=3\n# Your own") || !strings.HasSuffix(string(second), "]\n# mine\nDEBUG=1\nno newline") {
		t.Errorf("%q, %v", second, err)
	}
	again, err := files.Renew(second, []byte("A=2\nB=3\n"), entries("A", "2", "B", "3"), false)
	if err != nil || string(again) != string(second) {
		t.Errorf("%q, %v", again, err)
	}
	edited := strings.Replace(mine, "A=1", "A=1\nLOST=1", 1)
	if _, err := files.Renew([]byte(edited), []byte("A=2\n"), entries("A", "2"), false); !errors.Is(err, files.ErrEdited) {
		t.Errorf("an edited file: %v", err)
	}
	if forced, err := files.Renew([]byte(edited), []byte("A=2\n"), entries("A", "2"), true); err != nil || strings.Contains(string(forced), "LOST") || !strings.Contains(string(forced), "DEBUG=1") {
		t.Errorf("%q, %v", forced, err)
	}
}

func entries(keysAndValues ...string) (all []dotenv.Entry) {
	for i := 0; i < len(keysAndValues); i += 2 {
		all = append(all, dotenv.Entry{Key: keysAndValues[i], Value: secret.New(keysAndValues[i+1])})
	}
	return all
}

// TestRenewForeign keeps what hci did not write in a file without its marker.
func TestRenewForeign(t *testing.T) {
	const mine = "# my keys\nexport AWS_KEY=\"x y\"\nA=1\nPEM='a\nb'\nA=2 # again\n# end"
	const kept = "# my keys\nexport AWS_KEY=\"x y\"\nPEM='a\nb'\n# end"
	for _, c := range []struct {
		name, current string
		value         string // of A
		force         bool
		kept          string
		problem       string
	}{
		{"the same value", mine, "2", false, kept, ""},
		{"another value", mine, "3", false, "", "it sets other values for A"},
		{"another value, forced", mine, "3", true, kept, ""},
		{"lines of several meanings", "A=1\nB=`\nC=`\n", "1", true, "", files.ErrUnreadable.Error()},
		{"unreadable", "A=1\n!!\n", "1", true, "", files.ErrUnreadable.Error()},
		{"redirected by the shell", "# Made by hci env export staging --format dotenv. It holds secrets: keep it out of git.\nA=1\nMINE=2\n", "1", false, "MINE=2\n", ""},
	} {
		out, err := files.Renew([]byte(c.current), []byte("A="+c.value+"\n"), entries("A", c.value), c.force)
		if c.problem != "" {
			if err == nil || err.Error() != c.problem {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		_, own, _ := strings.Cut(string(out), "]\n")
		if err != nil || !strings.HasPrefix(string(out), "A="+c.value+"\n# Your own") || own != c.kept {
			t.Errorf("%s: %q, %v", c.name, own, err)
		}
	}
}
