package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hci/internal/child"
	"hci/internal/env/process"
	"hci/internal/project"
	"hci/internal/term"
)

type runRequest struct {
	variablesRequest
	process.Options
	watch bool
	argv  []string
}

func newRun(a *app) *cobra.Command {
	var r runRequest
	cmd := &cobra.Command{
		Use:   "run [ENV] -- CMD [ARG...]",
		Short: "Run a command with an environment's variables, nothing on disk",
		Long: `Run a command with the variables that 'hci env export' would write, added to the
environment it has. Nothing is written to the disk. Signals, the terminal and
the exit code pass through.

Variables that change how programs run are held back, and named, unless --allow
names them: where programs and their configuration are looked up (PATH, HOME,
XDG_*, AWS_CONFIG_FILE, DOCKER_CONFIG), what loaders, shells, interpreters and
build tools take code from (LD_*, BASH_ENV, PYTHON*, NODE_OPTIONS, NPM_CONFIG_*,
MAKEFLAGS, GIT_*), and where requests go (HTTPS_PROXY, SSL_CERT_FILE).

With --watch the command is restarted when the secrets change.`,
		Example: `  hci env run -- python manage.py runserver
  hci env run --local -- npm start
  hci env run staging --clean -- env`,
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
			r.argv = args[dash:]
			env, err := a.defaultEnvironment(args[:dash])
			if err != nil {
				return err
			}
			return a.run(cmd.Context(), env, r)
		},
	}
	r.flags(cmd)
	r.selectFlags(cmd)
	r.local.flag(cmd)
	cmd.Flags().BoolVar(&r.Clean, "clean", false, "start from an empty environment")
	cmd.Flags().StringArrayVar(&r.Allow, "allow", nil, "let the secrets set the variable `NAME`, in which * is any letters, though it changes how programs run")
	cmd.Flags().BoolVar(&r.watch, "watch", false, "start the command anew when the secrets change")
	return cmd
}

// grace is how long a command may take to end before it is killed.
const grace = 10 * time.Second

func (a *app) run(ctx context.Context, env project.Environment, r runRequest) error {
	program := r.argv[0]
	if filepath.Base(program) == program { // a path is taken from the directory that the command runs in
		found, err := exec.LookPath(program)
		if err != nil {
			return &child.StartError{Program: program, Err: exec.ErrNotFound}
		}
		program = found
	}
	vars, err := a.runEnviron(ctx, env, r)
	if err != nil {
		return err
	}
	command := child.Command{
		Argv: append([]string{program}, r.argv[1:]...), In: a.in, Out: a.raw.out, Err: a.raw.err, Dir: a.dir,
		Terminal: term.IsTerminal(a.in), Grace: grace,
	}
	for {
		stop := make(chan struct{})
		command.Env, command.Stop = vars, stop
		watching, ended := context.WithCancel(ctx)
		changed := make(chan []string, 1)
		if r.watch {
			go func() {
				if next := a.awaitChange(watching, env, r, vars); next != nil {
					changed <- next
					close(stop)
				}
			}()
		}
		err := command.Run()
		ended()
		if !errors.Is(err, child.ErrStopped) {
			return err
		}
		vars = <-changed
		a.sayf("%s: the secrets changed; starting %s anew", env.Name, r.argv[0])
	}
}

// runEnviron is the whole environment of the command.
func (a *app) runEnviron(ctx context.Context, env project.Environment, r runRequest) ([]string, error) {
	entries, err := a.envEntries(ctx, env, r.variablesRequest)
	if err != nil {
		return nil, err
	}
	vars, kept, err := process.Build(a.environFor(child.EnvRun), entries, r.Options)
	if err != nil {
		return nil, err
	}
	if len(kept) > 0 {
		a.sayf("held back, because they change how programs run: %s; --allow NAME lets one through", strings.Join(kept, ", "))
	}
	return vars, nil
}

// pollEvery is how often --watch looks at the files.
const pollEvery = 300 * time.Millisecond

// awaitChange waits until the secrets make another environment, and returns it;
// nil if the context ends before. A file that can't be opened is said, and
// waited for.
func (a *app) awaitChange(ctx context.Context, env project.Environment, r runRequest, now []string) []string {
	seen := stamps(env)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		latest := stamps(env)
		if slices.Equal(latest, seen) {
			continue
		}
		seen = latest
		vars, err := a.runEnviron(ctx, env, r)
		switch {
		case err != nil && ctx.Err() == nil:
			a.sayf("%v; the command goes on with what it has", err)
		case err == nil && !slices.Equal(vars, now):
			return vars
		}
	}
}

// stamp tells one state of a file from another.
type stamp struct {
	there   bool
	size    int64
	changed time.Time
}

func stamps(env project.Environment) []stamp {
	all := make([]stamp, 0, 2+len(env.VarFiles))
	for _, path := range append([]string{env.Sealed, env.Plain}, env.VarFiles...) {
		info, err := os.Stat(path)
		if err != nil {
			all = append(all, stamp{})
			continue
		}
		all = append(all, stamp{there: true, size: info.Size(), changed: info.ModTime()})
	}
	return all
}
