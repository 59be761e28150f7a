//go:build unix

package project

import (
	"os"
	"syscall"
)

// foreign reports whether a file belongs neither to this user nor to root nor
// to the owner of the directory that hci was started in.
func foreign(file, start string) bool {
	owner, ok := ownerOf(file)
	if !ok {
		return false // reading it will say why
	}
	startOwner, ok := ownerOf(start)
	return owner != 0 && owner != uint32(os.Geteuid()) && !(ok && owner == startOwner)
}

func ownerOf(path string) (uint32, bool) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return st.Uid, true
}
