package term

import (
	"os"

	"golang.org/x/sys/windows"
)

// watched are the signals that end a question: Ctrl-C and Ctrl-Break, and the
// window's closing.
var watched = []os.Signal{os.Interrupt, windows.SIGTERM}

// openDevice opens the console.
func openDevice() (in, out *os.File, err error) {
	if in, err = os.OpenFile("CONIN$", os.O_RDWR, 0); err != nil {
		return nil, nil, err
	}
	if out, err = os.OpenFile("CONOUT$", os.O_RDWR, 0); err != nil {
		_ = in.Close()
		return nil, nil, err
	}
	return in, out, nil
}

// setMode changes how the console treats what is typed.
//
// https://learn.microsoft.com/windows/console/setconsolemode
func setMode(f *os.File, m mode) (restore func(), err error) {
	h := windows.Handle(f.Fd())
	var before uint32
	if err := windows.GetConsoleMode(h, &before); err != nil {
		return nil, err
	}
	after := before | windows.ENABLE_PROCESSED_INPUT
	if m == noEcho {
		after &^= windows.ENABLE_ECHO_INPUT | windows.ENABLE_LINE_INPUT
	} else {
		after |= windows.ENABLE_ECHO_INPUT | windows.ENABLE_LINE_INPUT
	}
	if err := windows.SetConsoleMode(h, after); err != nil {
		return nil, err
	}
	return func() { _ = windows.SetConsoleMode(h, before) }, nil
}

// pause has nothing to do: Windows has no Ctrl-Z that stops a program.
func pause(os.Signal, func()) (paused, resumed bool) { return false, false }

// enableColour makes a console understand colour sequences.
func enableColour(fd uintptr) bool {
	var m uint32
	if windows.GetConsoleMode(windows.Handle(fd), &m) != nil {
		return false
	}
	return windows.SetConsoleMode(windows.Handle(fd), m|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
