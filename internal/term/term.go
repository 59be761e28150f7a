// Package term asks questions on the terminal and finds passphrases.
//
// [Terminal] talks to the terminal device (/dev/tty, on Windows CONIN$ and
// CONOUT$), so that standard input and output stay free for data. Secrets are
// typed without echo and may be of any length; the terminal's settings are put
// back on every way out, signals included. Ctrl-C, Ctrl-D and a signal that
// would end the program end the question with [ErrInterrupted].
//
// [Passphrases] looks for a passphrase in the places that hci documents, in
// their order, and asks for it at most once. [Source] is one place, in the
// words of openssl(1), "Pass Phrase Options", and with its meaning: the same
// file gives openssl and hci the same passphrase. Where openssl would quietly
// take another passphrase than the one that was meant (it stops at a NUL, and
// after 1023 bytes of a line), hci refuses. "pass:" is refused too: an
// argument is there for every user of the machine to read.
//
// No error holds a passphrase, or what might be one.
package term

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	xterm "golang.org/x/term"

	"hci/internal/interrupt"
	"hci/sync/secret"
)

var (
	// ErrNoTerminal says that there is no terminal to ask on.
	ErrNoTerminal = errors.New("no terminal to ask on")
	// ErrInterrupted says that the user, or a signal, ended the question.
	ErrInterrupted = errors.New("interrupted")
	// ErrMismatch says that a new secret was never typed twice alike.
	ErrMismatch = errors.New("the two entries differ")
)

// newSecretTries is how often a new secret is asked for.
const newSecretTries = 3

// Terminal is where questions are asked. It is not for concurrent use. The
// zero Terminal asks on the terminal device.
type Terminal struct {
	Busy *Spinner // held while something is asked; nil for none

	in, out *os.File // nil: the terminal device, opened for each question
}

// On returns a Terminal that asks on out and reads from in, the two of which
// can be the same terminal.
func On(in, out *os.File) *Terminal { return &Terminal{in: in, out: out} }

// IsTerminal reports whether v, a reader or writer, is a terminal.
func IsTerminal(v any) bool {
	f, ok := v.(interface{ Fd() uintptr })
	return ok && xterm.IsTerminal(int(f.Fd()))
}

// Ask asks a question and returns the line that is typed, without its end.
func (t *Terminal) Ask(question string) (string, error) {
	var line []byte
	err := t.with(func(d *dialog) (err error) {
		line, err = d.ask(question, echo)
		return err
	})
	return string(line), err
}

// Confirm asks a yes-or-no question until the answer is one. An empty line
// takes the default.
func (t *Terminal) Confirm(question string, byDefault bool) (bool, error) {
	choices := " [y/N] "
	if byDefault {
		choices = " [Y/n] "
	}
	for {
		line, err := t.Ask(question + choices)
		if err != nil {
			return false, err
		}
		switch strings.ToLower(strings.TrimSpace(line)) {
		case "":
			return byDefault, nil
		case "y", "yes":
			return true, nil
		case "n", "no":
			return false, nil
		}
	}
}

// Secret asks for a line without echo.
func (t *Terminal) Secret(prompt string) (secret.Value, error) {
	var line []byte
	err := t.with(func(d *dialog) (err error) {
		line, err = d.ask(prompt, noEcho)
		return err
	})
	return secret.New(string(line)), err
}

// NewSecret asks for a line without echo, twice, until both are the same and
// not empty; after three attempts the error is [ErrMismatch].
func (t *Terminal) NewSecret(prompt string) (secret.Value, error) {
	for range newSecretTries {
		first, err := t.Secret(prompt)
		if err != nil {
			return secret.Value{}, err
		}
		if first.Len() == 0 {
			if err := t.say("It must not be empty."); err != nil {
				return secret.Value{}, err
			}
			continue
		}
		second, err := t.Secret("Once more: ")
		if err != nil {
			return secret.Value{}, err
		}
		if first.Equal(second) {
			return first, nil
		}
		if err := t.say("The two differ."); err != nil {
			return secret.Value{}, err
		}
	}
	return secret.Value{}, ErrMismatch
}

func (t *Terminal) say(text string) error {
	return t.with(func(d *dialog) error {
		_, err := io.WriteString(d.out, text+"\n")
		return err
	})
}

// with calls f with the terminal open.
func (t *Terminal) with(f func(*dialog) error) error {
	defer t.Busy.Hold()()
	if t.in != nil {
		if !IsTerminal(t.in) {
			return ErrNoTerminal
		}
		return f(&dialog{in: t.in, out: t.out})
	}
	in, out, err := openDevice()
	if err != nil || !IsTerminal(in) {
		closeDevice(in, out)
		return ErrNoTerminal
	}
	d := &dialog{in: in, out: out}
	err = f(d)
	if !d.abandoned {
		closeDevice(in, out)
	}
	return err
}

func closeDevice(in, out *os.File) {
	if in != nil {
		_ = in.Close()
	}
	if out != nil && out != in {
		_ = out.Close()
	}
}

// dialog is one question.
type dialog struct {
	in, out   *os.File
	abandoned bool // a read still waits for the terminal
}

// ask writes a prompt and reads the answer.
func (d *dialog) ask(prompt string, m mode) ([]byte, error) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, watched...)
	defer signal.Stop(signals)
	defer interrupt.Hold()() // so that the terminal is as it was before the process ends
	prompt = Printable(prompt)
	restore, err := setMode(d.in, m)
	if err != nil {
		return nil, fmt.Errorf("terminal: %w", err)
	}
	defer restore()
	if _, err := io.WriteString(d.out, prompt); err != nil {
		return nil, fmt.Errorf("terminal: %w", err)
	}
	if m == noEcho {
		defer func() { _, _ = io.WriteString(d.out, "\n") }()
	}
	type answer struct {
		line []byte
		err  error
	}
	typed := make(chan answer, 1)
	go func() {
		line, err := readLine(d.in, m)
		typed <- answer{line, err}
	}()
	for {
		select {
		case a := <-typed:
			return a.line, a.err
		case s := <-signals:
			if paused, resumed := pause(s, restore); !paused && !resumed {
				d.abandoned = true
				return nil, ErrInterrupted
			} else if resumed {
				_, _ = setMode(d.in, m) // the first restore still holds what was before the question
				_, _ = io.WriteString(d.out, prompt)
			}
		}
	}
}

// Printable replaces control characters: what is shown must not command
// the terminal.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !IsText(r) || r == '\n' || r == '\t' {
			return '?'
		}
		return r
	}, s)
}
