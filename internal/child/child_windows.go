package child

import "os"

// passedOn is empty but for Ctrl-C, which a console program gets by itself.
var passedOn = []os.Signal{os.Interrupt}

func exitCode(s *os.ProcessState) int { return s.ExitCode() }
