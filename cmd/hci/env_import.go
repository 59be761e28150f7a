package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/zclconf/go-cty/cty"

	"hci/internal/env/files"
	"hci/internal/project"
	"hci/internal/sealed"
	"hci/internal/terraform"
	"hci/sync/dotenv"
	"hci/tfvars"
)

// errLeftOut ends an import that left keys out; which, has been said by then.
var errLeftOut = errors.New("not every key was imported; --ignore-unknown accepts that")

type importRequest struct {
	format                             string
	yes, dryRun, asJSON, ignoreUnknown bool
}

func newImport(a *app) *cobra.Command {
	var r importRequest
	cmd := &cobra.Command{
		Use:   "import [ENV] FILE",
		Short: "Bring the values of a .env file into the sealed secrets file",
		Long: `Bring the values of a .env file into the sealed secrets file: each key into the
variable that it is exported from, with the type that the Terraform code
declares. It shows what would change, by name, and asks.

A file that hci wrote says itself which format it has. Of any other file, all
tools that can read it have to agree on every value; where they do not, --format
says which of them the file was written for.

A key without a variable, or whose variable another file sets, is skipped with a
warning; the exit code is then 1 unless --ignore-unknown accepts it.`,
		Example: `  hci env import .env --dry-run
  hci env import staging .env --format python`,
		Args:              between(1, 2),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			env, err := a.defaultEnvironment(args[:len(args)-1])
			if err != nil {
				return err
			}
			return a.importEnv(cmd.Context(), env, args[len(args)-1], r)
		},
	}
	cmd.Flags().StringVar(&r.format, "format", "", "read it as one of "+strings.Join(dotenv.Names(), ", ")+" (default: what its header says, else all that fit have to agree)")
	cmd.Flags().BoolVar(&r.yes, "yes", false, "don't ask")
	cmd.Flags().BoolVar(&r.ignoreUnknown, "ignore-unknown", false, "succeed although keys are left out")
	dryRunFlag(cmd, &r.dryRun)
	jsonFlag(cmd, &r.asJSON)
	return cmd
}

// importReport is the JSON form of an import.
type importReport struct {
	Schema      int            `json:"schema"`
	Environment string         `json:"environment"`
	Format      string         `json:"format"` // the file was read as
	Wrote       bool           `json:"wrote"`
	Keys        []files.Import `json:"keys"`
}

func (a *app) importEnv(ctx context.Context, env project.Environment, name string, r importRequest) error {
	file, path, err := a.readEnvFile(ctx, name, r.format)
	if err != nil {
		return err
	}
	for _, key := range file.Duplicates {
		a.sayf("%s: %s is set more than once; the last one counts", a.rel(path), key)
	}
	for _, line := range file.Skipped {
		a.sayf("%s:%d: no environment variable can have the key; the line is skipped", a.rel(path), line)
	}
	session, err := a.files(env).Begin(ctx, a.passphrase(env))
	if err != nil {
		return of(env, err)
	}
	next, err := session.File()
	if err != nil {
		return err
	}
	targets, err := a.importTargets(env, next)
	if err != nil {
		return err
	}
	keys := files.PlanImport(file, targets)
	report := importReport{Schema: planSchema, Environment: env.Name, Format: file.Dialect, Keys: append([]files.Import{}, keys...)}
	if !r.asJSON {
		if err := a.printImport(report, a.rel(path)); err != nil {
			return err
		}
	}
	if report.Wrote, err = a.writeImport(session, next, env, keys, r); err != nil {
		return err
	}
	if r.asJSON {
		if err := a.printJSON(report); err != nil {
			return err
		}
	}
	left := slices.ContainsFunc(keys, func(i files.Import) bool { return i.Action == files.LeftOut })
	if (left || len(file.Skipped) > 0) && !r.ignoreUnknown {
		return errLeftOut
	}
	return nil
}

// importTargets says which variable each key goes into.
func (a *app) importTargets(env project.Environment, secrets *tfvars.File) (files.Targets, error) {
	t := files.Targets{Renamed: map[string]string{}, Set: map[string]bool{}, Secrets: secrets}
	t.Elsewhere = func(name string) string { return a.rel(terraform.SetElsewhere(env, a.environ, name)) }
	for _, v := range a.found.EnvVars(env.Name) {
		if name, ok := v.Renames(); ok {
			t.Renamed[v.Key] = name
		} else {
			t.Set[v.Key] = true
		}
	}
	m, err := terraform.Read(a.found.In(env))
	var none *terraform.NoDirectoryError
	if errors.As(err, &none) {
		return t, nil
	}
	if err != nil {
		return t, err
	}
	t.Types = map[string]cty.Type{}
	for _, v := range m.Variables() {
		t.Types[v.Name] = v.Type
	}
	return t, nil
}

var importSigns = map[files.Action]string{files.Add: "+", files.Change: "~", files.Same: "=", files.LeftOut: "!"}

func (a *app) printImport(r importReport, path string) error {
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	counts := map[files.Action]int{}
	for _, k := range r.Keys {
		counts[k.Action]++
		text := k.Why
		if text == "" {
			text = "var." + k.Variable
		}
		fmt.Fprintf(w, "%s %s\t%s\n", importSigns[k.Action], k.Key, text)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := a.printSigned(table.String()); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.out, "%s, read as %s, into %s: %d to add, %d to change, %d the same, %d skipped\n", path, r.Format, r.Environment,
		counts[files.Add], counts[files.Change], counts[files.Same], counts[files.LeftOut])
	return err
}

// writeImport asks and writes.
func (a *app) writeImport(session *sealed.Session, next *tfvars.File, env project.Environment, keys []files.Import, r importRequest) (bool, error) {
	n := 0
	for _, k := range keys {
		if k.Action == files.Add || k.Action == files.Change {
			n++
		}
	}
	if n == 0 || r.dryRun {
		return false, nil
	}
	if err := a.agree(r.yes, fmt.Sprintf("Change %s in the secrets of %s?", plural(n, "value"), env.Name)); err != nil {
		return false, err
	}
	if err := files.Apply(keys, next); err != nil {
		return false, err
	}
	if bytes.Equal(next.Bytes(), session.Bytes()) {
		return false, nil
	}
	result, err := session.Commit(next, sealed.Options{})
	if err != nil {
		return false, err
	}
	a.printResult(result, false)
	return result.Wrote, nil
}
