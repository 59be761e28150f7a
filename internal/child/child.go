// Package child runs another program in hci's place: with its streams and its
// terminal, passing signals on, and ending as it ends.
package child

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"time"

	"hci/internal/interrupt"
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

// StartError says that the program did not start.
type StartError struct {
	Program string
	Err     error
}

func (e *StartError) Error() string {
	err := e.Err // where it names the program as well, what it says of it
	var path *fs.PathError
	var lookup *exec.Error
	switch {
	case errors.As(e.Err, &path):
		err = path.Err
	case errors.As(e.Err, &lookup):
		err = lookup.Err
	}
	return fmt.Sprintf("%s: %v", e.Program, err)
}

func (e *StartError) Unwrap() error { return e.Err }

// NotFound reports whether there is no such program, rather than one that can't
// be executed.
func (e *StartError) NotFound() bool {
	return errors.Is(e.Err, exec.ErrNotFound) || errors.Is(e.Err, fs.ErrNotExist)
}

// Command is a program to run.
type Command struct {
	Argv     []string // the program and its arguments
	Env      []string // its whole environment
	Dir      string   // where it runs; "" is hci's own working directory
	In       io.Reader
	Out, Err io.Writer
	Files    []*os.File // given to the program as its descriptors 3, 4 …; not on Windows
	Terminal bool       // In is a terminal, whose Ctrl-C reaches the program by itself

	// Stop, when closed, ends the program: it is asked to, and killed if it
	// hasn't ended after Grace. Run then returns ErrStopped.
	Stop  <-chan struct{}
	Grace time.Duration
}

// ErrStopped says that the program was ended by [Command].Stop.
var ErrStopped = errors.New("the program was stopped")

// Run runs the program to its end. The error is an [*ExitError] if it ran and
// failed, and a [*StartError] if it did not start.
func (c Command) Run() error {
	cmd := exec.Command(c.Argv[0], c.Argv[1:]...)
	cmd.Env, cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Env, c.Dir, c.In, c.Out, c.Err
	cmd.ExtraFiles = c.Files
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, notIgnored(passedOn)...)
	defer signal.Stop(signals)
	defer interrupt.Hold()() // the program decides what a signal means
	if err := cmd.Start(); err != nil {
		return &StartError{Program: c.Argv[0], Err: err}
	}
	done, stopped := make(chan struct{}), make(chan bool, 1)
	go func() { stopped <- c.watch(cmd.Process, signals, done) }()
	err := cmd.Wait()
	close(done)
	if <-stopped {
		return ErrStopped
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return &ExitError{Program: c.Argv[0], Code: exitCode(exit.ProcessState)}
	}
	return err
}

// notIgnored leaves out what was ignored when the process started, as nohup
// means it.
func notIgnored(all []os.Signal) []os.Signal {
	return slices.DeleteFunc(slices.Clone(all), signal.Ignored)
}

// watch passes signals on, and stops the program when it is told to, until the
// program is done.
func (c Command) watch(p *os.Process, signals <-chan os.Signal, done <-chan struct{}) (stopped bool) {
	stop := c.Stop
	var kill <-chan time.Time
	for {
		select {
		case s := <-signals:
			if stopped { // somebody has had enough of waiting
				_ = p.Kill()
			} else if s != os.Interrupt || !c.Terminal {
				_ = p.Signal(s)
			}
		case <-stop:
			stop, stopped = nil, true
			kill = time.After(c.Grace)
			if end(p) != nil {
				_ = p.Kill()
			}
		case <-kill:
			_ = p.Kill()
		case <-done:
			return stopped
		}
	}
}
