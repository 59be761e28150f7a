//go:build interop && linux

package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"hci/internal/testing/interop"
)

// TestInteropFullDisk writes to a file system that is really full.
func TestInteropFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k,mode=0700"); err != nil {
		interop.Missing(t, "mount", "a tmpfs cannot be mounted: "+err.Error())
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	path := filepath.Join(dir, "f")
	mustWrite(t, path, oldText, 0o600)
	err := Write(path, []byte(strings.Repeat("x", 128<<10)), Options{})
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("the error is %v", err)
	}
	mustHold(t, path, oldText)
	only(t, dir, "f")
	if err := os.WriteFile(filepath.Join(dir, "filler"), []byte(strings.Repeat("x", 128<<10)), 0o600); err == nil {
		t.Fatal("the disk is not full")
	}
	if err := Write(path, []byte(newText), Options{}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("on a full disk: %v", err)
	}
	mustHold(t, path, oldText)
	only(t, dir, "f", "filler")
}
