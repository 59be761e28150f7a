package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"hci/internal/atomicfile"
	"hci/internal/env/files"
	"hci/internal/env/layers"
	"hci/internal/project"
	"hci/internal/terraform"
	"hci/sync/dotenv"
)

type checkRequest struct {
	variablesRequest
	file, format, template                     string
	templateOnly, writeTemplate, force, asJSON bool
}

func newCheck(a *app) *cobra.Command {
	var r checkRequest
	cmd := &cobra.Command{
		Use:   "check [ENV]",
		Short: "Compare a .env file with its template and with what the app needs",
		Long: `Compare .env with the template beside it (.env.template, .env.example or
.env.sample) and with the variables that 'hci env export' would write: keys that
are missing, extra, empty, duplicates or placeholders (the template's "changeme"
still stands there), or that differ from the source. Lines that a person wrote
below those of hci are the person's own. A key that is empty in the template may
be empty. Values are never shown. Exit code 2 when something is found.

A file that hci made is compared with what its first line says: the environment,
--local, --only and --except.

--write-template writes the template: the keys with what they are, no values.`,
		Example: `  hci env check
  hci env check staging --file deploy/.env
  hci env check --template-only      # needs no passphrase
  hci env check --write-template`,
		Args:              between(0, 1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			if r.templateOnly && r.writeTemplate {
				return &usageError{cmd: cmd.CommandPath(), err: errors.New("--template-only and --write-template exclude each other")}
			}
			if r.templateOnly {
				return a.checkEnv(cmd.Context(), nil, r)
			}
			if !r.writeTemplate {
				args = a.checkAsMade(cmd, args, &r)
			}
			env, err := a.defaultEnvironment(args)
			if err != nil {
				return err
			}
			if r.writeTemplate {
				return a.writeTemplate(cmd.Context(), env, r)
			}
			return a.checkEnv(cmd.Context(), &env, r)
		},
	}
	r.flags(cmd)
	r.local.flag(cmd)
	f := cmd.Flags()
	f.StringVar(&r.file, "file", ".env", "check `FILE`")
	f.StringVar(&r.format, "format", "", "read it as one of "+strings.Join(dotenv.Names(), ", ")+" (default: what its header says, else all that fit have to agree)")
	f.StringVar(&r.template, "template", "", "compare with, or write, the template `FILE`")
	f.BoolVar(&r.templateOnly, "template-only", false, "compare with the template alone; needs no passphrase")
	f.BoolVar(&r.writeTemplate, "write-template", false, "write the template instead of checking")
	f.BoolVar(&r.force, "force", false, "with --write-template, overwrite a template that differs")
	jsonFlag(cmd, &r.asJSON)
	return cmd
}

// checkAsMade takes from the header of the file which variables it was made of, for
// all that the command line does not say: those of a laptop, some keys only. It
// returns the arguments with the environment.
func (a *app) checkAsMade(cmd *cobra.Command, args []string, r *checkRequest) []string {
	path, err := a.abs(r.file)
	if err != nil {
		return args
	}
	current, err := a.readAt(cmd.Context(), path, maxEnvFile)
	h, ok := files.ReadHeader(current)
	if err != nil || !ok { // what is wrong with the file is said when it is read
		return args
	}
	if len(args) == 0 {
		args = []string{h.Environment}
	}
	r.only, r.except = h.Only, h.Except
	if !cmd.Flags().Changed("container") {
		r.container = h.Container
	}
	if !cmd.Flags().Changed("local") {
		r.local.on, r.local.quiet = h.Local, h.Local
	}
	return args
}

// checkReport is the JSON form of what was found.
type checkReport struct {
	Schema      int             `json:"schema"`
	File        string          `json:"file"`
	Format      string          `json:"format"` // it was read as
	Template    string          `json:"template,omitempty"`
	Environment string          `json:"environment,omitempty"`
	Findings    []files.Finding `json:"findings"`
}

// checkEnv compares; without an environment, with the template alone.
func (a *app) checkEnv(ctx context.Context, env *project.Environment, r checkRequest) error {
	file, path, err := a.readEnvFile(ctx, r.file, r.format)
	if err != nil {
		return err
	}
	report := checkReport{Schema: planSchema, File: a.rel(path), Format: file.Dialect, Findings: []files.Finding{}}
	var s files.Sources
	if s.Template, err = a.template(ctx, filepath.Dir(path), r.template); err != nil {
		return err
	}
	if s.Template != nil {
		report.Template = s.Template.Name
	}
	switch {
	case env != nil:
		report.Environment = env.Name
		set, err := a.variables(ctx, *env, r.variablesRequest)
		if err != nil {
			return err
		}
		if err := r.keep(set); err != nil {
			return err
		}
		var missing []layers.Variable
		s.Needed, missing = set.Entries()
		for _, v := range missing {
			if v.Layer == layers.FromTemplate { // which s.Template says
				continue
			}
			s.Unvalued = append(s.Unvalued, v.Key)
		}
	case s.Template == nil:
		return fmt.Errorf("there is no template beside %s: %s", a.rel(path), strings.Join(files.TemplateNames, ", "))
	}
	for _, f := range files.Check(file, s) {
		if f.Kind != files.Missing || r.wants(f.Key) {
			report.Findings = append(report.Findings, f)
		}
	}
	return a.printFindings(report, r.asJSON)
}

// template reads the template that is named, or that lies in a directory. It is
// nil if there is none.
func (a *app) template(ctx context.Context, dir, named string) (*files.Template, error) {
	paths := []string{}
	for _, name := range files.TemplateNames {
		paths = append(paths, filepath.Join(dir, name))
	}
	if named != "" {
		path, err := a.abs(named)
		if err != nil {
			return nil, err
		}
		paths = []string{path}
	}
	for _, path := range paths {
		data, err := a.readAt(ctx, path, maxEnvFile)
		if errors.Is(err, fs.ErrNotExist) && named == "" {
			continue
		}
		if err != nil {
			return nil, err
		}
		return files.ReadTemplate(data, a.rel(path)), nil
	}
	return nil, nil
}

var findingSigns = map[files.Kind]string{files.Missing: "+", files.Extra: "-", files.Differs: "~"}

func (a *app) printFindings(r checkReport, asJSON bool) error {
	if asJSON {
		if err := a.printJSON(r); err != nil {
			return err
		}
	} else {
		var table strings.Builder
		w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
		for _, f := range r.Findings {
			sign := findingSigns[f.Kind]
			if sign == "" {
				sign = "!"
			}
			fmt.Fprintf(w, "%s %s\t%s\t%s\n", sign, f.Key, f.Kind, f.Problem)
		}
		if err := w.Flush(); err != nil {
			return err
		}
		if err := a.printSigned(table.String()); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(a.out, "%s: read as %s, %s\n", r.File, r.Format, plural(len(r.Findings), "finding")); err != nil {
			return err
		}
	}
	if len(r.Findings) > 0 {
		return errDifferences
	}
	return nil
}

// writeTemplate writes the keys that the app needs, each with what it is.
func (a *app) writeTemplate(ctx context.Context, env project.Environment, r checkRequest) error {
	set, err := a.variables(ctx, env, r.variablesRequest)
	if err != nil {
		return err
	}
	about, err := a.descriptions(env)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# What the app needs. 'hci env export -o .env' fills it in.\n")
	keys := 0
	for _, key := range slices.Sorted(maps.Keys(set.Layers)) {
		if set.Layers[key][0].Dropped {
			continue
		}
		keys++
		if text := about[key]; text != "" {
			fmt.Fprintf(&b, "\n# %s", text)
		}
		fmt.Fprintf(&b, "\n%s=\n", key)
	}
	name := r.template
	if name == "" {
		name = files.TemplateNames[0]
	}
	path, err := a.abs(name)
	if err != nil {
		return err
	}
	data := []byte(b.String())
	err = a.writeAt(path, data, atomicfile.Options{Perm: 0o644, Check: func(current []byte, there bool) error {
		if there && !r.force && string(current) != string(data) {
			return fmt.Errorf("%s is there already and differs; --force overwrites it", a.rel(path))
		}
		return nil
	}})
	if err == nil {
		a.sayf("%s: %s, no values", a.rel(path), plural(keys, "key"))
	}
	return err
}

// descriptions are those of the Terraform variables, by the key that each is
// exported as, in one line.
func (a *app) descriptions(env project.Environment) (map[string]string, error) {
	about := map[string]string{}
	m, err := terraform.Read(a.found.In(env))
	var none *terraform.NoDirectoryError
	if errors.As(err, &none) {
		return about, nil
	}
	if err != nil {
		return nil, err
	}
	for _, v := range m.Variables() {
		about[strings.ToUpper(v.Name)] = strings.Join(strings.Fields(v.Description), " ")
	}
	return about, nil
}
