package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"hci/internal/project"
	"hci/internal/sealed"
	"hci/tfvars"
)

type copyRequest struct{ yes, dryRun, asJSON bool }

func newCopy(a *app) *cobra.Command {
	var r copyRequest
	cmd := &cobra.Command{
		Use:   "copy FROM TO NAME...",
		Short: "Copy values from one environment's secrets file to another's",
		Long: `Copy the values of the names given from the secrets file of the environment FROM
into that of TO. It shows which names would be new and which would get another
value, never values, and asks. Comments and layout of TO's file stay.`,
		Example:           `  hci secrets copy staging production stripe_key`,
		Args:              between(3, -1),
		ValidArgsFunction: a.copyArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.copy(cmd.Context(), args[0], args[1], args[2:], r)
		},
	}
	cmd.Flags().BoolVar(&r.yes, "yes", false, "don't ask")
	dryRunFlag(cmd, &r.dryRun)
	jsonFlag(cmd, &r.asJSON)
	return cmd
}

// copyArgs completes two environments, then names of the first.
func (a *app) copyArgs(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) < 2 {
		return a.otherEnvs(cmd, args, word)
	}
	return a.envThenNames(cmd, args[:1], word)
}

func (a *app) copy(ctx context.Context, fromName, toName string, names []string, r copyRequest) error {
	if fromName == toName {
		return &usageError{cmd: "hci secrets copy", err: fmt.Errorf("both environments are %s", fromName)}
	}
	source, err := a.open(ctx, fromName)
	if err != nil {
		return err
	}
	to, err := a.environment(toName)
	if err != nil {
		return err
	}
	var assignments []tfvars.Assignment
	var unknown []error
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		v, ok := source.File.Value(name)
		if !ok {
			unknown = append(unknown, a.unknownName(source.File, name, source.Path))
			continue
		}
		assignments = append(assignments, tfvars.Assignment{Name: name, Value: v})
	}
	if len(unknown) > 0 {
		return errors.Join(unknown...)
	}
	return a.copyInto(ctx, fromName, to, assignments, r)
}

// copyInto shows what would change in the file, asks and changes it.
func (a *app) copyInto(ctx context.Context, fromName string, to project.Environment, assignments []tfvars.Assignment, r copyRequest) error {
	session, err := a.files(to).Begin(ctx, a.passphrase(to))
	if err != nil {
		return err
	}
	before, err := tfvars.Parse(session.Bytes(), to.Plain)
	if err != nil {
		return err
	}
	next, err := tfvars.Parse(session.Bytes(), to.Plain)
	if err != nil {
		return err
	}
	if err := next.SetAll(assignments); err != nil {
		return err
	}
	changes := tfvars.Compare(before, next)
	if len(changes) == 0 {
		a.sayf("%s has these values already", to.Name)
	}
	if len(changes) > 0 && !r.dryRun {
		a.printChanges(changes)
		if err := a.agree(r.yes, fmt.Sprintf("Copy %s from %s to %s?", plural(len(changes), "value"), fromName, to.Name)); err != nil {
			return err
		}
	}
	return a.each([]project.Environment{to}, r.asJSON, r.dryRun, func(project.Environment) (*sealed.Result, error) {
		return session.Commit(next, sealed.Options{DryRun: r.dryRun})
	})
}
