package term

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"hci/internal/child"
)

// commandGrace is how long a command that was stopped may take to go.
const commandGrace = 3 * time.Second

// CommandError says that a passphrase command failed. What it printed is not
// repeated; its standard error went to the user.
type CommandError struct {
	Program string
	Err     error
}

func (e *CommandError) Error() string {
	return fmt.Sprintf("passphrase_command %q: %v", e.Program, e.Err)
}

// Unwrap returns the cause.
func (e *CommandError) Unwrap() error { return e.Err }

// run runs a passphrase command, without a shell, and takes the first line it
// prints. It gets standard input only if that is a terminal: data on it is not
// for the command.
func (p *Passphrases) run(ctx context.Context, argv []string) (Passphrase, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = p.CommandDir, child.Environ(child.PassphraseCommand, p.Environ)
	cmd.Stderr, cmd.WaitDelay = p.Stderr, commandGrace
	if f, ok := p.Stdin.(*os.File); ok && IsTerminal(f) {
		cmd.Stdin = f
	}
	out := &head{max: maxPassphraseFile}
	cmd.Stdout = out
	err := cmd.Run()
	if ctx.Err() != nil {
		return Passphrase{}, ctx.Err()
	}
	if errors.Is(err, exec.ErrNotFound) {
		err = exec.ErrNotFound // without the name, which the error has
	}
	if err != nil {
		return Passphrase{}, &CommandError{Program: argv[0], Err: err}
	}
	v, err := firstLine(bytes.NewReader(out.data))
	if err != nil {
		return Passphrase{}, &CommandError{Program: argv[0], Err: fmt.Errorf("its output: %w", err)}
	}
	return Passphrase{Value: v, From: "passphrase_command"}, nil
}

// head keeps the beginning of what is written to it.
type head struct {
	data []byte
	max  int
}

func (h *head) Write(p []byte) (int, error) {
	h.data = append(h.data, p[:min(len(p), h.max-len(h.data))]...)
	return len(p), nil
}
