//go:build !windows

package docker

import "syscall"

// ownGroup keeps a program out of the terminal's foreground: what is typed there, such
// as Ctrl-C, is for hci, which ends the program when it is done with it.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
