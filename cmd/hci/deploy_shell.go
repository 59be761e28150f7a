package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hci/internal/aws/client"
	"hci/internal/aws/ecs"
	"hci/internal/aws/iam"
	"hci/internal/aws/session"
	"hci/internal/child"
	"hci/internal/deploy"
	"hci/internal/term"
)

// shellRequest says where a shell is to run.
type shellRequest struct {
	services        []string
	task, container string
	argv            []string
}

func newDeployShell(a *app) *cobra.Command {
	var r shellRequest
	cmd := &cobra.Command{
		Use:   "shell ENV [-- CMD [ARGS]]",
		Short: "Open a shell in a running container, by ECS Exec",
		Long: `Open a shell, or run CMD, in a container of an environment's service that runs, by
ECS Exec: in the newest task that it reaches, in the container whose image hci
deploys. --task and --container choose others. AWS records who opened the session.

It needs AWS's session-manager-plugin on this machine, ECS Exec on the service
(enable_execute_command in Terraform), and the permissions of ssmmessages in the
task's role. The session's token is given to the plugin in its environment, not on its
command line. AWS does not tell how CMD ended: the exit code is the plugin's.`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			at := cmd.ArgsLenAtDash()
			if at < 0 {
				at = len(args)
			}
			if at != 1 {
				return &usageError{cmd: cmd.CommandPath(), err: errors.New("it takes one environment, and a command after '--'")}
			}
			r.argv = args[at:]
			if len(r.argv) == 0 {
				r.argv = []string{"/bin/sh"}
			}
			return a.deployShell(cmd.Context(), args[0], r)
		},
	}
	serviceFlag(cmd, &r.services)
	cmd.Flags().StringVar(&r.task, "task", "", "in the task with this `ID`, or the beginning of it")
	cmd.Flags().StringVar(&r.container, "container", "", "in this container")
	return cmd
}

// deployShell is "hci deploy shell ENV".
func (a *app) deployShell(ctx context.Context, env string, r shellRequest) error {
	d, err := a.shellService(ctx, env, r.services)
	if err != nil {
		return err
	}
	plugin := session.Plugin{Env: a.environFor(child.SessionPlugin)}
	if err := plugin.Check(); err != nil {
		return err
	}
	tasks, on, err := d.on.ExecTasks(ctx)
	if err != nil {
		return err
	}
	s := deploy.Shell{Service: d.names.Service, Env: env, On: on, Tasks: tasks, Task: r.task, Container: r.container, Default: d.names.Container}
	task, container, err := s.Choose()
	if err != nil {
		return err
	}
	who, err := iam.WhoAmI(ctx, d.cfg)
	if err != nil {
		return err
	}
	opened, err := d.on.Exec(ctx, *task, *container, ecs.CommandLine(r.argv))
	if err != nil {
		return err
	}
	a.sayf("%s in container %s of task %.8s, %s, service %s of %s, account %s", term.Printable(strings.Join(r.argv, " ")), container.Name, task.ID, task.Revision, d.names.Service, env, client.Named(who.Account, who.Alias))
	return plugin.Run(session.Session{
		Response: opened.Response, Region: opened.Region, Profile: d.names.Profile, Target: opened.Target, Endpoint: opened.Endpoint,
	}, a.raw.in, a.raw.out, a.raw.err, term.IsTerminal(a.raw.in))
}

// shellService is the one service that a shell is opened in: the only one, or the one
// that is named.
func (a *app) shellService(ctx context.Context, env string, only []string) (*deployment, error) {
	all, err := a.deployedAll(ctx, env, only)
	if err != nil {
		return nil, err
	}
	if len(all) == 1 {
		return all[0], nil
	}
	var names []string
	for _, d := range all {
		names = append(names, d.names.Service)
	}
	slices.Sort(names)
	return nil, &severalError{names}
}

// severalError says that one of several services must be named.
type severalError struct{ names []string }

func (e *severalError) Error() string {
	return fmt.Sprintf("there are several services: %s", strings.Join(e.names, ", "))
}

// Next says how to name one.
func (e *severalError) Next() string { return "name one: --service " + e.names[0] }
