package process_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"hci/internal/env/process"
	"hci/sync/dotenv"
	"hci/sync/secret"
)

func entry(key, value string) dotenv.Entry { return dotenv.Entry{Key: key, Value: secret.New(value)} }

func TestBuild(t *testing.T) {
	base := []string{"PATH=/bin", "HOME=/home/me", "OLD=1", "KEEP=2"}
	for _, c := range []struct {
		name       string
		entries    []dotenv.Entry
		o          process.Options
		vars, kept []string
		problem    string
	}{
		{name: "added and replaced", entries: []dotenv.Entry{entry("NEW", "a b\n$"), entry("OLD", "")}, vars: []string{"PATH=/bin", "HOME=/home/me", "KEEP=2", "NEW=a b\n$", "OLD="}},
		{name: "clean", entries: []dotenv.Entry{entry("NEW", "x")}, o: process.Options{Clean: true}, vars: []string{"NEW=x"}},
		{name: "protected", entries: []dotenv.Entry{entry("PATH", "/evil"), entry("LD_PRELOAD", "x.so"), entry("GIT_SSH_COMMAND", "x"), entry("OK", "1")}, vars: append(slices.Clone(base), "OK=1"), kept: []string{"PATH", "LD_PRELOAD", "GIT_SSH_COMMAND"}},
		{name: "protected, clean", entries: []dotenv.Entry{entry("HOME", "/x")}, o: process.Options{Clean: true}, kept: []string{"HOME"}},
		{name: "allowed", entries: []dotenv.Entry{entry("PATH", "/app")}, o: process.Options{Allow: []string{"PATH"}}, vars: []string{"HOME=/home/me", "OLD=1", "KEEP=2", "PATH=/app"}},
		{name: "no name", entries: []dotenv.Entry{entry("1A", "hunter2")}, problem: `"1A" is no name`},
		{name: "injected", entries: []dotenv.Entry{entry("A=B", "hunter2")}, problem: `"A=B" is no name`},
		{name: "NUL", entries: []dotenv.Entry{entry("A", "hunter2\x00")}, problem: `"A" holds a NUL`},
		{name: "not UTF-8", entries: []dotenv.Entry{entry("A", "hunter2\xff")}, problem: `"A" is not valid UTF-8`},
		{name: "too long", entries: []dotenv.Entry{entry("A", strings.Repeat("hunter2", 1<<18))}, problem: `"A" has 1835008 bytes`},
		{name: "twice", entries: []dotenv.Entry{entry("A", "1"), entry("A", "2")}, problem: `"A" is set twice`},
	} {
		t.Run(c.name, func(t *testing.T) {
			vars, kept, err := process.Build(base, c.entries, c.o)
			if c.problem != "" {
				if err == nil || !strings.Contains(err.Error(), c.problem) || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("error %v, want %q", err, c.problem)
				}
				return
			}
			if err != nil || !slices.Equal(vars, c.vars) || !slices.Equal(kept, c.kept) {
				t.Errorf("%q, %q, %v; want %q, %q", vars, kept, err, c.vars, c.kept)
			}
		})
	}
}

// TestTotal is about systems that bound all variables together.
func TestTotal(t *testing.T) {
	if runtime.GOOS == "windows" {
		return
	}
	var many []dotenv.Entry
	for i := range 80 {
		many = append(many, entry(fmt.Sprintf("K%d", i), strings.Repeat("v", 30000)))
	}
	if _, _, err := process.Build(nil, many, process.Options{}); err == nil || !strings.Contains(err.Error(), "the environment has") {
		t.Errorf("%v", err)
	}
}
