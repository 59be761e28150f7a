package gitdriver

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// repository is git's configuration of one clone, and where git keeps it.
type repository struct {
	dir    string // the common directory
	config map[string]string
}

var errNoKey = errors.New("exit status 1")

func (r repository) git(_ context.Context, args ...string) ([]byte, error) {
	switch {
	case args[0] == "rev-parse":
		return []byte(r.dir + "\n"), nil
	case args[1] == "--global":
		return nil, errNoKey
	case args[2] == "--get":
		v, ok := r.config[args[3]]
		if !ok {
			return nil, errNoKey
		}
		return []byte(v + "\n"), nil
	case args[2] == "--remove-section":
		for key := range r.config {
			if strings.HasPrefix(key, args[3]+".") {
				delete(r.config, key)
			}
		}
		return nil, nil
	case args[2] == "--name-only":
		var keys []string
		for key := range r.config {
			if strings.HasPrefix(key, "diff.hci-") || strings.HasPrefix(key, "merge.hci-") {
				keys = append(keys, key+"\x00")
			}
		}
		if keys == nil {
			return nil, errNoKey
		}
		slices.Sort(keys)
		return []byte(strings.Join(keys, "")), nil
	}
	r.config[args[2]] = args[3]
	return nil, nil
}

func TestAttributes(t *testing.T) {
	for path, want := range map[string]string{
		"infra/tfvars/staging.tfvars.enc": "/infra/tfvars/staging.tfvars.enc",
		"a b/x.enc":                       `"/a b/x.enc"`,
		"a[1]/*?.enc":                     `/a\[1]/\*\?.enc`,
		`a "b"\c.enc`:                     `"/a \"b\"\\\\c.enc"`,
	} {
		if got := (File{Env: "staging", Path: path}).Attributes(); got != want+" -text diff=hci-staging merge=hci-staging" {
			t.Errorf("%s: %s", path, got)
		}
	}
}

// TestWithAttributes: what a person wrote stays, with its line endings, and the
// lines of an earlier install are replaced where they stand.
func TestWithAttributes(t *testing.T) {
	staging, production := File{Env: "staging", Path: "s.enc"}, File{Env: "production", Path: "p.enc"}
	const line = "/s.enc -text diff=hci-staging merge=hci-staging"
	for _, c := range []struct{ name, old, want string }{
		{"no file", "", begin + "\n" + line + "\n" + end + "\n"},
		{"no last newline", "*.png binary", "*.png binary\n" + begin + "\n" + line + "\n" + end + "\n"},
		{"CRLF", "*.png binary\r\n", "*.png binary\r\n" + begin + "\r\n" + line + "\r\n" + end + "\r\n"},
		{"between others", "a text\n" + begin + "\nold\n" + end + "\nb text\n", "a text\n" + begin + "\n" + line + "\n" + end + "\nb text\n"},
	} {
		got := WithAttributes([]byte(c.old), []File{staging})
		if string(got) != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
		if again := WithAttributes(got, []File{staging}); string(again) != c.want {
			t.Errorf("%s, again: %q", c.name, again)
		}
	}
	both := WithAttributes([]byte("a text\n"), []File{staging, production})
	if got := WithAttributes(both, nil); string(got) != "a text\n" {
		t.Errorf("removed: %q", got)
	}
}

func TestInstall(t *testing.T) {
	ctx := context.Background()
	r := repository{config: map[string]string{"diff.other.textconv": "x", "user.name": "a"}}
	files := []File{{Env: "staging", Path: "s.enc"}, {Env: "it's", Path: "i.enc", Root: "sub dir"}}
	if missing := Missing(ctx, r.git, files, "hci"); len(missing) != 2 {
		t.Errorf("missing: %v", missing)
	}
	changed, err := Install(ctx, r.git, files, "hci")
	if err != nil || len(changed) != 8 {
		t.Fatalf("%v, %v", changed, err)
	}
	if got := r.config["diff.hci-it's.textconv"]; got != `hci -C 'sub dir' git textconv --environment 'it'\''s'` {
		t.Errorf("textconv is %s", got)
	}
	if r.config["diff.hci-staging.cachetextconv"] != "false" {
		t.Error("git would keep what it was shown")
	}
	if changed, err := Install(ctx, r.git, files, "hci"); err != nil || changed != nil {
		t.Errorf("again: %v, %v", changed, err)
	}
	if missing := Missing(ctx, r.git, files, "/elsewhere/hci"); len(missing) != 2 {
		t.Errorf("another program: %v", missing)
	}
	sections, err := Uninstall(ctx, r.git)
	if err != nil || len(sections) != 4 || len(r.config) != 2 {
		t.Errorf("%v, %v: %v", sections, err, r.config)
	}
	if sections, err := Uninstall(ctx, r.git); err != nil || sections != nil {
		t.Errorf("again: %v, %v", sections, err)
	}
}

func TestProgram(t *testing.T) {
	for _, c := range []struct{ path, found, want string }{
		{"/usr/bin/hci", "/usr/bin/hci", "hci"},
		{"/opt/h c i/hci", "/usr/bin/hci", "'/opt/h c i/hci'"},
		{"/opt/hci", "", "/opt/hci"},
	} {
		if got := Program(c.path, c.found); got != c.want {
			t.Errorf("%s: %s", c.path, got)
		}
	}
}

func TestHook(t *testing.T) {
	ctx := context.Background()
	r := repository{dir: t.TempDir(), config: map[string]string{}}
	hook := filepath.Join(r.dir, "hooks", "pre-commit")
	for range 2 {
		if err := InstallHook(ctx, r.git, "/", "hci"); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(hook); err != nil || !strings.HasSuffix(string(got), "\nexec hci git guard\n") {
		t.Errorf("%q, %v", got, err)
	}
	if err := UninstallHook(ctx, r.git, "/"); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(hook); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the hook stays: %v", err)
	}

	const own = "#!/bin/sh\nmake lint\n"
	if err := os.WriteFile(hook, []byte(own), 0o700); err != nil {
		t.Fatal(err)
	}
	var other *OtherHookError
	if err := InstallHook(ctx, r.git, "/", "hci"); !errors.As(err, &other) || other.Next() != "add the line 'hci git guard' to it" {
		t.Errorf("%v", err)
	}
	if err := UninstallHook(ctx, r.git, "/"); err != nil {
		t.Error(err)
	}
	if got, _ := os.ReadFile(hook); string(got) != own {
		t.Errorf("somebody's hook is now %q", got)
	}

	r.config["core.hooksPath"] = ".husky"
	if err := InstallHook(ctx, r.git, "/", "hci"); !errors.As(err, &other) || !strings.Contains(err.Error(), ".husky") {
		t.Errorf("%v", err)
	}
}
