package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"hci/internal/project"
	"hci/internal/term"
	"hci/internal/trust"
)

// commandsOf lists the commands that hci.hcl names for an environment.
func commandsOf(env project.Environment) []trust.Command {
	var all []trust.Command
	if len(env.PassphraseCommand) > 0 {
		all = append(all, trust.Command{Setting: "passphrase_command", Env: env.Name, Argv: env.PassphraseCommand})
	}
	return append(all, deployCommands(env)...)
}

// trusted is where the project's agreements lie.
func (a *app) trusted() trust.Store {
	return trust.Store{Dir: a.found.StateDir(), Root: a.found.Root}
}

// consent fails unless the user agreed that a command of hci.hcl runs, and asks
// them where there is a terminal; ask is nil where nobody may be asked.
func (a *app) consent(c trust.Command, ask *term.Terminal) error {
	store := a.trusted()
	err := store.Check(c, a.rel(a.found.ConfigFile), a.getenv(trust.Variable))
	var untrusted *trust.UntrustedError
	if !errors.As(err, &untrusted) || ask == nil {
		return err
	}
	state := "names a command that you have not trusted"
	if untrusted.Changed {
		state = "names another command than the one you trusted"
	}
	yes, askErr := ask.Confirm(fmt.Sprintf("%s: %s %s:\n  %s\nRun it, now and from now on?", untrusted.File, c.Where(), state, c), false)
	switch {
	case errors.Is(askErr, term.ErrNoTerminal), askErr == nil && !yes:
		return err
	case askErr != nil:
		return askErr
	}
	return store.Agree(c)
}

type trustRequest struct {
	list, revoke, yes, asJSON bool
}

func newTrust(a *app) *cobra.Command {
	var r trustRequest
	cmd := &cobra.Command{
		Use:   "trust [ENV...]",
		Short: "Agree to the commands that this project's hci.hcl names",
		Long: `Show the commands that hci.hcl names for environments (all of them if none is
named), and agree to run them. hci runs none before: a repository's word is data
until you have read it.

An agreement covers the program and its arguments, for one setting of one
environment in this project; and the content of a program or script that lies in
the project itself. What that reads further, it does not cover. If any of it
changes, hci asks again. Agreements lie in your own state directory.

In CI, where nobody can be asked, set HCI_TRUST to the digests that this command
shows, separated by commas.`,
		Example: `  hci trust staging
  hci trust --list
  hci trust --revoke staging`,
		Args:              between(0, -1),
		ValidArgsFunction: a.envNames,
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case r.list && r.revoke:
				return &usageError{cmd: "hci trust", err: errors.New("--list and --revoke are two commands")}
			case r.list:
				return a.listTrust(r.asJSON)
			case r.revoke:
				return a.revokeTrust(args)
			}
			return a.agreeTo(args, r)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&r.list, "list", false, "list what you agreed to, in all projects")
	f.BoolVar(&r.revoke, "revoke", false, "take it back, for the environments named or for all")
	f.BoolVar(&r.yes, "yes", false, "agree without being asked")
	jsonFlag(cmd, &r.asJSON)
	return cmd
}

// trustable is a command and what agreeing to it takes.
type trustable struct {
	trust.Command
	Digest  string `json:"digest"`
	Trusted bool   `json:"trusted"`
}

func (a *app) agreeTo(names []string, r trustRequest) error {
	envs, err := a.environments(names, func(e project.Environment) bool { return len(commandsOf(e)) > 0 }, "names a command in hci.hcl")
	if err != nil {
		return err
	}
	store := a.trusted()
	all, news := []trustable{}, []trust.Command{}
	for _, env := range envs {
		for _, c := range commandsOf(env) {
			digest, err := c.Digest(store.Root)
			if err != nil {
				return err
			}
			var untrusted *trust.UntrustedError
			err = store.Check(c, a.rel(a.found.ConfigFile), "")
			if err != nil && !errors.As(err, &untrusted) {
				return err
			}
			if all = append(all, trustable{Command: c, Digest: digest, Trusted: err == nil}); err != nil {
				news = append(news, c)
			}
		}
	}
	if r.asJSON {
		if err := a.printJSON(all); err != nil {
			return err
		}
	} else {
		for _, t := range all {
			fmt.Fprintf(a.out, "%s:\n  %s\n  digest %s\n", t.Where(), t, t.Digest)
		}
	}
	switch {
	case len(all) == 0:
		a.sayf("hci.hcl names no command for %s", plural(len(envs), "environment"))
		return nil
	case len(news) == 0:
		a.sayf("all of this is trusted already")
		return nil
	}
	if err := a.agree(r.yes, "Trust this?"); err != nil {
		return err
	}
	if err := store.Agree(news...); err != nil {
		return err
	}
	a.sayf("trusted %s; 'hci trust --revoke' takes it back", plural(len(news), "command"))
	return nil
}

func (a *app) revokeTrust(names []string) error {
	if _, err := a.project(); err != nil {
		return err
	}
	if len(names) == 0 {
		names = []string{""}
	}
	n := 0
	for _, name := range names {
		gone, err := a.trusted().Revoke(name)
		if err != nil {
			return err
		}
		n += len(gone)
	}
	a.sayf("%s no longer trusted", plural(n, "command"))
	return nil
}

// listTrust lists the agreements of all projects, whose state directories lie
// beside this one's.
func (a *app) listTrust(asJSON bool) error {
	p, err := a.project()
	if err != nil {
		return err
	}
	all := filepath.Dir(p.StateDir())
	entries, err := os.ReadDir(all)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	pins := []trust.Pin{}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		more, err := trust.Store{Dir: filepath.Join(all, e.Name())}.Pins()
		if err != nil {
			return err
		}
		pins = append(pins, more...)
	}
	if asJSON {
		return a.printJSON(pins)
	}
	slices.SortStableFunc(pins, func(x, y trust.Pin) int { return x.At.Compare(y.At) })
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, pin := range pins {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", pin.Root, pin.Where(), pin.Command, pin.At.Format("2006-01-02"))
	}
	return w.Flush()
}
