package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"hci/crypto"
	"hci/internal/child"
	"hci/internal/editor"
	"hci/internal/project"
	"hci/internal/sealed"
	"hci/tfvars"
)

func newEdit(a *app) *cobra.Command {
	var asJSON, yes bool
	cmd := &cobra.Command{
		Use:   "edit ENV",
		Short: "Edit the secrets in $VISUAL or $EDITOR",
		Long: `Edit an environment's secrets in $VISUAL or $EDITOR, on a private file in memory
where the machine has a memory file system. The text is checked when the editor
closes: what is not tfvars can be edited again or dropped. Nothing changed means
nothing is written, and the file is gone on every way out.

Where there is no secrets file yet, the sealed file is made from the text.

A text that is empty, or holds comments only, drops the edit. The removal of
names is asked about.`,
		Args:              between(1, 1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			env, err := a.environment(args[0])
			if err != nil {
				return err
			}
			return a.each([]project.Environment{env}, asJSON, false, func(env project.Environment) (*sealed.Result, error) {
				s, err := a.creating(env).Begin(cmd.Context(), a.passphrase(env))
				if err != nil {
					return nil, err
				}
				return a.edit(cmd.Context(), s, env, yes)
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "remove the names that the edit removes without asking")
	jsonFlag(cmd, &asJSON)
	return cmd
}

// edit runs the editor until the text parses or the user drops it. Ctrl-C
// belongs to the editor meanwhile; the other signals that end a program end
// the editor too, and the private file with it.
func (a *app) edit(parent context.Context, s *sealed.Session, env project.Environment, yes bool) (result *sealed.Result, err error) {
	ctx, stop := signal.NotifyContext(context.WithoutCancel(parent), syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	file, err := editor.New(self, filepath.Base(env.Plain), s.Bytes(), a.getenv)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Remove()) }()
	command := editor.Command(a.getenv)
	for {
		start := time.Now()
		if err := file.Run(ctx, command, a.environFor(child.Editor), a.in, a.raw.out, a.raw.err); err != nil {
			return nil, fmt.Errorf("%w; nothing was written", err)
		}
		next, err := a.edited(file, s, env)
		if err == nil {
			a.hintWait(s, next, command, time.Since(start))
			if err := a.agreeRemoval(s, next, yes); err != nil {
				return nil, err
			}
			return a.commitEdit(s, next)
		}
		a.sayf("%v", err)
		again, askErr := a.terminal().Confirm("Edit again? (no drops the edit)", true)
		if askErr != nil || !again {
			return nil, errors.Join(errors.New("the edit was dropped; nothing was written"), askErr)
		}
	}
}

// tooQuick is how long nobody takes to edit a file.
const tooQuick = time.Second

// hintWait says how to make an editor wait that seems not to have.
func (a *app) hintWait(s *sealed.Session, next *tfvars.File, command string, took time.Duration) {
	if !bytes.Equal(s.Bytes(), next.Bytes()) {
		return
	}
	if with := editor.WithWait(command); with != "" {
		a.sayf("%s returns before the file is closed, so an edit is lost; set EDITOR=%q", command, with)
	} else if took < tooQuick {
		a.sayf("the editor returned at once; if it was still open, set EDITOR to it with the flag that makes it wait, such as \"code --wait\"")
	}
}

// agreeRemoval drops an edit that leaves no name, and asks about one that
// removes some.
func (a *app) agreeRemoval(s *sealed.Session, next *tfvars.File, yes bool) error {
	before, err := s.File()
	if err != nil {
		return err
	}
	var removed []string
	for _, name := range before.Names() {
		if !next.Has(name) {
			removed = append(removed, name)
		}
	}
	switch {
	case len(removed) == 0:
		return nil
	case len(next.Names()) == 0:
		return errors.New("the text holds no name, so the edit was dropped; nothing was written ('hci secrets unset' removes names)")
	}
	return a.agree(yes, fmt.Sprintf("Remove %s?", strings.Join(removed, ", ")))
}

// edited reads and parses what the editor left.
func (a *app) edited(file *editor.File, s *sealed.Session, env project.Environment) (*tfvars.File, error) {
	text, err := file.Read(crypto.MaxSize)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(text, s.Bytes()) {
		return s.File()
	}
	return tfvars.Parse(text, filepath.Base(env.Plain))
}

// commitEdit writes the edit back. One that cannot be written, because the
// file changed meanwhile, is kept beside it, sealed.
func (a *app) commitEdit(s *sealed.Session, next *tfvars.File) (*sealed.Result, error) {
	r, err := s.Commit(next, sealed.Options{})
	if err == nil {
		return r, nil
	}
	kept, keepErr := s.Rescue(next)
	if keepErr != nil {
		return nil, errors.Join(err, keepErr)
	}
	a.sayf("your edit is kept, sealed, in %s", a.rel(kept))
	return nil, err
}
