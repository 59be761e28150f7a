package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"hci/internal/export"
	"hci/internal/project"
	"hci/internal/terraform"
	"hci/sync/dotenv"
)

func newExport(a *app) *cobra.Command {
	var r exportRequest
	cmd := &cobra.Command{
		Use:   "export [ENV]",
		Short: "Write an environment's secrets as a .env file",
		Long: `Write an environment's secrets as KEY=value lines: each name of the secrets
file in upper case, as changed by the env blocks of hci.hcl. The default format
writes only what bash, Python, Node, Docker Compose and the others read alike;
a value that has no such form is refused, naming the formats that can carry it.

Without ENV: default_environment in hci.hcl, else HCI_ENV, else the only
environment, else staging. Never production by itself.`,
		Args:              between(0, 1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			dialect, ok := dotenv.ByName(r.format)
			if !ok {
				return &usageError{cmd: cmd.CommandPath(), err: fmt.Errorf("unknown format %q: %s", r.format, strings.Join(dotenv.Names(), ", "))}
			}
			r.dialect = dialect
			env, err := a.defaultEnvironment(args)
			if err != nil {
				return err
			}
			data, err := a.export(cmd.Context(), env, r)
			if err != nil {
				return err
			}
			return a.writeEnvFile(cmd.Context(), data, r)
		},
	}
	cmd.Flags().StringVar(&r.format, "format", "dotenv", "one of "+strings.Join(dotenv.Names(), ", "))
	cmd.Flags().BoolVar(&r.export, "export", false, "write 'export KEY=…' where the format allows")
	cmd.Flags().BoolVar(&r.noHeader, "no-header", false, "leave out the comment that says how the file was made")
	cmd.Flags().StringVarP(&r.output, "output", "o", "", "write to `FILE`, mode 0600 (- is standard output)")
	cmd.Flags().BoolVar(&r.force, "force", false, "overwrite FILE")
	return cmd
}

type exportRequest struct {
	format, output          string
	export, noHeader, force bool
	dialect                 dotenv.Dialect
}

// envEntries are the variables of an environment.
func (a *app) envEntries(ctx context.Context, env project.Environment) ([]dotenv.Entry, error) {
	content, err := a.openEnv(ctx, env)
	if err != nil {
		return nil, err
	}
	_, ev, err := terraform.Evaluate(a.found, env, content.File, a.environ, terraform.Options{})
	var none *terraform.NoDirectoryError
	if err != nil && !errors.As(err, &none) {
		return nil, err
	}
	entries, null, err := export.Entries(content.File, a.found.EnvVars(env.Name), export.NewScope(content.File, ev))
	if err != nil {
		return nil, err
	}
	for _, name := range null {
		a.sayf("%s: %s is null and is left out", env.Name, name)
	}
	return entries, nil
}

// export evaluates and encodes an environment's variables.
func (a *app) export(ctx context.Context, env project.Environment, r exportRequest) ([]byte, error) {
	entries, err := a.envEntries(ctx, env)
	if err != nil {
		return nil, err
	}
	header := ""
	if !r.noHeader {
		header = fmt.Sprintf("Made by hci env export %s. It holds secrets: keep it out of git.", env.Name)
	}
	return dotenv.Encode(r.dialect, entries, dotenv.Options{Export: r.export, Header: header})
}
