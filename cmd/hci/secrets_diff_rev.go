package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"hci/internal/history"
	"hci/internal/project"
	"hci/internal/sealed"
	"hci/tfvars"
)

// revReport is the JSON form of two versions of a sealed file compared.
type revReport struct {
	Schema      int         `json:"schema"`
	Environment string      `json:"environment"`
	From        string      `json:"from"`
	To          string      `json:"to"` // "" for the file as it is now
	Changes     []revChange `json:"changes"`
	TextOnly    bool        `json:"text_only"` // nothing but comments and layout differ
}

type revChange struct {
	Name   string  `json:"name"`
	Change string  `json:"change"`           // added, removed, changed
	Before *string `json:"before,omitempty"` // with --show-values
	After  *string `json:"after,omitempty"`
}

// revision is a version of a sealed file, by a revision of git's; "" is the
// file as it is now.
type revision struct {
	name, blob string
	file       *tfvars.File // no names where there is no file
}

// diffRev compares two versions in git's history, or one with the file.
func (a *app) diffRev(ctx context.Context, name string, r diffRequest) error {
	env, err := a.environment(name)
	if err != nil {
		return err
	}
	from, to, _ := strings.Cut(r.rev, "..")
	sides := [2]revision{{name: from}, {name: to}}
	if from == "" || strings.Contains(r.rev, "...") {
		return &usageError{cmd: "hci secrets diff", err: fmt.Errorf("--rev %q: write A..B, or A to compare with the file as it is now", r.rev)}
	}
	if err := a.openRevisions(ctx, env, &sides); err != nil {
		return err
	}
	report := newRevReport(env, sides, r.showValues)
	if r.asJSON {
		err = a.printJSON(report)
	} else {
		err = a.printRevisions(report)
	}
	if err == nil && len(report.Changes) > 0 {
		err = errDifferences
	}
	return err
}

// openRevisions opens both versions, each once.
func (a *app) openRevisions(ctx context.Context, env project.Environment, sides *[2]revision) error {
	log, err := a.versionLog(ctx, env)
	if err != nil {
		return err
	}
	var blobs []string
	for i := range sides {
		sides[i].file = tfvars.New(filepath.Base(env.Plain))
		if sides[i].name == "" {
			now, err := a.files(env).OpenSealed(ctx, a.passphrase(env))
			if err != nil {
				return err
			}
			sides[i].file = now.File
			continue
		}
		if sides[i].blob, err = a.heldAt(ctx, sides[i].name, history.Paths(log)); err != nil {
			return err
		}
		if sides[i].blob != "" {
			blobs = append(blobs, sides[i].blob)
		}
	}
	data, failed, err := a.blobs(ctx, blobs)
	if err != nil {
		return err
	}
	o, err := a.opener(ctx, env)
	if err != nil {
		return err
	}
	for _, s := range sides {
		if err := failed[s.blob]; err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	opened := map[string]*tfvars.File{}
	failed = o.Open(ctx, blobs, data, func(blob string, c *sealed.Content) { opened[blob] = c.File })
	for i := range sides {
		s := &sides[i]
		if err := failed[s.blob]; err != nil {
			return fmt.Errorf("the version of %s: %w", s.name, err)
		}
		if f := opened[s.blob]; f != nil {
			s.file = f
		}
	}
	return nil
}

// heldAt is the version of a file, by one of its paths, in a revision; "" where
// it was not there.
func (a *app) heldAt(ctx context.Context, rev string, paths []string) (string, error) {
	commit, err := a.git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}")
	if err != nil {
		return "", fmt.Errorf("git knows no revision %q", rev)
	}
	blobs, err := a.inTrees(ctx, strings.Fields(string(commit)), paths)
	if err != nil || len(blobs) == 0 {
		return "", err
	}
	if len(blobs) > 1 {
		return "", fmt.Errorf("%s has several of the files that were this one: %s", rev, strings.Join(paths, ", "))
	}
	return blobs[0], nil
}

func newRevReport(env project.Environment, sides [2]revision, showValues bool) revReport {
	before, after := sides[0].file, sides[1].file
	r := revReport{Schema: planSchema, Environment: env.Name, From: sides[0].name, To: sides[1].name, Changes: []revChange{}}
	for _, c := range tfvars.Compare(before, after) {
		change := revChange{Name: c.Name, Change: c.Kind.String()}
		if showValues {
			change.Before, change.After = textIn(before, c.Name), textIn(after, c.Name)
		}
		r.Changes = append(r.Changes, change)
	}
	r.TextOnly = len(r.Changes) == 0 && string(before.Bytes()) != string(after.Bytes())
	return r
}

// textIn is a value's text; nil where the name is not set.
func textIn(f *tfvars.File, name string) *string {
	v, ok := f.Value(name)
	if !ok {
		return nil
	}
	shown := "null"
	if text, err := tfvars.Text(v); err == nil {
		shown = text.Reveal()
	}
	return &shown
}

var changeSigns = map[string]string{"added": "+", "removed": "-", "changed": "~"}

func (a *app) printRevisions(r revReport) error {
	var b strings.Builder
	for _, c := range r.Changes {
		fmt.Fprintf(&b, "%s %s\n", changeSigns[c.Change], c.Name)
		if c.Before != nil {
			fmt.Fprintf(&b, "    before %s\n", strconv.Quote(*c.Before))
		}
		if c.After != nil {
			fmt.Fprintf(&b, "    after  %s\n", strconv.Quote(*c.After))
		}
	}
	to := r.To
	if to == "" {
		to = "now"
	}
	what := plural(len(r.Changes), "name") + " differ"
	switch {
	case r.TextOnly:
		what = "only comments or layout differ"
	case len(r.Changes) == 0:
		what = "the same"
	case len(r.Changes) == 1:
		what += "s"
	}
	if err := a.printSigned(b.String()); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.out, "%s: %s to %s: %s\n", r.Environment, r.From, to, what)
	return err
}
