//go:build !windows

package child

import (
	"os"
	"syscall"
)

// passedOn are the signals that a person or a supervisor sends.
var passedOn = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2}

func exitCode(s *os.ProcessState) int {
	if status, ok := s.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return s.ExitCode()
}

// end asks a program to end.
func end(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
