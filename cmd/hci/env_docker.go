package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hci/internal/child"
	"hci/internal/docker"
	"hci/internal/env/process"
	"hci/internal/project"
	"hci/internal/term"
	"hci/sync/dotenv"
)

func newEnvDocker(a *app) *cobra.Command {
	var r variablesRequest
	cmd := &cobra.Command{
		Use:   "docker [ENV] -- ARG...",
		Short: "Run a container with an environment's variables, none of them in argv",
		Long: `Run 'docker run' with the variables that 'hci env export' would write, and with the
ARGs behind them. Only the names stand on docker's command line ('--env NAME'); the
values go to it in its environment, so that values of several lines arrive too, and
nothing is written to the disk. Signals, the terminal and the exit code pass
through.

Variables that docker itself or its loader would obey (DOCKER_*, PATH, LD_* …) are
skipped with a warning.`,
		Example: `  hci env docker -- --rm -p 8000:8000 web
  hci env docker --local -- --rm -it web python manage.py shell
  hci env docker staging --only 'DB_*' -- --rm postgres psql`,
		Args: func(cmd *cobra.Command, args []string) error {
			dash := cmd.ArgsLenAtDash()
			if dash < 0 || dash > 1 || dash == len(args) {
				return &usageError{cmd: cmd.CommandPath(), err: fmt.Errorf("usage: %s", cmd.UseLine())}
			}
			return nil
		},
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			dash := cmd.ArgsLenAtDash()
			env, err := a.defaultEnvironment(args[:dash])
			if err != nil {
				return err
			}
			return a.runContainer(cmd.Context(), env, r, args[dash:])
		},
	}
	r.flags(cmd)
	r.selectFlags(cmd)
	r.local.flag(cmd)
	return cmd
}

func (a *app) runContainer(ctx context.Context, env project.Environment, r variablesRequest, args []string) error {
	entries, err := a.envEntries(ctx, env, r)
	if err != nil {
		return err
	}
	obeyed := func(e dotenv.Entry) bool { return strings.HasPrefix(e.Key, "DOCKER_") || process.Protected(e.Key) }
	var names, skipped []string
	for _, e := range entries {
		if obeyed(e) {
			skipped = append(skipped, e.Key)
		} else {
			names = append(names, e.Key)
		}
	}
	if len(skipped) > 0 {
		a.sayf("%s: skipped, because docker itself would obey them: %s; 'docker run --env' sets them by hand", env.Name, strings.Join(skipped, ", "))
	}
	argv, err := docker.RunLine(names, args)
	if errors.Is(err, docker.ErrNotInstalled) {
		return &child.StartError{Program: "docker", Err: exec.ErrNotFound}
	}
	if err != nil {
		return err
	}
	vars, _, err := process.Build(a.environFor(child.Docker), slices.DeleteFunc(entries, obeyed), process.Options{})
	if err != nil {
		return err
	}
	return child.Command{
		Argv: argv, Env: vars, In: a.in, Out: a.raw.out, Err: a.raw.err, Dir: a.dir,
		Terminal: term.IsTerminal(a.in), Grace: grace,
	}.Run()
}
