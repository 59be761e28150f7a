package atomicfile

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// childVar makes the test binary one of the processes below.
const childVar = "HCI_ATOMICFILE_CHILD"

// job is what a child process does.
type job struct {
	Do   string // "die", "loop", or what a file with build constraints adds
	Path string
	Step string // after which to die
}

func TestMain(m *testing.M) {
	if text := os.Getenv(childVar); text != "" {
		var j job
		if err := json.Unmarshal([]byte(text), &j); err != nil {
			panic(err)
		}
		os.Exit(j.run())
	}
	os.Exit(m.Run())
}

func (j job) run() int {
	switch j.Do {
	case "die":
		err := Write(j.Path, []byte(newText), Options{
			Check: func([]byte, bool) error { return nil },
			step: func(name string) {
				if name == j.Step {
					killSelf()
				}
			},
		})
		fmt.Println("not killed:", err)
		return 1
	case "loop": // until it is killed, old and new in turn, a byte on stdout for every step
		for i := 0; ; i++ {
			text := []string{newText, oldText}[i%2]
			if err := Write(j.Path, []byte(text), Options{step: func(string) { _, _ = os.Stdout.Write([]byte{'.'}) }}); err != nil {
				fmt.Println(err)
				return 1
			}
		}
	default:
		return j.runSystem()
	}
}

// killSelf ends the process at once, as kill -9 does.
func killSelf() {
	p, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		panic(err)
	}
	select {}
}

func child(t *testing.T, j job) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childVar+"="+string(text))
	return cmd
}

// leftovers lists the temporary directories, which must be private, and ignored
// by git once there is anything in them.
func leftovers(t *testing.T, dir string) []string {
	t.Helper()
	matches, err := filepath.Glob(filepath.Join(dir, tempPrefix+"*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range matches {
		mode(t, dir, 0o700)
		content := filepath.Join(dir, contentName)
		if _, err := os.Lstat(content); err != nil {
			continue
		}
		mode(t, content, 0o600)
		mustHold(t, filepath.Join(dir, ignoreName), ignoreAll)
	}
	return matches
}

// age makes temporary files as old as Windows wants them for removal.
func age(t *testing.T, paths []string) {
	t.Helper()
	long := time.Now().Add(-time.Hour)
	for _, path := range paths {
		for _, path := range []string{filepath.Join(path, contentName), path} {
			if err := os.Chtimes(path, long, long); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
				t.Fatal(err)
			}
		}
	}
}

func TestKilledAfterEveryStep(t *testing.T) {
	var steps []string
	if err := Write(filepath.Join(t.TempDir(), "f"), nil, Options{step: func(name string) { steps = append(steps, name) }}); err != nil {
		t.Fatal(err)
	}
	if len(steps) != 6 {
		t.Fatalf("steps are %q", steps)
	}
	for _, step := range steps {
		t.Run(step, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "f")
			mustWrite(t, path, oldText, 0o600)
			out, err := child(t, job{Do: "die", Path: path, Step: step}).CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || len(out) > 0 {
				t.Fatalf("the child was not killed: %v, %s", err, out)
			}
			left := leftovers(t, dir)
			if strings.HasPrefix(step, "renamed") || strings.HasPrefix(step, "synced d") {
				mustHold(t, path, newText)
				only(t, dir, "f")
				return
			}
			mustHold(t, path, oldText)
			if len(left) != 1 {
				t.Errorf("%d temporary files, want 1", len(left))
			}
			age(t, left)
			if err := Write(path, []byte(newText), Options{}); err != nil {
				t.Fatal(err)
			}
			mustHold(t, path, newText)
			only(t, dir, "f")
		})
	}
}

// A writer that is killed at any moment leaves the file whole.
func TestKilledAtRandomMoments(t *testing.T) {
	rounds := 60
	if testing.Short() {
		rounds = 10
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	mustWrite(t, path, oldText, 0o600)
	for range rounds {
		cmd := child(t, job{Do: "loop", Path: path})
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		steps := bufio.NewReader(out)
		for range 1 + rand.IntN(20) {
			if b, err := steps.ReadByte(); err != nil || b != '.' {
				t.Fatalf("the child stopped by itself: %q %v", b, err)
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed
		data, err := os.ReadFile(path)
		if err != nil || string(data) != oldText && string(data) != newText {
			t.Fatalf("after a kill the file has %d bytes that nobody wrote as a whole (%v)", len(data), err)
		}
		left := leftovers(t, dir)
		if len(left) > 1 {
			t.Fatalf("%d temporary files, of one kill", len(left))
		}
		age(t, left)
	}
	if err := Write(path, []byte(newText), Options{}); err != nil {
		t.Fatal(err)
	}
	only(t, dir, "f")
}

func TestSweepTakesOnlyItsOwn(t *testing.T) {
	dir := t.TempDir()
	keep := []string{
		".hci-0123456789abcdef-other",  // of another file, whose writer may live
		".hci-0123456789abcde-f",       // too short
		".hci-0123456789abcdeg-f",      // not hexadecimal
		".hci-0123456789abcdef-f.orig", // somebody's copy
		"hci-0123456789abcdef-f",
	}
	stale := ".hci-0123456789abcdef-f"
	var all []string
	for _, name := range append([]string{stale}, keep...) {
		mustWrite(t, filepath.Join(dir, name), "x", 0o600)
		all = append(all, filepath.Join(dir, name))
	}
	age(t, all)
	mkdir(t, filepath.Join(dir, ".hci-00000000000000ff-f")) // somebody is about to fill it
	theirs, ours := filepath.Join(dir, ".hci-00000000000000fe-f"), filepath.Join(dir, ".hci-00000000000000fd-f")
	for path, names := range map[string][]string{theirs: {contentName, "more"}, ours: {contentName, ignoreName}} {
		mkdir(t, path)
		for _, name := range names {
			mustWrite(t, filepath.Join(path, name), "x", 0o600)
		}
		age(t, []string{path})
	}
	if err := Write(filepath.Join(dir, "f"), nil, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(keep, ".hci-00000000000000ff-f", filepath.Base(theirs)) {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{stale, filepath.Base(ours)} {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there (%v)", name, err)
		}
	}
}

func sweepAt(t *testing.T, path string) {
	t.Helper()
	dir, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	sweep(dir, filepath.Base(path))
}

// A sweep leaves the temporary file of a writer that is at work.
func TestSweepLeavesALivingWriter(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	err := Write(path, []byte(newText), Options{step: func(name string) {
		if name == "checked" {
			age(t, leftovers(t, dir))
			sweepAt(t, path)
			if n := len(leftovers(t, dir)); n != 1 {
				t.Errorf("%d temporary files, want the writer's own", n)
			}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	mustHold(t, path, newText)
}
