package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"hci/internal/child"
	"hci/internal/term"
	"hci/internal/terraform"
)

func newTf(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tf ENV [ARG...]",
		Short: "Run terraform for an environment, with its variables and secrets",
		Long: `Run the real terraform in the project's Terraform directory, in the environment's
workspace. plan, apply, destroy, refresh, import, console and test get its var
files and its secrets as well; the secrets go through a pipe, so that no plaintext
touches the disk. A plan that is applied gets neither: they are settled in it.

What follows ENV is terraform's, options included. Its exit code, signals and
the terminal pass through. 'workspace' runs without TF_WORKSPACE.`,
		Example: `  hci tf staging plan
  hci tf production apply -target=aws_ecs_service.app`,
		Args:              between(1, -1),
		ValidArgsFunction: a.envNames,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.terraform(cmd.Context(), args[0], args[1:]) },
	}
	cmd.Flags().SetInterspersed(false)
	return cmd
}

func (a *app) terraform(ctx context.Context, name string, args []string) error {
	env, err := a.environment(name)
	if err != nil {
		return err
	}
	if a.found.TerraformDir == "" {
		return &terraform.NoDirectoryError{Root: a.found.Root}
	}
	in, err := terraform.NewInvocation(args)
	if err != nil {
		return err
	}
	if _, err := terraform.Program(); err != nil { // before anybody is asked for a passphrase
		return err
	}
	c := child.Command{
		Env: a.environFor(child.Terraform), In: a.in, Out: a.out, Err: a.err,
		Terminal: term.IsTerminal(a.in),
	}
	if !in.TakesVariables() {
		return in.Run(a.found, env, nil, c)
	}
	content, err := a.openEnv(ctx, env)
	if err != nil {
		return err
	}
	for _, leak := range in.Leaks(a.environ) {
		a.sayf("warning: %s", leak)
	}
	if err := in.Run(a.found, env, content.File, c); err != nil {
		return fmt.Errorf("%s: %w", env.Name, err)
	}
	return nil
}
