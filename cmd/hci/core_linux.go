package main

import "golang.org/x/sys/unix"

// withoutCoreDump keeps what the process holds in memory from a file that a
// crash would write, and from other processes of the same user. Neither passes
// to a program that hci starts, but for the limit, which that can raise again.
// A system that refuses leaves things as they are.
//
// https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html
func withoutCoreDump() {
	limitCore()
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}
