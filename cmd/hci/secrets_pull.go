package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hci/internal/compare"
	"hci/internal/sealed"
	"hci/sync"
	"hci/tfvars"
)

// errNotPulled ends a pull that could not bring everything into the file; what
// not, has been said by then.
var errNotPulled = errors.New("not everything could be brought into the secrets file")

type pullRequest struct {
	yes, dryRun, asJSON bool
	only                []string
}

func newPull(a *app) *cobra.Command {
	var r pullRequest
	cmd := &cobra.Command{
		Use:   "pull ENV",
		Short: "Bring values from AWS Secrets Manager into the secrets file",
		Long: `Bring the values that AWS Secrets Manager holds into the sealed secrets file,
where they differ: through templates and JSON objects back to the variables that
they come from. It shows which variables change, never values, and asks.

A secret is brought in as a whole or not at all: only if the Terraform code then
makes exactly what Secrets Manager holds. No change makes a value that neither
side ever had. What stands in the way is named, with its variable and the file
that sets it, and the exit code is 1.`,
		Args:              between(1, 1),
		ValidArgsFunction: a.envNames,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.pull(cmd.Context(), args[0], r) },
	}
	cmd.Flags().BoolVar(&r.yes, "yes", false, "don't ask")
	cmd.Flags().StringArrayVar(&r.only, "only", nil, "pull the secret `NAME` only (may be repeated)")
	dryRunFlag(cmd, &r.dryRun)
	jsonFlag(cmd, &r.asJSON)
	return cmd
}

// pullReport is the JSON form of a pull.
type pullReport struct {
	Schema      int            `json:"schema"`
	Environment string         `json:"environment"`
	Wrote       bool           `json:"wrote"`
	Places      []placeReport  `json:"places"` // where in AWS the secrets are
	Secrets     []pulledReport `json:"secrets"`
}

type pulledReport struct {
	Name      string   `json:"name"`
	Variables []string `json:"variables"`           // that change, with the path in them
	Obstacles []string `json:"obstacles,omitempty"` // what can't be brought into the file
}

func (a *app) pull(ctx context.Context, name string, r pullRequest) error {
	c, err := a.compare(ctx, name, compare.Options{Shapes: true}, false)
	if err != nil {
		return err
	}
	if err := a.apart(c.Desired); err != nil {
		return err
	}
	if err := c.Plan.Check(sync.ApplyOptions{Only: r.only}); err != nil {
		var unknown *sync.UnknownNameError
		if errors.As(err, &unknown) {
			return a.suggestSecret(err, c.Plan)
		}
	}
	puller := &compare.Puller{
		Project: a.found, Env: c.Env, Module: c.Module, Evaluated: c.Evaluated, Secrets: c.Content.File, Environ: a.environ,
	}
	next, pulled, err := puller.Pull(c.Plan, func(c sync.Change) bool { return len(r.only) == 0 || slices.Contains(r.only, c.Name) })
	if err != nil {
		return err
	}
	wrote, err := a.writePulled(ctx, c.Desired, next, pulled, r)
	if err != nil {
		return err
	}
	if r.asJSON {
		if err := a.printJSON(newPullReport(c.Desired, pulled, wrote)); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(pulled, func(p compare.Pulled) bool { return len(p.Obstacles) > 0 }) {
		return errNotPulled
	}
	return nil
}

// writePulled shows what was found, asks, and writes the secrets file.
func (a *app) writePulled(ctx context.Context, d *compare.Desired, next *tfvars.File, pulled []compare.Pulled, r pullRequest) (wrote bool, err error) {
	variables := 0
	if !r.asJSON && len(d.Targets()) > 0 {
		if _, err := fmt.Fprintf(a.out, "%s in %s\n", d.Env.Name, d.Where()); err != nil {
			return false, err
		}
	}
	for _, p := range pulled {
		variables += len(p.Sources)
		if !r.asJSON {
			if err := a.printPulled(p); err != nil {
				return false, err
			}
		}
	}
	switch {
	case variables == 0 && len(pulled) == 0:
		a.sayf("%s: nothing to pull", d.Env.Name)
		return false, nil
	case variables == 0 || r.dryRun:
		return false, nil
	}
	if err := a.agree(r.yes, fmt.Sprintf("Change %s in the secrets of %s to what %s holds?", plural(variables, "value"), d.Env.Name, d.Where())); err != nil {
		return false, err
	}
	session, err := a.files(d.Env).Begin(ctx, a.passphrase(d.Env))
	if err != nil {
		return false, err
	}
	if !bytes.Equal(session.Bytes(), d.Content.File.Bytes()) {
		return false, fmt.Errorf("%s: %w", a.rel(d.Content.Path), sealed.ErrChanged)
	}
	result, err := session.Commit(next, sealed.Options{})
	if err != nil {
		return false, err
	}
	a.printResult(result, false)
	return result.Wrote, nil
}

func (a *app) printPulled(p compare.Pulled) error {
	if len(p.Sources) > 0 {
		if _, err := fmt.Fprintf(a.out, "~ %s  to var.%s\n", p.Name, strings.Join(p.Sources, ", var.")); err != nil {
			return err
		}
	}
	for _, o := range p.Obstacles {
		if _, err := fmt.Fprintf(a.out, "! %s  %v\n", p.Name, o); err != nil {
			return err
		}
	}
	return nil
}

func newPullReport(d *compare.Desired, pulled []compare.Pulled, wrote bool) pullReport {
	r := pullReport{Schema: planSchema, Environment: d.Env.Name, Wrote: wrote, Places: newPlaceReports(d), Secrets: []pulledReport{}}
	for _, p := range pulled {
		one := pulledReport{Name: p.Name, Variables: append([]string{}, p.Sources...)}
		for _, o := range p.Obstacles {
			one.Obstacles = append(one.Obstacles, o.Error())
		}
		r.Secrets = append(r.Secrets, one)
	}
	return r
}
