// Package interrupt turns the signals that end a program into the end of a
// context, and the second of them into the end of the process. What passes
// signals on to another program is hci/internal/child.
//
// Signals reach a process, not a part of it, so what this package knows is known
// once for the process, as in os/signal.
package interrupt

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
)

// exitCode is that of a process that was interrupted.
const exitCode = 130

var (
	mu    sync.Mutex
	stack []*watch // of contexts that a signal ends, the latest last
	held  atomic.Int32
)

type watch struct {
	cancel context.CancelFunc
	ended  bool
}

// Context returns a context that the next signal ends: Ctrl-C, SIGTERM or, unless
// it was ignored when the process started, SIGHUP. The signal after that ends the
// process at once. A Context that is made later takes the signals until its stop
// is called.
func Context(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	w := &watch{cancel: cancel}
	mu.Lock()
	stack = append(stack, w)
	mu.Unlock()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, Ending()...)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-signals:
				w.received()
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
		mu.Lock()
		defer mu.Unlock()
		for i, other := range stack {
			if other == w {
				stack = append(stack[:i:i], stack[i+1:]...)
				break
			}
		}
	}
}

// received ends the context at its first signal. At the next, if it is the latest
// and nobody holds the signals, it ends the process.
func (w *watch) received() {
	mu.Lock()
	defer mu.Unlock()
	switch {
	case !w.ended:
		w.ended = true
		w.cancel()
	case held.Load() == 0 && len(stack) > 0 && stack[len(stack)-1] == w:
		os.Exit(exitCode)
	}
}

// Hold keeps the process from being ended by a second signal, until release is
// called: another program, or a question on the terminal, takes the signals.
func Hold() (release func()) {
	held.Add(1)
	return sync.OnceFunc(func() { held.Add(-1) })
}

// Ending are the signals that end a program in order. One that was ignored when
// the process started stays so, as nohup means it.
func Ending() []os.Signal {
	var all []os.Signal
	for _, s := range ending {
		if !signal.Ignored(s) {
			all = append(all, s)
		}
	}
	return all
}
