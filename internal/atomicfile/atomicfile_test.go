package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

const (
	oldText = "the old content, whole"
	newText = "the new content, whole, and longer than the old one"
)

func mustWrite(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func mustHold(t *testing.T, path, text string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(data) != text {
		t.Errorf("%s holds %d bytes that are not the %d expected ones", path, len(data), len(text))
	}
}

// only checks that the directory holds these names and nothing else.
func only(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, e := range entries {
		have = append(have, e.Name())
	}
	if strings.Join(have, "\n") != strings.Join(names, "\n") {
		t.Errorf("%s holds %q, want %q", dir, have, names)
	}
}

func mode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	if runtime.GOOS == "windows" {
		return // its counterpart has a test of its own
	}
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != want {
		t.Errorf("%s has mode %o, want %o", path, info.Mode().Perm(), want)
	}
}

func TestWriteMakesAPrivateFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	if err := Write(path, []byte(newText), Options{}); err != nil {
		t.Fatal(err)
	}
	mustHold(t, path, newText)
	mode(t, path, 0o600)
	only(t, dir, "f")
}

func TestWriteSetsTheModeAskedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	for _, c := range []struct{ before, ask, want fs.FileMode }{
		{0o644, 0, 0o600}, {0o400, 0, 0o600}, {0o600, 0o644, 0o644}, {0o777, 0o640, 0o640},
	} {
		_ = os.Remove(path)
		mustWrite(t, path, oldText, c.before)
		if runtime.GOOS == "windows" && c.before == 0o400 {
			continue // a read-only file is not replaced there
		}
		if err := Write(path, []byte(newText), Options{Perm: c.ask}); err != nil {
			t.Fatal(err)
		}
		mode(t, path, c.want)
		mustHold(t, path, newText)
	}
}

func TestTemporaryFileIsPrivateFromTheFirstMoment(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "staging_secrets.tfvars")
	mustWrite(t, path, oldText, 0o644)
	seen := 0
	err := Write(path, []byte(newText), Options{Perm: 0o600, step: func(name string) {
		if strings.HasPrefix(name, "renamed") || strings.HasPrefix(name, "synced d") {
			return
		}
		if left := leftovers(t, dir); len(left) != 1 {
			t.Errorf("after %q: %d temporary files", name, len(left))
			return
		}
		seen++
		mustHold(t, path, oldText)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if seen != 4 {
		t.Errorf("the temporary file was seen after %d steps, want 4", seen)
	}
	only(t, dir, "staging_secrets.tfvars")
}

func TestWriteRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	sub := filepath.Join(dir, "sub")
	if err := os.Mkdir(sub, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{sub, sub + string(filepath.Separator), sub + "/.", sub + "/..", os.DevNull} {
		if runtime.GOOS == "windows" && path == os.DevNull {
			continue // NUL is a name in every directory there
		}
		var kind *KindError
		if err := Write(path, nil, Options{}); !errors.As(err, &kind) {
			t.Errorf("%s: %v", path, err)
		}
	}
	only(t, dir, "sub")
	only(t, sub)
}

func TestWriteIntoADirectoryThatIsNotThere(t *testing.T) {
	err := Write(filepath.Join(t.TempDir(), "no", "f"), nil, Options{})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestCheckSeesWhatIsThereAndCanRefuse(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	refusal := errors.New("refused")
	for _, before := range []string{"", oldText} {
		if before != "" {
			mustWrite(t, path, before, 0o600)
		}
		err := Write(path, []byte(newText), Options{Check: func(current []byte, exists bool) error {
			if string(current) != before || exists != (before != "") {
				t.Errorf("Check was told %d bytes, %t", len(current), exists)
			}
			return refusal
		}})
		if !errors.Is(err, refusal) {
			t.Error(err)
		}
		if before == "" {
			only(t, dir)
		} else {
			only(t, dir, "f")
			mustHold(t, path, before)
		}
	}
}

// A file that changes while its replacement is prepared is seen by Check.
func TestCheckComesLast(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	mustWrite(t, path, oldText, 0o600)
	changed := errors.New("changed")
	err := Write(path, []byte(newText), Options{
		step: func(name string) {
			if name == "synced" {
				mustWrite(t, path, "theirs", 0o600)
			}
		},
		Check: func(current []byte, _ bool) error {
			if string(current) != oldText {
				return changed
			}
			return nil
		},
	})
	if !errors.Is(err, changed) {
		t.Error(err)
	}
	mustHold(t, path, "theirs")
}

func TestATargetThatTurnsIntoADirectory(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	err := Write(path, []byte(newText), Options{step: func(name string) {
		if name == "synced" {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}
	}})
	var kind *KindError
	if !errors.As(err, &kind) {
		t.Error(err)
	}
	only(t, dir, "f")
}

func TestConcurrentWriters(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	texts := map[string]bool{}
	var all []string
	for i := range 8 {
		text := strings.Repeat(string(rune('a'+i)), 10_000+i)
		texts[text] = true
		all = append(all, text)
	}
	var wg sync.WaitGroup
	for _, text := range all {
		wg.Go(func() {
			for range 20 {
				if err := Write(path, []byte(text), Options{}); err != nil {
					t.Error(err)
				}
				data, err := os.ReadFile(path)
				if err != nil || !texts[string(data)] {
					t.Errorf("read %d bytes that nobody wrote as a whole (%v)", len(data), err)
				}
			}
		})
	}
	wg.Wait()
	only(t, dir, "f")
}

func TestLongNames(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{strings.Repeat("n", 255), strings.Repeat("é", 127)} {
		path := filepath.Join(dir, name)
		if err := Write(path, []byte(newText), Options{}); err != nil {
			t.Errorf("a name of %d bytes: %v", len(name), err)
			continue
		}
		mustHold(t, path, newText)
	}
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var order []string
	note := func(s string) { mu.Lock(); order = append(order, s); mu.Unlock() }
	done := make(chan error)
	go func() {
		second, err := Lock(path)
		if err == nil {
			note("second")
			second()
		}
		done <- err
	}()
	note("first")
	unlock()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if strings.Join(order, " ") != "first second" {
		t.Error(order)
	}
	if _, err := Lock(filepath.Join(t.TempDir(), "no", "lock")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
