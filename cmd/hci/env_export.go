package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

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
later ones override the earlier ones; 'hci env explain' shows which one counts.

By default the file holds only what bash, zsh, Python, Node, Next.js, Laravel,
Docker Compose and the others read alike. A value that has no such form is
written for the reader that the project's packages name (python-dotenv in the
Pipfile, say), and hci says so; where they name none, it is refused, with the
formats that can carry it. 'format' in hci.hcl and --format decide otherwise.
What only AWS knows is skipped with a warning: --live and --state fetch it.

--local writes what a laptop needs. Where a template (.env.template, .env.example)
speaks of local use, its keys and values override the environment, and what only
describes the deployed container (DB_NAME, HOST) is skipped unless the template
names it. The local block of hci.hcl overrides both. A value that only AWS knows is
asked for once, and kept among your own lines.

With -o FILE, hci keeps the lines that a person wrote: those below its own last
line and, in a file that hci did not make, all that set other keys. The file's
first line records how it was made; the next 'export -o FILE' does it the same
way.

--format ecs writes the arrays of a container definition: secrets by their ARN,
which --from aws asks for, never by value. In GitHub Actions, '--format github
-o "$GITHUB_ENV"' adds to the file, and first makes the runner hide the values in
its logs.

Without ENV: default_environment in hci.hcl, else HCI_ENV, else the only
environment, else staging. Never production by itself.`,
		Example: `  hci env export -o .env
  hci env export --local -o .env
  hci env export staging -o .env --format python --except 'AWS_*'
  hci env export production --format json --only 'DB_*'
  eval "$(hci env export --format sh --export)"`,
		Args:              between(0, 1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.exportEnv(cmd, args, r); err != nil {
				return a.emptied(r.output, err)
			}
			return nil
		},
	}
	r.flags(cmd)
	r.selectFlags(cmd)
	r.local.flag(cmd)
	cmd.Flags().StringVar(&r.format, "format", "", "write for this reader: one of "+strings.Join(dotenv.Names(), ", ")+" (default: see above)")
	cmd.Flags().BoolVar(&r.export, "export", false, "write 'export KEY=…' where the format allows")
	cmd.Flags().BoolVar(&r.noHeader, "no-header", false, "leave out the comment that says how the file was made")
	cmd.Flags().StringVarP(&r.output, "output", "o", "", "write to `FILE`, mode 0600 (- is standard output)")
	cmd.Flags().BoolVar(&r.force, "force", false, "overwrite the values of FILE that differ, and changes to what hci wrote")
	return cmd
}

type exportRequest struct {
	variablesRequest
	format, output          string
	export, noHeader, force bool
}

func (a *app) exportEnv(cmd *cobra.Command, args []string, r exportRequest) error {
	if _, ok := dotenv.ByName(r.format); !ok && r.format != "" {
		return &usageError{cmd: cmd.CommandPath(), err: fmt.Errorf("unknown format %q: %s", r.format, strings.Join(dotenv.Names(), ", "))}
	}
	args, err := a.asBefore(cmd, args, &r)
	if err != nil {
		return err
	}
	env, err := a.defaultEnvironment(args)
	if err != nil {
		return err
	}
	choice, err := a.chooseFormat(r.format)
	if err != nil {
		return err
	}
	if err := a.prepareLocal(cmd.Context(), &r); err != nil {
		return err
	}
	r.ecs = choice.dialect.Name() == "ecs"
	entries, err := a.envEntries(cmd.Context(), env, r.variablesRequest)
	if err != nil {
		return err
	}
	data, dialect, err := a.encode(env, entries, choice, r)
	if err != nil {
		return err
	}
	if note := dialect.Note(string(data)); note != "" {
		a.sayf("%s: %s", env.Name, note)
	}
	return a.handOut(cmd.Context(), dialect, entries, data, r)
}

// handOut writes the variables where they are wanted.
func (a *app) handOut(ctx context.Context, dialect dotenv.Dialect, entries []dotenv.Entry, data []byte, r exportRequest) error {
	switch toFile := r.output != "" && r.output != "-"; {
	case dialect.Name() == "github":
		return a.writeGitHub(ctx, entries, data, r.output)
	case toFile && dialect.Comments() && !r.noHeader:
		return a.renewEnvFile(ctx, dialect, data, entries, r)
	default:
		return a.writeOutput(ctx, r.output, data, r.force)
	}
}

// emptiedError says besides what went wrong that the shell has emptied the file
// that standard output goes to.
type emptiedError struct{ err error }

func (e *emptiedError) Error() string { return e.err.Error() }
func (e *emptiedError) Unwrap() error { return e.err }

// Next returns how not to lose the file.
func (e *emptiedError) Next() string {
	return "nothing was written; the file that the shell made for standard output is empty: 'hci env export -o .env' leaves the old one as it is"
}

// emptied adds to an error that a file behind standard output is empty now.
func (a *app) emptied(output string, err error) error {
	f, ok := a.raw.out.(*os.File)
	if !ok || output != "" && output != "-" {
		return err
	}
	if info, statErr := f.Stat(); statErr != nil || !info.Mode().IsRegular() || info.Size() > 0 {
		return err
	}
	return &emptiedError{err}
}
