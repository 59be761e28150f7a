package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hci/internal/lint"
	"hci/internal/project"
	"hci/internal/terraform"
	"hci/tfvars"
)

type lintRequest struct {
	format    string
	asJSON    bool
	noSecrets bool
}

func newLint(a *app) *cobra.Command {
	var r lintRequest
	cmd := &cobra.Command{
		Use:   "check [ENV...]",
		Short: "Find leaks and mistakes in the Terraform code and the tracked files",
		Long: `Find what a comparison with Secrets Manager can't show: ` + rulesInWords() + `.

Each finding has file and line, why it matters and how to mend it. Exit code 2
when something is found. Without ENV, all environments that have a secrets file.

--no-secrets needs no passphrase; it does not look into tracked files, and says
so.`,
		Args:              between(0, -1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			if r.asJSON {
				r.format = "json"
			}
			if !slices.Contains([]string{"text", "json", "sarif"}, r.format) {
				return &usageError{cmd: cmd.CommandPath(), err: fmt.Errorf("unknown format %q: text, json, sarif", r.format)}
			}
			return a.check(cmd.Context(), args, r)
		},
	}
	cmd.Flags().StringVar(&r.format, "format", "text", "text, json or sarif")
	cmd.Flags().BoolVar(&r.noSecrets, "no-secrets", false, "check without the secrets files")
	jsonFlag(cmd, &r.asJSON)
	return cmd
}

func rulesInWords() string {
	all := make([]string, len(lint.Rules))
	for i, rule := range lint.Rules {
		all[i] = rule.Short
	}
	return strings.Join(all, "; ")
}

// lintReport is the JSON form of the findings.
type lintReport struct {
	Schema   int           `json:"schema"`
	Findings []lintFinding `json:"findings"`
}

type lintFinding struct {
	Rule string `json:"rule"`
	File string `json:"file"`
	Line int    `json:"line"`
	Text string `json:"text"`
	Why  string `json:"why"`
	Mend string `json:"mend"`
}

func (a *app) check(ctx context.Context, names []string, r lintRequest) error {
	envs, err := a.environments(names, func(e project.Environment) bool { return r.noSecrets || hasSealed(e) || exists(e.Plain) }, "has a secrets file")
	if err != nil {
		return err
	}
	findings, needles, err := a.checkCode(ctx, envs, r)
	if err != nil {
		return err
	}
	if r.noSecrets {
		a.sayf("tracked files were not searched for values: that needs the secrets")
	} else {
		more, err := a.checkTracked(ctx, envs, needles)
		if err != nil {
			return err
		}
		findings = append(findings, more...)
	}
	findings = lint.Sort(findings)
	if err := a.printLint(findings, r.format); err != nil {
		return err
	}
	if len(findings) > 0 {
		return errDifferences
	}
	return nil
}

// checkCode applies the rules on the Terraform code, for each environment.
func (a *app) checkCode(ctx context.Context, envs []project.Environment, r lintRequest) ([]lint.Finding, []lint.Needle, error) {
	m, err := terraform.Read(a.found)
	if err != nil {
		return nil, nil, err
	}
	references, err := lint.ReadReferences(terraform.Files(a.found))
	if err != nil {
		return nil, nil, err
	}
	var findings []lint.Finding
	var needles []lint.Needle
	for _, env := range envs {
		var secrets *tfvars.File
		if !r.noSecrets {
			content, err := a.openEnv(ctx, env)
			if err != nil {
				return nil, nil, err
			}
			secrets = content.File
			needles = append(needles, lint.Needles(env.Name, secrets)...)
		}
		ev, err := terraform.EvaluateModule(m, env, secrets, a.environ, terraform.Options{Shapes: true})
		if err != nil {
			return nil, nil, err
		}
		for _, w := range ev.Warnings {
			a.sayf("%v", w)
		}
		code := lint.Code{Module: m, Evaluated: ev, References: references, Path: func(file string) string {
			return a.fromRoot(terraform.Path(a.found, file))
		}}
		findings = append(findings, code.Check()...)
	}
	return findings, needles, nil
}

// fromRoot is a path as it is from the project's root.
func (a *app) fromRoot(path string) string {
	if rel, err := filepath.Rel(a.found.Root, path); err == nil {
		return rel
	}
	return path
}

// checkTracked looks for values in the files that git tracks.
func (a *app) checkTracked(ctx context.Context, envs []project.Environment, needles []lint.Needle) ([]lint.Finding, error) {
	files, ok := a.found.Tracked(ctx)
	if !ok {
		a.sayf("tracked files were not searched for values: git does not tell which they are")
		return nil, nil
	}
	own := map[string]bool{}
	for _, env := range a.found.Environments {
		own[a.fromRoot(env.Plain)], own[a.fromRoot(env.Sealed)] = true, true
	}
	for _, env := range envs {
		if slices.Contains(files, filepath.ToSlash(a.fromRoot(env.Plain))) {
			a.sayf("warning: git tracks %s, which is plaintext: 'git rm --cached' it", a.fromRoot(env.Plain))
		}
	}
	findings, unread := lint.Tracked(os.DirFS(a.found.Root), files, needles, func(name string) bool { return own[filepath.FromSlash(name)] })
	for _, name := range unread {
		a.sayf("%s was not searched for values: it is too large, or can't be read", name)
	}
	return findings, nil
}

func (a *app) printLint(findings []lint.Finding, format string) error {
	switch format {
	case "sarif":
		data, err := lint.SARIF(version, findings)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "%s\n", data)
		return err
	case "json":
		report := lintReport{Schema: planSchema, Findings: []lintFinding{}}
		for _, f := range findings {
			report.Findings = append(report.Findings, lintFinding{f.Code, filepath.ToSlash(f.File), f.Line, f.Text, f.Rule.Why, f.Rule.Fix})
		}
		return a.printJSON(report)
	}
	var err error
	for _, f := range findings {
		_, werr := fmt.Fprintf(a.out, "%s:%d: %s: %s\n    why: %s\n    fix: %s\n",
			a.rel(filepath.Join(a.found.Root, f.File)), f.Line, f.Code, f.Text, f.Rule.Why, f.Rule.Fix)
		err = errors.Join(err, werr)
	}
	_, werr := fmt.Fprintln(a.out, plural(len(findings), "finding"))
	return errors.Join(err, werr)
}
