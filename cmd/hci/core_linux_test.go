package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestNoCoreDump runs this test once more as the process whose memory is not to
// be had, and a program of its own to which that does not pass.
func TestNoCoreDump(t *testing.T) {
	if os.Getenv("HCI_TEST_CORE") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestNoCoreDump$", "-test.v")
		cmd.Env = append(os.Environ(), "HCI_TEST_CORE=1")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "PASS: TestNoCoreDump") {
			t.Fatalf("%v: %s", err, out)
		}
		return
	}
	withoutCoreDump()
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil || dumpable != 0 {
		t.Errorf("dumpable: %d, %v", dumpable, err)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &limit); err != nil || limit.Cur != 0 {
		t.Errorf("core limit: %+v, %v", limit, err)
	}
	// What process substitution gives is still there to be read.
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile("/dev/fd/" + strconv.Itoa(int(r.Fd()))); err != nil {
		t.Errorf("/dev/fd: %v", err)
	}
	if out, err := exec.Command("cat", "/proc/self/status").Output(); err != nil || !strings.Contains(string(out), "Uid:") {
		t.Errorf("a child: %v", err)
	}
}
