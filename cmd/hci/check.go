package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hci/internal/atomicfile"
	"hci/internal/git"
	"hci/internal/lint"
	"hci/internal/project"
	"hci/internal/term"
	"hci/internal/terraform"
	"hci/tfvars"
)

type lintRequest struct {
	format            string
	asJSON            bool
	noSecrets, strict bool
	since             string
}

func newLint(a *app) *cobra.Command {
	var r lintRequest
	cmd := &cobra.Command{
		Use:   "check [ENV...]",
		Short: "Find leaks and mistakes in the Terraform code and tracked files",
		Long: `Find what a comparison with Secrets Manager can't show: ` + rulesInWords() + `.

Each finding has file and line, why it matters and how to fix it. Exit code 2
when there is a problem. Warnings alone are exit code 0, unless --strict counts
them. A search that could not be made is exit code 1. Without ENV, all
environments.

An environment without a secrets file is checked without it, as --no-secrets
checks them all: no passphrase is needed then, and no values are looked for. What
was not checked is listed.

With --since it looks instead at every version of a file that commits have added,
also of those that a later commit removed: see 'hci git guard --help'. --strict then
is for what could not be looked at.

Values are looked for if they are long and particular enough that finding one
means something: from 8 characters on, no host, region, path, number or word of
every project, and marked sensitive, called a password, or a jumble of letters
and digits.`,
		Args:              between(0, -1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			if r.asJSON {
				r.format = "json"
			}
			if !slices.Contains([]string{"text", "json", "sarif"}, r.format) {
				return &usageError{cmd: cmd.CommandPath(), err: fmt.Errorf("unknown format %q: text, json, sarif", r.format)}
			}
			if r.since != "" {
				if len(args) > 0 {
					return &usageError{cmd: cmd.CommandPath(), err: errors.New("--since looks at commits, which belong to no environment")}
				}
				return a.runGuard(cmd.Context(), r.since, r.format, r.strict)
			}
			c := &checkRun{app: a, request: r}
			failed := c.run(cmd.Context(), args)
			return errors.Join(failed, c.report(failed), c.verdict())
		},
	}
	cmd.Flags().StringVar(&r.format, "format", "text", "text, json or sarif")
	cmd.Flags().StringVar(&r.since, "since", "", "look only at what the commits since `REV`, or of REV..REV, have added, as 'hci git guard' does")
	cmd.Flags().BoolVar(&r.noSecrets, "no-secrets", false, "check without the secrets files")
	cmd.Flags().BoolVar(&r.strict, "strict", false, "count warnings as problems")
	jsonFlag(cmd, &r.asJSON)
	return cmd
}

func rulesInWords() string {
	all := make([]string, len(lint.CheckRules))
	for i, rule := range lint.CheckRules {
		all[i] = rule.Short
	}
	return strings.Join(all, "; ")
}

// checkRun is one run of check, and what it has found so far.
type checkRun struct {
	*app
	request    lintRequest
	findings   []lint.Finding
	suspects   []lint.Suspect
	needles    []lint.Needle
	notChecked []string
}

// run checks the code, then the tracked files. Its error says what could not be
// checked at all.
func (c *checkRun) run(ctx context.Context, names []string) error {
	envs, err := c.checkedEnvironments(names)
	if err != nil {
		return err
	}
	failed := c.code(ctx, envs)
	return errors.Join(failed, c.tracked(ctx))
}

// checkedEnvironments are those named, else all; a project without any is
// checked as it is in every workspace.
func (c *checkRun) checkedEnvironments(names []string) ([]project.Environment, error) {
	p, err := c.project()
	if err != nil {
		return nil, err
	}
	if len(names) == 0 && len(p.Environments) == 0 {
		return []project.Environment{{}}, nil
	}
	return c.environments(names, func(project.Environment) bool { return true }, "")
}

// code applies the rules on the Terraform code, for each environment. One that
// can't be evaluated does not keep the others from being checked.
func (c *checkRun) code(ctx context.Context, envs []project.Environment) error {
	references, err := lint.ReadReferences(terraform.Files(c.found))
	if err != nil {
		return err
	}
	var failed []error
	for _, env := range envs {
		if err := c.environmentCode(ctx, env, references); err != nil {
			failed = append(failed, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failed...)
}

func (c *checkRun) environmentCode(ctx context.Context, env project.Environment, references *lint.References) error {
	m, err := terraform.Read(c.found.In(env))
	if err != nil {
		return err
	}
	secrets, err := c.open(ctx, env)
	if err != nil {
		return err
	}
	if secrets != nil {
		c.needles = append(c.needles, lint.Needles(env.Name, secrets, func(name string) bool {
			v, declared := m.Variable(name)
			return v.Sensitive || !declared
		})...)
	}
	ev, err := terraform.EvaluateModule(m, env, secrets, c.environ, terraform.Options{Shapes: true})
	if err != nil {
		return err
	}
	for _, w := range ev.Warnings {
		if what := fmt.Sprint(w); !slices.Contains(c.notChecked, what) {
			c.notChecked = append(c.notChecked, what)
		}
	}
	code := lint.Code{Module: m, Evaluated: ev, Sealed: secrets, Workspace: env.Workspace, References: references, Path: func(file string) string {
		return c.fromRoot(terraform.Path(c.found, file))
	}}
	found, suspects := code.Check()
	c.findings, c.suspects = append(c.findings, found...), append(c.suspects, suspects...)
	return nil
}

// open opens an environment's secrets; nil if it is checked without them.
func (c *checkRun) open(ctx context.Context, env project.Environment) (*tfvars.File, error) {
	why := ""
	switch {
	case c.request.noSecrets:
		why = "--no-secrets"
	case env.Name == "":
		why = "the project has no environment"
	case !hasEither(env):
		why = env.Name + " has no secrets file"
	}
	if why != "" {
		missing := "values in tracked files, and in containers' and functions' environments (" + why + ")"
		if !slices.Contains(c.notChecked, missing) {
			c.notChecked = append(c.notChecked, missing)
		}
		return nil, nil
	}
	content, err := c.openEnv(ctx, env)
	var noPass *term.NoPassphraseError
	switch {
	case errors.As(err, &noPass):
		return nil, &checkError{err, "without the passphrase: hci check --no-secrets"}
	case err != nil:
		return nil, err
	}
	return content.File, nil
}

// fromRoot is a path as it is from the project's root.
func (a *app) fromRoot(path string) string {
	if rel, err := filepath.Rel(a.found.Root, path); err == nil {
		return rel
	}
	return path
}

// tracked searches the files that git tracks.
func (c *checkRun) tracked(ctx context.Context) error {
	files, err := c.found.Tracked(ctx)
	if errors.Is(err, project.ErrUntracked) {
		c.notChecked = append(c.notChecked, "tracked files, and with them who reads the secrets ("+err.Error()+")")
		return nil
	}
	if err != nil {
		return notSearched(err)
	}
	own, sealed := map[string]bool{}, []string{}
	for _, env := range c.found.Environments {
		plain, enc := filepath.ToSlash(c.fromRoot(env.Plain)), filepath.ToSlash(c.fromRoot(env.Sealed))
		own[plain], own[enc] = true, true
		if slices.Contains(files, plain) {
			c.findings = append(c.findings, lint.Tracked(plain))
		}
		if slices.Contains(files, enc) {
			sealed = append(sealed, enc)
		}
	}
	search := lint.Search{Needles: c.needles, Suspects: c.suspects, Skip: func(name string) bool { return own[name] }}
	fsys := atomicfile.FS(c.found.Root)
	found, unread := search.Files(fsys, files)
	c.findings = slices.Concat(c.findings, found, search.Unread())
	for _, name := range unread {
		c.notChecked = append(c.notChecked, name+", which is too large, or can't be read")
	}
	text, err := c.found.MaybeText(ctx, lint.Binary(fsys, sealed))
	if err != nil {
		return notSearched(err)
	}
	for _, name := range text {
		c.findings = append(c.findings, lint.AsText(name))
	}
	return nil
}

// checkError is an error with a way to go on.
type checkError struct {
	err  error
	next string
}

func (e *checkError) Error() string { return e.err.Error() }
func (e *checkError) Unwrap() error { return e.err }
func (e *checkError) Next() string  { return e.next }

// notSearched says that git could not be asked, in its own words.
func notSearched(err error) error {
	var exit *git.ExitError
	e := &checkError{err: fmt.Errorf("tracked files were not searched: %w", err)}
	if errors.As(err, &exit) && exit.Words != "" {
		e.err = fmt.Errorf("%w: %s", e.err, exit.Words)
	}
	if errors.Is(err, git.ErrNotInstalled) {
		e.next = "install git where 'hci check' runs"
	}
	return e
}
