//go:build interop

package main

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hci/internal/testing/interop"
)

// opened is a file that a system call opened, by its path as strace knows it.
var opened = regexp.MustCompile(`\b(?:open|openat|openat2|creat)\(.* = \d+<([^>]*)>`)

// executed is a program that was started, or is about to be, in a line that ends
// before the call does.
var executed = regexp.MustCompile(`\bexecve\("([^"]*)".*(?: = 0| <unfinished \.\.\.>)$`)

// changed is a file that was made, moved, removed, or given another mode, owner
// or name.
var changed = regexp.MustCompile(`\b(?:rename|renameat|renameat2|unlink|unlinkat|link|linkat|symlink|symlinkat|mkdir|mkdirat|chmod|fchmodat|chown|lchown|fchownat|truncate)\((.*)\) += 0$`)

// TestInteropHostileRepositories runs every command in every hostile repository
// under strace: of all that lies outside, hci opens nothing, changes nothing and
// runs nothing, whether or not it would have shown.
func TestInteropHostileRepositories(t *testing.T) {
	strace := interop.Need(t, "strace")
	for name, make := range hostileRepositories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTheater(t)
			make(h)
			trace := filepath.Join(t.TempDir(), "trace")
			h.play(strace, "-f", "-qq", "-y", "-s", "4096", "-A", "-o", trace,
				"-e", "trace=open,openat,openat2,creat,execve,rename,renameat,renameat2,unlink,unlinkat,link,linkat,symlink,symlinkat,mkdir,mkdirat,chmod,fchmodat,chown,lchown,fchownat,truncate")
			h.judge(trace)
		})
	}
}

// judge reads what strace saw.
func (h *theater) judge(trace string) {
	h.t.Helper()
	f, err := os.Open(trace)
	if err != nil {
		h.t.Fatal(err)
	}
	defer f.Close()
	lines, calls := bufio.NewScanner(f), 0
	git := map[string]bool{} // by process: it reads what its configuration includes, and shows nothing of it
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		calls++
		pid, _, _ := strings.Cut(line, " ")
		if m := executed.FindStringSubmatch(line); m != nil {
			git[pid] = filepath.Base(m[1]) == "git"
		}
		if m := opened.FindStringSubmatch(line); m != nil && h.isOutside(m[1]) && !(git[pid] && strings.Contains(line, "O_RDONLY")) {
			h.t.Errorf("opened: %s", line)
		}
		if m := executed.FindStringSubmatch(line); m != nil && (strings.HasPrefix(m[1], h.repo) || h.isOutside(m[1])) {
			h.t.Errorf("run: %s", line)
		}
		if m := changed.FindStringSubmatch(line); m != nil {
			for _, name := range []string{"profile", "outside.tfvars", "outside.tf", "outside.hcl", "module", "bin", "new"} {
				path := filepath.Join(h.dir, name)
				if strings.Contains(m[1], path+`"`) || strings.Contains(m[1], path+"/") || strings.Contains(m[1], "<"+path+">") { // the last: an open directory
					h.t.Errorf("changed: %s", line)
				}
			}
		}
	}
	if err := lines.Err(); err != nil || calls < len(hostileCommands) {
		h.t.Errorf("strace saw %d calls only (%v)", calls, err)
	}
}

// isOutside reports whether a path is one of those beside the repository. The
// directory of canaries may be looked at for programs; the home is the user's.
func (h *theater) isOutside(path string) bool {
	if !strings.HasPrefix(path, h.dir+"/") {
		return path == "/proc/self/environ" || path == "/dev/zero" || strings.HasSuffix(path, "/environ")
	}
	for _, own := range []string{h.repo, h.home} {
		if path == own || strings.HasPrefix(path, own+"/") {
			return false
		}
	}
	return path != filepath.Join(h.dir, "bin")
}
