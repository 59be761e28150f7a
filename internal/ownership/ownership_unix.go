//go:build unix

package ownership

import (
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

func foreign(_ string, info fs.FileInfo) (bool, error) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return true, nil
	}
	return !own(st.Uid, os.Geteuid(), os.Getenv("SUDO_UID")), nil
}

// own reports whether an owner's files are as good as the user's own. sudoUser
// is what sudo says of the user who called it; only root believes it, as
// nobody else can be made to gain by it.
func own(owner uint32, user int, sudoUser string) bool {
	if owner == 0 || int64(owner) == int64(user) {
		return true
	}
	caller, err := strconv.ParseUint(sudoUser, 10, 32)
	return user == 0 && err == nil && uint64(owner) == caller
}

// hasModes: a directory's mode says what others may do with it.
const hasModes = true
