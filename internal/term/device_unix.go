//go:build unix

package term

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// watched are the signals that end or pause a question.
var watched = []os.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGTSTP, unix.SIGCONT}

// openDevice opens the terminal that controls the process.
func openDevice() (in, out *os.File, err error) {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	return f, f, err
}

// setMode changes how the terminal treats what is typed. Signals and the
// translation of Return stay as they are, so that what is typed ahead means
// the same to this question and the next.
func setMode(f *os.File, m mode) (restore func(), err error) {
	fd := int(f.Fd())
	before, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return nil, err
	}
	after := *before
	if m == noEcho {
		after.Lflag &^= unix.ECHO | unix.ECHOE | unix.ECHOK | unix.ECHONL | unix.ICANON
		after.Cc[unix.VMIN], after.Cc[unix.VTIME] = 1, 0
	} else {
		after.Lflag |= unix.ECHO | unix.ICANON
	}
	after.Lflag |= unix.ISIG
	after.Iflag |= unix.ICRNL
	if err := unix.IoctlSetTermios(fd, setTermios, &after); err != nil {
		return nil, err
	}
	return func() { _ = unix.IoctlSetTermios(fd, setTermios, before) }, nil
}

// pause stops the process when s is what Ctrl-Z sends, with the terminal as it
// was before, and returns when the process goes on. What s is then, once it
// goes on, is resumed: a shell gave the terminal its own settings meanwhile,
// so the caller sets them again.
func pause(s os.Signal, restore func()) (paused, resumed bool) {
	switch s {
	case unix.SIGTSTP:
		restore()
		_ = syscall.Kill(syscall.Getpid(), unix.SIGSTOP)
		return true, false
	case unix.SIGCONT:
		return false, true
	}
	return false, false
}

// enableColour has nothing to do.
func enableColour(uintptr) bool { return true }
