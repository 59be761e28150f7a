package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"hci/internal/child"
	"hci/internal/project"
	"hci/internal/term"
	"hci/internal/terraform"
)

func newTf(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tf ENV [ARG...]",
		Short: "Run terraform for an environment, with its variables and secrets",
		Long: `Run the real terraform, or tofu where the project uses it, where the
environment's code lies and in its workspace. plan, apply, destroy, refresh,
import, console and test get its var files and its secrets as well; the secrets go
through a pipe, so that no plaintext touches the disk. A saved plan that is applied
gets the values of the code's ephemeral variables, and nothing else: the other
values are in the plan.

The workspace is "default" unless the code uses terraform.workspace, the backend
names another, or hci.hcl does. A workspace that does not exist is never created
but by 'hci tf ENV workspace new NAME'. 'init' and 'workspace' run without
TF_WORKSPACE.

What follows ENV is terraform's, options included. Its exit code, signals and
the terminal pass through.`,
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
	in, err := terraform.NewInvocation(args)
	if err != nil {
		return err
	}
	environ := a.environFor(child.Terraform)
	at, err := a.terraformPlace(in, env, environ) // before anybody is asked for a passphrase
	if err != nil {
		return err
	}
	v, err := a.terraformVariables(ctx, in, env)
	if err != nil {
		return err
	}
	err = in.Run(at, env, v, child.Command{Env: environ, In: a.in, Out: a.raw.out, Err: a.raw.err, Terminal: term.IsTerminal(a.in)})
	if err != nil {
		return fmt.Errorf("%s: %w", env.Name, err)
	}
	return nil
}

// terraformPlace decides where terraform runs, and says so where that is a
// workspace.
func (a *app) terraformPlace(in terraform.Invocation, env project.Environment, environ []string) (terraform.Place, error) {
	if !in.UsesState() {
		return terraform.FindDirectory(a.found, env)
	}
	at, err := terraform.FindPlace(a.found, env, environ, a.err)
	if err != nil {
		return at, err
	}
	a.sayf("%s: %s", env.Name, at.Line())
	a.notes(at.Notes)
	return at, nil
}

// terraformVariables opens the secrets, where terraform takes variables.
func (a *app) terraformVariables(ctx context.Context, in terraform.Invocation, env project.Environment) (terraform.Variables, error) {
	wanted := in.TakesVariables()
	if in.AppliesPlan() {
		var err error
		if wanted, err = terraform.HasEphemeral(a.found, env); err != nil {
			return terraform.Variables{}, err
		}
	}
	if !wanted {
		return terraform.Variables{}, nil
	}
	if env.Unclear != nil {
		return terraform.Variables{}, env.Unclear
	}
	content, err := a.openEnv(ctx, env)
	if err != nil {
		return terraform.Variables{}, err
	}
	for _, leak := range in.Leaks(a.environ) {
		a.sayf("warning: %s", leak)
	}
	v, skipped, err := in.Variables(a.found, env, content.File)
	for _, name := range skipped {
		a.sayf("warning: %s: %q is skipped: no Terraform variable can have this name", env.Name, name)
	}
	return v, err
}
