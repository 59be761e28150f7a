package interrupt

import (
	"os"
	"syscall"
)

var ending = []os.Signal{os.Interrupt, syscall.SIGTERM}
