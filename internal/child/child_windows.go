package child

import "os"

// passedOn is empty but for Ctrl-C, which a console program gets by itself.
var passedOn = []os.Signal{os.Interrupt}

func exitCode(s *os.ProcessState) int { return s.ExitCode() }

// end ends a program: Windows has no way to ask one that has no window.
func end(p *os.Process) error { return p.Kill() }
