//go:build unix

package ownership

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestOwn(t *testing.T) {
	for name, c := range map[string]struct {
		owner uint32
		user  int
		sudo  string
		want  bool
	}{
		"mine":                         {1000, 1000, "", true},
		"root's":                       {0, 1000, "", true},
		"another user's":               {1001, 1000, "", false},
		"another's, under sudo":        {1001, 0, "1000", false},
		"of the user who called sudo":  {1000, 0, "1000", true},
		"a user's, as root":            {1000, 0, "", false},
		"a variable that no root sees": {1001, 1000, "1001", false},
		"no number":                    {1000, 0, "1000x", false},
	} {
		if got := own(c.owner, c.user, c.sudo); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

const nobody = 65534

func TestForeign(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	t.Setenv("SUDO_UID", "")
	dir := t.TempDir()
	path := filepath.Join(dir, "theirs")
	for _, name := range []string{path, filepath.Join(dir, "mine")} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link, theirLink := filepath.Join(dir, "link"), filepath.Join(dir, "their-link")
	if err := errors.Join(os.Chown(path, nobody, nobody), os.Symlink(path, link),
		os.Symlink(filepath.Join(dir, "mine"), theirLink), os.Lchown(theirLink, nobody, nobody)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		path: true, link: true, theirLink: true, dir: false, filepath.Join(dir, "mine"): false, filepath.Join(dir, "none"): false,
	} {
		if got, err := Foreign(path); got != want || err != nil {
			t.Errorf("%s: %v, %v", filepath.Base(path), got, err)
		}
	}
}

func TestPrivate(t *testing.T) {
	base := filepath.Join(t.TempDir(), "hci")
	dir := filepath.Join(base, "0123")
	if err := Private(dir); err != nil {
		t.Errorf("what is not there: %v", err)
	}
	if err := MakePrivate(dir); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, base} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
		for _, mode := range []os.FileMode{0o770, 0o702, 0o707} {
			refused(t, dir, func() error { return os.Chmod(path, mode) })
			if err := os.Chmod(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}
	}
	refused(t, dir, func() error { return os.Chmod(dir, 0o750) })
	if err := errors.Join(os.Chmod(dir, 0o700), os.Chmod(base, 0o755)); err != nil {
		t.Fatal(err)
	}
	if err := Private(dir); err != nil {
		t.Errorf("a parent that others may list: %v", err)
	}
	if os.Geteuid() == 0 {
		t.Setenv("SUDO_UID", "")
		refused(t, dir, func() error { return os.Chown(base, nobody, nobody) })
		if err := os.Chown(base, 0, 0); err != nil {
			t.Fatal(err)
		}
	}
	elsewhere := t.TempDir()
	refused(t, dir, func() error { return errors.Join(os.Remove(dir), os.Symlink(elsewhere, dir)) })
	if err := MakePrivate(dir); err == nil {
		t.Error("a link was taken for a directory")
	}
}

func refused(t *testing.T, dir string, change func() error) {
	t.Helper()
	if err := change(); err != nil {
		t.Fatal(err)
	}
	var e *NotPrivateError
	if err := Private(dir); !errors.As(err, &e) {
		t.Errorf("%v", err)
	}
}
