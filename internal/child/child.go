// Package child runs another program in hci's place: with its streams and its
// terminal, passing signals on, and ending as it ends.
package child

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
)

// ExitError says that the program ended with a code other than 0. Code is
// what hci should exit with: the program's own, or 128 and the signal's number
// where a signal ended it, as shells have it.
type ExitError struct {
	Program string
	Code    int
}

func (e *ExitError) Error() string {
	return fmt.Sprintf("%s ended with exit code %d", e.Program, e.Code)
}

// Command is a program to run.
type Command struct {
	Argv     []string // the program and its arguments
	Env      []string // its whole environment
	Dir      string   // where it runs; "" is hci's own working directory
	In       io.Reader
	Out, Err io.Writer
	Terminal bool // In is a terminal, whose Ctrl-C reaches the program by itself
}

// Run runs the program to its end. The error is an [*ExitError] if it ran and
// failed.
func (c Command) Run() error {
	cmd := exec.Command(c.Argv[0], c.Argv[1:]...)
	cmd.Env, cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Env, c.Dir, c.In, c.Out, c.Err
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, passedOn...)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-signals:
				if s != os.Interrupt || !c.Terminal {
					_ = cmd.Process.Signal(s)
				}
			case <-done:
				return
			}
		}
	}()
	err := cmd.Wait()
	close(done)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return &ExitError{Program: c.Argv[0], Code: exitCode(exit.ProcessState)}
	}
	return err
}
