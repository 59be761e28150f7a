package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"hci/internal/project"
	"hci/sync/dotenv"
)

func newExport(a *app) *cobra.Command {
	var r exportRequest
	cmd := &cobra.Command{
		Use:   "export [ENV]",
		Short: "Write an environment's secrets as a .env file",
		Long: `Write what the app sees in an environment as KEY=value lines: each name of the
secrets file in upper case; the environment and the secrets of the service's
container, as the Terraform code declares them; the env blocks of hci.hcl. The
later ones go before the earlier ones; 'hci env explain' shows which one counts.

The default format writes only what bash, Python, Node, Docker Compose and the
others read alike; a value that has no such form is refused, naming the formats
that can carry it. What only AWS knows is left out, and said.

--format ecs writes the arrays of a container definition: secrets by their ARN,
which --from aws asks for, never by value.

In GitHub Actions, '--format github -o "$GITHUB_ENV"' adds to the file, and first
makes the runner hide the values in its logs.

With -o FILE, lines that a person adds below the last line that hci wrote are
kept when the file is written anew.

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
			r.ecs = dialect.Name() == "ecs"
			entries, err := a.envEntries(cmd.Context(), env, r.variablesRequest)
			if err != nil {
				return err
			}
			data, err := encode(env, entries, r)
			if err != nil {
				return err
			}
			if dialect.Name() == "github" {
				return a.writeGitHub(entries, data, r.output)
			}
			return a.writeEnvFile(cmd.Context(), data, r)
		},
	}
	r.flags(cmd)
	cmd.Flags().StringVar(&r.format, "format", "dotenv", "one of "+strings.Join(dotenv.Names(), ", "))
	cmd.Flags().BoolVar(&r.export, "export", false, "write 'export KEY=…' where the format allows")
	cmd.Flags().BoolVar(&r.noHeader, "no-header", false, "leave out the comment that says how the file was made")
	cmd.Flags().StringVarP(&r.output, "output", "o", "", "write to `FILE`, mode 0600 (- is standard output)")
	cmd.Flags().BoolVar(&r.force, "force", false, "overwrite FILE")
	return cmd
}

type exportRequest struct {
	variablesRequest
	format, output          string
	export, noHeader, force bool
	dialect                 dotenv.Dialect
}

// encode writes an environment's variables in a dialect.
func encode(env project.Environment, entries []dotenv.Entry, r exportRequest) ([]byte, error) {
	header := ""
	if !r.noHeader {
		header = fmt.Sprintf("Made by hci env export %s. It holds secrets: keep it out of git.", env.Name)
	}
	return dotenv.Encode(r.dialect, entries, dotenv.Options{Export: r.export, Header: header})
}
