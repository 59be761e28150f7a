package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"hci/internal/lint"
	"hci/internal/project"
)

func newVerify(a *app) *cobra.Command {
	var strict, asJSON bool
	cmd := &cobra.Command{
		Use:   "verify [ENV...]",
		Short: "Check that sealed files open, are authentic and fit the code",
		Long: `Check each environment: the sealed file opens and is authenticated, its key
derivation is strong, every declared sensitive variable is set and nothing else
is, and git neither tracks the plaintext nor would take it. With no ENV, all.

Values that somebody who left the team still knows are warnings, see 'hci team
offboarding'.

Exit code 2 when there is a problem. Warnings alone are exit code 0, unless
--strict counts them.`,
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			envs, err := a.environments(args, hasEither, "has a secrets file")
			if err != nil {
				return err
			}
			var failed []error
			reports := []*lint.Report{}
			for _, env := range envs {
				r, err := lint.Environment(cmd.Context(), a.found, env, a.files(env), a.passphrase(env), a.environ)
				if err != nil {
					failed = append(failed, of(env, err))
					continue
				}
				if err := a.addOffboarding(cmd.Context(), r); err != nil {
					failed = append(failed, of(env, err))
				}
				reports = append(reports, r)
				if !asJSON {
					a.printReport(r, env)
				}
			}
			if asJSON {
				for _, r := range reports {
					r.Path = a.rel(r.Path)
				}
				failed = append(failed, a.printJSON(reports))
			}
			return errors.Join(append(failed, verdict(reports, strict))...)
		},
	}
	cmd.Flags().BoolVar(&strict, "strict", false, "count warnings as problems")
	jsonFlag(cmd, &asJSON)
	return cmd
}

// addOffboarding warns of the values that people who left still know.
func (a *app) addOffboarding(ctx context.Context, r *lint.Report) error {
	seen, err := a.stillKnown(ctx, r.Environment)
	if err != nil || len(seen) == 0 {
		return err
	}
	members := map[string]int{}
	for _, v := range seen {
		members[v.Member]++
	}
	for _, member := range slices.Sorted(maps.Keys(members)) {
		r.Findings = append(r.Findings, lint.Finding{
			Severity: lint.Warning, Code: "offboarding",
			Text: fmt.Sprintf("%s, who left the team, still knows %s", member, plural(members[member], "value")),
			Next: "'hci team offboarding " + member + "' lists them; rotate each",
		})
	}
	return nil
}

// verdict is whether there is something to fix.
func verdict(reports []*lint.Report, strict bool) error {
	for _, r := range reports {
		if lint.Count(r.Findings, lint.Problem) > 0 || strict && lint.Count(r.Findings, lint.Warning) > 0 {
			return errDifferences
		}
	}
	return nil
}

func (a *app) printReport(r *lint.Report, env project.Environment) {
	state := "not sealed"
	if r.Parameters != "" {
		state = fmt.Sprintf("opens, %d names, %s", r.Names, r.Parameters)
		if r.Authenticated {
			state += ", authenticated"
		}
	}
	fmt.Fprintf(a.out, "%s: %s: %s\n", r.Environment, a.rel(env.Sealed), state)
	for _, f := range r.Findings {
		fmt.Fprintf(a.out, "  %s: %s\n", f.Severity, f.Text)
		if f.Next != "" {
			fmt.Fprintf(a.out, "           %s\n", f.Next)
		}
	}
}
