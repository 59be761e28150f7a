package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"hci/internal/atomicfile"
	"hci/internal/project"
	"hci/internal/sealed"
)

// each runs do for every environment, going on after a failure, and reports
// what each did.
func (a *app) each(envs []project.Environment, asJSON, dryRun bool, do func(project.Environment) (*sealed.Result, error)) error {
	results := []fileReport{}
	var failed []error
	for _, env := range envs {
		r, err := do(env)
		if err != nil {
			failed = append(failed, of(env, err))
		}
		if r == nil {
			continue
		}
		results = append(results, a.newFileReport(r))
		a.printResult(r, dryRun)
	}
	if asJSON {
		failed = append(failed, a.printJSON(results))
	}
	return errors.Join(failed...)
}

// fileReport is the JSON form of a [sealed.Result].
type fileReport struct {
	*sealed.Result
	Parameters string       `json:"parameters"`
	Names      []nameChange `json:"changes"`
}

type nameChange struct {
	Name   string `json:"name"`
	Change string `json:"change"` // added, removed, changed
}

func (a *app) newFileReport(r *sealed.Result) fileReport {
	shown := *r
	shown.From, shown.To, shown.Notes = a.rel(r.From), a.rel(r.To), nil
	for _, note := range r.Notes {
		shown.Notes = append(shown.Notes, strings.NewReplacer(r.From, shown.From, r.To, shown.To).Replace(note))
	}
	report := fileReport{Result: &shown, Parameters: r.Params.String(), Names: []nameChange{}}
	for _, c := range r.Changes {
		report.Names = append(report.Names, nameChange{Name: c.Name, Change: c.Kind.String()})
	}
	return report
}

func (a *app) printResult(r *sealed.Result, dryRun bool) {
	verb := "written"
	switch {
	case !r.Wrote:
		verb = "is up to date"
	case dryRun:
		verb = "would be written"
	case r.Created:
		verb = "created"
	}
	a.sayf("%s: %s %s (%s)", r.Env, a.rel(r.To), verb, parameters(r.Params, r.Authenticated))
	a.printChanges(r.Changes)
	a.notes(r.Notes)
}

// decryptTo writes one environment's plaintext to a file of the user's choice
// or to standard output.
func (a *app) decryptTo(ctx context.Context, envs []project.Environment, output string, o sealed.Options, asJSON bool) error {
	if len(envs) != 1 {
		return &usageError{cmd: "hci secrets decrypt", err: errors.New("--output takes exactly one ENV")}
	}
	if output == "-" {
		if asJSON {
			return &usageError{cmd: "hci secrets decrypt", err: errors.New("--json and --output - both want standard output")}
		}
		content, err := a.files(envs[0]).OpenSealed(ctx, a.passphrase(envs[0]))
		if err != nil {
			return err
		}
		_, err = a.data().Write(content.File.Bytes())
		return err
	}
	path, err := a.abs(output)
	if err != nil {
		return err
	}
	boundary := a.boundaryOf(path)
	if _, err := atomicfile.Within(boundary, path); err != nil { // before a passphrase is asked for
		return err
	}
	return a.each(envs, asJSON, o.DryRun, func(env project.Environment) (*sealed.Result, error) {
		if !o.DryRun {
			defer a.warnGit(ctx, path)()
		}
		return a.files(env).DecryptTo(ctx, a.passphrase(env), boundary, path, o)
	})
}

// abs resolves a path that the user typed, against -C.
func (a *app) abs(path string) (string, error) {
	if filepath.IsAbs(path) {
		return path, nil
	}
	return filepath.Abs(filepath.Join(a.dir, path))
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// writeOutput writes plaintext to the file named by -o, or to standard output.
func (a *app) writeOutput(ctx context.Context, output string, data []byte, force bool) error {
	if output != "" && output != "-" {
		path, err := a.abs(output)
		if err != nil {
			return err
		}
		defer a.warnGit(ctx, path)()
	}
	return a.writeFile(output, data, force)
}

// writeFile writes data to the file named by -o, or to standard output. A file
// is 0600, whole or not at all, and not overwritten unless forced or already
// the same.
func (a *app) writeFile(output string, data []byte, force bool) error {
	if output == "" || output == "-" {
		_, err := a.data().Write(data)
		return err
	}
	path, err := a.abs(output)
	if err != nil {
		return err
	}
	return a.writeAt(path, data, atomicfile.Options{Check: func(current []byte, there bool) error {
		if there && !force && !bytes.Equal(current, data) {
			return fmt.Errorf("%s is there already and differs; --force overwrites it", a.rel(path))
		}
		return nil
	}})
}
